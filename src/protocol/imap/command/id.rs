//! ID (RFC 2971). What the client says of itself is read and forgotten.

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax};

/// Most pairs of name and value (RFC 2971 §3.3).
const PAIRS_MAX: usize = 30;

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    if !parser.eat_word("NIL") {
        parameters(parser)?;
    }
    parser.end()?;
    Ok(now(|desk| {
        say(desk.out, concat!("* ID (\"name\" \"Mailstead\" \"version\" \"", env!("CARGO_PKG_VERSION"), "\")\r\n"));
        Reply::ok("ID completed")
    }))
}

fn parameters(parser: &mut Parser<'_>) -> Parsed<()> {
    if parser.rest().starts_with(b"()") {
        parser.eat(b'(');
        parser.eat(b')');
        return Ok(());
    }
    let pairs = parser.list(|parser| {
        parser.string()?;
        parser.space()?;
        parser.nstring_text()
    })?;
    if pairs.len() > PAIRS_MAX { Err(Syntax("Too many ID parameters")) } else { Ok(()) }
}
