//! UNAUTHENTICATE (RFC 8437): as after the greeting, but for TLS.

use super::{Run, now};
use crate::protocol::imap::session::{Core, Enabled};
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        desk.core.login = None;
        desk.core.selected = None;
        desk.core.notify = None;
        desk.core.enabled = Enabled::default();
        Reply::ok("UNAUTHENTICATE completed")
    }))
}
