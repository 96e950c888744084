//! What an address stands for.

use std::collections::HashSet;
use std::sync::Arc;

use mailstead_storage::{Account, AccountId, Directory, Recipient, Role};

use super::{Address, People};

/// Most destinations of one address.
pub const EXPANSIONS_MAX: usize = 1_000;
/// Most aliases and forwards one after the other.
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
    /// To these addresses instead (alias, catch-all).
    Addresses(Vec<String>),
    /// The domain is ours, the address is not known.
    Unknown,
    /// The domain is not ours.
    Elsewhere,
}

impl People {
    /// Where mail for this address goes, one step further: exact address, then subaddress, then
    /// catch-all. `postmaster` and `abuse` of any own domain, and `<postmaster>` alone, always lead
    /// somewhere: to the alias or account of that name, else to the first system administrator.
    pub fn resolve(&self, address: &Address) -> Destination {
        resolve(&self.store().directory(), address)
    }

    /// Everything that mail for this address ends at after following aliases, catch-alls and local
    /// forwarding: `Account` once for each local account, `Addresses` with one address for each
    /// address elsewhere, and `Unknown` once when something on the way is not known or is cut at
    /// [`DEPTH_MAX`] or [`EXPANSIONS_MAX`]. An alias loop ends quietly; an account whose forwarding
    /// leads back to itself keeps its mail.
    pub fn expand(&self, address: &Address) -> Vec<Destination> {
        expand(&self.store().directory(), address)
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
        let held = || self.store().usage(account.id).map_or(0, |usage| usage.bytes);
        account.quota_bytes > 0 && held().saturating_add(size) > account.quota_bytes
    }
}

