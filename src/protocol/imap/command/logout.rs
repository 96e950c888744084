//! LOGOUT (RFC 3501 §6.1.3).

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        say(desk.out, "* BYE Logging out\r\n");
        desk.core.leaving = true;
        Reply::ok("LOGOUT completed")
    }))
}
