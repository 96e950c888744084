//! FETCH (RFC 3501 §6.4.5) with CHANGEDSINCE and VANISHED (RFC 7162 §3.1.4, §3.2.6), and
//! PARTIAL (RFC 9394 §3.3). Messages are asked for in chunks, bytes in
//! pieces: what is held does not grow with the mailbox or the message.

use std::collections::VecDeque;
use std::sync::Arc;

use mailstead_storage::{Changes, FlagChange, FlagMode, Flags, Modseq, Record, Rights, Stored, UidSet};

use super::{Desk, Next, Run};
use crate::message::Range;
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::pieces::{Plan, READ_BYTES_MAX, Window};
use crate::protocol::imap::question::{Answer, Fetched, Question};
use crate::protocol::imap::selected::{Selected, Told, tell_vanished};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::{at_places, intersection, take_first};
use crate::protocol::imap::wire::{FetchItem, Parsed, Parser, Places, Reply, SequenceSet, Syntax, fetch_items};

/// So many more records are asked for at once when no outlines are.
const RECORDS_FACTOR: usize = 8;

struct Fetch {
    by_uid: bool,
    items: Vec<FetchItem>,
    /// Whose changes are wanted, while those that have changed are not yet picked out of them.
    unpicked: Option<Modifiers>,
    /// Messages not yet asked for.
    uids: UidSet,
    /// Messages asked for and not yet planned, with their outlines.
    chunk: VecDeque<(Record, Option<Arc<[u8]>>)>,
    /// Messages of the chunk that became `\Seen` by this.
    marked: UidSet,
    plan: Plan,
    window: Window,
    /// In the middle of a response?
    inside: bool,
    /// Messages of the chunk that was asked for last.
    asked: u64,
    missing: bool,
    /// Is `\\Seen` left as it is, whatever is told?
    unasked: bool,
}

/// Tells of messages without having been asked to (RFC 5465 §5.2).
pub fn unasked(uids: UidSet, items: Vec<FetchItem>) -> Box<dyn Run> {
    Box::new(Fetch { unasked: true, ..Fetch::new(true, items, uids) })
}

/// What stands behind the items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Modifiers {
    changed_since: Option<Modseq>,
    /// What is gone is told too, of this set.
    vanished: Option<SequenceSet>,
    /// Of what is left, only these.
    places: Option<Places>,
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
    let mut items = fetch_items(parser)?;
    let mut modifiers = modifiers(parser, core, by_uid)?;
    parser.end()?;
    let changed_since = modifiers.changed_since;
    // UIDFETCH names the UID itself (RFC 9586 §3.3).
    if by_uid && !core.enabled.uid_only && !items.contains(&FetchItem::Uid) {
        items.insert(0, FetchItem::Uid);
    }
    core.enabled.condstore |= changed_since.is_some() || items.contains(&FetchItem::Modseq);
    if changed_since.is_some() && !items.contains(&FetchItem::Modseq) {
        items.push(FetchItem::Modseq);
    }
    let mut uids = core.mailbox().messages(&set, by_uid)?;
    if let (None, Some(places)) = (changed_since, modifiers.places) {
        uids = at_places(uids, places);
    }
    modifiers.vanished = modifiers.vanished.map(|_| set);
    Ok(Box::new(Fetch { unpicked: changed_since.map(|_| modifiers), ..Fetch::new(by_uid, items, uids) }))
}

