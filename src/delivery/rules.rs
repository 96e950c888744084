//! The rules of a recipient: its script, its forwarding and its answer while away, made into mailboxes, flags and errands.
//!
//! Changes nothing but mailboxes that a rule makes; sends nothing: what is to be sent becomes an [`Errand`].

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::tz::TimeZone;
use mailstead_storage::{
    Account, AccountId, Away, BlobId, Error, Flags, Leased, LocalDelivery, MailboxId, Memory, Store, Word,
};

use super::errand::{Copy, Errand, Kind};
use super::place::{Places, special_use};
use super::vacation;
use crate::clock::Time;
use crate::message::{Outline, Range, headers};
use crate::people::People;
use crate::sieve::{self, Failure, Fault, Filing, Mail, Place, Plan, Script, Surroundings, limits};

/// Compiled scripts that are kept.
const COMPILED_MAX: usize = 1_000;
/// How long a duplicate is remembered unless the script says otherwise (RFC 7352 §3.3 leaves it to us), seconds.
const DUPLICATE_SECONDS: u64 = 7 * DAY_SECONDS;
/// Longest that anything is remembered, seconds.
const REMEMBERED_SECONDS_MAX: u64 = 90 * DAY_SECONDS;
/// An owner is told of the same fault again after so long, seconds.
const TROUBLE_SECONDS: u64 = 30 * DAY_SECONDS;
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Compiled scripts, and what is being remembered of messages that have not settled yet. One for the life of the box.
pub(super) struct RuleBook {
    zone: TimeZone,
    compiled: Mutex<HashMap<AccountId, (u32, Compiled)>>,
}

type Compiled = Arc<Result<Script, Fault>>;

/// What messages of one batch want remembered: it is not in storage before the batch has settled.
#[derive(Default)]
pub(super) struct Claims(Mutex<HashMap<(AccountId, u128), BlobId>>);

impl Claims {
    /// Claims a memory for this message; false when another message of the batch has it.
    fn claim(&self, account: AccountId, key: u128, message: BlobId) -> bool {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *claims.entry((account, key)).or_insert(message) == message
    }
}

/// One message at one recipient.
pub(super) struct Delivering<'a> {
    pub store: &'a Store,
    pub people: &'a People,
    pub book: &'a RuleBook,
    pub claims: &'a Claims,
    pub now: Time,
    pub leased: &'a Leased,
    /// Which recipient of the envelope.
    pub recipient: usize,
    pub account: &'a Account,
    /// Where the message goes without rules.
    pub keep: MailboxId,
}

/// What rules come to.
#[derive(Default)]
pub(super) struct Outcome {
    pub deliveries: Vec<LocalDelivery>,
    pub errands: Vec<String>,
    pub memories: Vec<Memory>,
    /// Why the message is refused.
    pub rejection: Option<String>,
}

impl RuleBook {
    /// Without any script yet. Reads which zone the box is in.
    pub(super) fn new() -> RuleBook {
        RuleBook { zone: TimeZone::system(), compiled: Mutex::default() }
    }

    /// The script that runs for an account.
    fn script(&self, store: &Store, account: &Account) -> Result<Option<Compiled>, Error> {
        let Some(active) = &account.script else { return Ok(None) };
        let known = |compiled: &HashMap<AccountId, (u32, Compiled)>| {
            compiled.get(&account.id).filter(|(revision, _)| *revision == active.revision).map(|(_, it)| Arc::clone(it))
        };
        if let Some(script) = known(&self.compiled.lock().unwrap_or_else(PoisonError::into_inner)) {
            return Ok(Some(script));
        }
        let Some(text) = store.script(account.id, &active.name)? else { return Ok(None) };
        let script = Arc::new(Script::compile(&text));
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if compiled.len() >= COMPILED_MAX {
            compiled.clear();
        }
        compiled.insert(account.id, (active.revision, Arc::clone(&script)));
        Ok(Some(script))
    }
}

/// Has an account any rules at `now`?
pub(super) fn has_rules(account: &Account, now: Time) -> bool {
    account.script.is_some()
        || !account.forward.is_empty()
        || account.away.as_ref().is_some_and(|away| is_on(away, now))
}

fn is_on(away: &Away, now: Time) -> bool {
    away.from.is_none_or(|from| from <= now) && away.until.is_none_or(|until| now < until)
}

