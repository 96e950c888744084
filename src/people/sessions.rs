//! The live sessions: every connection is a row that can be listed and ended.

use std::net::SocketAddr;
use std::sync::Arc;

use mailstead_storage::Time;

/// Number of a session, unique while the box runs; the time of the start is mixed in so that logs
/// of two runs do not collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// All sessions of the box. Cheap to clone.
#[derive(Clone, Default)]
pub struct Sessions(Arc<()>);

/// One live session as a list shows it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// `smtp`, `submission`, `submissions`, `imap`, …: the service.
    pub service: &'static str,
    /// The client.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// TLS version, when the session is encrypted.
    pub tls: Option<&'static str>,
    /// Since when.
    pub since: Time,
    /// Who has logged in.
    pub user: Option<Arc<str>>,
    /// What it is doing, in one or two words of the protocol.
    pub state: &'static str,
}
