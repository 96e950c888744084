//! The box's own key: a file beside the store that only its owner may read. What is encrypted with it is worthless to
//! whoever finds a copy of the store alone.
//!
//! Never leaves the machine, is never logged, and never stands in the store.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand;

/// Its file in the data directory.
pub const BOX_KEY_FILE: &str = "box.key";

const KEY_BYTES: usize = 32;

/// Encrypts what is kept by AES-256-GCM. Cheap to clone.
#[derive(Clone)]
pub struct BoxKey(Arc<RandomizedNonceKey>);

impl BoxKey {
    /// The key of this data directory, made when it has none.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn open(data: &Path) -> Result<BoxKey, String> {
        let file = data.join(BOX_KEY_FILE);
        let wrong = |error: std::io::Error| format!("the box's key {}: {error}", file.display());
        let bytes = match fs::File::open(&file) {
            Ok(opened) => read(opened).map_err(wrong)?,
            Err(error) if error.kind() == ErrorKind::NotFound => make(&file).map_err(wrong)?,
            Err(error) => return Err(wrong(error)),
        };
        BoxKey::of(&bytes).ok_or_else(|| format!("the box's key {} does not hold 32 bytes", file.display()))
    }

    fn of(bytes: &[u8]) -> Option<BoxKey> {
        RandomizedNonceKey::new(&AES_256_GCM, bytes).ok().map(|key| BoxKey(Arc::new(key)))
    }

    /// Encrypts a secret. It opens for the same `purpose` only.
    ///
    /// # Errors
    /// When the machine gives no random bytes.
    pub fn seal(&self, purpose: &str, secret: &[u8]) -> Result<Vec<u8>, String> {
        let mut sealed = secret.to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(purpose), &mut sealed);
        let nonce = nonce.map_err(|_| "a secret cannot be encrypted: there are no random bytes".to_owned())?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Decrypts a secret.
    ///
    /// # Errors
    /// When it was sealed by another key, for another purpose, or is damaged.
    pub fn open_sealed(&self, purpose: &str, sealed: &[u8]) -> Result<Vec<u8>, String> {
        let wrong =
            || format!("what {BOX_KEY_FILE} should open ({purpose}) was not sealed by it; put the right file back");
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or_else(wrong)?;
        let mut secret = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let opened = self.0.open_in_place(nonce, Aad::from(purpose), &mut secret).map_err(|_| wrong())?;
        let length = opened.len();
        secret.truncate(length);
        Ok(secret)
    }
}

fn read(file: fs::File) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn make(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; KEY_BYTES];
    rand::fill(&mut bytes).map_err(|_| std::io::Error::other("no random bytes"))?;
    let mut made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    made.write_all(&bytes)?;
    made.sync_all()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn secrets_open_with_the_same_key_and_purpose_only() {
        let (one, other) = (tempfile::tempdir().expect("folder"), tempfile::tempdir().expect("folder"));
        let key = BoxKey::open(one.path()).expect("made");
        let sealed = key.seal("dkim a", b"secret").expect("sealed");
        assert!(!sealed.windows(6).any(|window| window == b"secret"));
        assert_ne!(sealed, key.seal("dkim a", b"secret").expect("sealed"), "every nonce is new");
        let again = BoxKey::open(one.path()).expect("read");
        assert_eq!(again.open_sealed("dkim a", &sealed).expect("opened"), b"secret");
        assert!(again.open_sealed("dkim b", &sealed).is_err());
        assert!(again.open_sealed("dkim a", &sealed[..20]).is_err());
        assert!(again.open_sealed("dkim a", b"").is_err());
        assert!(BoxKey::open(other.path()).expect("made").open_sealed("dkim a", &sealed).is_err());
    }

    #[test]
    fn the_file_is_for_its_owner_and_must_be_whole() {
        let data = tempfile::tempdir().expect("folder");
        BoxKey::open(data.path()).expect("made");
        let file = data.path().join(BOX_KEY_FILE);
        assert_eq!(fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
        fs::write(&file, b"short").expect("written");
        assert!(BoxKey::open(data.path()).err().expect("refused").contains("box.key"));
    }
}
