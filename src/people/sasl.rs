//! SASL server mechanisms (RFC 4422): PLAIN (4616), LOGIN, SCRAM-SHA-256 (5802, 7677). Pure: the
//! exchange asks for what it needs, whoever holds it answers.

use mailstead_storage::ScramVerifier;

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
pub struct Exchange(());

/// What comes next in an exchange. All bytes are before base64.
#[derive(Debug, PartialEq, Eq)]
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

#[expect(unused_variables, reason = "the bodies are being written")]
impl Mechanism {
    /// By its name, in any case.
    pub fn by_name(name: &str) -> Option<Mechanism> {
        todo!()
    }

    /// Does it send the password itself?
    pub fn is_plaintext(self) -> bool {
        !matches!(self, Mechanism::ScramSha256)
    }
}

#[expect(unused_variables, reason = "the bodies are being written")]
impl Exchange {
    /// An exchange that has not begun.
    pub fn new(mechanism: Mechanism) -> Exchange {
        todo!()
    }

    /// Hears the client: first the initial response or `None` when there is none, then each response.
    pub fn hear(&mut self, response: Option<&[u8]>) -> Step {
        todo!()
    }

    /// Answers [`Step::Verifier`].
    pub fn verifier(&mut self, verifier: &ScramVerifier) -> Step {
        todo!()
    }
}
