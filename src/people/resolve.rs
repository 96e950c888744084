//! What an address stands for.

use std::sync::Arc;

use mailstead_storage::{Account, AccountId};

use super::People;

/// A mail address in parts (RFC 5321 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Local part, quoting removed, case as given.
    pub local: String,
    /// Domain in lower case, or an address literal with its brackets. Empty only for `<postmaster>`.
    pub domain: String,
}

/// Where mail for an address goes, one step further.
pub enum Destination {
    /// Into this account, into the mailbox of that name below or beside INBOX when it exists
    /// (`user+folder@`).
    Account {
        /// Whose.
        account: Arc<Account>,
        /// The subaddress.
        folder: Option<String>,
    },
    /// To these addresses instead (alias, catch-all).
    Addresses(Vec<String>),
    /// The domain is ours, the address is not known.
    Unknown,
    /// The domain is not ours.
    Elsewhere,
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl People {
    /// Where mail for this address goes, one step further: exact address, then subaddress, then
    /// catch-all. `postmaster` and `abuse` of any own domain, and `<postmaster>` alone, always lead
    /// somewhere: to the alias or account of that name, else to the first system administrator.
    pub fn resolve(&self, address: &Address) -> Destination {
        todo!()
    }

    /// Everything that mail for this address ends at after following aliases, catch-alls and local
    /// forwarding: local accounts with folder, and addresses elsewhere. An alias loop ends quietly; more than
    /// a named limit of steps is cut.
    pub fn expand(&self, address: &Address) -> Vec<Destination> {
        todo!()
    }

    /// May this account use this reverse-path or From address: its own address, an alias that leads
    /// to it alone or among others, or a subaddress of either?
    pub fn may_send_as(&self, account: AccountId, address: &Address) -> bool {
        todo!()
    }

    /// Would a message of `size` bytes go over the quota of this account?
    pub fn over_quota(&self, account: &Account, size: u64) -> bool {
        todo!()
    }
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl Address {
    /// Reads `local@domain`, `"quoted local"@domain`, `local@[127.0.0.1]`, and `postmaster`
    /// (RFC 5321 §4.1.2, lengths of §4.5.3.1, UTF-8 of RFC 6531).
    pub fn parse(text: &str) -> Option<Address> {
        todo!()
    }

    /// The form in which the directory keeps addresses: all lower case, no quoting.
    pub fn key(&self) -> String {
        todo!()
    }
}

impl std::fmt::Display for Address {
    /// As SMTP says it, the local part quoted where it must be.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
