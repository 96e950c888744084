//! AUTH (RFC 4954).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use mailstead_storage::ScramVerifier;

use crate::net::Turn;
use crate::people::sasl::{Exchange, Mechanism, Step};
use crate::people::{Denied, Login};
use crate::protocol::smtp::Role;
use crate::protocol::smtp::question::Question;
use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Next, Phase, SmtpSession};

/// An exchange and whom it is with.
pub struct Dialogue {
    exchange: Exchange,
}

/// The mechanisms that EHLO tells of, the best last as clients that take the first one are the simple ones.
pub(super) fn offered(session: &SmtpSession) -> Option<String> {
    let allowed = session.offers.mechanisms().rev().filter(|mechanism| allows(session, *mechanism));
    let names: Vec<&str> = allowed.map(Mechanism::name).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// May this mechanism be used on this connection? Among servers nobody logs in without TLS.
fn allows(session: &SmtpSession, mechanism: Mechanism) -> bool {
    let plaintext = session.rules.settings.plaintext_auth.allows(session.tls.is_some(), session.peer.address.ip());
    plaintext || (session.role() == Role::Submit && !mechanism.is_plaintext())
}

pub(super) fn run(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let (name, response) = argument.split_once(' ').unwrap_or((argument, ""));
    let reply = match Mechanism::by_name(name).filter(|mechanism| session.offers.have(*mechanism)) {
        _ if session.login.is_some() => replies::LOGGED_IN_ALREADY,
        _ if session.transaction.is_some() => replies::NOT_IN_TRANSACTION,
        _ if name.is_empty() => replies::ARGUMENT_MISSING,
        None => replies::UNKNOWN_MECHANISM,
        Some(mechanism) if !allows(session, mechanism) => replies::TLS_FIRST,
        Some(mechanism) => {
            let dialogue = Dialogue { exchange: session.offers.exchange(mechanism) };
            return begin(session, dialogue, response.trim(), out);
        }
    };
    session.say(reply, out);
    None
}

/// The initial response: none, `=` for an empty one, or base64.
fn begin(session: &mut SmtpSession, mut dialogue: Dialogue, response: &str, out: &mut Vec<u8>) -> Next {
    let decoded = match response {
        "" => None,
        "=" => Some(Vec::new()),
        text => match BASE64.decode(text) {
            Ok(decoded) => Some(decoded),
            Err(_) => {
                session.say(replies::AUTH_MALFORMED, out);
                return None;
            }
        },
    };
    let next = dialogue.exchange.hear(decoded.as_deref());
    step(session, dialogue, next, out)
}

/// Hears a response.
pub fn hear(session: &mut SmtpSession, mut dialogue: Dialogue, line: &str, out: &mut Vec<u8>) -> Next {
    if line == "*" {
        session.say(replies::AUTH_CANCELLED, out);
        return None;
    }
    let Ok(response) = BASE64.decode(line) else {
        session.say(replies::AUTH_MALFORMED, out);
        return None;
    };
    let next = dialogue.exchange.hear(Some(&response));
    step(session, dialogue, next, out)
}

/// Hears the response to the server's last message, which can only be empty.
pub fn hear_last(session: &mut SmtpSession, login: Login, line: &str, out: &mut Vec<u8>) -> Next {
    match line {
        "" => let_in(session, login, out),
        "*" => session.say(replies::AUTH_CANCELLED, out),
        _ => session.say(replies::AUTH_MALFORMED, out),
    }
    None
}

/// Does what the exchange says.
pub fn step(session: &mut SmtpSession, dialogue: Dialogue, step: Step, out: &mut Vec<u8>) -> Next {
    match step {
        Step::Challenge(challenge) => {
            replies::write_challenge(out, &BASE64.encode(challenge));
            session.phase = Phase::Response(dialogue);
            None
        }
        Step::Password { user, password } => {
            session.phase = Phase::LoggingIn(Vec::new());
            Some(Turn::Ask(Question::Password { user, password }))
        }
        Step::Verifier { user } => {
            session.phase = Phase::Verifying(dialogue);
            Some(Turn::Ask(Question::Verifier { user }))
        }
        Step::Proven { user, last } => {
            session.phase = Phase::LoggingIn(last);
            Some(Turn::Ask(Question::Admit { user }))
        }
        Step::Token { user, token } => {
            session.phase = Phase::Verifying(dialogue);
            Some(Turn::Ask(Question::Token { user, token }))
        }
        Step::Denied(why) => {
            fail(session, why, out);
            None
        }
        Step::Malformed => {
            session.say(replies::AUTH_MALFORMED, out);
            None
        }
        Step::Wrong { user } => {
            fail(session, Denied::Wrong, out);
            Some(Turn::Ask(Question::ProofWrong { user }))
        }
    }
}

/// The house has told the verifier.
pub fn verifier(session: &mut SmtpSession, mut dialogue: Dialogue, verifier: &ScramVerifier) {
    let step = dialogue.exchange.verifier(verifier);
    session.phase = Phase::Step(dialogue, step);
}

/// The house has looked at the token.
pub fn token_checked(
    session: &mut SmtpSession,
    mut dialogue: Dialogue,
    login: Result<Login, Denied>,
    out: &mut Vec<u8>,
) {
    match login {
        Ok(login) => let_in(session, login, out),
        Err(denied) => {
            let step = dialogue.exchange.refused(denied);
            session.phase = Phase::Step(dialogue, step);
        }
    }
}

/// The house has let the user in, or not. SMTP cannot carry the server's last message with success, so
/// it comes as one more challenge.
pub fn answered(session: &mut SmtpSession, login: Result<Login, Denied>, last: &[u8], out: &mut Vec<u8>) {
    match login {
        Ok(login) if last.is_empty() => let_in(session, login, out),
        Ok(login) => {
            replies::write_challenge(out, &BASE64.encode(last));
            session.phase = Phase::LastResponse(login);
        }
        Err(denied) => fail(session, denied, out),
    }
}

fn let_in(session: &mut SmtpSession, login: Login, out: &mut Vec<u8>) {
    session.login = Some(login);
    session.say(replies::LOGGED_IN, out);
}

fn fail(session: &mut SmtpSession, denied: Denied, out: &mut Vec<u8>) {
    session.auth_failures += u32::from(denied != Denied::Unavailable);
    session.say(replies::denied(denied), out);
}
