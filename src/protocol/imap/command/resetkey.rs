//! RESETKEY (RFC 4467 §5): what was authorized so far is so no longer.

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::urlauth::MECHANISM;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax};

struct ResetKey {
    /// Only this mailbox's.
    mailbox: Option<String>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut mailbox = None;
    if parser.eat(b' ') && parser.peek().is_some() {
        mailbox = Some(parser.mailbox()?);
        while parser.eat(b' ') && parser.peek().is_some() {
            if !parser.atom()?.eq_ignore_ascii_case(MECHANISM) {
                return Err(Syntax("Unknown mechanism"));
            }
        }
    }
    parser.end()?;
    Ok(Box::new(ResetKey { mailbox }))
}

impl Run for ResetKey {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Done(Err(refused))) => Next::Done(refused),
            Some(_) if self.mailbox.is_none() => Next::Done(Reply::ok("All keys are reset")),
            Some(_) => Next::Done(Reply::ok("Key is reset").code(format!("URLMECH {MECHANISM}"))),
            None => {
                let (account, mailbox) = (desk.core.account(), self.mailbox.clone());
                Next::Ask(Question::ResetKeys { account, mailbox })
            }
        }
    }
}
