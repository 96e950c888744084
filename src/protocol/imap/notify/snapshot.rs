//! Mailboxes as a client knows them, and what has become different since. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use mailstead_storage::{Counters, Mailbox, MailboxId, Rights};

use super::{Events, Groups};
use crate::protocol::imap::command::attribute;
use crate::protocol::imap::filter::subscribed;
use crate::protocol::imap::question::{Listing, Mark};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{mailbox_name, quoted, string};

/// Most mailboxes that a session watches: each is remembered (RFC 5465 §5.8).
const MAILBOXES_MAX: usize = 2000;

/// Mailboxes and subscriptions as the client knows them.
pub struct Snapshot {
    mailboxes: HashMap<MailboxId, Seen>,
    subscriptions: BTreeSet<String>,
    /// Annotations, sorted.
    marks: Vec<Mark>,
}

/// A mailbox as the client knows it.
struct Seen {
    name: String,
    counters: Counters,
}

/// How the session sees mailboxes.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// The selected one: what its messages do is told otherwise.
    pub selected: Option<MailboxId>,
    /// Are modseqs known to the client?
    pub condstore: bool,
    /// Are names told in UTF-8?
    pub utf8: bool,
}

impl View {
    /// How this session sees them.
    pub fn of(core: &Core) -> View {
        let selected = core.selected.as_ref().map(|mailbox| mailbox.id);
        View { selected, condstore: core.enabled.condstore, utf8: core.enabled.utf8() }
    }
}

impl Snapshot {
    /// What there is now; `None` when it is too much to be remembered.
    pub fn of(listing: &Listing, mut marks: Vec<Mark>) -> Option<Snapshot> {
        if listing.mailboxes.len() > MAILBOXES_MAX || listing.subscriptions.len() > MAILBOXES_MAX {
            return None;
        }
        let seen = |mailbox: &Mailbox| (mailbox.id, Seen { name: mailbox.name.clone(), counters: mailbox.counters });
        let mailboxes = listing.mailboxes.iter().map(seen).collect();
        marks.sort_unstable();
        Some(Snapshot { mailboxes, subscriptions: listing.subscriptions.iter().cloned().collect(), marks })
    }

    /// The annotations, sorted.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

/// What lies between two moments.
pub struct Differences<'a> {
    before: &'a Snapshot,
    listing: &'a Listing,
    by_name: HashMap<&'a str, &'a Mailbox>,
    subscribed: HashSet<&'a str>,
    /// Mailboxes that are seen and may not be read.
    denied: HashSet<MailboxId>,
    groups: &'a Groups,
    view: View,
}

/// A name to be told: its old one when it was renamed.
type Named<'a> = (&'a str, Option<&'a str>);

impl<'a> Differences<'a> {
    /// Between `before` and what there is now.
    pub fn new(before: &'a Snapshot, listing: &'a Listing, groups: &'a Groups, view: View) -> Differences<'a> {
        let by_name = listing.mailboxes.iter().map(|mailbox| (mailbox.name.as_str(), mailbox)).collect();
        let looked = listing.mailboxes.iter().zip(&listing.looked);
        let denied =
            looked.filter(|(_, looked)| !looked.rights.has(Rights::READ)).map(|(mailbox, _)| mailbox.id).collect();
        Differences { before, listing, by_name, subscribed: subscribed(listing), denied, groups, view }
    }

    /// Tells what is wanted of it, but for names in `own`.
    pub fn tell(&self, own: &[String], out: &mut Vec<u8>) {
        for (name, old_name) in self.named(own) {
            self.list(name, old_name, out);
        }
        for name in self.resubscribed(own) {
            self.list(name, None, out);
        }
        for mailbox in &self.listing.mailboxes {
            self.counted(mailbox, out);
        }
    }

    /// Tells which annotations have changed (RFC 5465 §5.6, §5.7), but for those in `own`.
    pub fn tell_metadata(&self, now: &[Mark], own: &[(String, String)], out: &mut Vec<u8>) {
        let (before, now): (BTreeSet<&Mark>, BTreeSet<&Mark>) =
            (self.before.marks.iter().collect(), now.iter().collect());
        let changed: BTreeSet<_> = before.symmetric_difference(&now).map(|mark| (mark.mailbox, &mark.entry)).collect();
        let mut last = None;
        for (mailbox, entry) in changed {
            let Some(name) = self.annotated(mailbox) else { continue };
            if own.iter().any(|(known, changed)| known == name && changed == entry) {
                continue;
            }
            if last.replace(mailbox) != Some(mailbox) {
                say(out, if out.ends_with(b"\r\n") || out.is_empty() { "* METADATA " } else { "\r\n* METADATA " });
                mailbox_name(name, self.view.utf8, out);
            }
            out.push(b' ');
            string(entry.as_bytes(), out);
        }
        if last.is_some() {
            say(out, "\r\n");
        }
    }

    /// The name of a mailbox, or of the server, whose annotations are wanted.
    fn annotated(&self, mailbox: Option<MailboxId>) -> Option<&'a str> {
        let Some(id) = mailbox else { return self.groups.of_metadata().1.then_some("") };
        let known = self.before.mailboxes.contains_key(&id);
        let found = self.listing.mailboxes.iter().find(|mailbox| known && mailbox.id == id)?;
        Some(found.name.as_str()).filter(|name| self.events_of(name).metadata)
    }

