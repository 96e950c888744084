//! The selected mailbox as the client knows it (RFC 3501 §2.3.1.2, §5.2): which messages it has
//! been told of, and what is still to be told.

use mailstead_storage::{Changes, Counters, Flags, MailboxId, Modseq, Record, Rights, Uid, UidRange, UidSet};

use super::context::{CONTEXTS_MAX, Context};
use super::question::{OpenMailbox, Question};
use super::session::Enabled;
use super::uids::{UidMap, difference, intersection};
use super::wire::{Parsed, SequenceSet, Syntax, number, print_flags, print_uids};
use crate::bell::Watch;

/// A selected mailbox.
pub struct Selected {
    /// Which.
    pub id: MailboxId,
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// Its name when it was selected.
    pub name: String,
    /// Can nothing be changed, because it was opened by EXAMINE or for lack of rights?
    pub read_only: bool,
    /// Was it opened by EXAMINE?
    pub examined: bool,
    /// What the user may do there.
    pub rights: Rights,
    /// Is it the user's own? Rights on others' may change at any time.
    pub owned: bool,
    /// The messages that the client knows of.
    pub uids: UidMap,
    /// The keywords that the client knows of.
    pub keywords: Vec<String>,
    /// All changes up to here are known.
    pub modseq: Modseq,
    /// Messages that are recent in this session.
    pub recent: UidSet,
    /// Does the client know `\Recent`? IMAP4rev2 does not.
    knows_recent: bool,
    /// Does the client know no sequence numbers?
    uid_only: bool,
    /// Messages that are gone and still in `uids`.
    vanished: UidSet,
    /// What `$` stands for (RFC 5182); may hold messages that are gone.
    pub saved: UidSet,
    /// Results of searches that are kept up to date.
    pub contexts: Vec<Context>,
    /// What this session changed and told itself, since `modseq`.
    own: Vec<(Modseq, UidSet)>,
    watch: Watch,
    rang: bool,
}

impl Selected {
    /// A mailbox just opened.
    pub fn new(open: OpenMailbox, examined: bool, enabled: Enabled) -> Selected {
        let OpenMailbox { opened, rights, owned, watch, .. } = open;
        let counters = opened.mailbox.counters;
        Selected {
            id: opened.mailbox.id,
            uid_validity: counters.uid_validity,
            name: opened.mailbox.name,
            read_only: examined || !rights.has_any(Rights::CHANGING),
            examined,
            rights,
            owned,
            recent: if enabled.rev2 { UidSet::default() } else { recent_of(&opened.uids, &counters) },
            knows_recent: !enabled.rev2,
            uid_only: enabled.uid_only,
            uids: UidMap::new(opened.uids),
            keywords: opened.keywords,
            modseq: counters.modseq,
            vanished: UidSet::default(),
            saved: UidSet::default(),
            contexts: Vec::new(),
            own: Vec::new(),
            watch,
            rang: false,
        }
    }

    /// May the user do this here now? Nothing that changes the mailbox when it was opened by EXAMINE.
    pub fn may(&self, rights: Rights) -> bool {
        !self.read_only && self.rights.has(rights)
    }

    /// Takes in what the user may do from now on, and tells what that changes.
    pub fn learn_rights(&mut self, rights: Rights, out: &mut Vec<u8>) {
        if self.rights == rights {
            return;
        }
        let was_read_only = self.read_only;
        self.rights = rights;
        self.read_only = self.examined || !rights.has_any(Rights::CHANGING);
        self.tell_flags(out);
        match (was_read_only, self.read_only) {
            (false, true) => say(out, "* OK [READ-ONLY] The right to change this mailbox was taken away\r\n"),
            (true, false) => say(out, "* OK [READ-WRITE] The right to change this mailbox was given\r\n"),
            _ => {}
        }
    }

    /// Are new messages recent for this session alone?
    pub fn takes_recent(&self) -> bool {
        self.knows_recent && !self.read_only
    }

