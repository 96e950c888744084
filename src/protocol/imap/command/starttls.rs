//! STARTTLS (RFC 3501 §6.2.1).

use super::{Desk, Next, Run};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Syntax};

struct StartTls;

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    if core.may_start_tls() { Ok(Box::new(StartTls)) } else { Err(Syntax("TLS cannot be started here")) }
}

impl Run for StartTls {
    fn step(&mut self, _: Option<Answer>, _: &mut Desk<'_>) -> Next {
        Next::StartTls
    }
}
