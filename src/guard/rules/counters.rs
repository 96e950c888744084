//! What all rules have counted, and their numbers.

use std::sync::{Mutex, PoisonError, RwLock};

use mailstead_storage::{AccountId, Result, Store};

use super::{Numbers, Rule};
use crate::clock::Time;
use crate::guard::network::Origin;
use crate::guard::windows::Windows;

/// One for each rule, at its index. Rules that count addresses and those that count accounts have numbers as keys.
pub(in crate::guard) struct Counters {
    numbers: RwLock<[Numbers; Rule::ALL.len()]>,
    windows: [Mutex<Windows<u128>>; Rule::ALL.len()],
    /// For [`Rule::BruteForceAccount`]: where the wrong passwords came from.
    strange: Mutex<Windows<AccountId, Origin>>,
}

impl Counters {
    /// Counters that have counted nothing, with the numbers that are kept.
    ///
    /// # Errors
    /// What storage says.
    pub fn open(store: &Store) -> Result<Counters> {
        let mut numbers = Rule::ALL.map(|rule| rule.definition().defaults);
        for rule in Rule::ALL {
            let kept = store.setting(&rule.setting())?.and_then(|text| serde_json::from_str::<Numbers>(&text).ok());
            if let Some(kept) = kept.filter(|kept| kept.check().is_ok()) {
                numbers[rule.index()] = kept;
            }
        }
        let windows = std::array::from_fn(|_| Mutex::default());
        Ok(Counters { numbers: RwLock::new(numbers), windows, strange: Mutex::default() })
    }

    /// The numbers of a rule.
    pub fn numbers(&self, rule: Rule) -> Numbers {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner)[rule.index()]
    }

    /// Changes the numbers of a rule.
    pub fn set(&self, rule: Rule, numbers: Numbers) {
        self.numbers.write().unwrap_or_else(PoisonError::into_inner)[rule.index()] = numbers;
    }

    /// Counts, if the rule is in force. Says whether it is too much now; counting then begins anew.
    pub fn count(&self, rule: Rule, key: u128, weight: u32, now: Time) -> bool {
        let numbers = self.numbers(rule);
        if !numbers.enabled {
            return false;
        }
        let mut windows = self.windows[rule.index()].lock().unwrap_or_else(PoisonError::into_inner);
        let too_much = windows.add(key, weight, (), now.seconds(), numbers.measure()).is_some();
        if too_much {
            windows.forget(&key);
        }
        too_much
    }

    /// Counts a wrong password of an account, if that rule is in force. Returns where all of them came from when it is
    /// too much: as long as it is, each further one is too much.
    pub fn count_strange(&self, account: AccountId, origin: Origin, now: Time) -> Vec<Origin> {
        let numbers = self.numbers(Rule::BruteForceAccount);
        if !numbers.enabled {
            return Vec::new();
        }
        let mut windows = self.strange.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows.add(account, 1, origin, now.seconds(), numbers.measure());
        let mut origins: Vec<Origin> = window.map(|window| window.whats().copied().collect()).unwrap_or_default();
        origins.sort_unstable();
        origins.dedup();
        origins
    }

    /// Forgets what was counted for an address.
    pub fn forget(&self, origin: Origin) {
        for windows in &self.windows {
            windows.lock().unwrap_or_else(PoisonError::into_inner).forget(&origin.key());
        }
    }
}