    /// The client has enabled something.
    pub fn enable(&mut self, enabled: Enabled) {
        self.uid_only = enabled.uid_only;
        if enabled.rev2 {
            (self.knows_recent, self.recent) = (false, UidSet::default());
        }
    }

    /// Writes EXISTS, and RECENT for those who know it.
    pub fn tell_counts(&self, out: &mut Vec<u8>) {
        say(out, &format!("* {} EXISTS\r\n", self.uids.count()));
        if self.knows_recent {
            say(out, &format!("* {} RECENT\r\n", self.recent.count()));
        }
    }

    /// What to listen to while idle.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// The watch has rung.
    pub fn ring(&mut self) {
        self.rang = true;
    }

    /// Has something changed since this was asked last?
    pub fn take_ring(&mut self) -> bool {
        std::mem::take(&mut self.rang) | self.watch.has_changed()
    }

    /// Is there a ring to take?
    pub fn has_rung(&mut self) -> bool {
        self.rang = self.take_ring();
        self.rang
    }

    /// Are there expunges that the client has not been told of?
    pub fn has_vanished(&self) -> bool {
        !self.vanished.is_empty()
    }

    /// Is there a context of this tag?
    pub fn has_context(&self, tag: &str) -> bool {
        self.contexts.iter().any(|context| context.is(tag))
    }

    /// Keeps a result up to date from now on; false when there are too many, or it is too large.
    pub fn keep_context(&mut self, context: Context) -> bool {
        let kept = self.contexts.len() < CONTEXTS_MAX && !context.is_too_large();
        self.contexts.extend(kept.then_some(context));
        kept
    }

    /// Takes note of what this session has changed and tells itself.
    pub fn note_own(&mut self, records: &[Record]) {
        for record in records.iter().filter(|record| record.modseq > self.modseq) {
            match self.own.iter_mut().rev().find(|(modseq, _)| *modseq == record.modseq) {
                Some((_, uids)) if uids.0.last().is_some_and(|range| range.last < record.uid) => uids.push(record.uid),
                _ => self.own.push((record.modseq, UidSet::from_iter([record.uid]))),
            }
        }
    }

    /// As [`note_own`](Selected::note_own) for changes that are not told because the client knows what comes of them.
    /// It does not where others have changed the message `before`, which it has not been told of yet.
    pub fn note_silent(&mut self, records: &[Record], before: &[Modseq]) {
        let known = |uid: Uid, modseq: Modseq| {
            let mut own = self.own.iter();
            modseq <= self.modseq || own.any(|(change, uids)| *change == modseq && uids.contains(uid))
        };
        let records = records.iter().zip(before).filter(|(record, before)| known(record.uid, **before));
        let records: Vec<Record> = records.map(|(record, _)| *record).collect();
        self.note_own(&records);
    }

    /// The question what has happened.
    pub fn changes(&self) -> Question {
        Question::Changes { mailbox: self.id, since: self.modseq, takes_recent: self.takes_recent() }
    }

    /// Takes in what has happened. Writes EXPUNGE (when allowed), EXISTS and RECENT; returns what else is to be told.
    pub fn apply(&mut self, changes: Changes, may_expunge: bool, enabled: Enabled, out: &mut Vec<u8>) -> Applied {
        let Changes { counters, keywords, mut records, vanished } = changes;
        let gone = self.uids.known(&vanished);
        self.vanished = self.vanished.0.iter().chain(&gone.0).copied().collect();
        if may_expunge {
            self.tell_vanished(enabled, out);
        }
        self.learn_keywords(keywords, out);
        let known = self.uids.last();
        let mut come = UidSet::default();
        for record in records.iter().filter(|record| record.uid > known) {
            self.uids.push(record.uid);
            come.push(record.uid);
        }
        if !come.is_empty() {
            if self.knows_recent {
                self.recent.0.extend(recent_of(&come, &counters).0);
            }
            self.tell_counts(out);
        }
        let own = std::mem::take(&mut self.own);
        let is_own =
            |record: &Record| own.iter().any(|(modseq, uids)| *modseq == record.modseq && uids.contains(record.uid));
        let changed = records.iter().map(|record| record.uid).collect();
        records.retain(|record| record.uid <= known && !is_own(record));
        self.modseq = self.modseq.max(counters.modseq);
        Applied { told: records, changed, come }
    }

