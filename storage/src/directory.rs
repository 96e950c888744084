//! Who has mail here: domains, accounts and aliases. Small (some hundred rows), so a whole
//! [`Directory`] is kept in memory and replaced after each change; a look-up costs no read.
//!
//! Addresses are kept in the form `local@domain`, both lower case, quoting removed from the local
//! part where it is not needed.

pub(crate) mod rows;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AccountId, ActiveScript, AppPassword, SecondFactor, Time};

/// A domain whose mail is kept here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Domain {
    /// Name in lower case, U-labels as UTF-8.
    pub name: String,
    /// Receives the mail for unknown local parts, when set.
    #[serde(default)]
    pub catch_all: Option<String>,
    /// The keys that its mail is signed with (RFC 6376), in the order they were made.
    #[serde(default)]
    pub signing_keys: Vec<SigningKey>,
    /// Its number as the owner of shared mailboxes: none of the accounts has it.
    pub mailboxes: AccountId,
    /// Most bytes its shared mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_bytes: u64,
    /// Most messages its shared mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_messages: u64,
    /// When it was added.
    pub created: Time,
}

/// A key pair that mail of a domain is signed with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningKey {
    /// The name under which its public half is published: `SELECTOR._domainkey.DOMAIN`.
    pub selector: String,
    /// What kind of key it is.
    pub algorithm: KeyAlgorithm,
    /// What it is used for now.
    pub state: KeyState,
    /// The public half, in base64 as the `p=` tag publishes it.
    pub public: String,
    /// The private half, encrypted by the box's key; opaque here.
    pub sealed: Vec<u8>,
    /// When it was made.
    pub created: Time,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({}, {:?}, {:?})", self.selector, self.algorithm, self.state)
    }
}

/// What kind of key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyAlgorithm {
    /// `rsa-sha256` (RFC 6376).
    Rsa,
    /// `ed25519-sha256` (RFC 8463).
    Ed25519,
}

/// What a signing key is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Its record is to be published; it signs nothing yet.
    Next,
    /// It signs.
    Active,
    /// It signs no more; its record stays published as long as mail signed with it is under way.
    Retired,
}

impl Domain {
    /// What its shared mailboxes may hold.
    pub fn quota(&self) -> Quota {
        Quota { bytes: self.quota_bytes, messages: self.quota_messages }
    }
}

/// What a person may do beyond their own mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A mailbox user.
    #[default]
    User,
    /// Administers the domain of the account's address.
    DomainAdministrator,
    /// Administers the whole box.
    SystemAdministrator,
}

/// What the server keeps to check SCRAM-SHA-256 without the password (RFC 5803).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScramVerifier {
    /// Salt of PBKDF2.
    pub salt: Vec<u8>,
    /// Iterations of PBKDF2.
    pub iterations: u32,
    /// H(ClientKey).
    pub stored_key: Vec<u8>,
    /// HMAC(SaltedPassword, "Server Key").
    pub server_key: Vec<u8>,
}

/// A user's account.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its main address, which is also the login name.
    pub address: String,
    /// The person's name, may be empty.
    #[serde(default)]
    pub name: String,
    /// May it log in?
    pub enabled: bool,
    /// What its owner may do.
    #[serde(default)]
    pub role: Role,
    /// Most bytes its mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_bytes: u64,
    /// Most messages its mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_messages: u64,
    /// Argon2id hash of the password in PHC form; empty when none is set.
    #[serde(default)]
    pub password: String,
    /// For SCRAM-SHA-256, when a password is set.
    #[serde(default)]
    pub scram: Option<ScramVerifier>,
    /// Where all its mail is sent on to, when set.
    #[serde(default)]
    pub forward: Vec<String>,
    /// With `forward`: keep the mail here too.
    #[serde(default)]
    pub forward_keep: bool,
    /// What its senders are answered, when set.
    #[serde(default)]
    pub away: Option<Away>,
    /// The script that runs for its mail. Only storage's own changes of scripts change it.
    #[serde(default)]
    pub script: Option<ActiveScript>,
    /// Passwords for single programs.
    #[serde(default)]
    pub app_passwords: Vec<AppPassword>,
    /// What the web asks for beside the password, when set. Mail programs then need an app password.
    #[serde(default)]
    pub second_factor: Option<SecondFactor>,
    /// When it was made.
    pub created: Time,
}

impl Account {
    /// What its mailboxes may hold.
    pub fn quota(&self) -> Quota {
        Quota { bytes: self.quota_bytes, messages: self.quota_messages }
    }

    /// Does it administer this domain?
    pub fn administers(&self, domain: &str) -> bool {
        match self.role {
            Role::User => false,
            Role::DomainAdministrator => self.address.rsplit_once('@').is_some_and(|(_, own)| own == domain),
            Role::SystemAdministrator => true,
        }
    }
}

