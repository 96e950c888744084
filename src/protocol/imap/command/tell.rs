//! Tells what has happened, at the end of a command, between commands and during IDLE: in the selected mailbox, and what
//! NOTIFY asks for in others.

use super::observe::Observation;
use super::update::Update;
use super::{Desk, Next, Run};
use crate::protocol::imap::notify::View;
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::Reply;

/// First of the selected mailbox, then of the others.
pub struct Tell {
    selected: Option<Update>,
    others: Option<Observation>,
}

impl Tell {
    /// `may_expunge`: may EXPUNGE be told?
    pub fn new(may_expunge: bool) -> Tell {
        Tell { selected: Some(Update::new(may_expunge)), others: None }
    }

    /// Is there anything to tell?
    pub fn is_wanted(core: &mut Core, may_expunge: bool) -> bool {
        let of_selected = core.is_told_of_selected();
        let selected = core.selected.as_mut().filter(|_| of_selected);
        selected.is_some_and(|mailbox| mailbox.has_rung() || (may_expunge && mailbox.has_vanished()))
            || core.notify.as_mut().is_some_and(|notify| notify.has_rung())
    }
}

impl Run for Tell {
    fn step(&mut self, mut answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("Told"));
        if let Some(update) = self.selected.as_mut().filter(|_| desk.core.is_told_of_selected()) {
            match update.step(answer.take(), desk) {
                Next::Done(_) => self.selected = None,
                next => return next,
            }
        }
        self.selected = None;
        let core = &mut *desk.core;
        let (account, view) = match &core.login {
            Some(login) => (login.account, View::of(core)),
            None => return done,
        };
        let Some(notify) = core.notify.as_mut() else { return done };
        if self.others.is_none() {
            if !notify.take_ring() {
                return done;
            }
            self.others = Some(Observation::new(notify.watched()));
        }
        let asked = self.others.as_mut().map(|others| others.step(answer, account, notify.groups()));
        match asked {
            Some(Ok(Some(question))) => return Next::Ask(question),
            Some(Ok(None)) => {
                let seen = self.others.take().map(Observation::seen);
                if seen.is_some_and(|seen| !notify.tell(seen, view, desk.out)) {
                    overflow(core, desk.out);
                }
            }
            Some(Err(refused)) if refused.code.as_deref() == Some("LIMIT") => overflow(core, desk.out),
            // What cannot be read now is told by the next change.
            _ => {}
        }
        done
    }
}

/// Too much is to be watched: nothing is told any more (RFC 5465 §5.8).
fn overflow(core: &mut Core, out: &mut Vec<u8>) {
    say(out, "* OK [NOTIFICATIONOVERFLOW] Too much to be watched\r\n");
    core.notify = Some(Box::default());
}