    /// Writes EXPUNGE or VANISHED for what is gone and not yet told.
    pub fn tell_vanished(&mut self, enabled: Enabled, out: &mut Vec<u8>) {
        let vanished = std::mem::take(&mut self.vanished);
        self.expunge(&vanished, enabled, out);
    }

    /// Writes EXPUNGE or VANISHED for these messages and forgets them.
    pub fn expunge(&mut self, uids: &UidSet, enabled: Enabled, out: &mut Vec<u8>) {
        let gone = self.uids.known(uids);
        for context in &mut self.contexts {
            context.remove(&gone, &self.uids, out);
        }
        if enabled.vanished() {
            tell_vanished("", &gone, out);
        } else {
            let sequences = gone.iter().filter_map(|uid| self.uids.sequence_of(uid));
            for (before, sequence) in sequences.enumerate() {
                say(out, &format!("* {} EXPUNGE\r\n", sequence - before as u32));
            }
        }
        self.uids.remove(&gone);
        self.recent.0 = difference(&self.recent.0, &gone.0);
        self.vanished.0 = difference(&self.vanished.0, &gone.0);
    }

    /// Writes FLAGS and PERMANENTFLAGS when there are new keywords.
    pub fn learn_keywords(&mut self, keywords: Vec<String>, out: &mut Vec<u8>) {
        if keywords != self.keywords {
            self.keywords = keywords;
            self.tell_flags(out);
        }
    }

    /// Writes FLAGS and PERMANENTFLAGS (RFC 3501 §7.1, §7.2.6).
    pub fn tell_flags(&self, out: &mut Vec<u8>) {
        let unused = Flags::KEYWORDS_MAX.saturating_sub(self.keywords.len());
        let all = Flags(u64::MAX >> unused);
        say(out, "* FLAGS ");
        print_flags(all, false, &self.keywords, out);
        if self.read_only {
            return say(out, "\r\n* OK [PERMANENTFLAGS ()] Read-only mailbox\r\n");
        }
        say(out, "\r\n* OK [PERMANENTFLAGS ");
        print_flags(Flags(all.0 & self.rights.flags().0), false, &self.keywords, out);
        if self.keywords.len() < Flags::KEYWORDS_MAX && self.rights.has(Rights::WRITE) {
            out.pop();
            say(out, " \\*)");
        }
        say(out, "] Flags permitted\r\n");
    }

    /// Writes a message's flags as FETCH does, without name and parentheses around.
    pub fn print_flags(&self, record: &Record, out: &mut Vec<u8>) {
        print_flags(record.flags, self.recent.contains(record.uid), &self.keywords, out);
    }

    /// The bit of a keyword.
    pub fn keyword(&self, name: &str) -> Option<Flags> {
        let at = self.keywords.iter().position(|keyword| keyword.eq_ignore_ascii_case(name))?;
        Some(Flags(1 << (Flags::KEYWORD_FIRST as usize + at)))
    }

    /// The messages that a set means: of sequence numbers, or of UIDs.
    ///
    /// # Errors
    /// A sequence number beyond the last message.
    pub fn messages(&self, set: &SequenceSet, by_uid: bool) -> Parsed<UidSet> {
        match !by_uid && set.largest_named() > self.uids.count() {
            true => Err(Syntax("No message has that number")),
            false if by_uid => Ok(self.by_uid(set)),
            false => Ok(self.by_number(set)),
        }
    }

