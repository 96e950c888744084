//! The tokens of authorized URLs (RFC 4467): a keyed hash of all of the URL before the verifier, with the access key
//! of the mailbox. Pure.

use aws_lc_rs::hmac;
use mailstead_storage::AccessKey;

/// The one mechanism there is (RFC 4467 §2.4).
pub const MECHANISM: &str = "INTERNAL";

/// First byte of each token: which algorithm made it (RFC 4467 §2.4). HMAC-SHA-256.
const ALGORITHM: u8 = 1;

/// The token of a URL without its verifier, in hexadecimal digits.
pub fn token(key: &AccessKey, rump: &str) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), rump.as_bytes());
    [ALGORITHM].iter().chain(tag.as_ref()).map(|byte| format!("{byte:02x}")).collect()
}

/// Is it the token of this URL? Takes as long whatever is wrong with it.
pub fn is_token(key: &AccessKey, rump: &str, claimed: &str) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(token(key, rump).as_bytes(), claimed.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_url_and_one_key() {
        let (key, other) = ([7; 32], [8; 32]);
        let made = token(&key, "imap://a/b");
        assert_eq!(made.len(), 66);
        assert!(made.starts_with("01"));
        for (key, rump, claimed, expected) in [
            (&key, "imap://a/b", made.as_str(), true),
            (&key, "imap://a/c", made.as_str(), false),
            (&other, "imap://a/b", made.as_str(), false),
            (&key, "imap://a/b", &made[..64], false),
            (&key, "imap://a/b", "", false),
        ] {
            assert_eq!(is_token(key, rump, claimed), expected, "{rump} {claimed}");
        }
    }
}
