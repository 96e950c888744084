//! A message on its way in: it streams into storage, or is held until it was checked whole, because what the checks
//! say stands ahead of it.

use crate::authenticity::{Check, Findings};
use crate::intake::{Incoming, Refusal};
use crate::reports;

/// A message of which the end has not come.
pub(super) struct Arriving {
    incoming: Incoming,
    message_bytes_max: u64,
    /// While it is held.
    held: Option<Box<Held>>,
    /// What was found out, once it is held no more.
    findings: Option<Findings>,
    /// Its bytes, if it may be a report of another server.
    report: Option<Vec<u8>>,
}

/// A message that has come as a whole.
pub(super) struct Arrived {
    /// Ready to be accepted.
    pub incoming: Incoming,
    /// What was found out, if it was checked.
    pub findings: Option<Findings>,
    /// Its bytes, if it may be a report of another server.
    pub report: Option<Vec<u8>>,
}

struct Held {
    check: Check,
    bytes: Vec<u8>,
}

impl Arriving {
    /// A message of which nothing has come. With a check, it is held.
    pub fn new(incoming: Incoming, check: Option<Check>, message_bytes_max: u64) -> Arriving {
        let held = check.map(|check| Box::new(Held { check, bytes: Vec::new() }));
        Arriving { incoming, message_bytes_max, held, findings: None, report: None }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// As [`Incoming::push`]; the message is lost then.
    pub async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        if let Some(held) = &mut self.held {
            if (held.bytes.len() + bytes.len()) as u64 > self.message_bytes_max {
                return Err(Refusal::TooBig);
            }
            if held.check.may_hold(bytes.len()) {
                held.take(bytes);
                return Ok(());
            }
            self.let_go().await?;
        }
        self.incoming.push(bytes).await
    }

    /// All of it has come.
    ///
    /// # Errors
    /// As [`Incoming::push`].
    pub async fn finish(mut self) -> Result<Arrived, Refusal> {
        if let Some(held) = self.held.take() {
            let (message, findings) = held.check.finish(held.bytes).await;
            self.report = reports::looks_like_one(&message).then(|| message.clone());
            self.take_findings(message, findings).await?;
        }
        let Arriving { incoming, findings, report, .. } = self;
        Ok(Arrived { incoming, findings, report })
    }

    /// There is no room to hold it: from here on it streams.
    async fn let_go(&mut self) -> Result<(), Refusal> {
        let Some(held) = self.held.take() else { return Ok(()) };
        let (begun, findings) = held.check.finish_without_message(held.bytes).await;
        self.take_findings(begun, findings).await
    }

    async fn take_findings(&mut self, message: Vec<u8>, findings: Findings) -> Result<(), Refusal> {
        let refused = findings.refusal.is_some();
        self.incoming.take_findings(&findings.field, findings.verdict);
        self.findings = Some(findings);
        // Nobody will want its bytes.
        if refused { Ok(()) } else { self.incoming.push(message).await }
    }
}

impl Held {
    fn take(&mut self, bytes: Vec<u8>) {
        if self.bytes.is_empty() {
            self.bytes = bytes;
        } else {
            self.bytes.extend_from_slice(&bytes);
        }
    }
}
