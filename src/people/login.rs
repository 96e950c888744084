//! Logging in.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::{
    Account, AccountId, Directory, Error, LastLogin, Result, Role, ScramVerifier, Store, Time, Word,
};

use super::Address;
use super::check::Proven;
use super::forwarding::Forwarding;
use super::password::{self, Memory, SCRAM_ITERATIONS};
use super::policy::Policies;
use super::proof::Proofs;
use super::token::TokenVerifier;
use super::turns::Turns;
use super::watch::LoginWatch;
use crate::clock::Clock;
use crate::work;

/// The setting that keeps the key of made-up SCRAM salts, so that they outlive a restart.
const DECOY_KEY: &str = "people.decoy_key";
/// The setting that keeps the key of rewritten senders, so that bounces find back after a restart.
const FORWARDING_KEY: &str = "people.forwarding_key";

/// After so long without a check of a password, the memory that checks need is given back.
const REST: Duration = Duration::from_secs(10);

/// The people of this box. Cheap to clone.
#[derive(Clone)]
pub struct People(Arc<Parts>);

struct Parts {
    store: Store,
    clock: Clock,
    turns: Turns,
    proofs: Mutex<Proofs>,
    memory: Memory,
    decoy_key: [u8; 32],
    forwarding: Forwarding,
    provider: OnceLock<Box<dyn TokenVerifier>>,
    watch: OnceLock<Box<dyn LoginWatch>>,
    policies: RwLock<Option<Arc<Policies>>>,
}

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
    /// The password is right, but the account is disabled.
    Disabled,
    /// The password is right, but too old: it has to be changed, which the web lets its owner do.
    Expired,
    /// The check could not be made now.
    Unavailable,
}

impl People {
    /// The people in this store. Reads two settings of it.
    pub fn new(store: Store, clock: Clock) -> People {
        People(Arc::new(Parts {
            decoy_key: kept_key(&store, DECOY_KEY),
            forwarding: Forwarding::new(kept_key(&store, FORWARDING_KEY)),
            store,
            clock,
            turns: Turns::new(),
            proofs: Mutex::new(Proofs::new()),
            memory: Memory::default(),
            provider: OnceLock::new(),
            watch: OnceLock::new(),
            policies: RwLock::default(),
        }))
    }

    /// The reverse-path under which this domain of ours sends on what `reverse_path` has sent: as it is when it is empty,
    /// ours already, or too long to be rewritten, else one that leads back to it through [`resolve`](People::resolve).
    pub fn forwarding_sender(&self, reverse_path: &str, domain: &str) -> String {
        let rewritten = Address::parse(reverse_path)
            .filter(|sender| !self.store().directory().domains.contains_key(&sender.domain))
            .and_then(|sender| self.0.forwarding.rewritten(&sender, domain, self.0.clock.now()));
        rewritten.map_or_else(|| reverse_path.to_owned(), |address| address.to_string())
    }

    /// The sender that stands in an address of ours, see [`forwarding_sender`](People::forwarding_sender).
    pub(super) fn sender_in(&self, address: &Address) -> Option<Address> {
        let is_ours = self.store().directory().domains.contains_key(&address.domain);
        self.0.forwarding.original(address, self.0.clock.now()).filter(|_| is_ours)
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
    ) -> std::result::Result<Login, Denied> {
        let login = self.check_in(user, password, protocol, from).await;
        self.told(user, protocol, from, login)
    }

    /// What is needed to check SCRAM-SHA-256 of this user. For an unknown user, or one who has a second
    /// factor, one that is made up (always the same for the same name) so that users cannot be probed.
    pub fn scram_verifier(&self, user: &str) -> ScramVerifier {
        let directory = self.store().directory();
        let known = find(&directory, user).filter(|account| account.second_factor.is_none());
        let known = known.and_then(|account| account.scram.clone());
        known.unwrap_or_else(|| decoy(&self.0.decoy_key, &login_key(&directory, user)))
    }

