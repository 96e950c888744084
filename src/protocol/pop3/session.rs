//! The states of one connection (RFC 1939 §3). Pure.

use std::net::IpAddr;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::{BlobId, ScramVerifier, UidSet};

use super::Pop3Settings;
use super::command::{self, Run};
use super::frame::{Frame, Framed};
use super::maildrop::Maildrop;
use super::transaction::Transaction;
use super::wire::{Code, Request, err, ok, sasl_challenge};
use crate::clock::Time;
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Session, Status, Turn};
use crate::people::Denied;
use crate::people::sasl::{ChannelBindings, Exchange, Offers, Step};

/// Longest line of an AUTH exchange, its end included (RFC 4954 §4.5, taken over for RFC 5034).
const AUTH_LINE_BYTES_MAX: usize = 12_288;

/// What a session asks the house.
#[derive(Debug)]
pub enum Question {
    /// Check this password and open the maildrop: [`Answer::LoggedIn`].
    LogIn {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Check this token and open the maildrop: [`Answer::LoggedIn`].
    Token {
        /// Who the client says it is, when it says so.
        user: Option<String>,
        /// The token.
        token: Secret,
    },
    /// What is needed to check SCRAM-SHA-256 of this user: [`Answer::Verifier`].
    Verifier {
        /// The user.
        user: String,
    },
    /// Open the maildrop of who has proven the password: [`Answer::LoggedIn`].
    Admit {
        /// The user.
        user: String,
    },
    /// The password has not been proven: [`Answer::LoggedIn`], which refuses.
    ProofWrong {
        /// The user.
        user: String,
    },
    /// Bytes `from .. from + length` of a message: [`Answer::Bytes`].
    Read {
        /// Which.
        blob: BlobId,
        /// The first byte.
        from: u64,
        /// How many, fewer at the end.
        length: usize,
        /// Whole messages that are likely to be asked for next.
        ahead: Vec<BlobId>,
    },
    /// Remove these messages and give the maildrop free: [`Answer::Updated`].
    Update {
        /// Which.
        uids: UidSet,
    },
}

/// A password or a token on its way to be checked. Prints as nothing.
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What the house answers.
pub enum Answer {
    /// The maildrop, or why there is none.
    LoggedIn(Result<Opened, Refused>),
    /// What is needed to check SCRAM-SHA-256.
    Verifier(ScramVerifier),
    /// Bytes of a message; `None` when they cannot be read.
    Bytes(Option<Vec<u8>>),
    /// Are the messages gone, durably?
    Updated(bool),
}

/// Someone's maildrop.
#[derive(Debug)]
pub struct Opened {
    /// The account's main address.
    pub address: Arc<str>,
    /// The messages.
    pub maildrop: Maildrop,
}

/// Why there is no maildrop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// User or password is wrong.
    Wrong,
    /// The account is disabled.
    Disabled,
    /// The password is too old.
    Expired,
    /// Another POP3 session has the maildrop.
    InUse,
    /// It cannot be checked or read now.
    Unavailable,
}

impl From<Refused> for Denied {
    fn from(refused: Refused) -> Denied {
        match refused {
            Refused::Wrong => Denied::Wrong,
            Refused::Disabled => Denied::Disabled,
            Refused::Expired => Denied::Expired,
            Refused::InUse | Refused::Unavailable => Denied::Unavailable,
        }
    }
}

/// One POP3 connection.
pub struct Pop3Session {
    pub(super) settings: Arc<Pop3Settings>,
    hostname: Arc<str>,
    client: IpAddr,
    pub(super) encrypted: bool,
    pub(super) offers: Offers,
    frame: Frame,
    errors: u32,
    auth_failures: u32,
    pub(super) state: State,
}

/// What exists in each state.
pub(super) enum State {
    /// Nothing has been said yet.
    Greeting,
    /// AUTHORIZATION. `user` is what USER said.
    Authorization { user: Option<String> },
    /// AUTHORIZATION, within AUTH: the next line is a response.
    Responding(Exchange),
    /// AUTHORIZATION, at the end of AUTH: the password is proven, the client has our last message and
    /// answers it with an empty line.
    Acknowledging { user: String },
    /// TRANSACTION.
    Transaction(Transaction),
    /// UPDATE: messages are being removed.
    Update { address: Arc<str> },
    /// All is said.
    Over,
}

impl Pop3Session {
    /// A session that has not greeted yet.
    pub fn new(settings: Arc<Pop3Settings>, hostname: Arc<str>, client: IpAddr, encrypted: bool) -> Pop3Session {
        let (frame, state) = (Frame::default(), State::Greeting);
        let offers = Offers::default();
        Pop3Session { settings, hostname, client, encrypted, offers, frame, errors: 0, auth_failures: 0, state }
    }

