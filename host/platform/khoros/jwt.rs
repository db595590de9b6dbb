//! The tokens of Khoros' API as the host gives them out: JWTs of the one algorithm that its documents show (platforms.md A2).
//!
//! What a token may do is not read from it: its id finds the host's own record, and the record's key proves it. The claims are
//! for whoever holds the token. `companyKey`, `userName`, `awsRegion` and `exp` are those that Khoros documents; `iss` is
//! `bothost`, `sub` the appId, `jti` the token's id, and `iat` when it was made. A host has no AWS region: the claim is
//! `us-east-1`, the region of the development environments' gateway, for clients that look for one.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha512;

use crate::domain::secret::Secret;
use crate::domain::token::Token;

/// The one header there is: a token with any other, `none` included, is none of ours.
const HEADER: &str = r#"{"alg":"HS512","typ":"JWT"}"#;

/// Who gives tokens out.
const ISSUER: &str = "bothost";

/// The claim `awsRegion`.
const REGION: &str = "us-east-1";

/// The longest token that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 4096;

/// The token of a record, for the customer account `company`; nothing when the record's key is no key.
pub(super) fn write(token: &Token, company: &str) -> Option<Secret> {
    let claims = json!({
        "iss": ISSUER, "sub": token.app, "jti": token.id, "companyKey": company, "userName": token.user,
        "awsRegion": REGION, "iat": token.created_ms / 1000, "exp": token.expires_ms / 1000,
    });
    let signed = format!("{}.{}", BASE64URL.encode(HEADER), BASE64URL.encode(claims.to_string()));
    let mac = mac(&token.key, &signed)?.finalize().into_bytes();
    Some(Secret::new(format!("{signed}.{}", BASE64URL.encode(mac))))
}

/// The id in a text that has the form of a token; nothing is proved by it.
pub(super) fn id(text: &str) -> Option<String> {
    let (signed, _) = text.rsplit_once('.').filter(|_| text.len() <= TOKEN_BYTES_MAX)?;
    let (header, claims) = signed.split_once('.')?;
    if header != BASE64URL.encode(HEADER) {
        return None;
    }
    let claims: Value = serde_json::from_slice(&BASE64URL.decode(claims).ok()?).ok()?;
    claims.get("jti")?.as_str().map(str::to_owned)
}

/// Whether a token was signed with this key: always by HS512, in a time that says nothing of how near a wrong signature is.
pub(super) fn is_signed(text: &str, key: &Secret) -> bool {
    let Some((signed, given)) = text.rsplit_once('.') else { return false };
    let Ok(given) = BASE64URL.decode(given) else { return false };
    mac(key, signed).is_some_and(|mac| mac.verify_slice(&given).is_ok())
}

fn mac(key: &Secret, signed: &str) -> Option<Hmac<Sha512>> {
    let key = hex::decode(key.reveal()).ok()?;
    Some(Hmac::<Sha512>::new_from_slice(&key).ok()?.chain_update(signed))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::{BASE64URL, id, is_signed, write};
    use crate::domain::names::{KeyId, TenantName};
    use crate::domain::secret::Secret;
    use crate::domain::token::Token;

    fn token(key: u8) -> Token {
        Token {
            id: "t1".to_owned(),
            tenant: TenantName::from("acme"),
            platform: "khoros".to_owned(),
            app: "bot".to_owned(),
            user: "care".to_owned(),
            maker: KeyId::from("k1"),
            key: Secret::new(hex::encode([key; 64])),
            created_ms: 5_000,
            expires_ms: 65_000,
            replaced: false,
        }
    }

    #[test]
    fn a_token_is_known_by_its_key_alone() {
        let written = write(&token(7), "exampleinc").unwrap();
        let text = written.reveal();
        assert_eq!(id(text).as_deref(), Some("t1"));
        assert!(is_signed(text, &token(7).key));
        assert!(!is_signed(text, &token(8).key));
        let claims = BASE64URL.decode(text.split('.').nth(1).unwrap()).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!((&claims["companyKey"], &claims["exp"]), (&"exampleinc".into(), &65.into()));
    }

    #[test]
    fn no_other_algorithm_is_looked_at() {
        let written = write(&token(7), "exampleinc").unwrap();
        let parts: Vec<&str> = written.reveal().split('.').collect();
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"none","typ":"JWT"}"#,
            r#"{"alg":"HS256","typ":"JWT"}"#,
            r#"{"typ":"JWT","alg":"HS512"}"#,
        ] {
            assert_eq!(id(&format!("{}.{}.{}", BASE64URL.encode(header), parts[1], parts[2])), None, "{header}");
        }
        for broken in [format!("{}.{}.", parts[0], parts[1]), format!("{}.{}", parts[0], parts[1]), "..".to_owned()] {
            assert!(!is_signed(&broken, &token(7).key), "{broken}");
        }
        assert_eq!(id(&format!("{}{}", written.reveal(), "A".repeat(5000))), None);
    }
}