    /// Tells which mailboxes may not be read, though events of them are wanted (RFC 5465 §3.1).
    pub fn tell_denied(&self, out: &mut Vec<u8>) {
        for mailbox in self.listing.mailboxes.iter().filter(|mailbox| !self.may_read(mailbox)) {
            if self.events_of(&mailbox.name) != Events::default() {
                say(out, "* LIST (\\NoAccess) \"/\" ");
                mailbox_name(&mailbox.name, self.view.utf8, out);
                say(out, "\r\n");
            }
        }
    }

    fn may_read(&self, mailbox: &Mailbox) -> bool {
        !self.denied.contains(&mailbox.id)
    }

    /// Tells the STATUS of all mailboxes of whose messages events are wanted (RFC 5465 §3.1).
    pub fn tell_all(&self, out: &mut Vec<u8>) {
        for mailbox in self.listing.mailboxes.iter().filter(|mailbox| self.view.selected != Some(mailbox.id)) {
            let events = self.events_of(&mailbox.name);
            if events.messages && self.may_read(mailbox) {
                self.status(mailbox, events.flags, out);
            }
        }
    }

    fn events_of(&self, name: &str) -> Events {
        self.groups.events_of(name, &self.subscribed)
    }

    /// Names that were made, removed or changed, with those above of what was made or removed (RFC 5465 §5.4).
    fn named(&self, own: &[String]) -> Vec<Named<'a>> {
        let is_own = |name: &str| own.iter().any(|known| known == name);
        let mut affected: Vec<Named<'a>> = Vec::new();
        let mut renamed: Vec<(&'a str, &'a str)> = Vec::new();
        for mailbox in &self.listing.mailboxes {
            match self.before.mailboxes.get(&mailbox.id) {
                None if !is_own(&mailbox.name) => affected.extend(with_parent(&mailbox.name)),
                Some(seen) if seen.name != mailbox.name => renamed.push((&seen.name, &mailbox.name)),
                _ => {}
            }
        }
        let now: HashSet<MailboxId> = self.listing.mailboxes.iter().map(|mailbox| mailbox.id).collect();
        let gone = self.before.mailboxes.iter().filter(|(id, _)| !now.contains(id)).map(|(_, seen)| seen.name.as_str());
        affected.extend(gone.filter(|name| !is_own(name)).flat_map(with_parent));
        let moved = renamed.iter().filter(|(old, new)| !is_own(new) && !goes_along(old, new, &renamed));
        affected.extend(moved.map(|(old, new)| (*new, Some(*old))));
        affected.sort_unstable();
        affected.dedup();
        affected.retain(|(name, old_name)| {
            let by_old = old_name.is_some_and(|old_name| self.events_of(old_name).names);
            by_old || self.events_of(name).names
        });
        affected
    }

    /// Names that are subscribed to now and were not, or the other way round.
    fn resubscribed(&self, own: &[String]) -> Vec<&'a str> {
        let before: HashSet<&'a str> = self.before.subscriptions.iter().map(String::as_str).collect();
        let mut changed: Vec<&'a str> = before.symmetric_difference(&self.subscribed).copied().collect();
        changed.retain(|name| !own.iter().any(|known| known == name));
        // One that is no longer subscribed to was so when the change came.
        let either =
            |name: &str| self.events_of(name).subscriptions | self.groups.events_of(name, &before).subscriptions;
        changed.retain(|name| either(name));
        changed.sort_unstable();
        changed
    }

    /// Tells STATUS when messages have come, gone or changed.
    fn counted(&self, mailbox: &Mailbox, out: &mut Vec<u8>) {
        let Some(seen) = self.before.mailboxes.get(&mailbox.id) else { return };
        let (now, before) = (&mailbox.counters, &seen.counters);
        if now.modseq == before.modseq || self.view.selected == Some(mailbox.id) || !self.may_read(mailbox) {
            return;
        }
        let events = self.events_of(&mailbox.name);
        let moved = now.uid_next != before.uid_next || now.exists != before.exists;
        let flagged = now.unseen != before.unseen || self.view.condstore;
        if events.messages && (moved || (events.flags && flagged)) {
            self.status(mailbox, events.flags, out);
        }
    }

    fn status(&self, mailbox: &Mailbox, flags: bool, out: &mut Vec<u8>) {
        let Counters { exists, uid_next, uid_validity, unseen, modseq, .. } = mailbox.counters;
        say(out, "* STATUS ");
        mailbox_name(&mailbox.name, self.view.utf8, out);
        say(out, &format!(" (MESSAGES {exists} UIDNEXT {uid_next} UIDVALIDITY {uid_validity}"));
        if flags {
            say(out, &format!(" UNSEEN {unseen}"));
        }
        if self.view.condstore {
            say(out, &format!(" HIGHESTMODSEQ {}", modseq.max(1)));
        }
        say(out, ")\r\n");
    }

    /// `* LIST (\HasNoChildren \Subscribed) "/" new ("OLDNAME" (old))`
    fn list(&self, name: &str, old_name: Option<&str>, out: &mut Vec<u8>) {
        let has_children = self.by_name.keys().any(|other| is_below(other, name));
        say(out, if has_children { "* LIST (\\HasChildren" } else { "* LIST (\\HasNoChildren" });
        match self.by_name.get(name) {
            None => say(out, " \\NonExistent"),
            Some(mailbox) => {
                if let Some(special_use) = mailbox.special_use {
                    say(out, &format!(" {}", attribute(special_use)));
                }
            }
        }
        if self.subscribed.contains(name) {
            say(out, " \\Subscribed");
        }
        say(out, ") \"/\" ");
        mailbox_name(name, self.view.utf8, out);
        if let Some(old_name) = old_name {
            let mut old = Vec::new();
            mailbox_name(old_name, self.view.utf8, &mut old);
            say(out, " (\"OLDNAME\" (");
            match old.first() {
                Some(b'"') => out.extend_from_slice(&old),
                _ => quoted(&old, out),
            }
            say(out, "))");
        }
        say(out, "\r\n");
    }
}

