//! Tells how far a long command is (RFC 9585), so that its client neither gives up nor leaves its user alone.

use mailstead_storage::Time;

use super::Desk;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::wire::quoted;

/// Time between two notices, milliseconds (RFC 9585 §4 recommends 10 to 15 seconds).
const NOTICE_MILLIS: u64 = 10_000;

/// When the client was told of the progress last, at first when the command began.
#[derive(Debug, Default)]
pub struct Progress {
    told: Option<Time>,
}

impl Progress {
    /// Tells that `done` of `goal` messages are looked at, when it is time to. True when there is something to be
    /// sent before the next question is asked.
    pub fn tell(&mut self, done: u64, goal: u64, desk: &mut Desk<'_>) -> bool {
        let told = *self.told.get_or_insert(desk.now);
        if desk.now.millis_since(told) < NOTICE_MILLIS || done >= goal {
            return false;
        }
        self.told = Some(desk.now);
        say(desk.out, "* OK [INPROGRESS (");
        quoted(desk.tag.as_bytes(), desk.out);
        say(desk.out, &format!(" {done} {goal})] Still looking\r\n"));
        true
    }
}