/// ` (CHANGEDSINCE 12345 VANISHED)`
fn modifiers(parser: &mut Parser<'_>, core: &Core, by_uid: bool) -> Parsed<Modifiers> {
    let mut modifiers = Modifiers::default();
    if !parser.rest().starts_with(b" (") {
        return Ok(modifiers);
    }
    parser.space()?;
    parser.list(|parser| {
        if parser.eat_word("CHANGEDSINCE") {
            parser.space()?;
            modifiers.changed_since = Some(parser.number64()?);
        } else if parser.eat_word("VANISHED") {
            modifiers.vanished = Some(SequenceSet::Saved);
        } else if by_uid && parser.eat_word("PARTIAL") {
            parser.space()?;
            modifiers.places = Some(Places::parse(parser)?);
        } else {
            return Err(Syntax("Unknown FETCH modifier"));
        }
        Ok(())
    })?;
    match modifiers.vanished.is_none() || (by_uid && core.enabled.qresync && modifiers.changed_since.is_some()) {
        true => Ok(modifiers),
        false => Err(Syntax("VANISHED needs UID FETCH, CHANGEDSINCE and QRESYNC enabled")),
    }
}

impl Run for Fetch {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let heard = match answer {
            Some(Answer::Changes(Ok(changes))) => {
                self.pick(&changes, desk);
                None
            }
            Some(Answer::Changes(Err(refused))) => return Next::Done(refused),
            Some(Answer::Fetched(Ok(fetched))) => self.take(fetched, desk.core.mailbox()),
            Some(Answer::Stored(stored)) => {
                self.seen(stored.map(|stored| *stored), desk);
                None
            }
            Some(Answer::Bytes(Ok(bytes))) => {
                self.window.fill(bytes);
                None
            }
            Some(Answer::Fetched(Err(refused)) | Answer::Bytes(Err(refused))) => return self.failed(refused, desk),
            _ => None,
        };
        match heard {
            Some(question) => Next::Ask(question),
            None => self.go(desk),
        }
    }
}

impl Fetch {
    fn new(by_uid: bool, items: Vec<FetchItem>, uids: UidSet) -> Fetch {
        Fetch {
            by_uid,
            items,
            unpicked: None,
            uids,
            chunk: VecDeque::new(),
            marked: UidSet::default(),
            plan: Plan::default(),
            window: Window::default(),
            inside: false,
            asked: 0,
            missing: false,
            unasked: false,
        }
    }

    /// Says what can be said, then asks for more.
    fn go(&mut self, desk: &mut Desk<'_>) -> Next {
        loop {
            while let Some(piece) = self.plan.front() {
                self.inside = true;
                if !self.window.say(piece, desk.out) {
                    if desk.out.len() >= OUTPUT_BYTES {
                        return Next::Flush;
                    }
                    return Next::Ask(Question::Read(self.window.wanted(&self.plan)));
                }
                self.plan.pop();
                if desk.out.len() >= OUTPUT_BYTES {
                    return Next::Flush;
                }
            }
            self.inside = false;
            if self.chunk.is_empty() {
                return self.next_chunk(desk);
            }
            let condstore = desk.core.enabled.condstore;
            while self.plan.weight() < READ_BYTES_MAX {
                let Some((record, outline)) = self.chunk.pop_front() else { break };
                let mailbox = desk.core.mailbox();
                let flags = self.marked.contains(record.uid);
                let changed = Told { uid: false, flags, modseq: flags && condstore };
                self.plan.message(mailbox, &record, outline.as_deref(), &self.items, changed);
            }
        }
    }

    fn next_chunk(&mut self, desk: &mut Desk<'_>) -> Next {
        // What was read ahead of a message that has gone since is no other's.
        self.window = Window::default();
        if let Some(Modifiers { changed_since: Some(since), .. }) = self.unpicked {
            let mailbox = desk.core.mailbox().id;
            return Next::Ask(Question::Changes { mailbox, since, takes_recent: false });
        }
        if self.uids.is_empty() {
            return Next::Done(match self.missing && !self.by_uid {
                true => Reply::no("EXPUNGEISSUED", "Some messages are no longer there"),
                false if self.plan.has_unknown_encoding() => {
                    Reply::no("UNKNOWN-CTE", "Some content is in an unknown transfer encoding")
                }
                false => Reply::ok("FETCH completed"),
            });
        }
        let outlines = self.items.iter().any(FetchItem::needs_outline);
        let chunk = desk.core.rules.settings.fetch_chunk.max(1);
        let uids = take_first(&mut self.uids, if outlines { chunk } else { chunk.saturating_mul(RECORDS_FACTOR) });
        self.asked = uids.count();
        let ahead = if self.asked == 1 { self.ahead() } else { None };
        Next::Ask(Question::Fetch { mailbox: desk.core.mailbox().id, uids, outlines, ahead })
    }

