//! What an address stands for.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use mailstead_storage::{Account, AccountId, Directory, Domain, Recipient, Role, Usage};

use super::{Address, People, SHARED_LOCAL_PART};

/// Most destinations of one address.
pub const EXPANSIONS_MAX: usize = 1_000;
/// Most aliases one after the other.
pub const DEPTH_MAX: usize = 16;

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
    /// Into the shared mailbox of this name, when it takes mail (`shared+name@`).
    Shared {
        /// Whose.
        domain: Arc<Domain>,
        /// The subaddress.
        name: String,
    },
    /// To these addresses instead (alias, catch-all).
    Addresses(Vec<String>),
    /// The domain is ours, the address is not known.
    Unknown,
    /// The domain is not ours.
    Elsewhere,
}

impl People {
    /// Where mail for this address goes, one step further: exact address, then subaddress, then
    /// catch-all. A domain may come with A-labels or U-labels. `postmaster` and `abuse` of any own
    /// domain, and `<postmaster>` alone, always lead somewhere: to the alias or account of that name,
    /// else to the first system administrator.
    ///
    /// An address under which something was sent on leads back to its sender.
    pub fn resolve(&self, address: &Address) -> Destination {
        match self.sender_in(address) {
            Some(sender) => Destination::Addresses(vec![sender.to_string()]),
            None => resolve(&self.store().directory(), address),
        }
    }

    /// Everything that mail for this address ends at after following aliases and catch-alls: `Account`
    /// once for each local account, `Shared` for each shared mailbox, `Addresses` with one address for
    /// each address elsewhere, and `Unknown` once when something on the way is not known or is cut at
    /// [`DEPTH_MAX`] or [`EXPANSIONS_MAX`]. An alias loop ends quietly. What an account sends on is the
    /// matter of its rules.
    pub fn expand(&self, address: &Address) -> Vec<Destination> {
        let directory = self.store().directory();
        self.sender_in(address).map_or_else(|| expand(&directory, address), |sender| expand(&directory, &sender))
    }

    /// May this account use this reverse-path or From address: its own address, an alias that leads
    /// to it alone or among others, or a subaddress of either?
    pub fn may_send_as(&self, account: AccountId, address: &Address) -> bool {
        may_send_as(&self.store().directory(), account, address)
    }

    /// Would a message of `size` bytes go over the quota of this account? Reads storage, unless the
    /// account has no quota.
    pub fn over_quota(&self, account: &Account, size: u64) -> bool {
        // What cannot be read is found out by the delivery itself, which can say so.
        let held = || self.store().usage(account.id).unwrap_or_default();
        let quota = account.quota();
        !quota.is_unlimited() && !quota.allows(held().plus(Usage { bytes: size, messages: 1 }))
    }
}

fn resolve(directory: &Directory, address: &Address) -> Destination {
    if address.domain.is_empty() {
        return postmaster(directory);
    }
    let address = &own_form(directory, address);
    let Some(domain) = directory.domains.get(&address.domain) else { return Destination::Elsewhere };
    if let Some(recipient) = directory.recipient(&address.key()) {
        return destination(&recipient, None);
    }
    if let Some((base, folder)) = subaddress(address)
        && let Some(recipient) = directory.recipient(&base.key())
    {
        return destination(&recipient, folder);
    }
    if let Some((base, Some(name))) = subaddress(address)
        && base.local.eq_ignore_ascii_case(SHARED_LOCAL_PART)
    {
        return Destination::Shared { domain: Arc::clone(domain), name };
    }
    if is_role(&address.local)
        && let Some(administrator) = first_administrator(directory)
    {
        return Destination::Account { account: administrator, folder: None };
    }
    match &domain.catch_all {
        Some(target) => Destination::Addresses(vec![target.clone()]),
        None => Destination::Unknown,
    }
}

/// The address as the directory has it, which keeps domains with U-labels.
fn own_form<'a>(directory: &Directory, address: &'a Address) -> Cow<'a, Address> {
    let is_own = directory.domains.contains_key(&address.domain);
    let other = if is_own { None } else { address.in_unicode() };
    other.map_or(Cow::Borrowed(address), Cow::Owned)
}

fn destination(recipient: &Recipient<'_>, folder: Option<String>) -> Destination {
    match recipient {
        Recipient::Account(account) => Destination::Account { account: Arc::clone(account), folder },
        Recipient::Alias(alias) => Destination::Addresses(alias.targets.clone()),
    }
}

