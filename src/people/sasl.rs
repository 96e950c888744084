//! SASL server mechanisms (RFC 4422): PLAIN (4616), LOGIN, SCRAM-SHA-256 with and without channel binding (5802,
//! 7677), OAUTHBEARER (7628), XOAUTH2. Pure: the exchange asks for what it needs, whoever holds it answers.
//!
//! Nobody acts for another user: an authorization identity must be empty or the user itself. User
//! names and passwords are compared as sent, without the NFKC of SASLprep; control characters are
//! refused.

mod bearer;
mod binding;
mod scram;

use mailstead_storage::ScramVerifier;

pub use self::binding::ChannelBindings;
use self::scram::{Scram, ServerFirst};
use super::{Denied, is_acceptable};

/// A mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// PLAIN
    Plain,
    /// LOGIN
    Login,
    /// SCRAM-SHA-256
    ScramSha256,
    /// SCRAM-SHA-256-PLUS: bound to the TLS connection.
    ScramSha256Plus,
    /// OAUTHBEARER
    OAuthBearer,
    /// XOAUTH2
    XOAuth2,
}

/// What a login on one connection may stand on beyond a password.
#[derive(Debug, Default)]
pub struct Offers {
    /// Are tokens taken?
    pub tokens: bool,
    /// What it may be bound to. Boxed: connections without TLS have none.
    pub bindings: Option<Box<ChannelBindings>>,
}

/// One exchange with one client.
pub struct Exchange {
    state: State,
    bindings: ChannelBindings,
}

/// What is expected next.
enum State {
    Plain,
    LoginUser,
    LoginPassword {
        user: String,
    },
    ScramFirst {
        nonce: String,
        plus: bool,
    },
    ScramVerifier(Scram),
    ScramFinal(ServerFirst),
    OAuthBearer,
    XOAuth2,
    /// A token was asked for; this is said when it is refused.
    Token(&'static [u8]),
    /// The client has been told, and says that it has heard.
    Refused(Denied),
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
    /// Check this token with [`super::People::log_in_with_token`]. When it is refused, go on with
    /// [`Exchange::refused`].
    Token {
        /// Who the client says it is, when it says so.
        user: Option<String>,
        /// The token.
        token: String,
    },
    /// The login is refused for this reason, and the client has been told what its mechanism tells.
    Denied(Denied),
    /// The response cannot be understood.
    Malformed,
    /// The proof is wrong: the password is not the user's. Call [`super::People::proof_was_wrong`].
    Wrong {
        /// The user.
        user: String,
    },
}

impl Mechanism {
    /// All, the best first.
    pub const ALL: [Mechanism; 6] = [
        Mechanism::ScramSha256Plus,
        Mechanism::ScramSha256,
        Mechanism::OAuthBearer,
        Mechanism::XOAuth2,
        Mechanism::Plain,
        Mechanism::Login,
    ];

    /// By its name, in any case.
    pub fn by_name(name: &str) -> Option<Mechanism> {
        Mechanism::ALL.into_iter().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// Its registered name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            Mechanism::OAuthBearer => "OAUTHBEARER",
            Mechanism::XOAuth2 => "XOAUTH2",
        }
    }

    /// Does it send the password or the token itself?
    pub fn is_plaintext(self) -> bool {
        !matches!(self, Mechanism::ScramSha256 | Mechanism::ScramSha256Plus)
    }
}

impl Offers {
    /// Is there what this mechanism stands on?
    pub fn have(&self, mechanism: Mechanism) -> bool {
        match mechanism {
            Mechanism::Plain | Mechanism::Login | Mechanism::ScramSha256 => true,
            Mechanism::ScramSha256Plus => self.bindings.is_some(),
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => self.tokens,
        }
    }

    /// The mechanisms that there is what they stand on for, the best first.
    pub fn mechanisms(&self) -> impl DoubleEndedIterator<Item = Mechanism> {
        Mechanism::ALL.into_iter().filter(|mechanism| self.have(*mechanism))
    }

    /// Takes note of what the connection can be bound to.
    pub fn bind(&mut self, bindings: ChannelBindings) {
        self.bindings = (!bindings.is_empty()).then(|| Box::new(bindings));
    }

    /// An exchange that has not begun.
    pub fn exchange(&self, mechanism: Mechanism) -> Exchange {
        let bindings = self.bindings.as_deref().cloned().unwrap_or_default();
        Exchange { bindings, ..Exchange::new(mechanism) }
    }
}

impl Exchange {
    /// An exchange that has not begun, on a connection that offers nothing to be bound to.
    pub fn new(mechanism: Mechanism) -> Exchange {
        let state = match mechanism {
            Mechanism::Plain => State::Plain,
            Mechanism::Login => State::LoginUser,
            Mechanism::ScramSha256 => State::ScramFirst { nonce: scram::nonce(), plus: false },
            Mechanism::ScramSha256Plus => State::ScramFirst { nonce: scram::nonce(), plus: true },
            Mechanism::OAuthBearer => State::OAuthBearer,
            Mechanism::XOAuth2 => State::XOAuth2,
        };
        Exchange { state, bindings: ChannelBindings::default() }
    }

