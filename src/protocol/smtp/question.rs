//! What a session asks the house, and what it is answered.

use mailstead_storage::{AccountId, BlobId, ScramVerifier};

use super::Reply;
use crate::intake::{Acceptance, Refusal, Trace};
use crate::people::{Address, Denied, Login};

/// What the session asks the house.
pub enum Question {
    /// Is this the user's password?
    Password {
        /// The user.
        user: String,
        /// The password.
        password: String,
    },
    /// Whose token is this?
    Token {
        /// Who the client says it is, when it says so.
        user: Option<String>,
        /// The token.
        token: String,
    },
    /// What SCRAM of this user is checked with.
    Verifier {
        /// The user.
        user: String,
    },
    /// This user has proven the password by SCRAM.
    Admit {
        /// The user.
        user: String,
    },
    /// This user has failed to prove the password by SCRAM.
    ProofWrong {
        /// The user.
        user: String,
    },
    /// May a message come from this reverse-path?
    Sender {
        /// The reverse-path, `None` for `<>`.
        address: Option<Address>,
        /// Who has logged in.
        account: Option<AccountId>,
        /// The size announced, bytes.
        size: u64,
    },
    /// May a message go to this forward-path?
    Recipient {
        /// The forward-path.
        address: Address,
        /// Who has logged in.
        account: Option<AccountId>,
        /// The size announced, bytes.
        size: u64,
    },
    /// A message begins.
    Begin {
        /// What stands ahead of it.
        trace: Box<Trace>,
        /// The name that the client gave, unless somebody has logged in: then nobody has to prove anything.
        hello: Option<String>,
    },
    /// Its next bytes.
    Body(Vec<u8>),
    /// It is complete.
    Accept(Box<Acceptance>),
    /// It will not be completed; with a reply, because it was refused so.
    Discard(Option<Reply>),
}

/// What the house answers.
pub enum Answer {
    /// To `Password`, `Token` and `Admit`.
    Login(Result<Login, Denied>),
    /// To `Verifier`.
    Verifier(ScramVerifier),
    /// To `Sender`: the reply when it may not.
    Sender(Result<(), Reply>),
    /// To `Recipient`: the reply when it may not.
    Recipient(Result<(), Reply>),
    /// To `Begin`.
    Begun(Result<(), Refusal>),
    /// To `Body`.
    Taken(Result<(), Refusal>),
    /// To `Accept`: the reply when the message is not taken.
    Accepted(Result<BlobId, Reply>),
    /// To `ProofWrong` and `Discard`.
    Noted,
}
