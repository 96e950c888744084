//! AUTH (RFC 5034).

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::session::{Pop3Session, Question, State};
use super::super::wire::{Code, err, list_end, ok};
use crate::net::Turn;
use crate::people::sasl::Mechanism;

/// The mechanisms that may be used on this connection as it is now, the best first.
pub(super) fn mechanisms(session: &Pop3Session) -> impl Iterator<Item = &'static str> + '_ {
    let allowed = move |mechanism: &Mechanism| !mechanism.is_plaintext() || session.allows_plaintext();
    session.offers.mechanisms().filter(allowed).map(Mechanism::name)
}

/// `AUTH mechanism [initial-response]`; alone it lists the mechanisms.
pub(super) fn auth(session: &mut Pop3Session, argument: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    let mut words = argument.split_ascii_whitespace();
    let (name, initial, rest) = (words.next(), words.next(), words.next());
    let Some(name) = name else {
        list(session, out);
        return None;
    };
    let Some(mechanism) = Mechanism::by_name(name).filter(|mechanism| session.offers.have(*mechanism)) else {
        return session.bad("Unknown mechanism", out);
    };
    if mechanism.is_plaintext() && !session.allows_plaintext() {
        err(out, Code::Auth, "Passwords are taken with TLS only: use STLS first");
        return None;
    }
    let Ok(initial) = initial.map(decoded).transpose() else { return session.bad("Not base64", out) };
    if rest.is_some() {
        return session.bad("AUTH has two arguments at most", out);
    }
    let mut exchange = session.offers.exchange(mechanism);
    let step = exchange.hear(initial.as_deref());
    session.state = State::Responding(exchange);
    session.step(step, out)
}

/// An initial response; `=` is the empty one.
fn decoded(text: &str) -> Result<Vec<u8>, base64::DecodeError> {
    if text == "=" { Ok(Vec::new()) } else { BASE64_STANDARD.decode(text) }
}

fn list(session: &Pop3Session, out: &mut Vec<u8>) {
    ok(out, "Mechanisms follow");
    for name in mechanisms(session) {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    list_end(out);
}
