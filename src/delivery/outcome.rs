//! What becomes of a message once one of its [errands](super::errand) was run, or can never be.

use mailstead_storage::{Error, Flags, Leased, LocalDelivery, Settlement, State};

use super::errand::{Copy, Errand, Kind};
use super::plan::{DELIVERED, Planner};

impl Planner<'_> {
    /// Once its first errand is accepted: a message that has one errand less. It is due again at once while anything is left.
    pub(super) fn ran(&self, entry: &Leased) -> Settlement {
        let mut recipients = entry.recipients.clone();
        if let Some(state) = recipients.iter_mut().find(|state| !state.errands.is_empty()) {
            state.errands.remove(0);
            if state.errands.is_empty() && state.remaining.is_empty() && state.state == State::Pending {
                (state.state, state.answer) = (State::Delivered, DELIVERED.into());
            }
        }
        let is_left = recipients.iter().any(|state| state.state == State::Pending || !state.errands.is_empty())
            || self.owed(entry).is_owed(&recipients);
        Settlement {
            id: entry.id,
            deliveries: Vec::new(),
            recipients,
            next_attempt: is_left.then_some(self.now),
            attempts: entry.attempts,
            memories: Vec::new(),
            queue: String::new(),
        }
    }

    /// An errand that can never be run: what a redirect wanted has failed, and what would have been filed with another header
    /// is filed as it is.
    ///
    /// # Errors
    /// `Newer` when the errand cannot be read.
    pub(super) fn given_up(&self, entry: &Leased, why: &str) -> Result<Settlement, Error> {
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
    pub(super) fn filed(&self, letter: &Leased, of: &Leased) -> Result<Option<Settlement>, Error> {
        let Some((_, Errand { kind: Kind::File { copies, .. }, .. })) = Errand::first(&of.recipients)? else {
            return Ok(None);
        };
        let mut recipients = letter.recipients.clone();
        for state in &mut recipients {
            (state.state, state.answer) = (State::Delivered, DELIVERED.into());
        }
        Ok(Some(Settlement {
            id: letter.id,
            deliveries: deliveries(0, &copies),
            recipients,
            next_attempt: None,
            attempts: letter.attempts + 1,
            memories: Vec::new(),
            queue: String::new(),
        }))
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
