//! What is kept of a password: an Argon2id hash and a SCRAM-SHA-256 verifier. Slow on purpose:
//! everything here but [`is_acceptable`] belongs on the rayon pool.

use std::num::NonZeroU32;
use std::sync::{Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{PasswordHasher, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::{digest, hmac, pbkdf2, rand};
use mailstead_storage::ScramVerifier;

/// Memory of one Argon2id computation in KiB (OWASP's first choice with [`PASSES`]).
const MEMORY_KIB: u32 = 19_456;
/// Passes of Argon2id.
const PASSES: u32 = 2;
/// Lanes of Argon2id.
const LANES: u32 = 1;
/// Bytes of every salt.
pub(super) const SALT_BYTES: usize = 16;
/// Iterations of PBKDF2 in new SCRAM verifiers (RFC 7677 §4 asks for 4,096 at least).
pub const SCRAM_ITERATIONS: NonZeroU32 = NonZeroU32::new(16_384).expect("more than zero");

/// May this be a user name or a password? Empty ones and control characters are refused (RFC 4013
/// §2.3). Nothing is mapped or normalised: characters outside of ASCII are compared as sent.
pub fn is_acceptable(text: &str) -> bool {
    !text.is_empty() && !text.chars().any(char::is_control)
}

/// What is kept of a password: its Argon2id hash in PHC form and its SCRAM-SHA-256 verifier. Takes
/// some 50 ms of one core.
///
/// # Panics
/// When the operating system has no random bytes to give.
pub fn credentials(password: &str) -> (String, ScramVerifier) {
    (hash(password), scram_verifier(password, &random::<SALT_BYTES>(), SCRAM_ITERATIONS))
}

/// The Argon2id hash of a password in PHC form, with a salt of its own.
pub(super) fn hash(password: &str) -> String {
    let hash = argon2().hash_password_with_salt(password.as_bytes(), &random::<SALT_BYTES>());
    hash.expect("salt and parameters are within Argon2's bounds").to_string()
}

/// Memory of Argon2id, kept from one check to the next: asking the system for it anew costs page faults, and leaves
/// the allocator with more than is in use. There is one for each check that is made at once; after a rest they are
/// given back.
#[derive(Default)]
pub(super) struct Memory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    memories: Vec<Vec<Block>>,
    /// Checks so far.
    checks: u64,
    /// Somebody waits for a rest.
    is_watched: bool,
}

impl Memory {
    fn lend<T>(&self, blocks: usize, work: impl FnOnce(&mut [Block]) -> T) -> T {
        let mut memory = self.kept().memories.pop().unwrap_or_default();
        if memory.len() < blocks {
            memory.resize(blocks, Block::default());
        }
        let result = work(&mut memory[..blocks]);
        let mut kept = self.kept();
        kept.checks += 1;
        kept.memories.push(memory);
        result
    }

    /// Whether nobody waits for a rest yet: who asks does from then on.
    pub(super) fn wants_watch(&self) -> bool {
        !std::mem::replace(&mut self.kept().is_watched, true)
    }

    /// Checks so far.
    pub(super) fn checks(&self) -> u64 {
        self.kept().checks
    }

    /// Gives all of it back, unless there was another check since there were so many. Says whether it did.
    pub(super) fn give_back(&self, checks: u64) -> bool {
        let mut kept = self.kept();
        let rests = kept.checks == checks;
        if rests {
            kept.memories = Vec::new();
            kept.is_watched = false;
        }
        rests
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Is this the password of that hash in PHC form? Without a hash the same work is done for nothing,
/// so that the time tells nothing.
pub(super) fn is_right(password: &str, hash: Option<&str>, memory: &Memory) -> bool {
    let kept = hash.and_then(|hash| PasswordHash::new(hash).ok()).and_then(|hash| {
        let params = Params::try_from(&hash).ok()?;
        (hash.algorithm == Algorithm::Argon2id.ident()).then_some((params, hash.salt?, hash.hash?))
    });
    let Some((params, salt, expected)) = kept else {
        computed(&argon2(), password, &[0; SALT_BYTES], Params::DEFAULT_OUTPUT_LEN, memory);
        return false;
    };
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let computed = computed(&argon2, password, &salt, expected.len(), memory);
    computed.is_some_and(|computed| verify_slices_are_equal(&computed, expected.as_bytes()).is_ok())
}

fn computed(argon2: &Argon2<'_>, password: &str, salt: &[u8], bytes: usize, memory: &Memory) -> Option<Vec<u8>> {
    let mut hash = vec![0; bytes];
    let done = memory.lend(argon2.params().block_count(), |blocks| {
        argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, blocks)
    });
    done.is_ok().then_some(std::hint::black_box(hash))
}

/// The verifier of RFC 5802 §3 for a password.
pub(super) fn scram_verifier(password: &str, salt: &[u8], iterations: NonZeroU32) -> ScramVerifier {
    let mut salted_password = [0; digest::SHA256_OUTPUT_LEN];
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, password.as_bytes(), &mut salted_password);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted_password);
    let client_key = hmac::sign(&key, b"Client Key");
    ScramVerifier {
        salt: salt.to_vec(),
        iterations: iterations.get(),
        stored_key: digest::digest(&digest::SHA256, client_key.as_ref()).as_ref().to_vec(),
        server_key: hmac::sign(&key, b"Server Key").as_ref().to_vec(),
    }
}

/// Random bytes that nobody can guess.
pub fn random<const BYTES: usize>() -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes).expect("the operating system has random bytes");
    bytes
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the parameters are within Argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_knows_its_password_only() {
        let (hash, verifier) = credentials("secret");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let memory = Memory::default();
        assert!(is_right("secret", Some(&hash), &memory));
        assert!(!is_right("Secret", Some(&hash), &memory));
        assert!(!is_right("secret", None, &memory));
        assert!(!is_right("secret", Some(""), &memory));
        assert!(!is_right("secret", Some(&hash.replace("argon2id", "argon2i")), &memory));
        assert!(is_right("secret", Some(&hash), &memory), "used memory makes no difference");
        let checks = memory.checks();
        assert!(memory.wants_watch() && !memory.wants_watch());
        assert!(!memory.give_back(checks - 1) && memory.give_back(checks) && memory.wants_watch());
        assert!(is_right("secret", Some(&hash), &memory), "and given back it is asked for again");
        assert_eq!((verifier.salt.len(), verifier.iterations), (SALT_BYTES, 16_384));
        assert_ne!(credentials("secret").0, hash);
    }

    #[test]
    fn control_characters_are_refused() {
        for (text, expected) in [("", false), ("a b", true), ("a\tb", false), ("a\0", false), ("é", true)] {
            assert_eq!(is_acceptable(text), expected, "{text:?}");
        }
    }
}