/// `<postmaster>` without a domain (RFC 5321 §4.5.1): that of the oldest domain which has one.
fn postmaster(directory: &Directory) -> Destination {
    let mut domains: Vec<_> = directory.domains.values().collect();
    domains.sort_by_key(|domain| (domain.created, &domain.name));
    let named = domains.iter().find_map(|domain| directory.recipient(&format!("postmaster@{}", domain.name)));
    match (named, first_administrator(directory)) {
        (Some(recipient), _) => destination(&recipient, None),
        (None, Some(account)) => Destination::Account { account, folder: None },
        (None, None) => Destination::Unknown,
    }
}

/// The local parts that every domain must answer to (RFC 5321 §4.5.1, RFC 2142 §2).
fn is_role(local: &str) -> bool {
    ["postmaster", "abuse"].iter().any(|role| local.eq_ignore_ascii_case(role))
}

fn first_administrator(directory: &Directory) -> Option<Arc<Account>> {
    let administrators = directory.accounts.values().filter(|account| account.role == Role::SystemAdministrator);
    administrators.min_by_key(|account| account.id).cloned()
}

/// `user+folder@domain` in parts: the address without its subaddress (RFC 5233), and that.
fn subaddress(address: &Address) -> Option<(Address, Option<String>)> {
    let (user, folder) = address.local.split_once('+')?;
    let folder = Some(folder.to_string()).filter(|folder| !folder.is_empty());
    Some((Address { local: user.to_string(), domain: address.domain.clone() }, folder))
}

fn expand(directory: &Directory, address: &Address) -> Vec<Destination> {
    let mut expansion = Expansion { directory, path: Vec::new(), seen: HashSet::new(), found: Found::default() };
    expansion.follow(address);
    expansion.found.destinations
}

/// One address being expanded, depth first.
struct Expansion<'a> {
    directory: &'a Directory,
    /// The keys from the first address to the one being looked at.
    path: Vec<String>,
    seen: HashSet<String>,
    found: Found,
}

#[derive(Default)]
struct Found {
    destinations: Vec<Destination>,
    accounts: HashSet<AccountId>,
    unknown: bool,
}

impl Expansion<'_> {
    fn follow(&mut self, address: &Address) {
        let key = address.key();
        let is_loop = self.path.contains(&key);
        if !is_loop && !self.seen.insert(key.clone()) {
            return;
        }
        if self.path.len() > DEPTH_MAX || self.found.destinations.len() >= EXPANSIONS_MAX {
            return self.found.unknown();
        }
        self.path.push(key);
        match resolve(self.directory, address) {
            Destination::Account { account, folder } => self.found.account(&account, folder),
            Destination::Addresses(addresses) if !is_loop => self.follow_all(&addresses),
            Destination::Addresses(_) => {}
            shared @ Destination::Shared { .. } => self.found.destinations.push(shared),
            Destination::Unknown => self.found.unknown(),
            Destination::Elsewhere => self.found.destinations.push(Destination::Addresses(vec![address.to_string()])),
        }
        self.path.pop();
    }

    fn follow_all(&mut self, addresses: &[String]) {
        for address in addresses {
            match Address::parse(address) {
                Some(address) => self.follow(&address),
                None => self.found.unknown(),
            }
        }
    }
}

impl Found {
    fn account(&mut self, account: &Arc<Account>, folder: Option<String>) {
        if self.accounts.insert(account.id) {
            self.destinations.push(Destination::Account { account: Arc::clone(account), folder });
        }
    }

    fn unknown(&mut self) {
        if !std::mem::replace(&mut self.unknown, true) {
            self.destinations.push(Destination::Unknown);
        }
    }
}

fn may_send_as(directory: &Directory, account: AccountId, address: &Address) -> bool {
    let mut seen = HashSet::new();
    let mut waiting = vec![address.clone()];
    while let Some(address) = waiting.pop() {
        let address = own_form(directory, &address);
        if seen.len() >= EXPANSIONS_MAX || !seen.insert(address.key()) {
            continue;
        }
        let base = || subaddress(&address).and_then(|(base, _)| directory.recipient(&base.key()));
        match directory.recipient(&address.key()).or_else(base) {
            Some(Recipient::Account(owner)) if owner.id == account => return true,
            Some(Recipient::Alias(alias)) => {
                waiting.extend(alias.targets.iter().filter_map(|target| Address::parse(target)));
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
pub(super) mod tests;