    /// Lets in who has proven the password by SCRAM, and notes the login. The password itself is not seen, so of the
    /// policy only its age counts, which begins now when it is not known.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn admit_by_scram(
        &self,
        user: &str,
        protocol: &'static str,
        from: IpAddr,
    ) -> std::result::Result<Login, Denied> {
        if let Some(account) = find(&self.store().directory(), user).filter(|account| account.enabled) {
            self.must_be_current(&account).await?;
        }
        self.admit(user, protocol, from)
    }

    /// Lets in who was known by other means than a password, or has proven it for the web, and notes the login.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn admit(&self, user: &str, protocol: &'static str, from: IpAddr) -> std::result::Result<Login, Denied> {
        let account = find(&self.store().directory(), user).ok_or(Denied::Wrong);
        let login = account.and_then(|account| self.let_in(&account, protocol, from));
        self.told(user, protocol, from, login)
    }

    /// The account that logs in under this name.
    pub fn account_named(&self, user: &str) -> Option<AccountId> {
        find(&self.store().directory(), user).map(|account| account.id)
    }

    /// Sets an account's password.
    ///
    /// # Errors
    /// `Invalid` when the password is not [acceptable](super::is_acceptable) or not as the policy wants it, `NotFound` when there is
    /// no such account, and those of [`Store::update_account`].
    pub async fn set_password(&self, account: AccountId, new: &str) -> Result<()> {
        if !password::is_acceptable(new) {
            return Err(Error::new(Word::Invalid, "a password must not be empty nor hold control characters"));
        }
        let found = self.store().directory().accounts.get(&account).cloned();
        let old = found.ok_or_else(|| Error::new(Word::NotFound, format!("there is no account {account}")))?;
        self.must_be_better(&old, new).await?;
        let turn = self.0.turns.take(None).await;
        let new = new.to_string();
        let (hash, verifier) = work::compute(move || {
            let _turn = turn;
            password::credentials(&new)
        })
        .await;
        let directory = self.store().directory();
        let found = directory.accounts.get(&account);
        let missing = || Error::new(Word::NotFound, format!("there is no account {account}"));
        let mut row = Account::clone(found.ok_or_else(missing)?);
        row.password = hash;
        row.scram = Some(verifier);
        self.store().update_account(row).await?;
        self.remember_new_password(account, old.password.clone()).await
    }

    pub(super) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(super) fn now(&self) -> Time {
        self.0.clock.now()
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(super) fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Whose tokens are taken.
    pub(super) fn provider_cell(&self) -> &OnceLock<Box<dyn TokenVerifier>> {
        &self.0.provider
    }

    /// What passwords have to be like, as last read or set.
    pub(super) fn policies_cell(&self) -> &RwLock<Option<Arc<Policies>>> {
        &self.0.policies
    }

    /// Who is told of logins.
    pub(super) fn watch_cell(&self) -> &OnceLock<Box<dyn LoginWatch>> {
        &self.0.watch
    }

    /// Do both name the same user?
    pub(super) fn is_same_login(&self, one: &str, other: &str) -> bool {
        let directory = self.store().directory();
        login_key(&directory, one) == login_key(&directory, other)
    }

    async fn check_in(
        &self,
        user: &str,
        password: &str,
        protocol: &'static str,
        from: IpAddr,
    ) -> std::result::Result<Login, Denied> {
        let account = find(&self.store().directory(), user);
        let proven = self.prove(account.clone(), password, protocol, from).await?;
        let account = account.ok_or(Denied::Wrong)?;
        if proven == Proven::Own && account.enabled {
            self.must_be_current(&account).await?;
        }
        self.let_in(&account, protocol, from)
    }

    /// Gives the memory of checks back once there were none for a while.
    pub(super) fn rest_later(&self) {
        if !self.0.memory.wants_watch() {
            return;
        }
        let people = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                let Some(checks) = people.upgrade().map(|people| people.memory.checks()) else { return };
                tokio::time::sleep(REST).await;
                if people.upgrade().is_none_or(|people| people.memory.give_back(checks)) {
                    return;
                }
            }
        });
    }

    fn let_in(&self, account: &Account, protocol: &'static str, from: IpAddr) -> std::result::Result<Login, Denied> {
        if !account.enabled {
            return Err(Denied::Disabled);
        }
        let from = from.to_canonical().to_string();
        let login = LastLogin { at: self.0.clock.now(), protocol: protocol.into(), from };
        self.store().note_login(account.id, login);
        Ok(Login { account: account.id, address: account.address.as_str().into(), role: account.role })
    }

    pub(super) fn proofs(&self) -> MutexGuard<'_, Proofs> {
        self.0.proofs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The account of a login name. Aliases do not log in.
pub(super) fn find(directory: &Directory, user: &str) -> Option<Arc<Account>> {
    directory.by_address.get(&login_key(directory, user)).cloned()
}

/// The address meant by a login name: an address in any case, or a local part alone when the box has
/// one domain.
fn login_key(directory: &Directory, user: &str) -> String {
    let mut domains = directory.domains.keys();
    match (domains.next(), domains.next()) {
        (Some(only), None) if !user.contains('@') => format!("{}@{only}", user.to_lowercase()),
        _ => user.to_lowercase(),
    }
}

/// A key that the store keeps, made when it has none. None of them guards more than which users exist or which bounces
/// find back, so it may be lost with a commit that fails.
fn kept_key(store: &Store, name: &str) -> [u8; 32] {
    let kept = store.setting(name).ok().flatten();
    let kept = kept.and_then(|text| BASE64_STANDARD.decode(text).ok()).and_then(|bytes| bytes.try_into().ok());
    kept.unwrap_or_else(|| {
        let key = password::random();
        drop(store.set_setting(name, Some(BASE64_STANDARD.encode(key))));
        key
    })
}

/// A verifier that no password fits.
fn decoy(key: &[u8; 32], user: &str) -> ScramVerifier {
    let mut bytes = [0; password::SALT_BYTES + 64];
    blake3::Hasher::new_keyed(key).update(user.as_bytes()).finalize_xof().fill(&mut bytes);
    let (salt, keys) = bytes.split_at(password::SALT_BYTES);
    ScramVerifier {
        salt: salt.to_vec(),
        iterations: SCRAM_ITERATIONS.get(),
        stored_key: keys[..32].to_vec(),
        server_key: keys[32..].to_vec(),
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

#[cfg(test)]
mod tests;
