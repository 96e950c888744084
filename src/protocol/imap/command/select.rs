//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2) with the parameters CONDSTORE and QRESYNC (RFC 7162 §3.1.8,
//! §3.2.5).

use mailstead_storage::{Changes, Record, UidRange, UidSet};

use super::{Desk, Next, Run, now};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::question::{Answer, Known, OpenMailbox, Question};
use crate::protocol::imap::selected::{Selected, Told, say, tell_vanished};
use crate::protocol::imap::session::{Core, Enabled};
use crate::protocol::imap::uids::intersection;
use crate::protocol::imap::urlauth::MECHANISM;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SequenceSet, Syntax, mailbox_id, mailbox_name};

struct Select {
    name: String,
    read_only: bool,
    condstore: bool,
    resync: Option<Resync>,
    /// What is still to be told of what the client has missed.
    records: Option<std::vec::IntoIter<Record>>,
}

/// What the client remembers of the mailbox.
struct Resync {
    known: Known,
    /// The messages that it knows, when it says so.
    uids: Option<UidSet>,
    /// Sequence numbers and the UIDs they had, in their order.
    matches: Option<(UidSet, UidSet)>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_examine(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &Core, read_only: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    let mut select = Select { name, read_only, condstore: false, resync: None, records: None };
    if parser.eat(b' ') && parser.peek().is_some() {
        parser.list(|parser| {
            if parser.eat_word("CONDSTORE") {
                select.condstore = true;
            } else if parser.eat_word("QRESYNC") {
                if !core.enabled.qresync {
                    return Err(Syntax("Enable QRESYNC first"));
                }
                parser.space()?;
                select.resync = Some(resync(parser)?);
            } else {
                return Err(Syntax("Unknown parameter"));
            }
            Ok(())
        })?;
    }
    parser.end()?;
    if core.enabled.uid_only && select.resync.as_ref().is_some_and(|resync| resync.matches.is_some()) {
        return Ok(now(|_| Reply::uid_required()));
    }
    Ok(Box::new(select))
}

/// `(67890007 20050715194045000 41,43:211,214:541 (1:10 41,43:51))`
fn resync(parser: &mut Parser<'_>) -> Parsed<Resync> {
    parser.byte(b'(', "QRESYNC needs a list")?;
    let uid_validity = parser.number()?;
    parser.space()?;
    let known = Known { uid_validity, modseq: parser.number64()? };
    if uid_validity == 0 || known.modseq == 0 {
        return Err(Syntax("UIDVALIDITY and modseq begin at 1"));
    }
    let mut resync = Resync { known, uids: None, matches: None };
    let mut more = parser.eat(b' ');
    if more && parser.peek() != Some(b'(') {
        resync.uids = Some(known_set(parser)?);
        more = parser.eat(b' ');
    }
    if more {
        parser.byte(b'(', "Expected sequence match data")?;
        let sequences = known_set(parser)?;
        parser.space()?;
        resync.matches = Some((sequences, known_set(parser)?));
        parser.byte(b')', "Sequence match data is not closed")?;
    }
    parser.byte(b')', "QRESYNC parameter is not closed")?;
    Ok(resync)
}

/// A set of what the client knows: no `*` in it.
fn known_set(parser: &mut Parser<'_>) -> Parsed<UidSet> {
    let set = SequenceSet::parse(parser)?;
    if set.is_explicit() { Ok(set.resolve(0)) } else { Err(Syntax("Only numbers are known")) }
}

impl Run for Select {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if self.records.is_none() {
            let Some(Answer::Opened(opened)) = answer else { return self.ask(desk) };
            match opened {
                Ok(opened) => self.opened(*opened, desk),
                Err(refused) => return Next::Done(refused),
            }
        }
        let mailbox = desk.core.mailbox();
        for record in self.records.iter_mut().flatten() {
            mailbox.tell_record(&record, Told { uid: true, flags: true, modseq: true }, desk.out);
            if desk.out.len() >= OUTPUT_BYTES {
                return Next::Flush;
            }
        }
        Next::Done(match mailbox.read_only {
            true if self.read_only => Reply::ok("EXAMINE completed").code("READ-ONLY"),
            true => Reply::ok("SELECT completed, nothing may be changed").code("READ-ONLY"),
            false => Reply::ok("SELECT completed").code("READ-WRITE"),
        })
    }
}

