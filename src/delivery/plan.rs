//! What to do with one message now.

use mailstead_storage::{
    Account, Error, Flags, Leased, LocalDelivery, MailboxId, Memory, RecipientState, Settlement, SpecialUse, State,
    Store, Told, Verdict,
};

use super::DeliverySettings;
use super::calendar::{self, Calendar};
use super::notice::Owed;
use super::place::Places;
use super::remote::{Remote, Tried};
use super::rules::{self, Claims, Delivering, Outcome, RuleBook};
use crate::clock::Time;
use crate::people::{Address, Destination, People};

/// What an attempt reads to make its plan.
pub(super) struct Planner<'a> {
    pub store: &'a Store,
    pub people: &'a People,
    pub settings: &'a DeliverySettings,
    pub remote: &'a Remote,
    pub book: &'a RuleBook,
    pub claims: &'a Claims,
    pub now: Time,
}

pub(super) const DELIVERED: &str = "250 2.0.0 delivered";
const ERRANDS: &str = "250 2.0.0 filed; what its rules want sent is on its way";
const ELSEWHERE: &str = "451 4.4.0 it waits for its turn to go to the next server";

/// When a message is due again, and in which queue it waits.
type Next = (Option<Time>, String);

impl Planner<'_> {
    /// Delivers what can be delivered here, for every recipient that is pending, and says what is to be written. What
    /// goes elsewhere waits in the queue of its destination from then on.
    pub fn attempt(&self, leased: &Leased) -> Result<Settlement, Error> {
        let (mut recipients, mut deliveries, mut memories) = (leased.recipients.clone(), Vec::new(), Vec::new());
        for (index, state) in recipients.iter_mut().enumerate() {
            if state.state == State::Pending && state.remaining.is_empty() {
                let found = self.recipient(leased, index, state)?;
                deliveries.extend(found.deliveries);
                memories.extend(found.memories);
            }
        }
        // The calendar of those that go elsewhere begins with the first server that is tried.
        let attempts = leased.attempts + u32::from(!recipients.iter().any(is_untried));
        let (next_attempt, queue) = self.next(leased, &mut recipients, attempts);
        Ok(Settlement { id: leased.id, deliveries, recipients, next_attempt, attempts, memories, queue })
    }

    /// What is to be written after an attempt to hand a message to other servers.
    pub fn tried(&self, tried: Tried) -> Settlement {
        let Tried { leased, mut recipients, skipped } = tried;
        let attempts = leased.attempts + 1;
        let (next_attempt, queue) = match (self.next(&leased, &mut recipients, attempts), skipped) {
            // Somebody's turn has not come yet: no reason to wait for the calendar.
            ((Some(_), queue), Some(skipped)) if !queue.is_empty() => (Some(self.now), skipped),
            (next, _) => next,
        };
        let (deliveries, memories) = (Vec::new(), Vec::new());
        Settlement { id: leased.id, deliveries, recipients, next_attempt, attempts, memories, queue }
    }

    /// Once its notice is accepted: a message whose sender has been told of all there is to tell.
    pub fn told(&self, entry: Leased) -> Settlement {
        let mut recipients = entry.recipients;
        for recipient in &mut recipients {
            recipient.told = if recipient.state == State::Pending { Told::Delay } else { Told::Outcome };
        }
        let pending = recipients.iter().filter(|recipient| recipient.state == State::Pending);
        let next = pending.map(|recipient| {
            if is_untried(recipient) {
                return self.now;
            }
            match Calendar::of(self.settings, recipient, entry.since).next(entry.attempts, self.now) {
                calendar::Next::At(time) => time,
                calendar::Next::GiveUp => self.now,
            }
        });
        let next_attempt = next.min();
        let (queue, attempts) = (self.queue(&recipients), entry.attempts);
        let (deliveries, memories) = (Vec::new(), Vec::new());
        Settlement { id: entry.id, deliveries, recipients, next_attempt, attempts, memories, queue }
    }

    /// Follows one recipient to its mailboxes here; what lies elsewhere remains.
    fn recipient(&self, leased: &Leased, index: usize, state: &mut RecipientState) -> Result<Found, Error> {
        let address = leased.arrival.envelope.recipients[index].address.as_str();
        let destinations = match Address::parse(address) {
            Some(parsed) => self.people.expand(&parsed),
            None => vec![Destination::Unknown],
        };
        let mut found = Found::default();
        let mut unknown = destinations.is_empty();
        for destination in destinations {
            match destination {
                Destination::Account { account, folder } => {
                    let keep = self.mailbox(&account, folder.as_deref(), leased.arrival.verdict)?;
                    found.add(self.account(leased, index, &account, keep)?, state);
                }
                Destination::Shared { domain, name } => match self.people.shared_mailbox(&domain, &name)? {
                    Some(mailbox) => found.add(kept(index, mailbox), state),
                    None => unknown = true,
                },
                Destination::Addresses(addresses) => state.remaining.extend(addresses),
                Destination::Elsewhere => state.remaining.push(address.to_string()),
                Destination::Unknown => unknown = true,
            }
        }
        // An address that leads nowhere would wait in vain.
        let before = state.remaining.len();
        state.remaining.retain(|address| !self.remote.queue(address).is_empty());
        unknown |= state.remaining.len() < before;
        (state.state, state.answer) = match (found.places, state.remaining.is_empty(), unknown) {
            _ if !state.errands.is_empty() => (State::Pending, ERRANDS.into()),
            (_, false, _) => (State::Pending, ELSEWHERE.into()),
            (1.., true, _) => (State::Delivered, DELIVERED.into()),
            (0, true, _) => (State::Failed, format!("550 5.1.1 <{address}> is not a mailbox here")),
        };
        if let Some(reason) = &found.rejection {
            let reason: Vec<&str> = reason.split(char::is_control).map(str::trim).collect();
            (state.state, state.answer) = (State::Failed, format!("550 5.7.1 {}", reason.join(" ").trim()));
            state.remaining.clear();
            state.errands.clear();
        }
        Ok(found)
    }

    /// What the rules of an account say.
    fn account(&self, leased: &Leased, recipient: usize, account: &Account, keep: MailboxId) -> Result<Outcome, Error> {
        if !rules::has_rules(account, self.now) {
            return Ok(kept(recipient, keep));
        }
        let Planner { store, people, book, claims, now, .. } = *self;
        Delivering { store, people, book, claims, now, leased, recipient, account, keep }.run()
    }

    /// The mailbox that a subaddress names, when the account has it and mail may be sent to it, else INBOX, or Junk if
    /// the checks say so.
    fn mailbox(&self, account: &Account, folder: Option<&str>, verdict: Verdict) -> Result<MailboxId, Error> {
        let places = Places { store: self.store, account: account.id };
        if let Some(mailbox) = folder.map(|folder| places.subaddressed(folder)).transpose()?.flatten()
            && self.people.takes_mail(mailbox)?
        {
            return Ok(mailbox);
        }
        if verdict == Verdict::Junk
            && let Some(junk) = self.store.mailbox_for(account.id, SpecialUse::Junk)?
        {
            return Ok(junk.id);
        }
        places.inbox()
    }

    /// When the message is due again, and where. It is due at once when its sender is to be told something, or when
    /// its next servers were not tried yet; with nobody pending and nothing to tell it is done.
    fn next(&self, leased: &Leased, recipients: &mut [RecipientState], attempts: u32) -> Next {
        if recipients.iter().any(|recipient| !recipient.errands.is_empty()) {
            return (Some(self.now), String::new());
        }
        let mut due: Option<Time> = None;
        for recipient in recipients.iter_mut().filter(|recipient| recipient.state == State::Pending) {
            let next = match Calendar::of(self.settings, recipient, leased.since).next(attempts, self.now) {
                _ if is_untried(recipient) => self.now,
                calendar::Next::At(time) => time,
                calendar::Next::GiveUp => {
                    give_up(recipient);
                    continue;
                }
            };
            due = Some(due.map_or(next, |due| due.min(next)));
        }
        let is_owed = self.owed(leased).is_owed(recipients);
        if is_owed { (Some(self.now), String::new()) } else { (due, self.queue(recipients)) }
    }

    /// What decides whether the sender of a message is to be told something.
    pub fn owed<'a>(&'a self, leased: &'a Leased) -> Owed<'a> {
        Owed { settings: self.settings, arrival: &leased.arrival, since: leased.since, now: self.now }
    }

    /// The queue of the destination that is next; empty when that is this box.
    fn queue(&self, recipients: &[RecipientState]) -> String {
        let pending = recipients.iter().filter(|recipient| recipient.state == State::Pending);
        let mut next = pending.filter_map(|recipient| recipient.remaining.first());
        next.next().map_or_else(String::new, |address| self.remote.queue(address))
    }
}

