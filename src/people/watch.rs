//! Who is told of logins: one place that all ways of logging in pass.

use std::net::IpAddr;

use mailstead_storage::AccountId;

use super::{Denied, Login, People};

/// Is told of every login, by whatever route.
pub trait LoginWatch: Send + Sync + 'static {
    /// Somebody has logged in by this protocol from there. Must not block.
    fn succeeded(&self, login: &Login, protocol: &'static str, from: IpAddr);

    /// A password or a token was wrong. `account` is the account that was named, if there is such a one. Must not block.
    fn failed(&self, account: Option<AccountId>, protocol: &'static str, from: IpAddr);
}

impl People {
    /// Tells this one of every login from now on. The first one given stays.
    pub fn tell(&self, watch: Box<dyn LoginWatch>) {
        let _ = self.watch_cell().set(watch);
    }

    /// A client has not proven the password by SCRAM.
    pub fn proof_was_wrong(&self, user: &str, protocol: &'static str, from: IpAddr) {
        if let Some(watch) = self.watch_cell().get() {
            watch.failed(self.account_named(user), protocol, from);
        }
    }

    /// Passes on the outcome of a login, having told of it.
    pub(super) fn told(
        &self,
        user: &str,
        protocol: &'static str,
        from: IpAddr,
        login: Result<Login, Denied>,
    ) -> Result<Login, Denied> {
        match (&login, self.watch_cell().get()) {
            (Ok(login), Some(watch)) => watch.succeeded(login, protocol, from),
            (Err(Denied::Wrong), Some(_)) => self.proof_was_wrong(user, protocol, from),
            _ => {}
        }
        login
    }
}
