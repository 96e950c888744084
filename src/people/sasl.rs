//! SASL server mechanisms (RFC 4422): PLAIN (4616), LOGIN, SCRAM-SHA-256 (5802, 7677). Pure: the
//! exchange asks for what it needs, whoever holds it answers.
//!
//! Nobody acts for another user: an authorization identity must be empty or the user itself. User
//! names and passwords are compared as sent, without the NFKC of SASLprep; control characters are
//! refused.

mod scram;

use mailstead_storage::ScramVerifier;

use self::scram::{Scram, ServerFirst};
use super::is_acceptable;

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN
    Plain,
    /// LOGIN
    Login,
    /// SCRAM-SHA-256
    ScramSha256,
}

/// One exchange with one client.
pub struct Exchange(State);

/// What is expected next.
enum State {
    Plain,
    LoginUser,
    LoginPassword { user: String },
    ScramFirst { nonce: String },
    ScramVerifier(Scram),
    ScramFinal(ServerFirst),
    Over,
}

/// What comes next in an exchange. All bytes are before base64.
#[derive(PartialEq, Eq)]
pub enum Step {
    /// Send this challenge (it may be empty) and hear the response.
    Challenge(Vec<u8>),
    /// Check this password with [`super::People::log_in`]; that ends the exchange.
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// Call [`Exchange::verifier`] with what [`super::People::scram_verifier`] says.
    Verifier {
        /// The user.
        user: String,
    },
    /// The password is proven: call [`super::People::admit`]. When it admits, send `last` (as the
    /// last challenge where the protocol cannot carry it with success).
    Proven {
        /// The user.
        user: String,
        /// The server's last message.
        last: Vec<u8>,
    },
    /// The response cannot be understood.
    Malformed,
    /// The proof is wrong.
    Wrong,
}

impl Mechanism {
    /// By its name, in any case.
    pub fn by_name(name: &str) -> Option<Mechanism> {
        [Mechanism::Plain, Mechanism::Login, Mechanism::ScramSha256]
            .into_iter()
            .find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    /// Does it send the password itself?
    pub fn is_plaintext(self) -> bool {
        !matches!(self, Mechanism::ScramSha256)
    }
}

impl Exchange {
    /// An exchange that has not begun.
    pub fn new(mechanism: Mechanism) -> Exchange {
        match mechanism {
            Mechanism::Plain => Exchange(State::Plain),
            Mechanism::Login => Exchange(State::LoginUser),
            Mechanism::ScramSha256 => Exchange(State::ScramFirst { nonce: scram::nonce() }),
        }
    }

    /// Hears the client: first the initial response or `None` when there is none, then each response.
    pub fn hear(&mut self, response: Option<&[u8]>) -> Step {
        let state = std::mem::replace(&mut self.0, State::Over);
        let Some(response) = response else { return self.ask(state) };
        self.go_on(state, response).unwrap_or(Step::Malformed)
    }

    /// Answers [`Step::Verifier`].
    pub fn verifier(&mut self, verifier: &ScramVerifier) -> Step {
        let State::ScramVerifier(scram) = std::mem::replace(&mut self.0, State::Over) else { return Step::Malformed };
        let first = scram.server_first(verifier);
        let challenge = first.text().as_bytes().to_vec();
        self.0 = State::ScramFinal(first);
        Step::Challenge(challenge)
    }

    /// The first challenge, when the client did not begin by itself.
    fn ask(&mut self, state: State) -> Step {
        let challenge = match &state {
            State::LoginUser => b"Username:".to_vec(),
            State::Plain | State::ScramFirst { .. } => Vec::new(),
            _ => return Step::Malformed,
        };
        self.0 = state;
        Step::Challenge(challenge)
    }

