//! Logins, as the guard sees them: wrong passwords count, and where system administrators log in is spared.

use std::collections::HashMap;
use std::net::IpAddr;

use mailstead_storage::{AccountId, Role};

use super::{Guard, Origin, Protocol};
use crate::clock::Time;
use crate::people::{Login, LoginWatch};
use crate::work;

/// An administrator's address is spared for so long after each sign of life.
const ADMINISTRATOR_SECONDS: u64 = 12 * 60 * 60;
/// Most addresses of administrators at once.
const ADMINISTRATORS_MAX: usize = 1_000;

/// Where system administrators are, and until when they count as being there.
#[derive(Default)]
pub(super) struct Administrators(HashMap<Origin, Time>);

impl Administrators {
    pub fn note(&mut self, origin: Origin, now: Time) {
        if self.0.len() >= ADMINISTRATORS_MAX {
            self.0.retain(|_, until| *until > now);
        }
        if self.0.len() < ADMINISTRATORS_MAX || self.0.contains_key(&origin) {
            self.0.insert(origin, now.plus_seconds(ADMINISTRATOR_SECONDS));
        }
    }

    pub fn is_one_at(&self, origin: Origin, now: Time) -> bool {
        self.0.get(&origin).is_some_and(|until| *until > now)
    }
}

impl LoginWatch for Guard {
    fn succeeded(&self, login: &Login, _protocol: &'static str, from: IpAddr) {
        if login.role == Role::SystemAdministrator {
            self.administrator_at(from);
        }
    }

    fn failed(&self, account: Option<AccountId>, protocol: &'static str, from: IpAddr) {
        let (origin, now) = (Origin::of(from), self.now());
        if let Some(protocol) = Protocol::by_name(protocol) {
            self.failed_login(origin, protocol, now);
        }
        // Nothing is read for those whom nothing comes of.
        let is_spared = self.is_always_welcome(origin, now) || self.is_spared(origin);
        if let Some(account) = account.filter(|_| !is_spared) {
            let (guard, store) = (self.clone(), self.0.parts.store.clone());
            tokio::spawn(async move {
                let logins = work::read(move || store.logins(account)).await.unwrap_or_default();
                let is_known = |from: &str| from.parse().is_ok_and(|from| Origin::of(from) == origin);
                if !logins.iter().any(|login| is_known(&login.from)) {
                    guard.failed_strange_login(account, origin, now);
                }
            });
        }
    }
}