    /// As it is, and tokens are taken as well as passwords when `tokens` is true.
    pub fn taking_tokens(mut self, tokens: bool) -> Pop3Session {
        self.offers.tokens = tokens;
        self
    }

    /// May a password be sent on this connection as it is now?
    pub(super) fn allows_plaintext(&self) -> bool {
        self.settings.plaintext_auth.allows(self.encrypted, self.client)
    }

    /// Refuses a command that cannot be obeyed at all; too many of them end the session.
    pub(super) fn bad(&mut self, why: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        self.errors += 1;
        if self.errors > self.settings.errors_max {
            err(out, Code::Plain, "Too many bad commands");
            self.state = State::Over;
        } else {
            err(out, Code::Plain, why);
        }
        None
    }

    /// Takes a step of an AUTH exchange.
    pub(super) fn step(&mut self, step: Step, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        match step {
            Step::Challenge(challenge) => sasl_challenge(out, &challenge),
            Step::Verifier { user } => return Some(Turn::Ask(Question::Verifier { user })),
            Step::Password { user, password } => {
                self.state = State::Authorization { user: None };
                return Some(Turn::Ask(Question::LogIn { user, password: Secret(password) }));
            }
            Step::Proven { user, last } => {
                sasl_challenge(out, &last);
                self.state = State::Acknowledging { user };
            }
            Step::Token { user, token } => return Some(Turn::Ask(Question::Token { user, token: Secret(token) })),
            Step::Denied(why) => self.refuse(why.into(), out),
            Step::Malformed => return self.cancel("Malformed authentication exchange", out),
            Step::Wrong { user } => {
                self.state = State::Authorization { user: None };
                return Some(Turn::Ask(Question::ProofWrong { user }));
            }
        }
        None
    }

    /// Takes one line.
    fn hear(&mut self, line: &[u8], out: &mut Vec<u8>) -> Option<Turn<Question>> {
        match &mut self.state {
            State::Responding(_) | State::Acknowledging { .. } if line == b"*" => {
                self.cancel("Authentication cancelled", out)
            }
            State::Responding(exchange) => match BASE64_STANDARD.decode(line) {
                Ok(response) => {
                    let step = exchange.hear(Some(&response));
                    self.step(step, out)
                }
                Err(_) => self.cancel("Not base64", out),
            },
            State::Acknowledging { user } if line.is_empty() => {
                let user = std::mem::take(user);
                self.state = State::Authorization { user: None };
                Some(Turn::Ask(Question::Admit { user }))
            }
            State::Acknowledging { .. } => self.cancel("Nothing is left to be said", out),
            _ => self.obey(line, out),
        }
    }

    fn obey(&mut self, line: &[u8], out: &mut Vec<u8>) -> Option<Turn<Question>> {
        let Some(request) = Request::parse(line) else { return self.bad("Not UTF-8", out) };
        let Some(command) = command::find(request.keyword) else { return self.bad("Unknown command", out) };
        match (&command.run, &mut self.state) {
            (Run::Always(run), _) => run(self, request.argument, out),
            (Run::Authorization(run), State::Authorization { .. }) => run(self, request.argument, out),
            (Run::Transaction(run), State::Transaction(transaction)) => {
                run(transaction, request.argument, out);
                None
            }
            (Run::Authorization(_), _) => self.bad("You are logged in already", out),
            (Run::Transaction(_), _) => self.bad("Log in first", out),
        }
    }

    /// Ends an AUTH exchange that came to nothing.
    fn cancel(&mut self, why: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        self.state = State::Authorization { user: None };
        self.bad(why, out)
    }

    fn refuse(&mut self, why: Refused, out: &mut Vec<u8>) {
        self.state = State::Authorization { user: None };
        let (code, text) = match why {
            Refused::Wrong => (Code::Auth, "User or password is wrong"),
            Refused::Disabled => (Code::Auth, "The account is disabled"),
            Refused::Expired => (Code::Auth, "The password has expired; sign in on the web and change it"),
            Refused::InUse => (Code::InUse, "Another session has the maildrop"),
            Refused::Unavailable => (Code::SysTemp, "The maildrop cannot be opened now"),
        };
        err(out, code, text);
        if matches!(why, Refused::Wrong | Refused::Disabled | Refused::Expired) {
            self.auth_failures += 1;
            if self.auth_failures >= self.settings.auth_failures_max {
                self.state = State::Over;
            }
        }
    }

