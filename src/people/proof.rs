//! Proofs that a password was checked in full a short while ago, so that a client that logs in
//! again does not pay for Argon2id. They live in memory only, keyed with a random key of this
//! process; the stored hash is part of what is proven, so a changed password ends them.

use std::collections::HashMap;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use mailstead_storage::{Account, AccountId, Time};

use super::password;

/// How long a full check is worth something, seconds.
const PROOF_SECONDS: u64 = 10 * 60;
/// Most proofs kept.
const PROOFS_MAX: usize = 16_384;

/// The proofs of the last minutes, one for each account.
pub(super) struct Proofs {
    key: [u8; 32],
    recent: HashMap<AccountId, Proof>,
}

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
    pub(super) fn holds(&self, account: &Account, password: &str, now: Time) -> bool {
        self.recent.get(&account.id).is_some_and(|proof| {
            now < proof.until && verify_slices_are_equal(&self.mac(account, password), &proof.mac).is_ok()
        })
    }

    /// This password has just been checked in full.
    pub(super) fn keep(&mut self, account: &Account, password: &str, now: Time) {
        if self.recent.len() >= PROOFS_MAX && !self.recent.contains_key(&account.id) {
            self.make_room(now);
        }
        let proof = Proof { mac: self.mac(account, password), until: now.plus_seconds(PROOF_SECONDS) };
        self.recent.insert(account.id, proof);
    }

    /// Drops what has ended, or everything when nothing has: a full check is all that it costs.
    fn make_room(&mut self, now: Time) {
        self.recent.retain(|_, proof| now < proof.until);
        if self.recent.len() >= PROOFS_MAX {
            self.recent.clear();
        }
    }

    fn mac(&self, account: &Account, password: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(&account.id.0.to_le_bytes());
        hasher.update(&(account.password.len() as u64).to_le_bytes());
        hasher.update(account.password.as_bytes());
        hasher.update(password.as_bytes());
        *hasher.finalize().as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::account;
    use super::*;

    #[test]
    fn a_proof_holds_for_its_password_its_hash_and_its_time() {
        let (mut proofs, now) = (Proofs::new(), Time(1_000));
        let alice = account(1, "alice@example.test");
        assert!(!proofs.holds(&alice, "secret", now));
        proofs.keep(&alice, "secret", now);
        assert!(proofs.holds(&alice, "secret", now));
        assert!(!proofs.holds(&alice, "secret2", now));
        assert!(!proofs.holds(&account(2, "alice@example.test"), "secret", now));
        let mut changed = alice.clone();
        changed.password = "$argon2id$other".into();
        assert!(!proofs.holds(&changed, "secret", now));
        assert!(proofs.holds(&alice, "secret", now.plus_seconds(PROOF_SECONDS - 1)));
        assert!(!proofs.holds(&alice, "secret", now.plus_seconds(PROOF_SECONDS)));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut proofs = Proofs::new();
        for id in 0..PROOFS_MAX as u32 + 10 {
            proofs.keep(&account(id, "a@example.test"), "secret", Time(0));
        }
        assert!(proofs.recent.len() <= PROOFS_MAX);
    }
}
