//! STORE (RFC 3501 §6.4.6) with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use mailstead_storage::{FlagChange, FlagMode, Flags, Modseq, Record, Rights, Stored, UidSet};

use super::{Desk, Next, Run, now};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::Told;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::take_first;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SequenceSet, Syntax, print_uids, store_flags};

/// Messages changed in one transaction.
const CHUNK_MESSAGES: usize = 16 * 1024;

struct Store {
    by_uid: bool,
    uids: UidSet,
    change: FlagChange,
    silent: bool,
    unchanged_since: Option<Modseq>,
    /// What is still to be told of the last chunk.
    records: std::vec::IntoIter<Record>,
    modified: UidSet,
    asked: u64,
    done: u64,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let set = SequenceSet::parse(parser)?;
    parser.space()?;
    let unchanged_since = unchanged_since(parser)?;
    let (mode, silent) = mode(parser)?;
    parser.space()?;
    let flags = store_flags(parser)?;
    parser.end()?;
    core.enabled.condstore |= unchanged_since.is_some();
    let mailbox = core.mailbox();
    let uids = mailbox.messages(&set, by_uid)?;
    let change = FlagChange { mode, system: flags.system, keywords: flags.keywords };
    let Some(change) = permitted(change, mailbox.rights) else {
        return Ok(now(|_| Reply::no("NOPERM", "You have not the right to change these flags")));
    };
    Ok(Box::new(Store {
        by_uid,
        asked: uids.count(),
        uids,
        change,
        silent,
        unchanged_since,
        records: Vec::new().into_iter(),
        modified: UidSet::default(),
        done: 0,
    }))
}

/// What these rights leave of a change: it fails only when they leave nothing (RFC 4314 §4).
fn permitted(mut change: FlagChange, rights: Rights) -> Option<FlagChange> {
    let flags = rights.flags();
    if flags == Rights::ALL.flags() {
        return Some(change);
    }
    let named = |change: &FlagChange| change.system != Flags::default() || !change.keywords.is_empty();
    let had_any = named(&change);
    change.system.0 &= flags.0;
    if !rights.has(Rights::WRITE) {
        change.keywords.clear();
    }
    if change.mode == FlagMode::Replace {
        change.mode = FlagMode::ReplaceWithin(flags);
    }
    let left = flags != Flags::default() && (named(&change) || !had_any);
    left.then_some(change)
}

/// `(UNCHANGEDSINCE 12345) `
fn unchanged_since(parser: &mut Parser<'_>) -> Parsed<Option<Modseq>> {
    if !parser.eat(b'(') {
        return Ok(None);
    }
    if !parser.eat_word("UNCHANGEDSINCE") {
        return Err(Syntax("Unknown STORE modifier"));
    }
    parser.space()?;
    let modseq = parser.number64()?;
    parser.byte(b')', "STORE modifiers are not closed")?;
    parser.space()?;
    Ok(Some(modseq))
}

fn mode(parser: &mut Parser<'_>) -> Parsed<(FlagMode, bool)> {
    let mode = match (parser.eat(b'+'), parser.eat(b'-')) {
        (false, false) => FlagMode::Replace,
        (true, false) => FlagMode::Add,
        (false, true) => FlagMode::Remove,
        (true, true) => return Err(Syntax("Unknown STORE data item")),
    };
    if parser.eat_word("FLAGS.SILENT") {
        Ok((mode, true))
    } else if parser.eat_word("FLAGS") {
        Ok((mode, false))
    } else {
        Err(Syntax("Unknown STORE data item"))
    }
}

impl Run for Store {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Stored(Ok(stored))) => self.take(*stored, desk),
            Some(Answer::Stored(Err(refused))) => return Next::Done(refused),
            _ => {}
        }
        let items = Told {
            uid: self.by_uid || desk.core.enabled.qresync,
            flags: !self.silent,
            modseq: desk.core.enabled.condstore,
        };
        let mailbox = desk.core.mailbox();
        for record in self.records.by_ref() {
            mailbox.tell_record(&record, items, desk.out);
            if desk.out.len() >= OUTPUT_BYTES {
                return Next::Flush;
            }
        }
        if self.uids.is_empty() {
            return Next::Done(self.ended(desk));
        }
        let uids = take_first(&mut self.uids, CHUNK_MESSAGES);
        let (mailbox, change) = (mailbox.id, self.change.clone());
        Next::Ask(Question::Store { mailbox, uids, change, unchanged_since: self.unchanged_since })
    }
}

impl Store {
    fn take(&mut self, stored: Stored, desk: &mut Desk<'_>) {
        let mailbox = desk.core.mailbox();
        mailbox.learn_keywords(stored.keywords, desk.out);
        match self.silent {
            true => mailbox.note_silent(&stored.records, &stored.before),
            false => mailbox.note_own(&stored.records),
        }
        self.done += stored.records.len() as u64 + stored.modified.count();
        self.modified.0.extend(stored.modified.0);
        // With CONDSTORE, even a silent change tells the new modseq (RFC 7162 §3.1.3).
        if !self.silent || desk.core.enabled.condstore {
            self.records = stored.records.into_iter();
        }
    }

    fn ended(&mut self, desk: &mut Desk<'_>) -> Reply {
        let missing = self.done < self.asked && !self.by_uid;
        if !self.modified.is_empty() {
            let mailbox = desk.core.mailbox();
            let mut set = std::mem::take(&mut self.modified);
            if !self.by_uid {
                set = set.iter().filter_map(|uid| mailbox.uids.sequence_of(uid)).collect();
            }
            let mut code = b"MODIFIED ".to_vec();
            print_uids(&set, &mut code);
            return Reply::ok("Some messages had changed").code(String::from_utf8_lossy(&code).into_owned());
        }
        match missing {
            true => Reply::no("EXPUNGEISSUED", "Some messages are no longer there"),
            false => Reply::ok("STORE completed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_leave_what_they_allow() {
        fn check(
            mode: FlagMode,
            system: Flags,
            keyword: bool,
            rights: &str,
            expected: Option<(FlagMode, Flags, bool)>,
        ) {
            let keywords: Vec<String> = keyword.then(|| "Work".to_string()).into_iter().collect();
            let left = permitted(FlagChange { mode, system, keywords }, rights.parse().expect("rights"));
            let left = left.map(|change| (change.mode, change.system, !change.keywords.is_empty()));
            assert_eq!(left, expected, "{mode:?} {system:?} {rights}");
        }
        use FlagMode::{Add, Replace, ReplaceWithin};
        let (seen, flagged, none) = (Flags::SEEN, Flags::FLAGGED, Flags::default());
        check(Add, seen, true, "lrswt", Some((Add, seen, true)));
        check(Replace, seen, true, "lrswt", Some((Replace, seen, true)));
        check(Add, seen.with(flagged), true, "lrs", Some((Add, seen, false)));
        check(Add, flagged, true, "lrs", None);
        check(Add, none, true, "lrw", Some((Add, none, true)));
        check(Replace, none, false, "lrs", Some((ReplaceWithin(seen), none, false)));
        check(Replace, seen.with(flagged), true, "lrs", Some((ReplaceWithin(seen), seen, false)));
        check(Replace, flagged, false, "lrs", None);
        check(Replace, none, false, "lr", None);
        check(Add, none, false, "lr", None);
    }
}
