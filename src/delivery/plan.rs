//! What to do with one message now.

use mailstead_storage::{
    Account, Error, Flags, Leased, LocalDelivery, MailboxId, Memory, RecipientState, Settlement, State, Store, Told,
};

use super::calendar::{Next, is_delayed, next};
use super::errand::{Copy, Errand, Kind};
use super::place::Places;
use super::rules::{self, Claims, Delivering, Outcome, RuleBook};
use super::{DeliverySettings, notice};
use crate::clock::Time;
use crate::people::{Address, Destination, People};

/// What an attempt reads to make its plan.
pub(super) struct Planner<'a> {
    pub store: &'a Store,
    pub people: &'a People,
    pub settings: &'a DeliverySettings,
    pub book: &'a RuleBook,
    pub claims: &'a Claims,
    pub now: Time,
}

const DELIVERED: &str = "250 2.0.0 delivered";
const ERRANDS: &str = "250 2.0.0 filed; what its rules want sent is on its way";
const ELSEWHERE: &str = "451 4.4.0 the next server could not be tried yet";

impl Planner<'_> {
    /// Tries every recipient that is pending and says what is to be written.
    pub fn attempt(&self, leased: &Leased) -> Result<Settlement, Error> {
        let mut settlement = Settlement {
            id: leased.id,
            deliveries: Vec::new(),
            recipients: leased.recipients.clone(),
            next_attempt: None,
            attempts: leased.attempts + 1,
            memories: Vec::new(),
            queue: String::new(),
        };
        for (index, state) in settlement.recipients.iter_mut().enumerate() {
            if state.state == State::Pending {
                let found = self.recipient(leased, index, state)?;
                settlement.deliveries.extend(found.deliveries);
                settlement.memories.extend(found.memories);
            }
        }
        settlement.next_attempt = self.next_attempt(leased, &mut settlement.recipients, settlement.attempts);
        Ok(settlement)
    }

    /// Once its notice is accepted: a message whose sender has been told of all there is to tell.
    pub fn told(&self, entry: Leased) -> Settlement {
        let mut recipients = entry.recipients;
        for recipient in &mut recipients {
            recipient.told = if recipient.state == State::Pending { Told::Delay } else { Told::Outcome };
        }
        let pending = recipients.iter().any(|recipient| recipient.state == State::Pending);
        let next_attempt = match next(self.settings, entry.since, entry.attempts, self.now) {
            Next::At(time) if pending => Some(time),
            Next::GiveUp if pending => Some(self.now),
            _ => None,
        };
        settled(entry.id, recipients, next_attempt, entry.attempts, entry.queue)
    }

    /// Once its first errand is accepted or given up: a message that has one errand less. It is due again at once while
    /// anything is left.
    pub fn ran(&self, entry: Leased) -> Settlement {
        let mut recipients = entry.recipients;
        if let Some(state) = recipients.iter_mut().find(|state| !state.errands.is_empty()) {
            state.errands.remove(0);
            if state.errands.is_empty() && state.remaining.is_empty() && state.state == State::Pending {
                (state.state, state.answer) = (State::Delivered, DELIVERED.into());
            }
        }
        let pending = recipients.iter().any(|state| state.state == State::Pending || !state.errands.is_empty());
        let delayed = is_delayed(self.settings, entry.since, self.now);
        let owed = notice::is_owed(&entry.arrival, &recipients, delayed);
        settled(entry.id, recipients, (pending || owed).then_some(self.now), entry.attempts, entry.queue)
    }

    /// An errand that can never be run: what a redirect wanted has failed, and what would have been filed with another header
    /// is filed as it is.
    pub fn given_up(&self, entry: Leased, why: &str) -> Result<Settlement, Error> {
        let first = Errand::first(&entry.recipients)?;
        let mut settlement = self.ran(entry);
        match first {
            Some((recipient, Errand { kind: Kind::Redirect { .. }, .. })) => {
                let state = &mut settlement.recipients[recipient];
                (state.state, state.answer) = (State::Failed, format!("554 5.4.6 it could not be sent on: {why}"));
                state.errands.clear();
                settlement.next_attempt = Some(self.now);
            }
            Some((recipient, Errand { kind: Kind::File { copies, .. }, .. })) => {
                settlement.deliveries = deliveries(recipient, &copies);
            }
            _ => {}
        }
        Ok(settlement)
    }

    /// A message that an errand has sent, when it is a copy for mailboxes: where it goes, whatever rules would say.
    ///
    /// # Errors
    /// `Newer` when the errand cannot be read.
    pub fn filed(&self, letter: &Leased, of: &Leased) -> Result<Option<Settlement>, Error> {
        let Some((_, Errand { kind: Kind::File { copies, .. }, .. })) = Errand::first(&of.recipients)? else {
            return Ok(None);
        };
        let mut recipients = letter.recipients.clone();
        for state in &mut recipients {
            (state.state, state.answer) = (State::Delivered, DELIVERED.into());
        }
        let settlement = settled(letter.id, recipients, None, letter.attempts + 1, String::new());
        Ok(Some(Settlement { deliveries: deliveries(0, &copies), ..settlement }))
    }

    /// Follows one recipient to its mailboxes here; what lies elsewhere remains.
    fn recipient(&self, leased: &Leased, index: usize, state: &mut RecipientState) -> Result<Found, Error> {
        let address = leased.arrival.envelope.recipients[index].address.as_str();
        if !state.errands.is_empty() {
            return Ok(Found::default());
        }
        if !state.remaining.is_empty() {
            state.answer = ELSEWHERE.into();
            return Ok(Found::default());
        }
        let destinations = match Address::parse(address) {
            Some(parsed) => self.people.expand(&parsed),
            None => vec![Destination::Unknown],
        };
        let mut found = Found::default();
        let mut unknown = destinations.is_empty();
        for destination in destinations {
            match destination {
                Destination::Account { account, folder } => {
                    let keep = self.mailbox(&account, folder.as_deref())?;
                    found.add(self.account(leased, index, &account, keep)?, state);
                }
                Destination::Addresses(addresses) => state.remaining.extend(addresses),
                Destination::Elsewhere => state.remaining.push(address.to_string()),
                Destination::Unknown => unknown = true,
            }
        }
        (state.state, state.answer) = match (found.accounts, state.remaining.is_empty(), unknown) {
            _ if !state.errands.is_empty() => (State::Pending, ERRANDS.into()),
            (_, false, _) => (State::Pending, ELSEWHERE.into()),
            (1.., true, _) => (State::Delivered, DELIVERED.into()),
            (0, true, _) => (State::Failed, format!("550 5.1.1 <{address}> is not a mailbox here")),
        };
        if let Some(reason) = &found.rejection {
            let reason: Vec<&str> = reason.split(char::is_control).map(str::trim).collect();
            (state.state, state.answer) = (State::Failed, format!("550 5.7.1 {}", reason.join(" ").trim()));
            state.remaining.clear();
        }
        Ok(found)
    }

    /// What the rules of an account say.
    fn account(&self, leased: &Leased, recipient: usize, account: &Account, keep: MailboxId) -> Result<Outcome, Error> {
        if !rules::has_rules(account, self.now) {
            let (flags, keywords) = (Flags::default(), Vec::new());
            let deliveries = vec![LocalDelivery { recipient, mailbox: keep, flags, keywords }];
            return Ok(Outcome { deliveries, ..Outcome::default() });
        }
        let Planner { store, people, book, claims, now, .. } = *self;
        Delivering { store, people, book, claims, now, leased, recipient, account, keep }.run()
    }

    /// The mailbox that a subaddress names, when the account has it, else INBOX.
    fn mailbox(&self, account: &Account, folder: Option<&str>) -> Result<MailboxId, Error> {
        let places = Places { store: self.store, account: account.id };
        match folder.map(|folder| places.subaddressed(folder)).transpose()?.flatten() {
            Some(mailbox) => Ok(mailbox),
            None => places.inbox(),
        }
    }

    /// When the message is due again. It is due at once when its sender is to be told something; with
    /// nobody pending and nothing to tell it is done.
    fn next_attempt(&self, leased: &Leased, recipients: &mut [RecipientState], attempts: u32) -> Option<Time> {
        let mut due = None;
        if recipients.iter().any(|recipient| !recipient.errands.is_empty()) {
            return Some(self.now);
        }
        if recipients.iter().any(|recipient| recipient.state == State::Pending) {
            match next(self.settings, leased.since, attempts, self.now) {
                Next::At(time) => due = Some(time),
                Next::GiveUp => give_up(recipients),
            }
        }
        let delayed = is_delayed(self.settings, leased.since, self.now);
        if notice::is_owed(&leased.arrival, recipients, delayed) { Some(self.now) } else { due }
    }
}