    /// The messages with these UIDs.
    pub fn by_uid(&self, set: &SequenceSet) -> UidSet {
        self.uids.known(&self.asked(set, self.uids.last()))
    }

    /// The messages with these sequence numbers; those beyond the end are left out.
    pub fn by_number(&self, set: &SequenceSet) -> UidSet {
        match set {
            SequenceSet::Saved => self.by_uid(set),
            numbers => self.uids.uids_of(&numbers.resolve(self.uids.count())),
        }
    }

    /// The UIDs that a set of them names, whether there are such messages or not.
    pub fn asked(&self, set: &SequenceSet, largest: Uid) -> UidSet {
        match set {
            SequenceSet::Saved => self.saved.clone(),
            numbers => numbers.resolve(largest),
        }
    }

    /// The messages of `asked` that have gone since `since`, but for those that the client is still to be told
    /// of: all that are missing when they are no longer remembered from then on (RFC 7162 §3.2.5.2).
    pub fn missed(&self, changes: &Changes, asked: &UidSet, since: Modseq) -> UidSet {
        let counters = &changes.counters;
        let gone = match since < counters.vanished_floor {
            true => {
                UidSet::from_iter((counters.uid_next > 1).then(|| UidRange { first: 1, last: counters.uid_next - 1 }))
            }
            false => changes.vanished.clone(),
        };
        UidSet(difference(&intersection(&gone.0, &asked.0), &self.uids.all().0))
    }

    /// Begins the FETCH response of a message, or the UIDFETCH response for a client that knows UIDs alone (RFC 9586
    /// §3.3). Says whether the message is known.
    pub fn begin_fetch(&self, uid: Uid, out: &mut Vec<u8>) -> bool {
        let Some(sequence) = self.uids.sequence_of(uid) else { return false };
        say(out, "* ");
        number(if self.uid_only { uid } else { sequence }, out);
        say(out, if self.uid_only { " UIDFETCH (" } else { " FETCH (" });
        true
    }

    /// Writes one FETCH response of these items. Nothing when the message is not known.
    pub fn tell_record(&self, record: &Record, items: Told, out: &mut Vec<u8>) {
        if !self.begin_fetch(record.uid, out) {
            return;
        }
        let start = out.len();
        let space = |out: &mut Vec<u8>| {
            if out.len() > start {
                out.push(b' ')
            }
        };
        if items.uid && !self.uid_only {
            say(out, &format!("UID {}", record.uid));
        }
        if items.flags {
            space(out);
            say(out, "FLAGS ");
            self.print_flags(record, out);
        }
        if items.modseq {
            space(out);
            say(out, &format!("MODSEQ ({})", record.modseq));
        }
        say(out, ")\r\n");
    }
}

/// What is still to be told of changes that were taken in.
pub struct Applied {
    /// Records whose flags are to be told.
    pub told: Vec<Record>,
    /// All messages that are new or have changed, by this session too.
    pub changed: UidSet,
    /// Those that are new.
    pub come: UidSet,
}

/// What an unasked FETCH response tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// The UID.
    pub uid: bool,
    /// The flags.
    pub flags: bool,
    /// The modseq.
    pub modseq: bool,
}

/// Writes VANISHED (RFC 7162 §3.2.10), nothing for no messages. `kind` is empty or `(EARLIER) `.
pub fn tell_vanished(kind: &str, uids: &UidSet, out: &mut Vec<u8>) {
    if !uids.is_empty() {
        say(out, &format!("* VANISHED {kind}"));
        print_uids(uids, out);
        say(out, "\r\n");
    }
}

/// The messages that no session has been told of before.
fn recent_of(uids: &UidSet, counters: &Counters) -> UidSet {
    let old = UidRange { first: 0, last: counters.recent_from.saturating_sub(1) as Uid };
    UidSet(difference(&uids.0, &[old]))
}

/// Writes text.
pub fn say(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}
