//! The states of one connection (RFC 5804 §1.1). Pure.

use std::net::IpAddr;
use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use mailstead_storage::{ScramVerifier, ScriptEntry};

use super::ManageSieveSettings;
use super::command::{self, Run};
use super::frame::{Bad, Frame, Framed};
use super::wire::{Code, Word, bye, no, ok, ok_with, script, string};
use crate::clock::Time;
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Session, Status, Turn};
use crate::people::Denied;
use crate::people::sasl::{Exchange, Step};

/// What a session asks the house.
#[derive(Debug)]
pub enum Question {
    /// Check this password: [`Answer::LoggedIn`].
    LogIn {
        /// The user.
        user: String,
        /// The password.
        password: Secret,
    },
    /// What is needed to check SCRAM-SHA-256 of this user: [`Answer::Verifier`].
    Verifier {
        /// The user.
        user: String,
    },
    /// Let in who has proven the password: [`Answer::LoggedIn`].
    Admit {
        /// The user.
        user: String,
    },
    /// The password has not been proven: [`Answer::LoggedIn`], which refuses.
    ProofWrong {
        /// The user.
        user: String,
    },
    /// The names of all scripts: [`Answer::Scripts`].
    List,
    /// The text of a script: [`Answer::Script`].
    Get {
        /// Its name.
        name: String,
    },
    /// Can this text be run? [`Answer::Done`].
    Check {
        /// The text.
        text: String,
    },
    /// Store a script if it can be run: [`Answer::Done`].
    Put {
        /// Its name.
        name: String,
        /// The text.
        text: String,
    },
    /// Would a script of so many bytes be stored? [`Answer::Done`].
    HaveSpace {
        /// Its name.
        name: String,
        /// Its size.
        bytes: usize,
    },
    /// Make this script the one that runs, or none: [`Answer::Done`].
    SetActive {
        /// Its name.
        name: Option<String>,
    },
    /// Remove a script: [`Answer::Done`].
    Delete {
        /// Its name.
        name: String,
    },
    /// Rename a script: [`Answer::Done`].
    Rename {
        /// Its name.
        from: String,
        /// Its name then.
        to: String,
    },
}

/// A password on its way to be checked. Prints as nothing.
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// What the house answers.
pub enum Answer {
    /// The account's main address, or why nobody is let in.
    LoggedIn(Result<Arc<str>, Denied>),
    /// What is needed to check SCRAM-SHA-256.
    Verifier(ScramVerifier),
    /// All scripts.
    Scripts(Result<Vec<ScriptEntry>, No>),
    /// The text of a script.
    Script(Result<String, No>),
    /// Done, durably, or why not.
    Done(Result<(), No>),
}

/// Why something is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct No {
    /// For the client.
    pub why: Why,
    /// For the person.
    pub text: String,
}

/// Why something is not done, in the words of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is wrong.
    Wrong,
    /// There is no such script.
    NonExistent,
    /// There is such a script already.
    AlreadyExists,
    /// The script is the active one.
    Active,
    /// There are too many scripts.
    TooMany,
    /// The script is too long.
    TooBig,
    /// It cannot be done now.
    Unavailable,
}

/// One ManageSieve connection.
pub struct ManageSieveSession {
    pub(super) settings: Arc<ManageSieveSettings>,
    pub(super) hostname: Arc<str>,
    client: IpAddr,
    pub(super) encrypted: bool,
    frame: Frame,
    errors: u32,
    auth_failures: u32,
    pub(super) state: State,
}

/// What exists in each state.
pub(super) enum State {
    /// Nothing has been said yet, or nothing since TLS began.
    Greeting,
    /// Before login.
    Anonymous,
    /// Within AUTHENTICATE: the next line is a response.
    Responding(Box<Exchange>),
    /// At the end of AUTHENTICATE: `last` is sent when the house lets the user in.
    Admitting { last: Vec<u8> },
    /// After login.
    Authenticated { address: Arc<str> },
    /// All is said.
    Over,
}

impl ManageSieveSession {
    /// A session that has not greeted yet.
    pub fn new(
        settings: Arc<ManageSieveSettings>,
        hostname: Arc<str>,
        client: IpAddr,
        encrypted: bool,
    ) -> ManageSieveSession {
        let (frame, state) = (Frame::default(), State::Greeting);
        ManageSieveSession { settings, hostname, client, encrypted, frame, errors: 0, auth_failures: 0, state }
    }

