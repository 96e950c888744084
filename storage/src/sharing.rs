//! Rights on mailboxes and lists of them (RFC 4314). Pure values; [`crate::mailbox::sharing`] keeps them.

use std::str::FromStr;

use crate::{Error, Flags, Word};

/// First level of the names under which a user sees other users' mailboxes (RFC 2342). No mailbox can have it.
pub const OTHER_USERS: &str = "Other Users";

/// First level of the names under which everyone sees the mailboxes of domains. No mailbox can have it.
pub const SHARED: &str = "Shared";

/// The identifier that stands for everyone who has logged in.
pub const ANYONE: &str = "anyone";

/// A set of rights.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Rights(u16);

/// The letters of RFC 4314 §2.1, the n-th is bit n.
const LETTERS: &[u8; 11] = b"lrswipkxtea";

impl Rights {
    /// None.
    pub const NONE: Rights = Rights(0);
    /// `l`: the mailbox is visible.
    pub const LOOKUP: Rights = Rights(1);
    /// `r`: its messages may be read.
    pub const READ: Rights = Rights(1 << 1);
    /// `s`: `\Seen` may be changed.
    pub const SEEN: Rights = Rights(1 << 2);
    /// `w`: flags other than `\Seen` and `\Deleted` may be changed.
    pub const WRITE: Rights = Rights(1 << 3);
    /// `i`: messages may be put in.
    pub const INSERT: Rights = Rights(1 << 4);
    /// `p`: mail may be sent to it.
    pub const POST: Rights = Rights(1 << 5);
    /// `k`: mailboxes may be made below it.
    pub const CREATE: Rights = Rights(1 << 6);
    /// `x`: it may be removed or renamed.
    pub const DELETE_MAILBOX: Rights = Rights(1 << 7);
    /// `t`: `\Deleted` may be changed.
    pub const DELETE_MESSAGES: Rights = Rights(1 << 8);
    /// `e`: messages may be expunged.
    pub const EXPUNGE: Rights = Rights(1 << 9);
    /// `a`: rights may be given and taken.
    pub const ADMINISTER: Rights = Rights(1 << 10);
    /// All of them.
    pub const ALL: Rights = Rights((1 << LETTERS.len()) - 1);
    /// What the owner of a mailbox cannot lose.
    pub const OWNER: Rights = Rights::LOOKUP.with(Rights::ADMINISTER);
    /// What an administrator has on the mailboxes of the domain, whatever their lists say: enough to give the rest.
    pub const ADMINISTRATOR: Rights = Rights::OWNER.with(Rights::CREATE).with(Rights::DELETE_MAILBOX);
    /// With none of these a mailbox can only be opened read-only (RFC 4314 §5.2).
    pub const CHANGING: Rights =
        Rights::SEEN.with(Rights::WRITE).with(Rights::INSERT).with(Rights::DELETE_MESSAGES).with(Rights::EXPUNGE);

    /// Are all of `other` there?
    pub const fn has(self, other: Rights) -> bool {
        self.0 & other.0 == other.0
    }

    /// Is one of `other` there?
    pub const fn has_any(self, other: Rights) -> bool {
        self.0 & other.0 != 0
    }

    /// Is there none?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These and those.
    pub const fn with(self, other: Rights) -> Rights {
        Rights(self.0 | other.0)
    }

    /// These without those.
    pub const fn without(self, other: Rights) -> Rights {
        Rights(self.0 & !other.0)
    }

    /// Those of `other` that are there.
    pub const fn among(self, other: Rights) -> Rights {
        Rights(self.0 & other.0)
    }

    /// The flags, keywords included, that these rights allow to change (RFC 4314 §4).
    pub fn flags(self) -> Flags {
        let known = Flags::SEEN.with(Flags::DELETED);
        let mut flags = Flags::default();
        for (right, allowed) in [
            (Rights::SEEN, Flags::SEEN),
            (Rights::DELETE_MESSAGES, Flags::DELETED),
            (Rights::WRITE, Flags(u64::MAX).without(known)),
        ] {
            if self.has(right) {
                flags = flags.with(allowed);
            }
        }
        flags
    }

    /// As a number in a row.
    pub(crate) fn bits(self) -> u64 {
        self.0.into()
    }

    /// From a number in a row; bits without a meaning are left out.
    pub(crate) fn from_bits(bits: u64) -> Rights {
        Rights(bits as u16 & Rights::ALL.0)
    }
}

impl std::fmt::Display for Rights {
    /// The letters, in the order of RFC 4314 §2.1.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let there = LETTERS.iter().enumerate().filter(|(bit, _)| self.0 >> bit & 1 == 1);
        f.pad(&there.map(|(_, letter)| char::from(*letter)).collect::<String>())
    }
}

impl std::fmt::Debug for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromStr for Rights {
    type Err = Error;