    fn go_on(&mut self, state: State, response: &[u8]) -> Option<Step> {
        let text = std::str::from_utf8(response).ok()?;
        match state {
            State::Plain => plain(text),
            State::LoginUser => {
                self.0 = State::LoginPassword { user: acceptable(text)? };
                Some(Step::Challenge(b"Password:".to_vec()))
            }
            State::LoginPassword { user } => Some(Step::Password { user, password: acceptable(text)? }),
            State::ScramFirst { nonce } => {
                let scram = Scram::client_first(text, &nonce)?;
                let user = scram.user().to_string();
                self.0 = State::ScramVerifier(scram);
                Some(Step::Verifier { user })
            }
            State::ScramFinal(first) => first.client_final(text),
            State::ScramVerifier(_) | State::Over => None,
        }
    }
}

/// `[authzid] NUL authcid NUL passwd` (RFC 4616 §2).
fn plain(text: &str) -> Option<Step> {
    let mut parts = text.split('\0');
    let (identity, user, password) = (parts.next()?, acceptable(parts.next()?)?, acceptable(parts.next()?)?);
    let is_own = identity.is_empty() || identity.eq_ignore_ascii_case(&user);
    (is_own && parts.next().is_none()).then_some(Step::Password { user, password })
}

fn acceptable(text: &str) -> Option<String> {
    is_acceptable(text).then(|| text.to_string())
}

impl std::fmt::Debug for Step {
    /// Without the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Challenge(challenge) => write!(f, "Challenge({})", challenge.escape_ascii()),
            Step::Password { user, .. } => write!(f, "Password({user:?})"),
            Step::Verifier { user } => write!(f, "Verifier({user:?})"),
            Step::Proven { user, .. } => write!(f, "Proven({user:?})"),
            Step::Malformed => f.write_str("Malformed"),
            Step::Wrong => f.write_str("Wrong"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(user: &str, password: &str) -> Step {
        Step::Password { user: user.into(), password: password.into() }
    }

    #[test]
    fn plain_in_one_message() {
        for (message, expected) in [
            ("\0alice\0secret", password("alice", "secret")),
            ("Alice\0alice\0secret", password("alice", "secret")),
            ("\0älice\0pässword", password("älice", "pässword")),
            ("bob\0alice\0secret", Step::Malformed),
            ("\0alice\0", Step::Malformed),
            ("\0\0secret", Step::Malformed),
            ("\0alice", Step::Malformed),
            ("\0alice\0secret\0", Step::Malformed),
            ("\0al\tice\0secret", Step::Malformed),
            ("", Step::Malformed),
        ] {
            assert_eq!(Exchange::new(Mechanism::Plain).hear(Some(message.as_bytes())), expected, "{message:?}");
        }
        assert_eq!(Exchange::new(Mechanism::Plain).hear(Some(b"\0alice\0\xff")), Step::Malformed);
    }

    #[test]
    fn plain_and_login_ask() {
        let mut plain = Exchange::new(Mechanism::Plain);
        assert_eq!(plain.hear(None), Step::Challenge(Vec::new()));
        assert_eq!(plain.hear(Some(b"\0alice\0secret")), password("alice", "secret"));
        assert_eq!(plain.hear(Some(b"\0alice\0secret")), Step::Malformed);

        let mut login = Exchange::new(Mechanism::Login);
        assert_eq!(login.hear(None), Step::Challenge(b"Username:".to_vec()));
        assert_eq!(login.hear(Some(b"alice")), Step::Challenge(b"Password:".to_vec()));
        assert_eq!(login.hear(Some(b"secret")), password("alice", "secret"));
        let mut initial = Exchange::new(Mechanism::Login);
        assert_eq!(initial.hear(Some(b"alice")), Step::Challenge(b"Password:".to_vec()));
        assert_eq!(initial.hear(Some(b"")), Step::Malformed);
    }

    #[test]
    fn names() {
        assert_eq!(Mechanism::by_name("scram-SHA-256"), Some(Mechanism::ScramSha256));
        assert_eq!(Mechanism::by_name("login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::by_name("SCRAM-SHA-256-PLUS"), None);
        assert!(!format!("{:?}", password("alice", "secret")).contains("secret"));
    }
}
