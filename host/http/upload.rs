//! Taking a module in: its body goes to a file while it is counted and hashed, so that no upload is held in memory.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, StatusCode};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;

use super::limits;
use super::problem::Problem;

/// RFC 9530.
pub(super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// Writes a body of at most `bytes_max` bytes that comes within `longest` to a file in `directory`, which goes with the answer.
///
/// # Errors
/// 413 as soon as it is larger, 408 when it is slower, 400 when it breaks off or is not what its `Content-Digest` says, 503
/// when the file cannot be written.
pub(super) async fn receive(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    longest: Duration,
    directory: &Path,
) -> Result<NamedTempFile, Problem> {
    let announced = announced_digest(headers)?;
    let body = limits::announced(headers, body, bytes_max, longest).await?;
    let file = tempfile::Builder::new().permissions(Permissions::from_mode(0o600)).tempfile_in(directory);
    let file = file.map_err(|error| no_room(&error))?;
    let sha = announced.is_some().then(Sha256::new);
    let written = tokio::time::timeout(longest, write(body, bytes_max, &file, sha)).await;
    let found = written.map_err(|_| limits::too_slow(longest))??;
    match (announced, found) {
        (Some(announced), Some(found)) if announced != found => {
            let detail = format!(
                "the body's digest is sha-256=:{}:, Content-Digest says sha-256=:{}:",
                STANDARD.encode(&found),
                STANDARD.encode(&announced)
            );
            Err(Problem::new(StatusCode::BAD_REQUEST, "content-digest", detail))
        }
        _ => Ok(file),
    }
}

/// Writes the body and returns its SHA-256, when one is asked for.
async fn write(
    mut body: Body,
    bytes_max: usize,
    file: &NamedTempFile,
    mut sha: Option<Sha256>,
) -> Result<Option<Vec<u8>>, Problem> {
    let mut out = tokio::fs::File::from_std(file.reopen().map_err(|error| no_room(&error))?);
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame
            .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "body", format!("the body broke off: {error}")))?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > bytes_max {
            return Err(limits::too_large(bytes_max));
        }
        if let Some(sha) = &mut sha {
            sha.update(&data);
        }
        out.write_all(&data).await.map_err(|error| no_room(&error))?;
    }
    out.flush().await.map_err(|error| no_room(&error))?;
    Ok(sha.map(|sha| sha.finalize().to_vec()))
}

/// The SHA-256 of a `Content-Digest` header. Other algorithms in it are left alone.
pub(super) fn announced_digest(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let mut found = None;
    for value in headers.get_all(CONTENT_DIGEST) {
        let malformed = || {
            let detail = "Content-Digest has members like sha-256=:<base64 of 32 bytes>:";
            Problem::new(StatusCode::BAD_REQUEST, "content-digest", detail)
        };
        for member in value.to_str().map_err(|_| malformed())?.split(',') {
            let (algorithm, digest) = member.trim().split_once('=').ok_or_else(malformed)?;
            if algorithm == "sha-256" {
                let digest = digest.strip_prefix(':').and_then(|digest| digest.strip_suffix(':'));
                let digest = STANDARD.decode(digest.ok_or_else(malformed)?).map_err(|_| malformed())?;
                found = Some(digest).filter(|digest| digest.len() == 32);
                found.as_ref().ok_or_else(malformed)?;
            }
        }
    }
    Ok(found)
}

fn no_room(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "an upload cannot be written to the data directory");
    let detail = format!("the upload cannot be written on the host: {error}");
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "no-room", detail).retry_after_s(10)
}