impl Delivering<'_> {
    /// What the rules come to for this message.
    ///
    /// # Errors
    /// Those of storage; the message is tried again then.
    pub(super) fn run(&self) -> Result<Outcome, Error> {
        let stored = self.outline()?;
        let unreadable = || Error::new(Word::Corrupt, "the outline of a message cannot be read");
        let outline = Outline::decode(&stored).ok_or_else(unreadable)?;
        let header = self.header(outline.root.header)?;
        let mut outcome = Outcome::default();
        let script = self.book.script(self.store, self.account)?;
        let plan = match script.as_deref() {
            None => Ok(kept()),
            Some(Err(fault)) => Err(Failure::Script(fault.clone())),
            Some(Ok(script)) => script.run(&self.mail(&header, &outline), self),
        };
        let mut plan = match plan {
            Ok(plan) => plan,
            Err(Failure::Storage(error)) => return Err(error),
            Err(Failure::Script(fault)) => {
                self.trouble(&fault, &mut outcome)?;
                kept()
            }
        };
        self.add_settings(&mut plan);
        self.settle(plan, &header, &mut outcome)?;
        Ok(outcome)
    }

    /// The encoded outline: at hand while the message is fresh.
    fn outline(&self) -> Result<Arc<[u8]>, Error> {
        let fresh = &self.leased.arrival.outline;
        if fresh.is_empty() { self.store.outline(self.leased.id) } else { Ok(Arc::clone(fresh)) }
    }

    fn header(&self, range: Range) -> Result<Vec<u8>, Error> {
        self.store.read(self.leased.id, range.start.into(), range.len().min(limits::HEADER_BYTES_MAX as usize))
    }

    fn mail<'m>(&'m self, header: &'m [u8], outline: &'m Outline<'m>) -> Mail<'m> {
        let envelope = &self.leased.arrival.envelope;
        Mail {
            reverse_path: &envelope.reverse_path,
            recipient: &envelope.recipients[self.recipient].address,
            header,
            outline,
            size: self.leased.size,
            now: self.now,
            zone: &self.book.zone,
        }
    }

    /// Adds what the account's settings say. What the script has thrown away or refused stays so.
    fn add_settings(&self, plan: &mut Plan) {
        if plan.rejection.is_some() || (plan.filings.is_empty() && plan.redirects.is_empty()) {
            return;
        }
        if let Some(away) = self.account.away.as_ref().filter(|away| is_on(away, self.now))
            && plan.vacation.is_none()
        {
            plan.vacation = Some(answer(away));
        }
        if !self.account.forward.is_empty() {
            let edits = plan.edits.len();
            let forwards = self.account.forward.iter().cloned();
            plan.redirects.extend(forwards.map(|address| sieve::Redirect { address, edits }));
            if !self.account.forward_keep {
                plan.filings.clear();
            }
        }
    }

    fn settle(&self, mut plan: Plan, header: &[u8], outcome: &mut Outcome) -> Result<(), Error> {
        for memory in &plan.memories {
            self.remember(hash(&memory.key), memory.seconds.unwrap_or(DUPLICATE_SECONDS), outcome);
        }
        if plan.rejection.is_some() {
            outcome.rejection = plan.rejection;
            return Ok(());
        }
        if !plan.redirects.is_empty() && self.comes_around(header) {
            // It was here before: what would have left for good stays instead.
            plan.redirects.clear();
            if plan.filings.is_empty() {
                plan.filings = kept().filings;
            }
        }
        self.file(&plan, outcome)?;
        self.redirect(&plan, outcome);
        if let Some(vacation) = &plan.vacation {
            self.answer(vacation, header, outcome)?;
        }
        Ok(())
    }

    /// Has this account sent the message on before?
    fn comes_around(&self, header: &[u8]) -> bool {
        headers::fields(header)
            .filter(|field| field.is("Delivered-To"))
            .any(|field| field.value().eq_ignore_ascii_case(self.account.address.as_bytes()))
    }

    fn file(&self, plan: &Plan, outcome: &mut Outcome) -> Result<(), Error> {
        let mut edited: Vec<(usize, Vec<Copy>)> = Vec::new();
        for filing in &plan.filings {
            let mailbox = self.mailbox(filing)?;
            let (flags, keywords) = flags(&filing.flags);
            if filing.edits == 0 {
                outcome.deliveries.push(LocalDelivery { recipient: self.recipient, mailbox, flags, keywords });
                continue;
            }
            let copy = Copy { mailbox: mailbox.0, flags: flags.0, keywords };
            match edited.iter_mut().find(|(edits, _)| *edits == filing.edits) {
                Some((_, copies)) => copies.push(copy),
                None => edited.push((filing.edits, vec![copy])),
            }
        }
        for (edits, copies) in edited {
            self.send(Kind::File { copies, edits: plan.edits[..edits].to_vec() }, outcome);
        }
        Ok(())
    }

    /// One message for all addresses that get the same.
    fn redirect(&self, plan: &Plan, outcome: &mut Outcome) {
        let mut groups: Vec<(usize, Vec<String>)> = Vec::new();
        for redirect in &plan.redirects {
            let (edits, address) = (redirect.edits, redirect.address.clone());
            match groups.iter_mut().find(|(other, _)| *other == edits) {
                Some((_, to)) => to.push(address),
                None => groups.push((edits, vec![address])),
            }
        }
        for (edits, to) in groups {
            self.send(Kind::Redirect { to, edits: plan.edits[..edits].to_vec() }, outcome);
        }
    }

    fn answer(&self, vacation: &sieve::Vacation, header: &[u8], outcome: &mut Outcome) -> Result<(), Error> {
        let sender = &self.leased.arrival.envelope.reverse_path;
        let own = |address: &crate::people::Address| self.people.may_send_as(self.account.id, address);
        if !vacation::may_answer(sender, header, vacation, &own) {
            return Ok(());
        }
        let seconds = vacation.seconds.unwrap_or(vacation::SECONDS);
        let key = hash(&format!("vacation\0{}\0{}", vacation.handle, sender.to_lowercase()));
        // Of zero seconds every message is answered (RFC 6131 §2).
        if seconds > 0 && self.knows(key)? {
            return Ok(());
        }
        self.remember(key, seconds, outcome);
        self.send(Kind::Vacation(vacation.clone()), outcome);
        Ok(())
    }

    /// Tells the owner of a fault of the script, once.
    fn trouble(&self, fault: &Fault, outcome: &mut Outcome) -> Result<(), Error> {
        let revision = self.account.script.as_ref().map_or(0, |script| script.revision);
        let key = hash(&format!("trouble\0{revision}"));
        if !self.knows(key)? {
            self.remember(key, TROUBLE_SECONDS, outcome);
            self.send(Kind::Trouble(fault.to_string()), outcome);
        }
        Ok(())
    }

    fn send(&self, kind: Kind, outcome: &mut Outcome) {
        outcome.errands.push(Errand { account: self.account.id, kind }.encode());
    }

    fn knows(&self, key: u128) -> Result<bool, Error> {
        let claimed = self.claims.claim(self.account.id, key, self.leased.id);
        Ok(!claimed || self.store.remembers(self.account.id, key, self.now)?)
    }

    fn remember(&self, key: u128, seconds: u64, outcome: &mut Outcome) {
        let until = self.now.plus_seconds(seconds.min(REMEMBERED_SECONDS_MAX));
        outcome.memories.push(Memory { account: self.account.id, key, until });
    }

    fn places(&self) -> Places<'_> {
        Places { store: self.store, account: self.account.id }
    }

    fn mailbox(&self, filing: &Filing) -> Result<MailboxId, Error> {
        match &filing.place {
            Place::Keep => Ok(self.keep),
            Place::Mailbox { name, create, special_use } => {
                let found = self.places().find_or_make(name, *create, special_use.as_deref())?;
                Ok(found.unwrap_or(self.keep))
            }
        }
    }
}

