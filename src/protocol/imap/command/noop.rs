//! NOOP and CHECK (RFC 3501 §6.1.2, §6.4.1): nothing but what the table lets them tell.

use super::{Run, now};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|_| Reply::ok("Completed")))
}
