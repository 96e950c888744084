//! The three namespaces (RFC 2342): whose mailbox a name means, as clients say it. Pure; knows no mailbox.
//!
//! A user's own mailboxes stand at the top, those of other users under `Other Users/ADDRESS/`, those of domains under
//! `Shared/DOMAIN/`.

use mailstead_storage::{OTHER_USERS, Owner, SHARED};

/// Whose mailbox a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named<'a> {
    /// The user's own, by its name.
    Own(&'a str),
    /// That of the user with this address, by its name there.
    OfUser(&'a str, &'a str),
    /// That of this domain, by its name there.
    OfDomain(&'a str, &'a str),
    /// Nobody's: a level above the mailboxes of others.
    Level,
}

/// What a name means.
pub fn named(name: &str) -> Named<'_> {
    let (first, rest) = name.split_once('/').unwrap_or((name, ""));
    match first {
        SHARED => rest.split_once('/').map_or(Named::Level, |(domain, name)| Named::OfDomain(domain, name)),
        OTHER_USERS => {
            // The local part may hold a delimiter, the domain may not.
            let end = rest.find('@').and_then(|at| rest[at..].find('/').map(|slash| at + slash));
            end.map_or(Named::Level, |end| Named::OfUser(&rest[..end], &rest[end + 1..]))
        }
        _ => Named::Own(name),
    }
}

/// The name by which others see a mailbox of this owner.
pub fn name_among(owner: Owner<'_>, name: &str) -> String {
    match owner {
        Owner::Account(account) => format!("{OTHER_USERS}/{}/{name}", account.address),
        Owner::Domain(domain) => format!("{SHARED}/{}/{name}", domain.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_name_is_its_own_or_ends_with_what_it_is_among_anothers(name in "(Shared/|Other Users/)?[a@/ü]{0,12}") {
            match named(&name) {
                Named::Own(own) => assert_eq!(own, name),
                Named::OfUser(address, own) => assert_eq!(format!("{OTHER_USERS}/{address}/{own}"), name),
                Named::OfDomain(domain, own) => assert_eq!(format!("{SHARED}/{domain}/{own}"), name),
                Named::Level => assert!(name.starts_with(SHARED) || name.starts_with(OTHER_USERS)),
            }
        }
    }

    #[test]
    fn names_say_whose_they_are() {
        fn check(name: &str, expected: Named<'_>) {
            assert_eq!(named(name), expected, "{name}");
        }
        check("INBOX", Named::Own("INBOX"));
        check("Work/Shared/a", Named::Own("Work/Shared/a"));
        check("Sharedness", Named::Own("Sharedness"));
        check("Shared", Named::Level);
        check("Shared/", Named::Level);
        check("Shared/example.test", Named::Level);
        check("Shared/example.test/", Named::OfDomain("example.test", ""));
        check("Shared/example.test/Team/News", Named::OfDomain("example.test", "Team/News"));
        check("Other Users", Named::Level);
        check("Other Users/bob@b.test", Named::Level);
        check("Other Users/bob", Named::Level);
        check("Other Users/bob/x", Named::Level);
        check("Other Users/bob@b.test/INBOX", Named::OfUser("bob@b.test", "INBOX"));
        check("Other Users/a/b@b.test/x/y", Named::OfUser("a/b@b.test", "x/y"));
    }
}
