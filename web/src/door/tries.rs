//! How often somebody who knows a password has sent a wrong code. A code has six digits: few guesses are given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mailstead_core::clock::Time;
use mailstead_storage::AccountId;

/// Wrong codes in a row before a pause.
const TRIES_MAX: u32 = 5;
/// How long the pause is, seconds.
const PAUSE_SECONDS: u64 = 10 * 60;
/// Accounts that are remembered; beyond, those whose pause is over go.
const ACCOUNTS_MAX: usize = 10_000;

/// The wrong codes of the last minutes. Cheap to clone; lives in memory only.
#[derive(Clone, Default)]
pub struct Tries(Arc<Mutex<HashMap<AccountId, Wrong>>>);

struct Wrong {
    count: u32,
    last: Time,
}

impl Tries {
    /// May this account send a code now?
    pub(super) fn are_left(&self, account: AccountId, now: Time) -> bool {
        let wrong = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(&account).is_none_or(|wrong| wrong.count < TRIES_MAX || wrong.is_over(now))
    }

    /// A code was right, or wrong.
    pub(super) fn note(&self, account: AccountId, right: bool, now: Time) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if right {
            known.remove(&account);
            return;
        }
        if known.len() >= ACCOUNTS_MAX {
            known.retain(|_, wrong| !wrong.is_over(now));
        }
        let wrong = known.entry(account).or_insert(Wrong { count: 0, last: now });
        wrong.count = if wrong.is_over(now) { 1 } else { wrong.count + 1 };
        wrong.last = now;
    }
}

impl Wrong {
    fn is_over(&self, now: Time) -> bool {
        now >= self.last.plus_seconds(PAUSE_SECONDS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_wrong_codes_make_a_pause() {
        let (tries, alice, now) = (Tries::default(), AccountId(1), Time(1_000));
        for _ in 0..TRIES_MAX {
            assert!(tries.are_left(alice, now));
            tries.note(alice, false, now);
        }
        assert!(!tries.are_left(alice, now) && tries.are_left(AccountId(2), now));
        assert!(!tries.are_left(alice, now.plus_seconds(PAUSE_SECONDS - 1)));
        assert!(tries.are_left(alice, now.plus_seconds(PAUSE_SECONDS)));
        tries.note(alice, true, now);
        assert!(tries.are_left(alice, now));
    }
}
