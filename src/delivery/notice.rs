//! Notices to senders (RFC 3461, RFC 5321 §3.6.3): what is owed, and how it is sent.

use mailstead_storage::{
    Arrival, BlobId, BodyKind, Envelope, EnvelopeRecipient, Error, Leased, Notify, Priority, Provenance,
    RecipientState, Ret, State, Told,
};

use super::calendar::Calendar;
use super::{DeliverySettings, Parts};
use crate::clock::{Time, rfc5322};
use crate::intake::{Acceptance, Intake, Refusal, Trace};
use crate::message::dsn::{Action, Diagnostic, Recipient, Report};

/// Bytes of a long message that are read to return its header.
const HEADER_BYTES_MAX: usize = 64 * 1024;

/// Who is told when a notice of this box reaches nobody: its own postmaster.
const POSTMASTER: &str = "postmaster";

/// What decides whether a sender is to be told of its recipients.
pub(super) struct Owed<'a> {
    pub settings: &'a DeliverySettings,
    pub arrival: &'a Arrival,
    /// Since when the calendar counts.
    pub since: Time,
    pub now: Time,
}

impl Owed<'_> {
    /// Has the sender something to be told that it was not told yet?
    pub fn is_owed(&self, recipients: &[RecipientState]) -> bool {
        let envelope = self.arrival.envelope.recipients.iter();
        envelope.zip(recipients).any(|(envelope, state)| self.is_owed_for(envelope, state))
    }

    fn is_owed_for(&self, envelope: &EnvelopeRecipient, recipient: &RecipientState) -> bool {
        if self.arrival.envelope.reverse_path.is_empty() {
            return self.is_lost(envelope, recipient);
        }
        let notify = envelope.notify;
        match recipient.state {
            State::Delivered => notify.success && recipient.told < Told::Outcome,
            State::Failed => notify.failure && recipient.told < Told::Outcome,
            State::Pending => {
                notify.delay && recipient.told == Told::Nothing && self.calendar(recipient).is_delayed(self.now)
            }
        }
    }

    /// Is it a notice of this box that reaches nobody? A notice about any other message without a sender, or
    /// about one to the postmaster, would make a loop (RFC 5321 §4.5.5).
    fn is_lost(&self, envelope: &EnvelopeRecipient, recipient: &RecipientState) -> bool {
        matches!(self.arrival.provenance, Provenance::Notification(_))
            && recipient.state == State::Failed
            && recipient.told < Told::Outcome
            && envelope.address != POSTMASTER
    }

    fn calendar(&self, recipient: &RecipientState) -> Calendar<'_> {
        Calendar::of(self.settings, recipient, self.since)
    }
}

/// A notice ready to be sent.
pub(super) struct Notice {
    of: BlobId,
    to: String,
    smtputf8: bool,
    received: String,
    bytes: Vec<u8>,
}

/// Writes the notice that is owed for this message.
pub(super) fn make(parts: &Parts, leased: &Leased) -> Result<Notice, Error> {
    let (arrival, envelope, now) = (&leased.arrival, &leased.arrival.envelope, parts.clock.now());
    let (from, settings) = (u64::from(arrival.return_path_bytes), parts.settings.get());
    let return_whole = envelope.ret != Some(Ret::Headers) && leased.size <= settings.returned_bytes_max;
    let length = if return_whole { leased.size as usize } else { HEADER_BYTES_MAX };
    let original = parts.store.read(leased.id, from, length)?;
    let owed = Owed { settings: &settings, arrival, since: leased.since, now };
    let states = envelope.recipients.iter().zip(&leased.recipients);
    let told = states.filter(|(envelope, state)| owed.is_owed_for(envelope, state));
    let told = told.map(|(envelope, state)| recipient(envelope, state, owed.calendar(state).gives_up_at()));
    let recipients: Vec<Recipient<'_>> = told.collect();
    let to = if envelope.reverse_path.is_empty() { POSTMASTER } else { &envelope.reverse_path };
    let report = Report {
        host: &parts.hostname,
        message_id: &format!("<notice.{}.{:x}@{}>", leased.id, now.0, parts.hostname),
        at: now,
        to,
        envelope_id: envelope.envelope_id.as_deref(),
        arrived: Some(arrival.received),
        recipients: &recipients,
        original: &original,
        return_whole,
    };
    Ok(Notice {
        of: leased.id,
        to: to.to_string(),
        smtputf8: envelope.smtputf8,
        received: format!("Received: by {} (spool) id {{id}};\r\n\t{}\r\n", parts.hostname, rfc5322(now)),
        bytes: report.write(),
    })
}

fn recipient<'a>(envelope: &'a EnvelopeRecipient, state: &'a RecipientState, until: Time) -> Recipient<'a> {
    let (action, otherwise) = match state.state {
        State::Failed => (Action::Failed, "5.0.0"),
        State::Pending => (Action::Delayed { until: Some(until) }, "4.0.0"),
        // Whoever took it gives no notice of its own, or this one would not be owed.
        State::Delivered if !state.server.is_empty() => (Action::Relayed, "2.0.0"),
        State::Delivered => (Action::Delivered, "2.0.0"),
    };
    let diagnostic = match state.server.as_str() {
        "" => Diagnostic::Local(&state.answer),
        host => Diagnostic::Remote { host, reply: &state.answer },
    };
    Recipient {
        address: &envelope.address,
        original: envelope.original.as_deref(),
        action,
        status: state.answer.split(' ').nth(1).filter(|code| is_status(code)).unwrap_or(otherwise),
        diagnostic: Some(diagnostic).filter(|_| state.state != State::Delivered),
        last_attempt: None,
    }
}

/// Is it an enhanced status code (RFC 3463 §2)?
fn is_status(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Notice {
    /// Sends it by the way in.
    pub async fn send(self, intake: &Intake) -> Result<(), Refusal> {
        let recipient = EnvelopeRecipient::new(self.to, Notify::NEVER);
        let envelope =
            Envelope { body: BodyKind::of(&self.bytes), smtputf8: self.smtputf8, ..Envelope::new("", vec![recipient]) };
        let trace = Trace::Fields { reverse_path: String::new(), received: self.received, complete_as: None };
        let provenance = Provenance::Notification(self.of);
        let acceptance = Acceptance { envelope, provenance, priority: Priority::Normal };
        intake.accept_bytes(trace, self.bytes, acceptance).await.map(|_| ())
    }
}