    /// Hears the client: first the initial response or `None` when there is none, then each response.
    pub fn hear(&mut self, response: Option<&[u8]>) -> Step {
        let state = std::mem::replace(&mut self.state, State::Over);
        let Some(response) = response else { return self.ask(state) };
        self.go_on(state, response).unwrap_or(Step::Malformed)
    }

    /// Answers [`Step::Verifier`].
    pub fn verifier(&mut self, verifier: &ScramVerifier) -> Step {
        let State::ScramVerifier(scram) = std::mem::replace(&mut self.state, State::Over) else {
            return Step::Malformed;
        };
        let first = scram.server_first(verifier);
        let challenge = first.text().as_bytes().to_vec();
        self.state = State::ScramFinal(first);
        Step::Challenge(challenge)
    }

    /// The login was refused. A token's refusal is told in a challenge first, which the client answers (RFC 7628
    /// §3.2.3); all else is refused at once.
    pub fn refused(&mut self, why: Denied) -> Step {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Token(refusal) => {
                self.state = State::Refused(why);
                Step::Challenge(refusal.to_vec())
            }
            _ => Step::Denied(why),
        }
    }

    /// The first challenge, when the client did not begin by itself.
    fn ask(&mut self, state: State) -> Step {
        let challenge = match &state {
            State::LoginUser => b"Username:".to_vec(),
            State::Plain | State::ScramFirst { .. } | State::OAuthBearer | State::XOAuth2 => Vec::new(),
            _ => return Step::Malformed,
        };
        self.state = state;
        Step::Challenge(challenge)
    }

    fn go_on(&mut self, state: State, response: &[u8]) -> Option<Step> {
        let text = std::str::from_utf8(response).ok()?;
        match state {
            State::Plain => plain(text),
            State::LoginUser => {
                self.state = State::LoginPassword { user: acceptable(text)? };
                Some(Step::Challenge(b"Password:".to_vec()))
            }
            State::LoginPassword { user } => Some(Step::Password { user, password: acceptable(text)? }),
            State::ScramFirst { nonce, plus } => {
                let scram = Scram::client_first(text, &nonce, plus, &self.bindings)?;
                let user = scram.user().to_string();
                self.state = State::ScramVerifier(scram);
                Some(Step::Verifier { user })
            }
            State::ScramFinal(first) => first.client_final(text),
            State::OAuthBearer => {
                self.state = State::Token(bearer::OAUTHBEARER_REFUSAL);
                bearer::oauthbearer(text)
            }
            State::XOAuth2 => {
                self.state = State::Token(bearer::XOAUTH2_REFUSAL);
                bearer::xoauth2(text)
            }
            State::Refused(why) => Some(Step::Denied(why)),
            State::ScramVerifier(_) | State::Token(_) | State::Over => None,
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
            Step::Token { user, .. } => write!(f, "Token({user:?})"),
            Step::Denied(why) => write!(f, "Denied({why:?})"),
            Step::Malformed => f.write_str("Malformed"),
            Step::Wrong { user } => write!(f, "Wrong({user:?})"),
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
    fn a_refused_token_is_told_first() {
        for (mechanism, message, told) in [
            (Mechanism::OAuthBearer, "n,,\x01auth=Bearer t\x01\x01", &br#"{"status":"invalid_token"}"#[..]),
            (Mechanism::XOAuth2, "user=a\x01auth=Bearer t\x01\x01", br#"{"status":"401","schemes":"bearer"}"#),
        ] {
            let mut exchange = Exchange::new(mechanism);
            assert_eq!(exchange.hear(None), Step::Challenge(Vec::new()));
            assert!(matches!(exchange.hear(Some(message.as_bytes())), Step::Token { .. }));
            assert_eq!(exchange.refused(Denied::Disabled), Step::Challenge(told.to_vec()));
            assert_eq!(exchange.hear(Some(b"\x01")), Step::Denied(Denied::Disabled));
            assert_eq!(exchange.hear(Some(b"\x01")), Step::Malformed);
        }
        let mut plain = Exchange::new(Mechanism::Plain);
        plain.hear(Some(b"\0alice\0secret"));
        assert_eq!(plain.refused(Denied::Wrong), Step::Denied(Denied::Wrong));
    }

    #[test]
    fn offers() {
        let names = |offers: &Offers| offers.mechanisms().map(Mechanism::name).collect::<Vec<_>>().join(" ");
        let mut offers = Offers::default();
        assert_eq!(names(&offers), "SCRAM-SHA-256 PLAIN LOGIN");
        offers.bind(ChannelBindings::default());
        assert_eq!(names(&offers), "SCRAM-SHA-256 PLAIN LOGIN");
        offers.bind(ChannelBindings { end_point: Some(vec![1]), exporter: None });
        offers.tokens = true;
        assert_eq!(names(&offers), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN");
    }

    #[test]
    fn names() {
        assert_eq!(Mechanism::by_name("scram-SHA-256"), Some(Mechanism::ScramSha256));
        assert_eq!(Mechanism::by_name("login"), Some(Mechanism::Login));
        assert_eq!(Mechanism::by_name("scram-sha-256-plus"), Some(Mechanism::ScramSha256Plus));
        assert_eq!(Mechanism::by_name("SCRAM-SHA-1"), None);
        assert!(!format!("{:?}", Step::Token { user: None, token: "secret".into() }).contains("secret"));
        assert!(!format!("{:?}", password("alice", "secret")).contains("secret"));
    }
}