/// An answer to who writes while the owner is away (RFC 5230).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// What it says.
    pub text: String,
    /// Its subject; made of the message's own when empty.
    #[serde(default)]
    pub subject: String,
    /// From when, when not from now on.
    #[serde(default)]
    pub from: Option<Time>,
    /// Until when, when not until it is taken away.
    #[serde(default)]
    pub until: Option<Time>,
    /// The same sender is not answered again for so many days.
    pub days: u32,
}

/// What is needed to make an account; storage gives the number and the special-use mailboxes.
#[derive(Clone, Default)]
pub struct NewAccount {
    /// See [`Account::address`].
    pub address: String,
    /// See [`Account::name`].
    pub name: String,
    /// See [`Account::role`].
    pub role: Role,
    /// See [`Account::quota_bytes`].
    pub quota_bytes: u64,
    /// See [`Account::quota_messages`].
    pub quota_messages: u64,
    /// See [`Account::password`].
    pub password: String,
    /// See [`Account::scram`].
    pub scram: Option<ScramVerifier>,
}

/// Another address for one or several addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The address that receives.
    pub address: String,
    /// Where its mail goes: accounts, other aliases, or addresses elsewhere.
    pub targets: Vec<String>,
    /// When it was added.
    pub created: Time,
}

/// What an account's mailboxes hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Bytes of all messages, each mailbox's copy counted.
    pub bytes: u64,
    /// Number of messages.
    pub messages: u64,
}

impl Usage {
    /// This and that.
    pub fn plus(self, more: Usage) -> Usage {
        Usage { bytes: self.bytes.saturating_add(more.bytes), messages: self.messages.saturating_add(more.messages) }
    }

    /// This without that, 0 at least.
    pub fn minus(self, less: Usage) -> Usage {
        Usage { bytes: self.bytes.saturating_sub(less.bytes), messages: self.messages.saturating_sub(less.messages) }
    }
}

/// What an owner's mailboxes may hold, all together. 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Quota {
    /// Bytes.
    pub bytes: u64,
    /// Messages.
    pub messages: u64,
}

impl Quota {
    /// Is there no limit at all?
    pub fn is_unlimited(self) -> bool {
        self == Quota::default()
    }

    /// May so much be held?
    pub fn allows(self, held: Usage) -> bool {
        let within = |held: u64, limit: u64| limit == 0 || held <= limit;
        within(held.bytes, self.bytes) && within(held.messages, self.messages)
    }
}

/// An account's last successful login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLogin {
    /// When.
    pub at: Time,
    /// By which protocol: `imap`, `pop3`, `smtp`, `web`.
    pub protocol: String,
    /// From which address.
    pub from: String,
}

/// Everyone who has mail here, as of one moment.
#[derive(Default)]
pub struct Directory {
    /// Domains by name.
    pub domains: HashMap<String, Arc<Domain>>,
    /// Accounts by number.
    pub accounts: HashMap<AccountId, Arc<Account>>,
    /// Accounts by main address, in its order.
    pub by_address: BTreeMap<String, Arc<Account>>,
    /// Aliases by address, in its order.
    pub aliases: BTreeMap<String, Arc<Alias>>,
}

/// What an address of a local domain stands for.
pub enum Recipient<'a> {
    /// An account's main address.
    Account(&'a Arc<Account>),
    /// An alias.
    Alias(&'a Arc<Alias>),
}

/// Whose a mailbox is.
#[derive(Clone, Copy)]
pub enum Owner<'a> {
    /// A user's.
    Account(&'a Arc<Account>),
    /// A domain's: a shared mailbox.
    Domain(&'a Arc<Domain>),
}

impl Owner<'_> {
    /// What the owner's mailboxes may hold.
    pub fn quota(self) -> Quota {
        match self {
            Owner::Account(account) => account.quota(),
            Owner::Domain(domain) => domain.quota(),
        }
    }
}

impl Directory {
    /// Who has this number as an owner of mailboxes.
    pub fn owner(&self, id: AccountId) -> Option<Owner<'_>> {
        let domain = || self.domains.values().find(|domain| domain.mailboxes == id).map(Owner::Domain);
        self.accounts.get(&id).map(Owner::Account).or_else(domain)
    }

    /// What stands behind this exact address, if anything. Knows nothing of subaddresses or
    /// catch-alls.
    pub fn recipient(&self, address: &str) -> Option<Recipient<'_>> {
        self.by_address.get(address).map(Recipient::Account).or_else(|| self.aliases.get(address).map(Recipient::Alias))
    }
}
