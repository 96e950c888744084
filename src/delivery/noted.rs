//! The log's line about an attempt: what became of each recipient, and in which mailbox the message is now.

use mailstead_storage::{Leased, LocalDelivery, RecipientState, Settlement, State, Store};

use super::Parts;
use crate::clock::rfc3339;
use crate::log::{Event, Kind, Level};

/// Recipients that a line tells of.
const RECIPIENTS_MAX: usize = 20;

/// The line about what is to be written, if anybody wants it, and anything was tried.
pub(super) fn event(parts: &Parts, leased: &Leased, settlement: &Settlement) -> Option<Event> {
    if !parts.log.lets_through(Kind::Delivery, Level::Info) {
        return None;
    }
    let count = |wanted| settlement.recipients.iter().filter(|recipient| standing(recipient) == wanted).count() as u64;
    let (delivered, failed, pending) = (count(State::Delivered), count(State::Failed), count(State::Pending));
    // It only takes its place in the queue of its destination.
    if pending > 0 && failed == 0 && settlement.deliveries.is_empty() && settlement.attempts == leased.attempts {
        return None;
    }
    let what = match (failed, pending) {
        (0, 0) => "delivered",
        (0, _) => "waiting",
        _ => "failed",
    };
    let mut event = Event::new(Kind::Delivery, Level::Info, what)
        .message(leased.id)
        .with("from", leased.arrival.envelope.reverse_path.clone())
        .with("delivered", delivered)
        .with("attempt", u64::from(settlement.attempts))
        .with("outcome", outcome(&parts.store, leased, settlement));
    if failed + pending > 0 {
        let answer = settlement.recipients.iter().find(|recipient| standing(recipient) != State::Delivered);
        let answer = answer.map(|recipient| recipient.answer.clone()).unwrap_or_default();
        event = event.with("failed", failed).with("pending", pending).with("answer", answer);
    }
    match settlement.next_attempt.filter(|_| pending > 0) {
        Some(next) => Some(event.with("next", rfc3339(next))),
        None => Some(event),
    }
}

/// With an errand left, the message itself is where it should be.
fn standing(recipient: &RecipientState) -> State {
    match recipient.state {
        State::Pending if !recipient.errands.is_empty() => State::Delivered,
        ref state => state.clone(),
    }
}

/// What became of the recipients that something has changed for, one after the other.
fn outcome(store: &Store, leased: &Leased, settlement: &Settlement) -> String {
    let envelope = leased.arrival.envelope.recipients.iter().map(|recipient| recipient.address.as_str());
    let states = envelope.zip(&leased.recipients).zip(&settlement.recipients).enumerate();
    let changed = |(_, ((_, before), now)): &(usize, ((&str, &RecipientState), &RecipientState))| {
        before.state != now.state || before.answer != now.answer
    };
    let mut told: Vec<String> = states
        .filter(changed)
        .map(|(index, ((address, _), now))| {
            let filed = settlement.deliveries.iter().filter(|delivery| delivery.recipient == index);
            match (filed.map(|delivery| mailbox(store, delivery)).collect::<Vec<_>>().join(", "), now.server.as_str()) {
                (mailboxes, _) if !mailboxes.is_empty() => format!("{address}: into {mailboxes}"),
                (_, "") => format!("{address}: {}", now.answer),
                (_, server) => format!("{address}: {} ({server})", now.answer),
            }
        })
        .collect();
    if told.len() > RECIPIENTS_MAX {
        let more = told.len() - RECIPIENTS_MAX;
        told.truncate(RECIPIENTS_MAX);
        told.push(format!("and {more} more"));
    }
    told.join("; ")
}

fn mailbox(store: &Store, delivery: &LocalDelivery) -> String {
    match store.acl(delivery.mailbox) {
        Ok((mailbox, _)) => mailbox.name,
        Err(_) => format!("mailbox {}", delivery.mailbox),
    }
}
