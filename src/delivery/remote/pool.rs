//! Connections that have nothing to do and may be used again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::connection::Connection;
use super::route::Hop;

/// Connections that are kept at once, to all destinations together.
const KEPT_MAX: usize = 500;

/// What connections are alike for: the same step, with the same login and the same rule for TLS, and whether that must be
/// authenticated (RFC 8689).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub hop: Hop,
    pub required: bool,
}

/// Idle connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pool {
    idle: Arc<Mutex<HashMap<Kind, Vec<Idle>>>>,
    patience: Duration,
}

struct Idle {
    connection: Connection,
    until: Instant,
}

impl Pool {
    /// Keeps connections for so long.
    pub fn new(patience: Duration) -> Pool {
        Pool { idle: Arc::default(), patience }
    }

    /// The connection of that kind that was used last.
    pub fn take(&self, kind: &Kind) -> Option<Connection> {
        let mut idle = self.lock();
        let connections = idle.get_mut(kind)?;
        let last = connections.pop();
        if connections.is_empty() {
            idle.remove(kind);
        }
        last.filter(|last| last.until > Instant::now()).map(|last| last.connection)
    }

    /// Keeps a connection for a while, if there is room, then says goodbye.
    pub fn put(&self, kind: Kind, connection: Connection) {
        if self.patience.is_zero() || self.kept() >= KEPT_MAX {
            tokio::spawn(connection.quit());
            return;
        }
        let until = Instant::now() + self.patience;
        self.lock().entry(kind.clone()).or_default().push(Idle { connection, until });
        let pool = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            for old in pool.take_old(&kind) {
                old.quit().await;
            }
        });
    }

    fn kept(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    fn take_old(&self, kind: &Kind) -> Vec<Connection> {
        let (mut idle, now) = (self.lock(), Instant::now());
        let Some(connections) = idle.get_mut(kind) else { return Vec::new() };
        let (old, young): (Vec<_>, Vec<_>) = connections.drain(..).partition(|idle| idle.until <= now);
        *connections = young;
        if connections.is_empty() {
            idle.remove(kind);
        }
        old.into_iter().map(|old| old.connection).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Kind, Vec<Idle>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
