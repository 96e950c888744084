//! AUTHENTICATE (RFC 3501 §6.2.2) with initial response (RFC 4959).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::login::logged_in;
use super::{Desk, Next, Run, now};
use crate::people::Denied;
use crate::people::sasl::{Exchange, Mechanism, Step};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax};

/// Longest response of the client in base64, bytes.
const RESPONSE_BYTES_MAX: usize = 12 * 1024;

struct Authenticate {
    exchange: Exchange,
    /// How it ends once the client has heard why its token is refused.
    refused: Option<Reply>,
    /// What is to be done next.
    at: At,
}

enum At {
    /// This is to be heard.
    Begin(Option<Vec<u8>>),
    /// The client's response is waited for.
    Response,
    /// The server's last message is sent and must be acknowledged, then this user is let in.
    LastResponse(String),
    /// An answer is waited for.
    Answer,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.atom()?;
    let initial = match parser.eat(b' ') {
        false => None,
        true if parser.rest() == b"=" => Some(Vec::new()),
        true => Some(decode(parser.rest()).ok_or(Syntax("Initial response is not base64"))?),
    };
    let Some(mechanism) = Mechanism::by_name(name).filter(|mechanism| core.offers.have(*mechanism)) else {
        return Ok(now(|_| Reply::no("CANNOT", "Unknown mechanism")));
    };
    if !core.allows(mechanism) {
        return Ok(now(|_| Reply::no("PRIVACYREQUIRED", "Passwords are not taken without TLS")));
    }
    let (exchange, at) = (core.offers.exchange(mechanism), At::Begin(initial));
    Ok(Box::new(Authenticate { exchange, refused: None, at }))
}

impl Run for Authenticate {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match std::mem::replace(&mut self.at, At::Answer) {
            At::Begin(initial) => {
                let step = self.exchange.hear(initial.as_deref());
                self.take(step, desk)
            }
            At::Answer => self.answered(answer, desk),
            waiting => self.hear(waiting, desk),
        }
    }
}

impl Authenticate {
    /// Goes on with what the exchange wants.
    fn take(&mut self, step: Step, desk: &mut Desk<'_>) -> Next {
        match step {
            Step::Challenge(challenge) => self.challenge(&challenge, At::Response, desk),
            Step::Proven { user, last } => self.challenge(&last, At::LastResponse(user), desk),
            Step::Password { user, password } => Next::Ask(Question::LogIn { user, password }),
            Step::Verifier { user } => Next::Ask(Question::Verifier(user)),
            Step::Token { user, token } => Next::Ask(Question::Token { user, token }),
            Step::Denied(_) => Next::Done(self.ended(desk)),
            Step::Malformed => Next::Done(Reply::bad("Response cannot be understood")),
            Step::Wrong { user } => Next::Ask(Question::ProofWrong(user)),
        }
    }

    fn challenge(&mut self, challenge: &[u8], then: At, desk: &mut Desk<'_>) -> Next {
        desk.out.extend_from_slice(format!("+ {}\r\n", STANDARD.encode(challenge)).as_bytes());
        self.hear(then, desk)
    }

    /// Hears the client's next line, when it is there.
    fn hear(&mut self, waiting: At, desk: &mut Desk<'_>) -> Next {
        if desk.input.bytes().len() > RESPONSE_BYTES_MAX {
            desk.frame.pass();
            return Next::Done(Reply::bad("Response is too long"));
        }
        let Some(line) = desk.line() else {
            self.at = waiting;
            return Next::Read;
        };
        match (line.as_slice(), decode(&line), waiting) {
            (b"*", ..) => Next::Done(Reply::bad("AUTHENTICATE cancelled")),
            (_, None, _) => Next::Done(Reply::bad("Response is not base64")),
            (_, Some(_), At::LastResponse(user)) => Next::Ask(Question::Admit(user)),
            (_, Some(response), _) => {
                let step = self.exchange.hear(Some(&response));
                self.take(step, desk)
            }
        }
    }

    fn answered(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Verifier(verifier)) => {
                let step = self.exchange.verifier(&verifier);
                self.take(step, desk)
            }
            Some(Answer::Login(Ok(login))) => Next::Done(logged_in(Ok(login), desk)),
            Some(Answer::Login(Err(refused))) => {
                self.refused = Some(refused);
                // Why is told by the reply.
                let step = self.exchange.refused(Denied::Wrong);
                self.take(step, desk)
            }
            _ => Next::Done(Reply::no("SERVERBUG", "Login was not checked")),
        }
    }
}

impl Authenticate {
    fn ended(&mut self, desk: &mut Desk<'_>) -> Reply {
        let refused = self.refused.take().unwrap_or_else(|| Reply::no("SERVERBUG", "Login was not checked"));
        logged_in(Err(refused), desk)
    }
}

fn decode(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
