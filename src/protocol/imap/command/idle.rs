//! IDLE (RFC 2177): changes are told as they happen, until DONE.

use std::time::Duration;

use mailstead_storage::Time;

use super::{Desk, Next, Run, Update};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

/// Longest line that may end IDLE, bytes.
const DONE_BYTES_MAX: usize = 256;

struct Idle {
    until: Option<Time>,
    update: Option<Box<Update>>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(Box::new(Idle { until: None, update: None }))
}

impl Run for Idle {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let until = *self.until.get_or_insert_with(|| {
            say(desk.out, "+ idling\r\n");
            desk.now.plus_seconds(desk.core.rules.settings.idle_seconds_max)
        });
        if let Some(next) = self.update(answer, desk) {
            return next;
        }
        if desk.core.leaving {
            return Next::Done(Reply::no("UNAVAILABLE", "IDLE ended"));
        }
        match desk.line() {
            Some(line) if line.eq_ignore_ascii_case(b"DONE") => Next::Done(Reply::ok("IDLE completed")),
            Some(_) => Next::Done(Reply::bad("Expected DONE")),
            None if desk.input.bytes().len() > DONE_BYTES_MAX => {
                desk.frame.pass();
                Next::Done(Reply::bad("Expected DONE"))
            }
            None => Next::Idle { patience: Duration::from_millis(until.millis_since(desk.now)) },
        }
    }
}

impl Idle {
    /// Tells what has changed; `None` when all is told.
    fn update(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Option<Next> {
        let mailbox = desk.core.selected.as_mut()?;
        if self.update.is_none() && (mailbox.has_rung() || mailbox.has_vanished()) {
            self.update = Some(Box::new(Update::new(true)));
        }
        match self.update.as_mut()?.step(answer, desk) {
            Next::Done(_) => {
                self.update = None;
                None
            }
            next => Some(next),
        }
    }
}
