//! CAPABILITY (RFC 3501 §6.1.1).

use super::{Run, now};
use crate::protocol::imap::capability::capabilities;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        say(desk.out, &format!("* CAPABILITY {}\r\n", capabilities(desk.core)));
        Reply::ok("CAPABILITY completed")
    }))
}
