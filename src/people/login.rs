//! Logging in.

use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{AccountId, Role, ScramVerifier, Store};

use crate::clock::Clock;

/// The people of this box. Cheap to clone.
#[derive(Clone)]
pub struct People(());

/// Someone who has logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The account.
    pub account: AccountId,
    /// Its main address.
    pub address: Arc<str>,
    /// What its owner may do.
    pub role: Role,
}

/// Why someone is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denied {
    /// User or password is wrong.
    Wrong,
    /// The account is disabled.
    Disabled,
    /// The check could not be made now.
    Unavailable,
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl People {
    /// The people in this store.
    pub fn new(store: Store, clock: Clock) -> People {
        todo!()
    }

    /// Checks a password (Argon2id on the rayon pool, or the proof of a recent check of the same
    /// password) and notes the login. `protocol` is `imap`, `pop3`, `smtp` or `web`.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn log_in(
        &self,
        user: &str,
        password: &str,
        protocol: &'static str,
        from: IpAddr,
    ) -> Result<Login, Denied> {
        todo!()
    }

    /// What is needed to check SCRAM-SHA-256 of this user. For an unknown user, one that is made up
    /// (always the same for the same name) so that users cannot be probed.
    pub fn scram_verifier(&self, user: &str) -> ScramVerifier {
        todo!()
    }

    /// Lets in who has proven the password by SCRAM, and notes the login.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn admit(&self, user: &str, protocol: &'static str, from: IpAddr) -> Result<Login, Denied> {
        todo!()
    }
}

/// Where passwords may travel without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PlaintextAuth {
    /// Nowhere.
    Never,
    /// From this machine only.
    Loopback,
    /// From everywhere.
    Always,
}

impl PlaintextAuth {
    /// May a password be sent on this connection?
    pub fn allows(self, encrypted: bool, from: IpAddr) -> bool {
        encrypted
            || match self {
                PlaintextAuth::Never => false,
                PlaintextAuth::Loopback => from.to_canonical().is_loopback(),
                PlaintextAuth::Always => true,
            }
    }
}
