//! IDLE (RFC 2177): changes are told as they happen, until DONE.

use std::time::Duration;

use mailstead_storage::Time;

use super::{Desk, Next, Run, Tell};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

/// Longest line that may end IDLE, bytes.
const DONE_BYTES_MAX: usize = 256;

struct Idle {
    until: Option<Time>,
    telling: Option<Box<Tell>>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(Box::new(Idle { until: None, telling: None }))
}

impl Run for Idle {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let until = *self.until.get_or_insert_with(|| {
            say(desk.out, "+ idling\r\n");
            desk.now.plus_seconds(desk.core.rules.settings.idle_seconds_max)
        });
        if let Some(next) = self.tell(answer, desk) {
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
    fn tell(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Option<Next> {
        if self.telling.is_none() && Tell::is_wanted(desk.core, true) {
            self.telling = Some(Box::new(Tell::new(true)));
        }
        match self.telling.as_mut()?.step(answer, desk) {
            Next::Done(_) => {
                self.telling = None;
                None
            }
            next => Some(next),
        }
    }
}