    /// Reads letters, those of RFC 2086 (`c` and `d`, RFC 4314 §2.1.1) among them.
    ///
    /// # Errors
    /// `Invalid` for a letter that is no right.
    fn from_str(text: &str) -> Result<Rights, Error> {
        let mut rights = Rights::NONE;
        for letter in text.bytes() {
            rights = rights.with(match (letter, LETTERS.iter().position(|known| *known == letter)) {
                (_, Some(bit)) => Rights(1 << bit),
                (b'c', None) => Rights::CREATE.with(Rights::DELETE_MAILBOX),
                (b'd', None) => Rights::DELETE_MESSAGES.with(Rights::EXPUNGE),
                _ => return Err(Error::new(Word::Invalid, format!("{:?} is no right", char::from(letter)))),
            });
        }
        Ok(rights)
    }
}

/// How rights change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RightsChange {
    /// To these and no others.
    Replace(Rights),
    /// These more.
    Add(Rights),
    /// Without these.
    Remove(Rights),
}

impl RightsChange {
    /// What these rights become.
    pub fn of(self, rights: Rights) -> Rights {
        match self {
            RightsChange::Replace(new) => new,
            RightsChange::Add(more) => rights.with(more),
            RightsChange::Remove(less) => rights.without(less),
        }
    }
}

/// Who has which rights on one mailbox: identifiers, sorted. An identifier is an account's address or [`ANYONE`];
/// with `-` before it, its rights are taken away from what the others give.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl(Vec<(String, Rights)>);

impl Acl {
    /// Is there no entry? A user's mailbox is then the owner's alone, a domain's only its administrators'.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Identifiers and their rights.
    pub fn entries(&self) -> impl Iterator<Item = (&str, Rights)> {
        self.0.iter().map(|(identifier, rights)| (identifier.as_str(), *rights))
    }

    /// The rights that one entry gives, or takes away.
    pub fn entry(&self, identifier: &str) -> Rights {
        self.at(identifier).map_or(Rights::NONE, |at| self.0[at].1)
    }

    /// What the entries give the account of this address, all together.
    pub fn granted(&self, address: &str) -> Rights {
        let (mut given, mut taken) = (Rights::NONE, Rights::NONE);
        for (identifier, rights) in self.entries() {
            match identifier.strip_prefix('-') {
                Some(denied) if denied == ANYONE || denied == address => taken = taken.with(rights),
                None if identifier == ANYONE || identifier == address => given = given.with(rights),
                _ => {}
            }
        }
        given.without(taken)
    }

    /// The rights of the account that the mailbox belongs to.
    pub fn owner_rights(&self, address: &str) -> Rights {
        if self.is_empty() { Rights::ALL } else { self.granted(address).with(Rights::OWNER) }
    }

    /// Sets the rights of an identifier; with none its entry goes.
    pub(crate) fn set(&mut self, identifier: &str, rights: Rights) {
        match self.at(identifier) {
            Ok(at) if rights.is_empty() => drop(self.0.remove(at)),
            Ok(at) => self.0[at].1 = rights,
            Err(_) if rights.is_empty() => {}
            Err(at) => self.0.insert(at, (identifier.to_owned(), rights)),
        }
    }

    /// Where the entry of an identifier is, or would be.
    fn at(&self, identifier: &str) -> std::result::Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(identifier))
    }

    /// Number of entries.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rights(letters: &str) -> Rights {
        letters.parse().unwrap()
    }

    #[test]
    fn letters() {
        fn check(letters: &str, expected: Option<&str>) {
            let read = letters.parse::<Rights>().ok();
            assert_eq!(read.map(|rights| rights.to_string()).as_deref(), expected, "{letters}");
        }
        check("", Some(""));
        check("lr", Some("lr"));
        check("aetxkpiwsrl", Some("lrswipkxtea"));
        check("c", Some("kx"));
        check("d", Some("te"));
        check("lr0", None);
        check("L", None);
        check("l r", None);
    }

    #[test]
    fn entries_add_up_and_negative_ones_win() {
        fn check(entries: &[(&str, &str)], granted: &str, owner: &str) {
            let mut acl = Acl::default();
            entries.iter().for_each(|(identifier, letters)| acl.set(identifier, rights(letters)));
            assert_eq!(acl.granted("bob@b").to_string(), granted, "{entries:?}");
            assert_eq!(acl.owner_rights("alice@a").to_string(), owner, "{entries:?}");
        }
        check(&[], "", "lrswipkxtea");
        check(&[("bob@b", "lr")], "lr", "la");
        check(&[("bob@b", "lr"), ("alice@a", "lrsa")], "lr", "lrsa");
        check(&[("bob@b", "rs"), (ANYONE, "lr")], "lrs", "lra");
        check(&[("bob@b", "lrs"), ("-bob@b", "s"), (ANYONE, "s")], "lr", "lsa");
        check(&[(ANYONE, "lrw"), ("-anyone", "w")], "lr", "lra");
        check(&[(ANYONE, "lr"), ("-alice@a", "lra")], "lr", "la");
        check(&[("bobby@b", "lr")], "", "la");
    }

    #[test]
    fn flags_follow_rights() {
        assert_eq!(rights("lr").flags(), Flags::default());
        assert_eq!(rights("st").flags(), Flags::SEEN.with(Flags::DELETED));
        assert!(rights("w").flags().has(Flags::FLAGGED.with(Flags(1 << 63))));
        assert!(!rights("w").flags().has(Flags::SEEN) && !rights("w").flags().has(Flags::DELETED));
    }
}
