//! SUBSCRIBE and UNSUBSCRIBE (RFC 3501 §6.3.6, §6.3.7).

use super::{Run, once};
use crate::protocol::imap::question::Question;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser};

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true, "SUBSCRIBE completed")
}

pub fn begin_unsubscribe(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false, "UNSUBSCRIBE completed")
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, subscribed: bool, done: &'static str) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    let name = name.strip_suffix('/').unwrap_or(&name).to_string();
    Ok(once(Question::Subscribe { account: core.account(), name, subscribed }, done))
}