    /// The bytes that will be asked for first, when they are known before the message is: those of the whole message, as
    /// programs fetch the one that is opened.
    fn ahead(&self) -> Option<Range> {
        let mut reading = self.items.iter().filter(|item| item.needs_bytes());
        let (Some(FetchItem::Bytes { section, partial, .. }), None) = (reading.next(), reading.next()) else {
            return None;
        };
        let all = Range { start: 0, end: u32::MAX };
        let Range { start, end } = partial.map_or(all, |partial| partial.of(all));
        let end = end.min(start.saturating_add(READ_BYTES_MAX as u32));
        section.is_whole().then_some(Range { start, end })
    }

    /// Picks those out that have changed, so that no other is looked at, and tells what has vanished.
    fn pick(&mut self, changes: &Changes, desk: &mut Desk<'_>) {
        let Some(Modifiers { changed_since: Some(since), vanished, places }) = self.unpicked.take() else { return };
        let changed: UidSet = changes.records.iter().map(|record| record.uid).collect();
        self.uids.0 = intersection(&self.uids.0, &changed.0);
        if let Some(places) = places {
            self.uids = at_places(std::mem::take(&mut self.uids), places);
        }
        if let Some(set) = vanished {
            let mailbox = desk.core.mailbox();
            let asked = mailbox.asked(&set, changes.counters.uid_next.saturating_sub(1));
            tell_vanished("(EARLIER) ", &mailbox.missed(changes, &asked, since), desk.out);
        }
    }

    /// Takes the records of a chunk in. `\Seen` is set before they are told.
    fn take(&mut self, fetched: Fetched, mailbox: &mut Selected) -> Option<Question> {
        let Fetched { records, outlines, rest, ahead } = fetched;
        ahead.into_iter().for_each(|bytes| self.window.put(bytes));
        let mut outlines = outlines.into_iter();
        self.missing |= (records.len() as u64) + rest.count() < self.asked;
        self.uids.0.splice(0..0, rest.0);
        for record in records {
            let outline = outlines.next();
            self.chunk.push_back((record, outline));
        }
        self.marked = UidSet::default();
        if self.unasked || !mailbox.may(Rights::SEEN) || !self.items.iter().any(FetchItem::sets_seen) {
            return None;
        }
        let unseen = self.chunk.iter().filter(|(record, _)| !record.flags.has(Flags::SEEN));
        let uids: UidSet = unseen.map(|(record, _)| record.uid).collect();
        let change = FlagChange { mode: FlagMode::Add, system: Flags::SEEN, keywords: Vec::new() };
        (!uids.is_empty()).then_some(Question::Store { mailbox: mailbox.id, uids, change, unchanged_since: None })
    }

    /// Takes in what came of setting `\Seen`. When it could not be set, the messages are told as they are.
    fn seen(&mut self, stored: Result<Stored, Reply>, desk: &mut Desk<'_>) {
        let Ok(stored) = stored else { return };
        let mailbox = desk.core.mailbox();
        mailbox.learn_keywords(stored.keywords, desk.out);
        mailbox.note_own(&stored.records);
        let mut changed = stored.records.into_iter().peekable();
        for (record, _) in &mut self.chunk {
            if let Some(new) = changed.next_if(|new| new.uid == record.uid) {
                *record = new;
                self.marked.push(new.uid);
            }
        }
    }

    /// Storage has refused. Within a literal, only the end of the connection can tell it.
    fn failed(&mut self, refused: Reply, desk: &mut Desk<'_>) -> Next {
        desk.core.leaving |= self.inside;
        Next::Done(refused)
    }
}