    /// May a password be sent on this connection as it is now?
    pub(super) fn allows_plaintext(&self) -> bool {
        self.settings.plaintext_auth.allows(self.encrypted, self.client)
    }

    /// Refuses a command that cannot be obeyed at all; too many of them end the session.
    pub(super) fn bad(&mut self, why: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        self.errors += 1;
        if self.errors > self.settings.errors_max {
            bye(out, &Code::Plain, "Too many bad commands");
            self.state = State::Over;
        } else {
            no(out, &Code::Plain, why);
        }
        None
    }

    /// Takes a step of an AUTHENTICATE exchange.
    pub(super) fn step(&mut self, step: Step, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        match step {
            Step::Challenge(challenge) => {
                string(out, &BASE64_STANDARD.encode(challenge));
                out.extend_from_slice(b"\r\n");
            }
            Step::Verifier { user } => return Some(Turn::Ask(Question::Verifier { user })),
            Step::Password { user, password } => {
                self.state = State::Admitting { last: Vec::new() };
                return Some(Turn::Ask(Question::LogIn { user, password: Secret(password) }));
            }
            Step::Proven { user, last } => {
                self.state = State::Admitting { last };
                return Some(Turn::Ask(Question::Admit { user }));
            }
            Step::Denied(why) => self.refuse(why, out),
            // No mechanism with tokens is offered here.
            Step::Token { .. } | Step::Malformed => return self.cancel("Malformed authentication exchange", out),
            Step::Wrong { user } => {
                self.state = State::Anonymous;
                return Some(Turn::Ask(Question::ProofWrong { user }));
            }
        }
        None
    }

    /// Takes one command.
    fn hear(&mut self, words: &[Word], out: &mut Vec<u8>) -> Option<Turn<Question>> {
        if let State::Responding(exchange) = &mut self.state {
            let [Word::Text(text)] = words else { return self.cancel("A string is needed", out) };
            if text == "*" {
                return self.cancel("Authentication cancelled", out);
            }
            let Ok(response) = BASE64_STANDARD.decode(text) else { return self.cancel("Not base64", out) };
            let step = exchange.hear(Some(&response));
            return self.step(step, out);
        }
        let [Word::Atom(name), arguments @ ..] = words else { return self.bad("A command is needed", out) };
        let Some(command) = command::find(name) else { return self.bad("Unknown command", out) };
        match (&command.run, &self.state) {
            (Run::Always(run), _) => run(self, arguments, out),
            (Run::Anonymous(run), State::Anonymous) => run(self, arguments, out),
            (Run::Authenticated(run), State::Authenticated { .. }) => run(self, arguments, out),
            (Run::Anonymous(_), _) => self.bad("You are logged in already", out),
            (Run::Authenticated(_), _) => self.bad("Log in first", out),
        }
    }

    /// Ends an exchange that came to nothing.
    fn cancel(&mut self, why: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        self.state = State::Anonymous;
        self.bad(why, out)
    }

    fn refuse(&mut self, why: Denied, out: &mut Vec<u8>) {
        self.state = State::Anonymous;
        match why {
            Denied::Wrong => no(out, &Code::Plain, "User or password is wrong"),
            Denied::Disabled => no(out, &Code::Plain, "The account is disabled"),
            Denied::Expired => no(out, &Code::Plain, "The password has expired; sign in on the web and change it"),
            Denied::Unavailable => no(out, &Code::TryLater, "The password cannot be checked now"),
        }
        if why != Denied::Unavailable {
            self.auth_failures += 1;
            if self.auth_failures >= self.settings.auth_failures_max {
                bye(out, &Code::Plain, "Too many wrong passwords");
                self.state = State::Over;
            }
        }
    }

    fn logged_in(&mut self, address: Arc<str>, out: &mut Vec<u8>) {
        match std::mem::replace(&mut self.state, State::Authenticated { address }) {
            State::Admitting { last } if !last.is_empty() => ok_with(out, &Code::Sasl(last), "Logged in"),
            _ => ok(out, "Logged in"),
        }
    }

