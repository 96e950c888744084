//! Proofs that a password was checked in full a short while ago, so that a client that logs in
//! again does not pay for Argon2id. They live in memory only, keyed with a random key of this
//! process; the stored hash is part of what is proven, so a changed password ends them.

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mailstead_storage::{AccountId, CredentialId, Time};

use super::check::Credential;

use super::password;

/// How long a full check is worth something, seconds.
const PROOF_SECONDS: u64 = 10 * 60;
/// Most proofs kept.
const PROOFS_MAX: usize = 16_384;

/// The proofs of the last minutes, one for each password of each account.
pub(super) struct Proofs {
    key: [u8; 32],
    recent: HashMap<Key, Proof>,
}

/// An account, and which of its passwords: its own, or that of a program.
type Key = (AccountId, Option<CredentialId>);

struct Proof {
    mac: [u8; 32],
    until: Time,
}

impl Proofs {
    /// None yet, with a new key.
    pub(super) fn new() -> Proofs {
        Proofs { key: password::random(), recent: HashMap::new() }
    }

    /// Was this same password of this account checked in full a short while ago?
    pub(super) fn holds(&self, account: AccountId, claimed: &Credential, now: Time) -> bool {
        self.recent.get(&(account, claimed.app)).is_some_and(|proof| {
            now < proof.until && verify_slices_are_equal(&self.mac(account, claimed), &proof.mac).is_ok()
        })
    }

    /// This password has just been checked in full.
    pub(super) fn keep(&mut self, account: AccountId, claimed: &Credential, now: Time) {
        let key = (account, claimed.app);
        if self.recent.len() >= PROOFS_MAX && !self.recent.contains_key(&key) {
            self.make_room(now);
        }
        let proof = Proof { mac: self.mac(account, claimed), until: now.plus_seconds(PROOF_SECONDS) };
        self.recent.insert(key, proof);
    }

    /// Drops what has ended, or everything when nothing has: a full check is all that it costs.
    fn make_room(&mut self, now: Time) {
        self.recent.retain(|_, proof| now < proof.until);
        if self.recent.len() >= PROOFS_MAX {
            self.recent.clear();
        }
    }

    fn mac(&self, account: AccountId, claimed: &Credential) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&account.0.to_le_bytes());
        hasher.update(&(claimed.hash.len() as u64).to_le_bytes());
        hasher.update(claimed.hash.as_bytes());
        hasher.update(claimed.secret.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: AccountId = AccountId(1);

    fn claimed(hash: &str, secret: &str) -> Credential {
        Credential { app: None, hash: hash.into(), secret: secret.into() }
    }

    #[test]
    fn a_proof_holds_for_its_password_its_hash_and_its_time() {
        let (mut proofs, now) = (Proofs::new(), Time(1_000));
        let right = claimed("$argon2id$one", "secret");
        assert!(!proofs.holds(ALICE, &right, now));
        proofs.keep(ALICE, &right, now);
        assert!(proofs.holds(ALICE, &right, now));
        assert!(!proofs.holds(ALICE, &claimed("$argon2id$one", "secret2"), now));
        assert!(!proofs.holds(AccountId(2), &right, now));
        assert!(!proofs.holds(ALICE, &claimed("$argon2id$other", "secret"), now));
        let app = Credential { app: Some(CredentialId(1)), ..claimed("$argon2id$one", "secret") };
        assert!(!proofs.holds(ALICE, &app, now));
        assert!(proofs.holds(ALICE, &right, now.plus_seconds(PROOF_SECONDS - 1)));
        assert!(!proofs.holds(ALICE, &right, now.plus_seconds(PROOF_SECONDS)));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut proofs = Proofs::new();
        for id in 0..PROOFS_MAX as u32 + 10 {
            proofs.keep(AccountId(id), &claimed("", "secret"), Time(0));
        }
        assert!(proofs.recent.len() <= PROOFS_MAX);
    }
}
