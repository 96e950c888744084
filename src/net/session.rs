//! What a session is: a state machine without sockets, threads or clock (sans-I/O). It is told the
//! bytes and the time, and says in turns what it wants next. Whatever it must know of the house it
//! asks as a question; the answer comes before its next turn.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Input;
use crate::bell::Watch;
use crate::clock::Time;
use crate::people::sasl::ChannelBindings;
use crate::people::sessions::SessionId;

/// What a session wants next.
#[derive(Debug)]
pub enum Turn<Question> {
    /// Hear more bytes than `input` has now. What is in `out` is sent first. When nothing new comes for
    /// `patience`, the session is closed with [`Goodbye::Timeout`].
    Read {
        /// How long to wait.
        patience: Duration,
    },
    /// Send what is in `out`, then take the next turn: said when `out` has grown beyond
    /// [`OUTPUT_BYTES`].
    Flush,
    /// An answer to this. The bytes in `out` may be sent before or after it.
    Ask(Question),
    /// Send `out`, then shake hands for TLS. Bytes heard before it are thrown away (RFC 3207 §4.2, RFC
    /// 9051 §6.2.1). [`Session::secured`] follows.
    StartTls,
    /// Send `out`, then compress both ways with DEFLATE (RFC 4978). Bytes heard after what the session has
    /// taken are compressed already.
    Compress,
    /// As `Read`, and the session's [`Watch`] is listened to as well ([`Session::rang`]). Buffers are given
    /// back while it lasts.
    Idle {
        /// How long to wait.
        patience: Duration,
    },
    /// Send `out` and close.
    HangUp,
}

/// A session flushes when this many bytes wait to be sent.
pub const OUTPUT_BYTES: usize = 64 * 1024;

/// Why a session is ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goodbye {
    /// The client was silent for too long.
    Timeout,
    /// The service is stopping.
    ServiceStops,
    /// An administrator ended the session, or the account was disabled.
    Ended,
    /// Too many connections, from one address or in all.
    TooMany,
    /// The client's address is blocked for a while: something was done too often from there.
    Blocked,
    /// The client's address is on the blacklist.
    Listed,
    /// What the client sends cannot be decompressed.
    Garbled,
}

/// Who is at the other end.
#[derive(Debug, Clone)]
pub struct Peer {
    /// The session's number.
    pub id: SessionId,
    /// The client's address.
    pub address: SocketAddr,
    /// Our address.
    pub local: SocketAddr,
    /// TLS version (`TLSv1.3`) when the connection began encrypted.
    pub tls: Option<&'static str>,
}

/// What a list of sessions shows of one, beyond its [`Peer`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The account's address once logged in.
    pub user: Option<Arc<str>>,
    /// What it is doing, in one or two words of the protocol.
    pub state: &'static str,
}

/// The states of one connection. Pure.
pub trait Session: Send + 'static {
    /// What it asks the house.
    type Question: Send + 'static;
    /// What the house answers.
    type Answer: Send + 'static;

    /// Goes on as far as it can with the bytes of `input`, taking what it has understood out of it and
    /// writing what it says to `out`. The first turn says the greeting.
    fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>, now: Time) -> Turn<Self::Question>;

    /// Hears the answer to the question of its last turn.
    fn answer(&mut self, answer: Self::Answer, out: &mut Vec<u8>, now: Time);

    /// What a login may be bound to on this encrypted connection (RFC 5056). Comes before [`Session::secured`],
    /// and before the first turn when the connection began encrypted.
    fn bound(&mut self, _bindings: ChannelBindings) {}

    /// The connection is encrypted now.
    fn secured(&mut self, version: &'static str);

    /// Something that is watched has changed.
    fn rang(&mut self) {}

    /// What to listen to during [`Turn::Idle`].
    fn watches(&self) -> [Option<&Watch>; 2] {
        [None, None]
    }

    /// Says goodbye in the protocol's own words. Nothing is asked after it.
    fn goodbye(&mut self, why: Goodbye, out: &mut Vec<u8>);

    /// Is a transaction in flight that should end before the session does?
    fn is_busy(&self) -> bool {
        false
    }

    /// For the list of sessions.
    fn status(&self) -> Status;
}

/// Answers one session's questions: the only part of a protocol with handles to the house. One for each
/// connection, so that it may hold what the session has open.
pub trait Answers<S: Session>: Send + 'static {
    /// The answer. Must not block the worker.
    fn answer(&mut self, question: S::Question) -> impl Future<Output = S::Answer> + Send;

    /// The session is over: what it has open is given free before its client sees the connection's end. Comes to
    /// those that were not turned away.
    fn over(self)
    where
        Self: Sized,
    {
    }
}
