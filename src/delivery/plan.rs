//! What to do with one message now.

use mailstead_storage::{
    Account, Error, Flags, Leased, LocalDelivery, MailboxId, RecipientState, Settlement, SpecialUse, State, Store, Told,
    Verdict,
};

use super::calendar::{Next, is_delayed, next};
use super::{DeliverySettings, notice};
use crate::clock::Time;
use crate::people::{Address, Destination, People};

/// What an attempt reads to make its plan.
pub(super) struct Planner<'a> {
    pub store: &'a Store,
    pub people: &'a People,
    pub settings: &'a DeliverySettings,
    pub now: Time,
}

const DELIVERED: &str = "250 2.0.0 delivered";
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
            queue: String::new(),
        };
        for (index, state) in settlement.recipients.iter_mut().enumerate() {
            if state.state == State::Pending {
                let address = &leased.arrival.envelope.recipients[index].address;
                let mailboxes = self.recipient(address, leased.arrival.verdict, state)?;
                let delivery = |mailbox| LocalDelivery { recipient: index, mailbox, flags: Flags::default() };
                settlement.deliveries.extend(mailboxes.into_iter().map(delivery));
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
        let next_attempt = match next(self.settings, entry.arrival.received, entry.attempts, self.now) {
            Next::At(time) if pending => Some(time),
            Next::GiveUp if pending => Some(self.now),
            _ => None,
        };
        Settlement {
            id: entry.id,
            deliveries: Vec::new(),
            recipients,
            next_attempt,
            attempts: entry.attempts,
            queue: entry.queue,
        }
    }

    /// Follows one recipient to its mailboxes here; what lies elsewhere remains.
    fn recipient(
        &self,
        address: &str,
        verdict: Verdict,
        state: &mut RecipientState,
    ) -> Result<Vec<MailboxId>, Error> {
        if !state.remaining.is_empty() {
            state.answer = ELSEWHERE.into();
            return Ok(Vec::new());
        }
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
                Destination::Addresses(addresses) => state.remaining.extend(addresses),
                Destination::Elsewhere => state.remaining.push(address.to_string()),
                Destination::Unknown => unknown = true,
            }
        }
        (state.state, state.answer) = match (mailboxes.is_empty(), state.remaining.is_empty(), unknown) {
            (_, false, _) => (State::Pending, ELSEWHERE.into()),
            (false, true, _) => (State::Delivered, DELIVERED.into()),
            (true, true, _) => (State::Failed, format!("550 5.1.1 <{address}> is not a mailbox here")),
        };
        Ok(mailboxes)
    }

    /// The mailbox that a subaddress names, when the account has it, else INBOX, or Junk if the checks say so.
    fn mailbox(&self, account: &Account, folder: Option<&str>, verdict: Verdict) -> Result<MailboxId, Error> {
        if let Some(folder) = folder {
            let named = match self.store.mailbox(account.id, folder)? {
                None => self.mailbox_without_case(account, folder)?,
                exact => exact,
            };
            if let Some(mailbox) = named {
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

    /// When the message is due again. It is due at once when its sender is to be told something; with
    /// nobody pending and nothing to tell it is done.
    fn next_attempt(&self, leased: &Leased, recipients: &mut [RecipientState], attempts: u32) -> Option<Time> {
        let received = leased.arrival.received;
        let mut due = None;
        if recipients.iter().any(|recipient| recipient.state == State::Pending) {
            match next(self.settings, received, attempts, self.now) {
                Next::At(time) => due = Some(time),
                Next::GiveUp => give_up(recipients),
            }
        }
        let delayed = is_delayed(self.settings, received, self.now);
        if notice::is_owed(&leased.arrival, recipients, delayed) { Some(self.now) } else { due }
    }
}

fn give_up(recipients: &mut [RecipientState]) {
    for recipient in recipients.iter_mut().filter(|recipient| recipient.state == State::Pending) {
        recipient.state = State::Failed;
        recipient.answer = format!("550 5.4.7 it could not be delivered in time; last: {}", recipient.answer);
    }
}
