//! A module's bytes on their way out: read piece by piece, never as a whole in memory.

use std::io::Read as _;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use super::upload::CONTENT_DIGEST;
use crate::domain::names::Digest;
use crate::pipeline::{Pipeline, modules};

/// How much of a download is read at once, in bytes.
const CHUNK: usize = 64 << 10;

/// The component of this digest; 304 to whoever has it already.
///
/// # Errors
/// When its bytes are gone or damaged.
pub(super) async fn component(
    pipeline: &Arc<Pipeline>,
    digest: &Digest,
    headers: &HeaderMap,
) -> Result<Response, modules::Error> {
    let tag = format!("\"{digest}\"");
    if headers.get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, [(ETAG, tag)]).into_response());
    }
    let (file, length) = modules::bytes(pipeline, digest).await?;
    let sha = hex::decode(digest.as_str()).unwrap_or_default();
    let head = [
        (CONTENT_TYPE, "application/wasm".to_owned()),
        (CONTENT_LENGTH, length.to_string()),
        (ETAG, tag),
        (CONTENT_DIGEST, format!("sha-256=:{}:", STANDARD.encode(sha))),
    ];
    Ok((head, Body::from_stream(chunks(file))).into_response())
}

/// A file piece by piece, each read away from the runtime's own threads.
fn chunks(file: std::fs::File) -> impl futures_util::Stream<Item = std::io::Result<Vec<u8>>> {
    futures_util::stream::try_unfold(file, async |mut file| {
        let read = tokio::task::spawn_blocking(move || {
            let mut chunk = vec![0; CHUNK];
            let length = file.read(&mut chunk)?;
            chunk.truncate(length);
            Ok::<_, std::io::Error>((chunk, file))
        });
        let (chunk, file) = read.await.map_err(std::io::Error::other)??;
        Ok((!chunk.is_empty()).then_some((chunk, file)))
    })
}