    fn line_bytes_max(&self, input: &Input) -> usize {
        let is_auth = || input.bytes().get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"AUTH "));
        match self.state {
            State::Responding(_) | State::Acknowledging { .. } => AUTH_LINE_BYTES_MAX,
            _ if is_auth() => AUTH_LINE_BYTES_MAX,
            _ => self.settings.command_bytes_max,
        }
    }

    /// Takes the next line, if one is there.
    fn listen(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        let bytes_max = self.line_bytes_max(input);
        match self.frame.next(input, bytes_max) {
            Framed::Line(line) => self.hear(&line, out),
            Framed::TooLong if matches!(self.state, State::Responding(_) | State::Acknowledging { .. }) => {
                self.cancel("The line is too long", out)
            }
            Framed::TooLong => self.bad("The line is too long", out),
            Framed::Incomplete if input.is_closed() => Some(Turn::HangUp),
            Framed::Incomplete => Some(Turn::Read { patience: self.settings.patience() }),
        }
    }
}

impl Session for Pop3Session {
    type Question = Question;
    type Answer = Answer;

    fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>, _now: Time) -> Turn<Question> {
        loop {
            if out.len() >= OUTPUT_BYTES {
                return Turn::Flush;
            }
            let turn = match &mut self.state {
                State::Greeting => {
                    ok(out, &format!("{} POP3 ready", self.hostname));
                    self.state = State::Authorization { user: None };
                    None
                }
                State::Transaction(transaction) if transaction.is_sending() => transaction.send(out),
                State::Update { .. } | State::Over => Some(Turn::HangUp),
                _ => self.listen(input, out),
            };
            if let Some(turn) = turn {
                return turn;
            }
        }
    }

    fn answer(&mut self, answer: Answer, out: &mut Vec<u8>, _now: Time) {
        match (answer, &mut self.state) {
            (Answer::LoggedIn(Ok(Opened { address, maildrop })), _) => {
                ok(out, &format!("{} messages ({} octets)", maildrop.count(), maildrop.bytes()));
                self.state = State::Transaction(Transaction::new(address, maildrop));
            }
            (Answer::LoggedIn(Err(why)), State::Responding(exchange)) if why != Refused::InUse => {
                // Only who has sent a token is still responding: this never asks.
                let step = exchange.refused(why.into());
                self.step(step, out);
            }
            (Answer::LoggedIn(Err(why)), _) => self.refuse(why, out),
            (Answer::Verifier(verifier), State::Responding(exchange)) => {
                // Ours is the next word of the exchange, so this never asks.
                let step = exchange.verifier(&verifier);
                self.step(step, out);
            }
            (Answer::Bytes(bytes), State::Transaction(transaction)) => {
                if transaction.heard(bytes, out).is_err() {
                    self.state = State::Over;
                }
            }
            (Answer::Updated(gone), _) => {
                match gone {
                    true => ok(out, "Bye"),
                    false => err(out, Code::SysTemp, "Some deleted messages were not removed"),
                }
                self.state = State::Over;
            }
            (Answer::Verifier(_) | Answer::Bytes(_), _) => {}
        }
    }

    fn bound(&mut self, bindings: ChannelBindings) {
        self.offers.bind(bindings);
    }

    fn secured(&mut self, _version: &'static str) {
        self.encrypted = true;
        self.frame = Frame::default();
        self.state = State::Authorization { user: None };
    }

    fn goodbye(&mut self, why: Goodbye, out: &mut Vec<u8>) {
        let is_sending = matches!(&self.state, State::Transaction(transaction) if transaction.is_sending());
        if !is_sending {
            match why {
                // RFC 1939 §3: nothing is said at autologout.
                Goodbye::Timeout => {}
                Goodbye::ServiceStops => err(out, Code::SysTemp, "The service is stopping"),
                Goodbye::Ended => err(out, Code::SysTemp, "The session was ended by an administrator"),
                Goodbye::Garbled => err(out, Code::Plain, "What you send cannot be decompressed"),
                Goodbye::Blocked => err(out, Code::SysTemp, "Your address is blocked for a while"),
                Goodbye::Listed => err(out, Code::Plain, "Your address is on the blacklist"),
                Goodbye::TooMany => err(out, Code::SysTemp, "Too many connections"),
            }
        }
        self.state = State::Over;
    }

    fn status(&self) -> Status {
        let (user, state) = match &self.state {
            State::Transaction(transaction) => (Some(Arc::clone(&transaction.address)), transaction.status()),
            State::Update { address } => (Some(Arc::clone(address)), "update"),
            State::Over => (None, "closing"),
            _ => (None, "authorization"),
        };
        Status { user, state }
    }
}
