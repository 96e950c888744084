//! A small house of accounts and aliases, and where its addresses lead.

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
        quota_messages: 0,
        password: String::new(),
        scram: None,
        forward: Vec::new(),
        forward_keep: false,
        away: None,
        script: None,
        app_passwords: Vec::new(),
        second_factor: None,
        created: Time(0),
    }
}

/// A directory of these domains (`name` or `name catch-all`), accounts and aliases.
pub(in super::super) fn directory(domains: &[&str], accounts: &[Account], aliases: &[(&str, &[&str])]) -> Directory {
    let mut directory = Directory::default();
    for (age, domain) in domains.iter().enumerate() {
        let (name, catch_all) = domain.split_once(' ').map_or((*domain, None), |(name, all)| (name, Some(all)));
        let row = Domain {
            name: name.into(),
            catch_all: catch_all.map(String::from),
            mailboxes: AccountId(1_000_000 + age as u32),
            quota_bytes: 0,
            quota_messages: 0,
            signing_keys: Vec::new(),
            created: Time(age as u64),
        };
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

fn house() -> Directory {
    let admin = Account { role: Role::SystemAdministrator, ..account(9, "admin@example.test") };
    directory(
        &["example.test", "catch.test alice@example.test", "own.test", "bücher.test"],
        &[
            admin,
            account(1, "alice@example.test"),
            account(2, "bob@example.test"),
            account(8, "x@bücher.test"),
            account(3, "a+b@example.test"),
        ],
        &[
            ("sales@example.test", &["alice@example.test"]),
            ("team@example.test", &["alice@example.test", "bob@example.test"]),
            ("all@example.test", &["team@example.test", "alice+x@example.test", "y@remote.test"]),
            ("loop1@example.test", &["loop2@example.test"]),
            ("loop2@example.test", &["loop1@example.test"]),
            ("half@example.test", &["gone@example.test", "bob@example.test", "not an address"]),
            ("outside@example.test", &["x@remote.test"]),
            ("postmaster@own.test", &["bob@example.test"]),
        ],
    )
}

fn word(destination: &Destination) -> String {
    match destination {
        Destination::Account { account, folder: None } => account.address.clone(),
        Destination::Account { account, folder: Some(folder) } => format!("{} in {folder}", account.address),
        Destination::Shared { domain, name } => format!("{name} of {}", domain.name),
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
        ("Shared+Team/News@example.test", "Team/News of example.test"),
        ("shared+@example.test", "unknown"),
        ("shared@example.test", "unknown"),
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
        ("x@xn--bcher-kva.test", "x@bücher.test"),
        ("X@BÜCHER.test", "x@bücher.test"),
        ("y@xn--bcher-kva.test", "unknown"),
        ("x@xn--kxawhk.test", "elsewhere"),
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
        (3, "a+b@example.test", true),
        (3, "a@example.test", false),
        (8, "x@xn--bcher-kva.test", true),
    ] {
        assert_eq!(may_send_as(&house(), AccountId(account), &address(text)), expected, "{account} {text}");
    }
}
