//! DELETE (RFC 3501 §6.3.4). Mailboxes below stay.

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct Delete {
    name: String,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    Ok(Box::new(Delete { name }))
}

impl Run for Delete {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let Some(Answer::Mailbox(deleted)) = answer else {
            let name = std::mem::take(&mut self.name);
            return Next::Ask(Question::Delete { account: desk.core.account(), name });
        };
        match deleted {
            Err(refused) => Next::Done(refused),
            Ok(id) => {
                desk.core.selected = desk.core.selected.take().filter(|mailbox| mailbox.id != id);
                Next::Done(Reply::ok("DELETE completed"))
            }
        }
    }
}