/// The name, and the one above it.
fn with_parent(name: &str) -> impl Iterator<Item = Named<'_>> {
    let parent = name.rsplit_once('/').map(|(parent, _)| parent);
    [Some(name), parent].into_iter().flatten().map(|name| (name, None))
}

fn is_below(name: &str, above: &str) -> bool {
    name.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
}

/// Was it renamed only because one above it was (RFC 5465 §5.4)?
fn goes_along(old: &str, new: &str, renamed: &[(&str, &str)]) -> bool {
    renamed.iter().any(|(above_old, above_new)| {
        is_below(old, above_old) && is_below(new, above_new) && old[above_old.len()..] == new[above_new.len()..]
    })
}

#[cfg(test)]
mod tests {
    use mailstead_storage::AccountId;

    use super::super::Request;
    use super::*;
    use crate::protocol::imap::wire::Parser;

    /// A mailbox: number, name, messages, the next UID, modseq, unseen.
    type Row<'a> = (u32, &'a str, u32, u32, u64, u32);

    fn listing(rows: &[Row<'_>], subscriptions: &[&str]) -> Listing {
        let mailbox = |(id, name, exists, uid_next, modseq, unseen): &Row<'_>| {
            let (exists, uid_next, modseq, unseen) = (*exists, *uid_next, *modseq, *unseen);
            let counters = Counters { uid_validity: 7, exists, uid_next, modseq, unseen, ..Counters::default() };
            Mailbox { id: MailboxId(*id), account: AccountId(1), name: (*name).into(), special_use: None, counters }
        };
        let subscriptions = subscriptions.iter().map(|name| (*name).to_string()).collect();
        Listing { mailboxes: rows.iter().map(mailbox).collect(), looked: Vec::new(), subscriptions }
    }

    fn groups(text: &str) -> Groups {
        match Request::parse(&mut Parser::new(format!("SET {text}").as_bytes())) {
            Ok(Request::Set { groups, .. }) => groups,
            other => panic!("{other:?}"),
        }
    }

    const BEFORE: [Row<'_>; 3] = [(1, "INBOX", 5, 9, 20, 2), (2, "a", 0, 1, 1, 0), (3, "a/b", 0, 1, 1, 0)];

    fn told(wanted: &str, rows: &[Row<'_>], subscriptions: &[&str], own: &[&str], condstore: bool) -> String {
        let before = Snapshot::of(&listing(&BEFORE, &["INBOX"]), Vec::new()).expect("few");
        let (now, groups) = (listing(rows, subscriptions), groups(wanted));
        let view = View { selected: Some(MailboxId(9)), condstore, utf8: false };
        let own: Vec<String> = own.iter().map(|name| (*name).to_string()).collect();
        let mut out = Vec::new();
        Differences::new(&before, &now, &groups, view).tell(&own, &mut out);
        String::from_utf8(out).expect("ASCII").replace("\r\n", "|")
    }

    #[test]
    fn messages() {
        let all = "(personal (MessageNew MessageExpunge FlagChange))";
        let few = "(mailboxes INBOX (MessageNew MessageExpunge))";
        let with = |inbox: Row<'static>| [inbox, BEFORE[1], BEFORE[2]];
        for (wanted, inbox, condstore, expected) in [
            (few, (1, "INBOX", 6, 10, 21, 3), false, "* STATUS INBOX (MESSAGES 6 UIDNEXT 10 UIDVALIDITY 7)|"),
            (few, (1, "INBOX", 4, 9, 21, 3), false, "* STATUS INBOX (MESSAGES 4 UIDNEXT 9 UIDVALIDITY 7)|"),
            (few, (1, "INBOX", 5, 10, 22, 2), false, "* STATUS INBOX (MESSAGES 5 UIDNEXT 10 UIDVALIDITY 7)|"),
            (few, (1, "INBOX", 5, 9, 21, 1), true, ""),
            (few, (1, "INBOX", 5, 9, 20, 2), true, ""),
            (all, (1, "INBOX", 5, 9, 21, 1), false, "* STATUS INBOX (MESSAGES 5 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 1)|"),
            (all, (1, "INBOX", 5, 9, 21, 2), false, ""),
            (
                all,
                (1, "INBOX", 5, 9, 21, 2),
                true,
                "* STATUS INBOX (MESSAGES 5 UIDNEXT 9 UIDVALIDITY 7 UNSEEN 2 HIGHESTMODSEQ 21)|",
            ),
            ("(subtree a (MessageNew MessageExpunge))", (1, "INBOX", 6, 10, 21, 3), false, ""),
            ("(personal (MailboxName))", (1, "INBOX", 6, 10, 21, 3), false, ""),
        ] {
            assert_eq!(told(wanted, &with(inbox), &["INBOX"], &[], condstore), expected, "{wanted} {inbox:?}");
        }
    }

    #[test]
    fn names() {
        let names = "(personal (MailboxName))";
        let [inbox, a, b] = BEFORE;
        for (wanted, rows, own, expected) in [
            (names, vec![inbox, a, b, (4, "c", 0, 1, 1, 0)], vec![], "* LIST (\\HasNoChildren) \"/\" c|"),
            (names, vec![inbox, a, b, (4, "c", 0, 1, 1, 0)], vec!["c"], ""),
            (
                names,
                vec![inbox, a, b, (4, "a/c", 0, 1, 1, 0)],
                vec![],
                "* LIST (\\HasChildren) \"/\" a|* LIST (\\HasNoChildren) \"/\" a/c|",
            ),
            (
                names,
                vec![inbox, a],
                vec![],
                "* LIST (\\HasNoChildren) \"/\" a|* LIST (\\HasNoChildren \\NonExistent) \"/\" a/b|",
            ),
            (
                names,
                vec![inbox, (2, "x", 0, 1, 1, 0), (3, "x/b", 0, 1, 1, 0)],
                vec![],
                "* LIST (\\HasChildren) \"/\" x (\"OLDNAME\" (\"a\"))|",
            ),
            (
                "(subtree a (MailboxName))",
                vec![inbox, a, (3, "B\u{e4}", 0, 1, 1, 0)],
                vec![],
                "* LIST (\\HasNoChildren) \"/\" \"B&AOQ-\" (\"OLDNAME\" (\"a/b\"))|",
            ),
            ("(subtree a (MailboxName))", vec![inbox, a, b, (4, "c", 0, 1, 1, 0)], vec![], ""),
            ("(personal (SubscriptionChange))", vec![inbox, a], vec![], ""),
        ] {
            assert_eq!(told(wanted, &rows, &["INBOX"], &own, false), expected, "{wanted} {rows:?}");
        }
    }

    #[test]
    fn subscriptions() {
        for (wanted, now, own, expected) in [
            (
                "(personal (SubscriptionChange))",
                vec!["INBOX", "a"],
                vec![],
                "* LIST (\\HasChildren \\Subscribed) \"/\" a|",
            ),
            ("(personal (SubscriptionChange))", vec![], vec![], "* LIST (\\HasNoChildren) \"/\" INBOX|"),
            ("(subscribed (SubscriptionChange))", vec![], vec![], "* LIST (\\HasNoChildren) \"/\" INBOX|"),
            ("(personal (SubscriptionChange))", vec!["INBOX", "a"], vec!["a"], ""),
            ("(personal (MailboxName))", vec!["INBOX", "a"], vec![], ""),
        ] {
            assert_eq!(told(wanted, &BEFORE, &now, &own, false), expected, "{wanted} {now:?}");
        }
    }

    #[test]
    fn annotations() {
        let mark = |mailbox: u32, entry: &str, value_hash| Mark {
            mailbox: (mailbox > 0).then_some(MailboxId(mailbox)),
            entry: entry.into(),
            value_hash,
        };
        let marks = vec![
            mark(0, "/shared/admin", 1),
            mark(1, "/private/c", 1),
            mark(1, "/shared/d", 1),
            mark(2, "/shared/d", 1),
        ];
        let now =
            [mark(0, "/shared/admin", 2), mark(1, "/private/c", 2), mark(1, "/shared/e", 1), mark(2, "/shared/d", 2)];
        let listing = listing(&BEFORE, &[]);
        let before = Snapshot::of(&listing, marks).expect("few");
        let view = View { selected: None, condstore: false, utf8: false };
        for (wanted, own, expected) in [
            (
                "(mailboxes INBOX (MailboxMetadataChange))",
                vec![],
                "* METADATA INBOX \"/private/c\" \"/shared/d\" \"/shared/e\"|",
            ),
            ("(mailboxes INBOX (ServerMetadataChange))", vec![], "* METADATA \"\" \"/shared/admin\"|"),
            (
                "(personal (MailboxMetadataChange ServerMetadataChange))",
                vec![
                    ("INBOX".into(), "/private/c".into()),
                    ("INBOX".into(), "/shared/d".into()),
                    ("".into(), "/shared/admin".into()),
                ],
                "* METADATA INBOX \"/shared/e\"|* METADATA a \"/shared/d\"|",
            ),
            ("(personal (MailboxName))", vec![], ""),
        ] {
            let (groups, mut out) = (groups(wanted), Vec::new());
            Differences::new(&before, &listing, &groups, view).tell_metadata(&now, &own, &mut out);
            assert_eq!(String::from_utf8(out).expect("ASCII").replace("\r\n", "|"), expected, "{wanted}");
        }
    }

    #[test]
    fn too_many_mailboxes_are_not_remembered() {
        let rows: Vec<Row<'_>> = (0..=MAILBOXES_MAX as u32).map(|id| (id, "x", 0, 1, 1, 0)).collect();
        assert!(Snapshot::of(&listing(&rows, &[]), Vec::new()).is_none());
        assert!(Snapshot::of(&listing(&rows[1..], &[]), Vec::new()).is_some());
    }
}
