//! Secrets that the box gives out: what a web session's cookie holds, and API tokens. 256 random bits, so that a plain
//! hash is enough to keep; the number under which it is kept is part of that hash.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use mailstead_storage::CredentialId;

use super::password::random;

/// Random bytes of a secret.
const BYTES: usize = 32;

/// A secret, as it is given out.
pub(super) struct Secret([u8; BYTES]);

impl Secret {
    /// A new one.
    pub(super) fn new() -> Secret {
        Secret(random())
    }

    /// Reads one that comes back.
    pub(super) fn parse(text: &str) -> Option<Secret> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Secret)
    }

    /// As a text of 43 letters, digits, `-` and `_`.
    pub(super) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it.
    pub(super) fn hash(&self) -> [u8; 32] {
        *blake3::hash(&self.0).as_bytes()
    }

    /// The number under which it is kept.
    pub(super) fn id(&self) -> CredentialId {
        id(&self.hash())
    }

    /// Is this what was kept of it?
    pub(super) fn is(&self, hash: &[u8; 32]) -> bool {
        verify_slices_are_equal(&self.hash(), hash).is_ok()
    }
}

fn id(hash: &[u8; 32]) -> CredentialId {
    let first = hash.first_chunk().expect("a hash has more than eight bytes");
    CredentialId(u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_back_as_it_went() {
        let secret = Secret::new();
        let again = Secret::parse(&secret.text()).expect("ours");
        assert!(again.is(&secret.hash()) && again.id() == secret.id());
        assert!(!Secret::new().is(&secret.hash()));
        for wrong in ["", "a", "ä", &"a".repeat(42), &"!".repeat(43), &"a".repeat(4000)] {
            assert!(Secret::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}
