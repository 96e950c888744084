//! ENABLE (RFC 5161).

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::{Core, Enabled};
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

/// Enables one extension.
type Enable = fn(&mut Enabled);

/// What can be enabled.
const TABLE: [(&str, Enable); 5] = [
    ("CONDSTORE", |enabled| enabled.condstore = true),
    // Who wants VANISHED wants modseqs (RFC 7162 §3.2.3).
    ("QRESYNC", |enabled| (enabled.condstore, enabled.qresync) = (true, true)),
    ("UTF8=ACCEPT", |enabled| enabled.utf8_accept = true),
    ("UIDONLY", |enabled| enabled.uid_only = true),
    ("IMAP4rev2", |enabled| enabled.rev2 = true),
];

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut wanted = Vec::new();
    parser.space()?;
    loop {
        let name = parser.atom()?;
        wanted.extend(TABLE.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)));
        if !parser.eat(b' ') {
            break;
        }
    }
    parser.end()?;
    Ok(now(move |desk| {
        // Only what was not enabled before is told (RFC 5161 §3.2).
        say(desk.out, "* ENABLED");
        for (name, enable) in &wanted {
            let before = desk.core.enabled;
            enable(&mut desk.core.enabled);
            if desk.core.enabled != before {
                say(desk.out, &format!(" {name}"));
            }
        }
        say(desk.out, "\r\n");
        let enabled = desk.core.enabled;
        if let Some(mailbox) = &mut desk.core.selected {
            mailbox.enable(enabled);
        }
        Reply::ok("ENABLE completed")
    }))
}