/// What is found for one recipient.
#[derive(Default)]
struct Found {
    deliveries: Vec<LocalDelivery>,
    memories: Vec<Memory>,
    /// Accounts that have the message or did with it what their rules say.
    accounts: usize,
    rejection: Option<String>,
}

impl Found {
    fn add(&mut self, outcome: Outcome, state: &mut RecipientState) {
        self.accounts += 1;
        self.deliveries.extend(outcome.deliveries);
        self.memories.extend(outcome.memories);
        state.errands.extend(outcome.errands);
        self.rejection = self.rejection.take().or(outcome.rejection);
    }
}

fn deliveries(recipient: usize, copies: &[Copy]) -> Vec<LocalDelivery> {
    let delivery = |copy: &Copy| LocalDelivery {
        recipient,
        mailbox: copy.mailbox(),
        flags: Flags(copy.flags),
        keywords: copy.keywords.clone(),
    };
    copies.iter().map(delivery).collect()
}

fn settled(
    id: mailstead_storage::BlobId,
    recipients: Vec<RecipientState>,
    next_attempt: Option<Time>,
    attempts: u32,
    queue: String,
) -> Settlement {
    Settlement { id, deliveries: Vec::new(), recipients, next_attempt, attempts, memories: Vec::new(), queue }
}

fn give_up(recipients: &mut [RecipientState]) {
    for recipient in recipients.iter_mut().filter(|recipient| recipient.state == State::Pending) {
        recipient.state = State::Failed;
        recipient.answer = format!("550 5.4.7 it could not be delivered in time; last: {}", recipient.answer);
    }
}