impl Surroundings for Delivering<'_> {
    fn read(&self, range: Range) -> Result<Vec<u8>, Error> {
        self.store.read(self.leased.id, range.start.into(), range.len())
    }

    fn has_mailbox(&self, name: &str) -> Result<bool, Error> {
        Ok(self.store.mailbox(self.account.id, name)?.is_some())
    }

    fn has_special_use(&self, mailbox: Option<&str>, name: &str) -> Result<bool, Error> {
        let Some(wanted) = special_use(name) else { return Ok(false) };
        Ok(match mailbox {
            None => self.store.mailbox_for(self.account.id, wanted)?.is_some(),
            Some(mailbox) => {
                let mailbox = self.store.mailbox(self.account.id, mailbox)?;
                mailbox.is_some_and(|mailbox| mailbox.special_use == Some(wanted))
            }
        })
    }

    fn remembers(&self, key: &str) -> Result<bool, Error> {
        self.knows(hash(key))
    }
}

/// The plan of no rules.
fn kept() -> Plan {
    Plan { filings: vec![Filing { place: Place::Keep, flags: Vec::new(), edits: 0 }], ..Plan::default() }
}

/// The setting as a rule. Who changes its text may answer everybody anew.
fn answer(away: &Away) -> sieve::Vacation {
    sieve::Vacation {
        reason: away.text.clone(),
        subject: Some(away.subject.clone()).filter(|subject| !subject.is_empty()),
        handle: format!("away\0{}", away.text),
        seconds: Some(u64::from(away.days.max(1)) * DAY_SECONDS),
        ..sieve::Vacation::default()
    }
}

fn hash(key: &str) -> u128 {
    let hash = blake3::hash(key.as_bytes());
    let (first, _) = hash.as_bytes().split_at(16);
    first.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// System flags and keywords. A system flag that is not known, `\Recent` among them, is passed over.
fn flags(names: &[String]) -> (Flags, Vec<String>) {
    let (mut flags, mut keywords) = (Flags::default(), Vec::new());
    for name in names {
        match name.to_ascii_lowercase().as_str() {
            "\\seen" => flags = flags.with(Flags::SEEN),
            "\\answered" => flags = flags.with(Flags::ANSWERED),
            "\\flagged" => flags = flags.with(Flags::FLAGGED),
            "\\deleted" => flags = flags.with(Flags::DELETED),
            "\\draft" => flags = flags.with(Flags::DRAFT),
            other if other.starts_with('\\') || !is_keyword(other) => {}
            _ => keywords.push(name.clone()),
        }
    }
    (flags, keywords)
}

/// A flag-keyword (RFC 9051 §9): an atom.
fn is_keyword(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\]".contains(&byte))
}
