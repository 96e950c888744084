//! STORE (RFC 3501 §6.4.6) with UNCHANGEDSINCE (RFC 7162 §3.1.3).

use mailstead_storage::{FlagChange, FlagMode, Modseq, Record, Stored, UidSet};

use super::{Desk, Next, Run};
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
    let uids = core.mailbox().messages(&set, by_uid)?;
    Ok(Box::new(Store {
        by_uid,
        asked: uids.count(),
        uids,
        change: FlagChange { mode, system: flags.system, keywords: flags.keywords },
        silent,
        unchanged_since,
        records: Vec::new().into_iter(),
        modified: UidSet::default(),
        done: 0,
    }))
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
