//! Key pairs for DKIM, and the DNS records that publish them (RFC 6376 §3.6.1, RFC 8463).

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use mail_auth::crypto::{DkimKey, Ed25519Key, RsaKey};
use mailstead_storage::{KeyAlgorithm, KeyState, SigningKey, Time};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::BoxKey;

/// Longest string of a TXT record (RFC 1035 §3.3.14).
const STRING_BYTES_MAX: usize = 255;

/// Makes a key pair for a selector of a domain. An RSA pair costs a second of computing.
///
/// # Errors
/// When the machine gives no random bytes.
pub fn make(
    domain: &str,
    selector: &str,
    algorithm: KeyAlgorithm,
    key: &BoxKey,
    now: Time,
) -> Result<SigningKey, String> {
    let failed = || format!("a key for {domain} could not be made");
    let (private, public) = match algorithm {
        KeyAlgorithm::Rsa => rsa().ok_or_else(failed)?,
        KeyAlgorithm::Ed25519 => ed25519().ok_or_else(failed)?,
    };
    Ok(SigningKey {
        selector: selector.into(),
        algorithm,
        state: KeyState::Next,
        public: BASE64_STANDARD.encode(public),
        sealed: key.seal(&purpose(domain, selector), &private)?,
        created: now,
    })
}

/// The private half of a key, ready to sign.
///
/// # Errors
/// When the box's key does not open it.
pub(super) fn open(domain: &str, signing: &SigningKey, key: &BoxKey) -> Result<DkimKey, String> {
    let private = key.open_sealed(&purpose(domain, &signing.selector), &signing.sealed)?;
    let damaged = |error: mail_auth::Error| format!("the key {} of {domain} is damaged: {error}", signing.selector);
    match signing.algorithm {
        KeyAlgorithm::Rsa => {
            let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(private));
            RsaKey::from_key_der(der).map(DkimKey::Rsa).map_err(damaged)
        }
        KeyAlgorithm::Ed25519 => Ed25519Key::from_pkcs8_der(&private).map(DkimKey::Ed25519).map_err(damaged),
    }
}

/// The name of the TXT record that publishes a key.
pub fn record_name(domain: &str, selector: &str) -> String {
    format!("{selector}._domainkey.{domain}")
}

/// The text of that record.
pub fn record(key: &SigningKey) -> String {
    let kind = match key.algorithm {
        KeyAlgorithm::Rsa => "rsa",
        KeyAlgorithm::Ed25519 => "ed25519",
    };
    format!("v=DKIM1; k={kind}; p={}", key.public)
}

/// A text as a zone file has it: in quotes, cut into strings that are short enough.
pub fn quoted(text: &str) -> String {
    let strings: Vec<String> = text
        .as_bytes()
        .chunks(STRING_BYTES_MAX)
        .map(|string| format!("\"{}\"", String::from_utf8_lossy(string).replace('\\', "\\\\").replace('"', "\\\"")))
        .collect();
    strings.join(" ")
}

/// What a sealed private half is for, so that one cannot be put in another's place.
fn purpose(domain: &str, selector: &str) -> String {
    format!("dkim {selector} {domain}")
}

fn rsa() -> Option<(Vec<u8>, Vec<u8>)> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let private: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let public: PublicKeyX509Der<'_> = aws_lc_rs::signature::KeyPair::public_key(&pair).as_der().ok()?;
    Some((private.as_ref().to_vec(), public.as_ref().to_vec()))
}

fn ed25519() -> Option<(Vec<u8>, Vec<u8>)> {
    let private = Ed25519Key::generate_pkcs8().ok()?;
    let public = Ed25519Key::from_pkcs8_der(&private).ok()?.public_key();
    Some((private, public))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_into_strings() {
        assert_eq!(quoted("v=spf1 -all"), "\"v=spf1 -all\"");
        assert_eq!(quoted("a\"b\\"), "\"a\\\"b\\\\\"");
        let cut = quoted(&"x".repeat(300));
        assert_eq!(cut, format!("\"{}\" \"{}\"", "x".repeat(255), "x".repeat(45)));
    }
}