    /// Takes the next command, if one is there.
    fn listen(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Option<Turn<Question>> {
        let is_responding = matches!(self.state, State::Responding(_));
        match self.frame.next(input) {
            Framed::Command(words) if words.is_empty() && !is_responding => None,
            Framed::Command(words) => self.hear(&words, out),
            Framed::Bad(Bad::Endless) => {
                bye(out, &Code::MaxSize, "Nothing may be that long");
                self.state = State::Over;
                None
            }
            Framed::Bad(_) if is_responding => self.cancel("The response cannot be read", out),
            Framed::Bad(Bad::TooLong) => {
                no(out, &Code::MaxSize, "That is too long");
                None
            }
            Framed::Bad(Bad::Malformed) => self.bad("The command cannot be read", out),
            Framed::Incomplete if input.is_closed() => Some(Turn::HangUp),
            Framed::Incomplete => Some(Turn::Read { patience: self.settings.patience() }),
        }
    }
}

impl Session for ManageSieveSession {
    type Question = Question;
    type Answer = Answer;

    fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>, _now: Time) -> Turn<Question> {
        loop {
            if out.len() >= OUTPUT_BYTES {
                return Turn::Flush;
            }
            let turn = match &mut self.state {
                State::Greeting => {
                    self.state = State::Anonymous;
                    command::greet(self, out);
                    None
                }
                State::Over => Some(Turn::HangUp),
                _ => self.listen(input, out),
            };
            if let Some(turn) = turn {
                return turn;
            }
        }
    }

    fn answer(&mut self, answer: Answer, out: &mut Vec<u8>, _now: Time) {
        match (answer, &mut self.state) {
            (Answer::LoggedIn(Ok(address)), _) => self.logged_in(address, out),
            (Answer::LoggedIn(Err(why)), _) => self.refuse(why, out),
            (Answer::Verifier(verifier), State::Responding(exchange)) => {
                // Ours is the next word of the exchange, so this never asks.
                let step = exchange.verifier(&verifier);
                self.step(step, out);
            }
            (Answer::Verifier(_), _) => {}
            (Answer::Scripts(Ok(scripts)), _) => {
                for ScriptEntry { name, active } in scripts {
                    string(out, &name);
                    out.extend_from_slice(if active { b" ACTIVE\r\n" } else { b"\r\n" });
                }
                ok(out, "That is all");
            }
            (Answer::Script(Ok(text)), _) => {
                script(out, &text);
                out.extend_from_slice(b"\r\n");
                ok(out, "That is it");
            }
            (Answer::Done(Ok(())), _) => ok(out, "Done"),
            (Answer::Scripts(Err(why)) | Answer::Script(Err(why)) | Answer::Done(Err(why)), _) => {
                no(out, &code(why.why), &why.text);
            }
        }
    }

    fn secured(&mut self, _version: &'static str) {
        self.encrypted = true;
        self.frame = Frame::default();
        self.state = State::Greeting;
    }

    fn goodbye(&mut self, why: Goodbye, out: &mut Vec<u8>) {
        match why {
            Goodbye::Timeout => bye(out, &Code::Plain, "Nothing was said for too long"),
            Goodbye::ServiceStops => bye(out, &Code::TryLater, "The service is stopping"),
            Goodbye::Ended => bye(out, &Code::Plain, "The session was ended by an administrator"),
            Goodbye::Garbled => bye(out, &Code::Plain, "What you send cannot be decompressed"),
            Goodbye::Blocked => bye(out, &Code::TryLater, "Your address is blocked for a while"),
            Goodbye::Listed => bye(out, &Code::Plain, "Your address is on the blacklist"),
            Goodbye::TooMany => bye(out, &Code::TryLater, "Too many connections"),
        }
        self.state = State::Over;
    }

    fn status(&self) -> Status {
        match &self.state {
            State::Authenticated { address } => Status { user: Some(Arc::clone(address)), state: "logged in" },
            State::Over => Status { user: None, state: "closing" },
            _ => Status { user: None, state: "not logged in" },
        }
    }
}

fn code(why: Why) -> Code {
    match why {
        Why::Wrong => Code::Plain,
        Why::NonExistent => Code::NonExistent,
        Why::AlreadyExists => Code::AlreadyExists,
        Why::Active => Code::Active,
        Why::TooMany => Code::MaxScripts,
        Why::TooBig => Code::MaxSize,
        Why::Unavailable => Code::TryLater,
    }
}
