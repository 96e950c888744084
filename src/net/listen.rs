//! Listeners.

use super::{Answers, Peer, Session};

/// How a listener's connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Plain at first; the session may ask for TLS.
    StartTls,
    /// TLS from the first byte.
    Implicit,
}

/// Makes the sessions of one service.
pub trait Protocol: Send + Sync + 'static {
    /// Its sessions.
    type Session: Session;
    /// What answers them.
    type Answers: Answers<Self::Session>;

    /// The service's name: `smtp`, `submissions`, `imap`, …
    fn service(&self) -> &'static str;

    /// A session for this client.
    fn open(&self, peer: &Peer) -> (Self::Session, Self::Answers);
}

/// A service that listens and holds line-protocol sessions.
pub struct LineService(());
