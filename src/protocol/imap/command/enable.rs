//! ENABLE (RFC 5161).

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut condstore = false;
    parser.space()?;
    loop {
        condstore |= parser.atom()?.eq_ignore_ascii_case("CONDSTORE");
        if !parser.eat(b' ') {
            break;
        }
    }
    parser.end()?;
    Ok(now(move |desk| {
        // Only what was not enabled before is told (RFC 5161 §3.2).
        let new = condstore && !desk.core.condstore;
        desk.core.condstore |= condstore;
        say(desk.out, if new { "* ENABLED CONDSTORE\r\n" } else { "* ENABLED\r\n" });
        Reply::ok("ENABLE completed")
    }))
}
