//! CLOSE (RFC 3501 §6.4.2): removes what is marked, silently, and deselects.

use mailstead_storage::Rights;

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct Close;

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(Box::new(Close))
}

impl Run for Close {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("CLOSE completed"));
        match (answer, desk.core.selected.take()) {
            (Some(Answer::Expunged(Err(refused))), _) => Next::Done(refused),
            // Without the right to expunge it just deselects (RFC 4314 §4).
            (None, Some(mailbox)) if mailbox.may(Rights::EXPUNGE) => {
                Next::Ask(Question::Expunge { mailbox: mailbox.id, uids: None })
            }
            _ => done,
        }
    }
}
