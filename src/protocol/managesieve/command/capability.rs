//! CAPABILITY and the greeting, which says the same (RFC 5804 §1.7, §2.4).

use super::super::session::{ManageSieveSession, Question, State};
use super::super::wire::{Word, ok, string};
use super::authenticate::mechanisms;
use crate::net::Turn;
use crate::sieve::{EXTENSIONS, limits};

/// `CAPABILITY`
pub(super) fn capability(
    session: &mut ManageSieveSession,
    arguments: &[Word],
    out: &mut Vec<u8>,
) -> Option<Turn<Question>> {
    if !arguments.is_empty() {
        return session.bad("CAPABILITY has no arguments", out);
    }
    capabilities(session, out);
    ok(out, "That is all");
    None
}

/// Greets, once the connection is there and once TLS has begun.
pub(in super::super) fn greet(session: &ManageSieveSession, out: &mut Vec<u8>) {
    capabilities(session, out);
    ok(out, &format!("{} ManageSieve ready", session.hostname));
}

fn capabilities(session: &ManageSieveSession, out: &mut Vec<u8>) {
    let mut say = |name: &str, value: Option<&str>| {
        string(out, name);
        if let Some(value) = value {
            out.push(b' ');
            string(out, value);
        }
        out.extend_from_slice(b"\r\n");
    };
    say("IMPLEMENTATION", Some("Mailstead"));
    say("VERSION", Some("1.0"));
    say("SIEVE", Some(&EXTENSIONS.join(" ")));
    say("MAXREDIRECTS", Some(&limits::REDIRECTS_MAX.to_string()));
    say("UNAUTHENTICATE", None);
    match &session.state {
        State::Authenticated { address } => say("OWNER", Some(address)),
        _ => {
            say("SASL", Some(&mechanisms(session).join(" ")));
            if !session.encrypted {
                say("STARTTLS", None);
            }
        }
    }
}
