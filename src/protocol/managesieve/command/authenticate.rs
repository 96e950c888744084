//! AUTHENTICATE (RFC 5804 §2.1).

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::session::{ManageSieveSession, Question, State};
use super::super::wire::{Code, Word, no};
use crate::net::Turn;
use crate::people::sasl::{Exchange, Mechanism};

/// The mechanisms, the best first.
const MECHANISMS: [Mechanism; 2] = [Mechanism::ScramSha256, Mechanism::Plain];

/// The mechanisms that may be used on this connection as it is now.
pub(super) fn mechanisms(session: &ManageSieveSession) -> Vec<&'static str> {
    let allowed = |mechanism: &Mechanism| !mechanism.is_plaintext() || session.allows_plaintext();
    MECHANISMS.into_iter().filter(allowed).map(Mechanism::name).collect()
}

/// `AUTHENTICATE "mechanism" ["initial response"]`
pub(super) fn authenticate(
    session: &mut ManageSieveSession,
    arguments: &[Word],
    out: &mut Vec<u8>,
) -> Option<Turn<Question>> {
    let (name, initial) = match arguments {
        [Word::Text(name)] => (name, None),
        [Word::Text(name), Word::Text(initial)] => (name, Some(initial)),
        _ => return session.bad("AUTHENTICATE needs a mechanism", out),
    };
    let known = MECHANISMS.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name));
    let Some(mechanism) = known else { return session.bad("Unknown mechanism", out) };
    if mechanism.is_plaintext() && !session.allows_plaintext() {
        no(out, &Code::EncryptNeeded, "Passwords are taken with TLS only: use STARTTLS first");
        return None;
    }
    let Ok(initial) = initial.map(|text| BASE64_STANDARD.decode(text)).transpose() else {
        return session.bad("Not base64", out);
    };
    let mut exchange = Exchange::new(mechanism);
    let step = exchange.hear(initial.as_deref());
    session.state = State::Responding(Box::new(exchange));
    session.step(step, out)
}