impl Select {
    fn ask(&mut self, desk: &mut Desk<'_>) -> Next {
        // Even when it fails, no mailbox is selected afterwards (RFC 3501 §6.3.1).
        if desk.core.selected.take().is_some() {
            say(desk.out, "* OK [CLOSED] Previous mailbox closed\r\n");
        }
        let (account, name) = (desk.core.account(), std::mem::take(&mut self.name));
        let takes_recent = !self.read_only && !desk.core.enabled.rev2;
        let known = self.resync.as_ref().map(|resync| resync.known);
        Next::Ask(Question::Open { account, name, takes_recent, known })
    }

    fn opened(&mut self, mut opened: OpenMailbox, desk: &mut Desk<'_>) {
        desk.core.enabled.condstore |= self.condstore;
        let missed = opened.missed.take();
        let mailbox = tell(opened, self.read_only, desk.core.enabled, desk.out);
        let records = match (&self.resync, missed) {
            (Some(resync), Some(changes)) => resync.tell(&mailbox, changes, desk.out),
            _ => Vec::new(),
        };
        self.records = Some(records.into_iter());
        desk.core.selected = Some(Box::new(mailbox));
    }
}

impl Resync {
    /// Tells what has vanished; returns what has changed.
    fn tell(&self, mailbox: &Selected, changes: Changes, out: &mut Vec<u8>) -> Vec<Record> {
        let all = UidSet(vec![UidRange { first: 1, last: u32::MAX }]);
        let asked = self.uids.as_ref().unwrap_or(&all);
        let mut gone = mailbox.missed(&changes, asked, self.known.modseq);
        if self.known.modseq < changes.counters.vanished_floor {
            let after = UidRange { first: self.same_up_to(mailbox).saturating_add(1), last: u32::MAX };
            gone.0 = intersection(&gone.0, &[after]);
        }
        tell_vanished("(EARLIER) ", &gone, out);
        let is_asked = |record: &Record| asked.contains(record.uid);
        changes.records.into_iter().filter(is_asked).collect()
    }

    /// The highest UID up to which the client misses no message: its sequence number is what it was.
    fn same_up_to(&self, mailbox: &Selected) -> u32 {
        let Some((sequences, uids)) = &self.matches else { return 0 };
        let pairs = sequences.iter().zip(uids.iter()).take(mailbox.uids.count() as usize);
        pairs
            .take_while(|(sequence, uid)| mailbox.uids.uid_of(*sequence) == Some(*uid))
            .map(|(_, uid)| uid)
            .last()
            .unwrap_or(0)
    }
}

/// Tells all that is known of the mailbox.
fn tell(open: OpenMailbox, read_only: bool, enabled: Enabled, out: &mut Vec<u8>) -> Selected {
    let counters = open.opened.mailbox.counters;
    let unseen = open.opened.first_unseen;
    let mailbox = Selected::new(open, read_only, enabled);
    mailbox.tell_flags(out);
    mailbox.tell_counts(out);
    if enabled.rev2 {
        // RFC 9051 §6.3.2.
        say(out, "* LIST () \"/\" ");
        mailbox_name(&mailbox.name, true, out);
        say(out, "\r\n");
    } else if let Some(sequence) = unseen.filter(|_| !enabled.uid_only).and_then(|uid| mailbox.uids.sequence_of(uid)) {
        say(out, &format!("* OK [UNSEEN {sequence}] First unseen\r\n"));
    }
    say(out, &format!("* OK [UIDVALIDITY {}] UIDs valid\r\n", counters.uid_validity));
    say(out, &format!("* OK [UIDNEXT {}] Next UID\r\n", counters.uid_next));
    say(out, &format!("* OK [URLMECH {MECHANISM}] URLs can be authorized\r\n"));
    say(out, &format!("* OK [MAILBOXID ({})] Object id\r\n", mailbox_id(mailbox.id)));
    say(out, &format!("* OK [HIGHESTMODSEQ {}] Highest\r\n", counters.modseq.max(1)));
    mailbox
}
