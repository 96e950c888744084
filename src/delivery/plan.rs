//! What to do with one message now.

use mailstead_storage::{
    Account, Error, Flags, Leased, LocalDelivery, MailboxId, RecipientState, Settlement, SpecialUse, State, Store,
    Told, Verdict,
};

use super::DeliverySettings;
use super::calendar::{self, Calendar};
use super::notice::Owed;
use super::remote::{Remote, Tried};
use crate::clock::Time;
use crate::people::{Address, Destination, People};

/// What an attempt reads to make its plan.
pub(super) struct Planner<'a> {
    pub store: &'a Store,
    pub people: &'a People,
    pub settings: &'a DeliverySettings,
    pub remote: &'a Remote,
    pub now: Time,
}

const DELIVERED: &str = "250 2.0.0 delivered";
const ELSEWHERE: &str = "451 4.4.0 it waits for its turn to go to the next server";

/// When a message is due again, and in which queue it waits.
type Next = (Option<Time>, String);

impl Planner<'_> {
    /// Delivers what can be delivered here, for every recipient that is pending, and says what is to be written. What
    /// goes elsewhere waits in the queue of its destination from then on.
    pub fn attempt(&self, leased: &Leased) -> Result<Settlement, Error> {
        let (mut recipients, mut deliveries) = (leased.recipients.clone(), Vec::new());
        for (index, state) in recipients.iter_mut().enumerate() {
            if state.state == State::Pending && state.remaining.is_empty() {
                let address = &leased.arrival.envelope.recipients[index].address;
                let mailboxes = self.recipient(address, leased.arrival.verdict, state)?;
                let delivery = |mailbox| LocalDelivery { recipient: index, mailbox, flags: Flags::default() };
                deliveries.extend(mailboxes.into_iter().map(delivery));
            }
        }
        // The calendar of those that go elsewhere begins with the first server that is tried.
        let attempts = leased.attempts + u32::from(!recipients.iter().any(is_untried));
        let (next_attempt, queue) = self.next(leased, &mut recipients, attempts);
        Ok(Settlement { id: leased.id, deliveries, recipients, next_attempt, attempts, queue })
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
        Settlement { id: leased.id, deliveries: Vec::new(), recipients, next_attempt, attempts, queue }
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
        Settlement { id: entry.id, deliveries: Vec::new(), recipients, next_attempt, attempts, queue }
    }

    /// Follows one recipient to its mailboxes here; what lies elsewhere remains.
    fn recipient(&self, address: &str, verdict: Verdict, state: &mut RecipientState) -> Result<Vec<MailboxId>, Error> {
        let destinations = match Address::parse(address) {
            Some(parsed) => self.people.expand(&parsed),
            None => vec![Destination::Unknown],
        };
        let mut mailboxes = Vec::new();
        let mut unknown = destinations.is_empty();
        for destination in destinations {
            match destination {
                Destination::Account { account, folder } => {
                    mailboxes.push(self.mailbox(&account, folder.as_deref(), verdict)?);
                }
                Destination::Shared { domain, name } => match self.people.shared_mailbox(&domain, &name)? {
                    Some(mailbox) => mailboxes.push(mailbox),
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
        (state.state, state.answer) = match (mailboxes.is_empty(), state.remaining.is_empty(), unknown) {
            (_, false, _) => (State::Pending, ELSEWHERE.into()),
            (false, true, _) => (State::Delivered, DELIVERED.into()),
            (true, true, _) => (State::Failed, format!("550 5.1.1 <{address}> is not a mailbox here")),
        };
        Ok(mailboxes)
    }

    /// The mailbox that a subaddress names, when the account has it and mail may be sent to it, else INBOX, or Junk if
    /// the checks say so.
    fn mailbox(&self, account: &Account, folder: Option<&str>, verdict: Verdict) -> Result<MailboxId, Error> {
        if let Some(folder) = folder {
            let named = match self.store.mailbox(account.id, folder)? {
                None => self.mailbox_without_case(account, folder)?,
                exact => exact,
            };
            if let Some(mailbox) = named
                && self.people.takes_mail(mailbox.id)?
            {
                return Ok(mailbox.id);
            }
        }
        if verdict == Verdict::Junk
            && let Some(junk) = self.store.mailbox_for(account.id, SpecialUse::Junk)?
        {
            return Ok(junk.id);
        }
        let inbox = self.store.mailbox(account.id, "INBOX")?;
        let gone = || Error::new(mailstead_storage::Word::NotFound, format!("{} has no INBOX", account.address));
        inbox.map(|mailbox| mailbox.id).ok_or_else(gone)
    }

    /// Addresses are often written in lower case whatever the folder's name.
    fn mailbox_without_case(&self, account: &Account, name: &str) -> Result<Option<mailstead_storage::Mailbox>, Error> {
        let name = name.to_lowercase();
        Ok(self.store.mailboxes(account.id)?.into_iter().find(|mailbox| mailbox.name.to_lowercase() == name))
    }

    /// When the message is due again, and where. It is due at once when its sender is to be told something, or when
    /// its next servers were not tried yet; with nobody pending and nothing to tell it is done.
    fn next(&self, leased: &Leased, recipients: &mut [RecipientState], attempts: u32) -> Next {
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

/// Does it wait for its first turn to go elsewhere?
fn is_untried(recipient: &RecipientState) -> bool {
    recipient.state == State::Pending && recipient.answer == ELSEWHERE
}

fn give_up(recipient: &mut RecipientState) {
    recipient.state = State::Failed;
    recipient.answer = format!("550 5.4.7 it could not be delivered in time; last: {}", recipient.answer);
}