fn resolve(directory: &Directory, address: &Address) -> Destination {
    if address.domain.is_empty() {
        return postmaster(directory);
    }
    let Some(domain) = directory.domains.get(&address.domain) else { return Destination::Elsewhere };
    if let Some(recipient) = directory.recipient(&address.key()) {
        return destination(&recipient, None);
    }
    if let Some((base, folder)) = subaddress(address)
        && let Some(recipient) = directory.recipient(&base.key())
    {
        return destination(&recipient, folder);
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
            Destination::Account { account, folder } => {
                if account.forward.is_empty() || account.forward_keep || is_loop {
                    self.found.account(&account, folder);
                }
                if !is_loop {
                    self.follow_all(&account.forward);
                }
            }
            Destination::Addresses(addresses) if !is_loop => self.follow_all(&addresses),
            Destination::Addresses(_) => {}
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
pub(super) mod tests {
    use mailstead_storage::{Alias, Domain, Time};

    use super::*;

    /// An enabled account without a password.
    pub(in super::super) fn account(id: u32, address: &str) -> Account {
        Account {
            id: AccountId(id),
            address: address.into(),
            name: String::new(),
            enabled: true,
            role: Role::User,
            quota_bytes: 0,
            password: String::new(),
            scram: None,
            forward: Vec::new(),
            forward_keep: false,
            created: Time(0),
        }
    }

    /// A directory of these domains (`name` or `name catch-all`), accounts and aliases.
    pub(in super::super) fn directory(
        domains: &[&str],
        accounts: &[Account],
        aliases: &[(&str, &[&str])],
    ) -> Directory {
        let mut directory = Directory::default();
        for (age, domain) in domains.iter().enumerate() {
            let (name, catch_all) = domain.split_once(' ').map_or((*domain, None), |(name, all)| (name, Some(all)));
            let row = Domain { name: name.into(), catch_all: catch_all.map(String::from), created: Time(age as u64) };
            directory.domains.insert(name.into(), Arc::new(row));
        }
        for account in accounts {
            let account = Arc::new(account.clone());
            directory.by_address.insert(account.address.clone(), Arc::clone(&account));
            directory.accounts.insert(account.id, account);
        }
        for (address, targets) in aliases {
            let targets = targets.iter().map(|target| target.to_string()).collect();
            let alias = Alias { address: address.to_string(), targets, created: Time(0) };
            directory.aliases.insert(address.to_string(), Arc::new(alias));
        }
        directory
    }

    fn forwarding(id: u32, address: &str, keep: bool, forward: &[&str]) -> Account {
        let forward = forward.iter().map(|target| target.to_string()).collect();
        Account { forward, forward_keep: keep, ..account(id, address) }
    }

    fn house() -> Directory {
        let admin = Account { role: Role::SystemAdministrator, ..account(9, "admin@example.test") };
        directory(
            &["example.test", "catch.test alice@example.test", "own.test"],
            &[
                admin,
                account(1, "alice@example.test"),
                account(2, "bob@example.test"),
                account(3, "a+b@example.test"),
                forwarding(4, "away@example.test", false, &["bob@example.test"]),
                forwarding(5, "copy@example.test", true, &["x@remote.test"]),
                forwarding(6, "ping@example.test", false, &["pong@example.test"]),
                forwarding(7, "pong@example.test", false, &["ping@example.test"]),
            ],
            &[
                ("sales@example.test", &["alice@example.test"]),
                ("team@example.test", &["alice@example.test", "bob@example.test"]),
                ("all@example.test", &["team@example.test", "alice+x@example.test", "y@remote.test"]),
                ("loop1@example.test", &["loop2@example.test"]),
                ("loop2@example.test", &["loop1@example.test"]),
                ("half@example.test", &["gone@example.test", "bob@example.test", "not an address"]),
                ("group@example.test", &["ping@example.test", "away@example.test"]),
                ("outside@example.test", &["x@remote.test"]),
                ("postmaster@own.test", &["bob@example.test"]),
            ],
        )
    }

    fn word(destination: &Destination) -> String {
        match destination {
            Destination::Account { account, folder: None } => account.address.clone(),
            Destination::Account { account, folder: Some(folder) } => format!("{} in {folder}", account.address),
            Destination::Addresses(addresses) => format!("to {}", addresses.join(" ")),
            Destination::Unknown => "unknown".into(),
            Destination::Elsewhere => "elsewhere".into(),
        }
    }

    fn address(text: &str) -> Address {
        Address::parse(text).expect(text)
    }

    #[test]
    fn one_step() {
        for (text, expected) in [
            ("alice@example.test", "alice@example.test"),
            ("ALICE@EXAMPLE.TEST", "alice@example.test"),
            ("alice+News@example.test", "alice@example.test in News"),
            ("alice+a+b@example.test", "alice@example.test in a+b"),
            ("alice+@example.test", "alice@example.test"),
            ("a+b@example.test", "a+b@example.test"),
            ("a+c@example.test", "unknown"),
            ("sales@example.test", "to alice@example.test"),
            ("sales+x@example.test", "to alice@example.test"),
            ("nobody@example.test", "unknown"),
            ("nobody@catch.test", "to alice@example.test"),
            ("x@remote.test", "elsewhere"),
            ("x@[127.0.0.1]", "elsewhere"),
            ("Postmaster@example.test", "admin@example.test"),
            ("abuse@catch.test", "admin@example.test"),
            ("postmaster@own.test", "to bob@example.test"),
            ("postmaster@remote.test", "elsewhere"),
            ("postmaster", "to bob@example.test"),
        ] {
            assert_eq!(word(&resolve(&house(), &address(text))), expected, "{text}");
        }
        let empty = directory(&["example.test"], &[], &[]);
        assert_eq!(word(&resolve(&empty, &address("postmaster"))), "unknown");
    }

    #[test]
    fn all_steps() {
        for (text, expected) in [
            ("alice+x@example.test", "alice@example.test in x"),
            ("all@example.test", "alice@example.test, bob@example.test, to y@remote.test"),
            ("loop1@example.test", ""),
            ("half@example.test", "unknown, bob@example.test"),
            ("away@example.test", "bob@example.test"),
            ("copy@example.test", "copy@example.test, to x@remote.test"),
            ("ping@example.test", "ping@example.test"),
            ("group@example.test", "ping@example.test, bob@example.test"),
            ("nobody@catch.test", "alice@example.test"),
            ("nobody@example.test", "unknown"),
            ("\"x y\"@remote.test", "to \"x y\"@remote.test"),
        ] {
            let words: Vec<String> = expand(&house(), &address(text)).iter().map(word).collect();
            assert_eq!(words.join(", "), expected, "{text}");
        }
    }

    #[test]
    fn expansion_is_bounded() {
        let names: Vec<String> = (0..EXPANSIONS_MAX + 50).map(|n| format!("u{n}@remote.test")).collect();
        let many: Vec<&str> = names.iter().map(String::as_str).collect();
        let wide = directory(&["example.test"], &[], &[("wide@example.test", &many)]);
        let found = expand(&wide, &address("wide@example.test"));
        assert_eq!((found.len(), word(&found[EXPANSIONS_MAX])), (EXPANSIONS_MAX + 1, "unknown".into()));

        let steps: Vec<String> = (0..DEPTH_MAX + 5).map(|n| format!("a{n}@example.test")).collect();
        let mut deep = directory(&["example.test"], &[account(1, "alice@example.test")], &[]);
        for (from, to) in steps.iter().zip(steps.iter().skip(1).map(String::as_str).chain(["alice@example.test"])) {
            let alias = Alias { address: from.clone(), targets: vec![to.into()], created: Time(0) };
            deep.aliases.insert(from.clone(), Arc::new(alias));
        }
        let end = |first: usize| expand(&deep, &address(&steps[first])).iter().map(word).collect::<Vec<_>>().join(", ");
        assert_eq!(end(0), "unknown");
        assert_eq!(end(5), "alice@example.test");
    }

    #[test]
    fn who_may_send_as_whom() {
        for (account, text, expected) in [
            (1, "alice@example.test", true),
            (1, "Alice+tag@Example.Test", true),
            (1, "sales@example.test", true),
            (1, "team@example.test", true),
            (1, "team+x@example.test", true),
            (1, "all@example.test", true),
            (1, "bob@example.test", false),
            (1, "anyone@catch.test", false),
            (1, "loop1@example.test", false),
            (1, "x@remote.test", false),
            (2, "sales@example.test", false),
            (2, "away@example.test", false),
            (3, "a+b@example.test", true),
            (3, "a@example.test", false),
        ] {
            assert_eq!(may_send_as(&house(), AccountId(account), &address(text)), expected, "{account} {text}");
        }
    }
}
