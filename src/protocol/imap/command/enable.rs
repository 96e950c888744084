//! ENABLE (RFC 5161).

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::{Core, Enabled};
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut names = Vec::new();
    parser.space()?;
    loop {
        names.push(parser.atom()?.to_ascii_uppercase());
        if !parser.eat(b' ') {
            break;
        }
    }
    parser.end()?;
    Ok(now(move |desk| {
        // Only what was not enabled before is told (RFC 5161 §3.2).
        say(desk.out, "* ENABLED");
        for name in &names {
            let before = desk.core.enabled;
            enable(name, &mut desk.core.enabled);
            if desk.core.enabled != before {
                say(desk.out, &format!(" {name}"));
            }
        }
        say(desk.out, "\r\n");
        Reply::ok("ENABLE completed")
    }))
}

/// Enables one extension, in upper case; others are passed over.
fn enable(name: &str, enabled: &mut Enabled) {
    match name {
        "CONDSTORE" => enabled.condstore = true,
        // Who wants VANISHED wants modseqs (RFC 7162 §3.2.3).
        "QRESYNC" => (enabled.condstore, enabled.qresync) = (true, true),
        _ => {}
    }
}