/// What is found for one recipient.
#[derive(Default)]
struct Found {
    deliveries: Vec<LocalDelivery>,
    memories: Vec<Memory>,
    /// Accounts and shared mailboxes that have the message, or did with it what their rules say.
    places: usize,
    rejection: Option<String>,
}

impl Found {
    fn add(&mut self, outcome: Outcome, state: &mut RecipientState) {
        self.places += 1;
        self.deliveries.extend(outcome.deliveries);
        self.memories.extend(outcome.memories);
        state.errands.extend(outcome.errands);
        self.rejection = self.rejection.take().or(outcome.rejection);
    }
}

/// Into this mailbox, as without rules.
fn kept(recipient: usize, mailbox: MailboxId) -> Outcome {
    let (flags, keywords) = (Flags::default(), Vec::new());
    Outcome { deliveries: vec![LocalDelivery { recipient, mailbox, flags, keywords }], ..Outcome::default() }
}

/// Does it wait for its first turn to go elsewhere?
pub(super) fn is_untried(recipient: &RecipientState) -> bool {
    recipient.state == State::Pending && recipient.answer == ELSEWHERE
}

fn give_up(recipient: &mut RecipientState) {
    recipient.state = State::Failed;
    recipient.answer = format!("550 5.4.7 it could not be delivered in time; last: {}", recipient.answer);
}
