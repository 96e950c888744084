//! The live sessions: every connection is a row that can be listed and ended. Knows nothing of
//! sockets: ending a session wakes whoever drives it.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailstead_storage::{BlobId, Error, Time, Word};
use tokio::sync::Notify;

/// Bits of a [`SessionId`] that count within the second of the start.
const COUNT_BITS: u32 = 16;

/// Number of a session, unique while the box runs; the time of the start is mixed in so that logs
/// of two runs do not collide. Printed in the base-32 digits of message ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub u64);

/// All sessions of the box. Cheap to clone.
#[derive(Clone, Default)]
pub struct Sessions(Arc<Mutex<Register>>);

#[derive(Default)]
struct Register {
    last: u64,
    changes: u64,
    live: BTreeMap<SessionId, Arc<Live>>,
    by_ip: HashMap<IpAddr, usize>,
}

struct Live {
    service: &'static str,
    peer: SocketAddr,
    local: SocketAddr,
    since: Time,
    now: Mutex<Now>,
    ended: Notify,
}

/// What changes in the life of a session.
struct Now {
    /// For whom a proxy asks.
    client: Option<IpAddr>,
    tls: Option<&'static str>,
    user: Option<Arc<str>>,
    state: &'static str,
}

/// One live session as a list shows it.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// Its number.
    pub id: SessionId,
    /// `smtp`, `submission`, `submissions`, `imap`, …: the service.
    pub service: &'static str,
    /// The client. When a proxy stands between, the one for whom it asked last, with the proxy's port.
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

/// A session's place in the register. Dropped, the row is gone.
pub struct SessionGuard {
    id: SessionId,
    live: Arc<Live>,
    sessions: Sessions,
}

impl Sessions {
    /// Adds a session that begins `now`. `tls` is the TLS version when it began encrypted.
    pub fn register(
        &self,
        service: &'static str,
        peer: SocketAddr,
        local: SocketAddr,
        tls: Option<&'static str>,
        now: Time,
    ) -> SessionGuard {
        let live = Arc::new(Live {
            service,
            peer,
            local,
            since: now,
            now: Mutex::new(Now { client: None, tls, user: None, state: "" }),
            ended: Notify::new(),
        });
        let mut register = self.register_lock();
        register.changes += 1;
        register.last = (register.last + 1).max(now.seconds() << COUNT_BITS);
        let id = SessionId(register.last);
        register.live.insert(id, Arc::clone(&live));
        *register.by_ip.entry(peer.ip().to_canonical()).or_default() += 1;
        SessionGuard { id, live, sessions: self.clone() }
    }

    /// All of them, by number, which is the order of their start.
    pub fn list(&self) -> Vec<SessionRow> {
        self.register_lock().live.iter().map(|(id, live)| live.row(*id)).collect()
    }

    /// Ends a session. Returns whether there was such a one.
    pub fn end(&self, id: SessionId) -> bool {
        let live = self.register_lock().live.get(&id).cloned();
        live.inspect(|live| live.ended.notify_one()).is_some()
    }

    /// Ends all sessions of the account with this main address. Returns how many there were.
    pub fn end_user(&self, address: &str) -> usize {
        let register = self.register_lock();
        let theirs = register.live.values().filter(|live| live.now().user.as_deref() == Some(address));
        theirs.map(|live| live.ended.notify_one()).count()
    }

    /// Ends all sessions that are meant. Returns how many there were.
    pub fn end_where(&self, is_meant: &dyn Fn(&SessionRow) -> bool) -> usize {
        let register = self.register_lock();
        let meant = register.live.iter().filter(|(id, live)| is_meant(&live.row(**id)));
        meant.map(|(_, live)| live.ended.notify_one()).count()
    }

    /// Number of sessions.
    pub fn count(&self) -> usize {
        self.register_lock().live.len()
    }

    /// A number that is another one after a session began, ended, or was logged in. Costs nothing.
    pub fn changes(&self) -> u64 {
        self.register_lock().changes
    }

    /// Number of sessions of this client.
    pub fn count_from(&self, ip: IpAddr) -> usize {
        self.register_lock().by_ip.get(&ip.to_canonical()).copied().unwrap_or_default()
    }

    fn register_lock(&self) -> MutexGuard<'_, Register> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn now(&self) -> MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn row(&self, id: SessionId) -> SessionRow {
        let Live { service, mut peer, local, since, .. } = *self;
        let now = self.now();
        peer.set_ip(now.client.unwrap_or(peer.ip()));
        SessionRow { id, service, peer, local, tls: now.tls, since, user: now.user.clone(), state: now.state }
    }
}

impl SessionGuard {
    /// The session's number.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Says who has logged in and what the session is doing.
    pub fn set_status(&self, user: Option<Arc<str>>, state: &'static str) {
        let mut now = self.live.now();
        let is_other = now.user.is_some() != user.is_some();
        now.user = user;
        now.state = state;
        drop(now);
        if is_other {
            self.sessions.register_lock().changes += 1;
        }
    }

    /// Says for whom the proxy at the other end asks.
    pub fn set_client(&self, client: IpAddr) {
        self.live.now().client = Some(client);
    }

    /// Says that the session is encrypted now.
    pub fn set_tls(&self, version: &'static str) {
        self.live.now().tls = Some(version);
    }

    /// Resolves once someone has ended the session, also when that was before this call.
    pub async fn ended(&self) {
        self.live.ended.notified().await;
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        let mut register = self.sessions.register_lock();
        register.changes += 1;
        register.live.remove(&self.id);
        let ip = self.live.peer.ip().to_canonical();
        if let Some(count) = register.by_ip.get_mut(&ip) {
            *count -= 1;
            if *count == 0 {
                register.by_ip.remove(&ip);
            }
        }
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        BlobId(self.0).fmt(f)
    }
}

impl std::str::FromStr for SessionId {
    type Err = Error;

    fn from_str(text: &str) -> Result<SessionId, Error> {
        let id = text.parse::<BlobId>();
        id.map(|id| SessionId(id.0)).map_err(|_| Error::new(Word::Invalid, format!("{text:?} is not a session id")))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn begin(sessions: &Sessions, ip: &str) -> SessionGuard {
        let peer = SocketAddr::new(ip.parse().expect("an address"), 1234);
        let local = "127.0.0.1:143".parse().expect("an address");
        sessions.register("imap", peer, local, None, Time(1_700_000_000_000))
    }

    #[test]
    fn a_row_lives_as_long_as_its_guard() {
        let sessions = Sessions::default();
        let (first, second) = (begin(&sessions, "192.0.2.1"), begin(&sessions, "::ffff:192.0.2.1"));
        first.set_status(Some("alice@example.test".into()), "idle");
        first.set_tls("TLSv1.3");
        second.set_client("2001:db8::7".parse().expect("an address"));
        let rows = sessions.list();
        assert_eq!(
            rows.iter().map(|row| row.peer.to_string()).collect::<Vec<_>>(),
            ["192.0.2.1:1234", "[2001:db8::7]:1234"]
        );
        assert_eq!((rows[0].id, rows[0].state, rows[0].tls), (first.id(), "idle", Some("TLSv1.3")));
        assert_eq!((rows[0].user.as_deref(), rows[1].user.as_deref()), (Some("alice@example.test"), None));
        assert!(first.id() < second.id());
        let ip = "192.0.2.1".parse().expect("an address");
        assert_eq!((sessions.count(), sessions.count_from(ip)), (2, 2));
        drop(first);
        assert_eq!((sessions.count(), sessions.count_from(ip)), (1, 1));
        drop(second);
        assert_eq!((sessions.count(), sessions.count_from(ip)), (0, 0));
        assert!(sessions.register_lock().by_ip.is_empty());
    }

    #[tokio::test]
    async fn ending_wakes_who_drives_the_session() {
        let sessions = Sessions::default();
        let (alice, bob) = (begin(&sessions, "192.0.2.1"), begin(&sessions, "192.0.2.2"));
        alice.set_status(Some("alice@example.test".into()), "idle");
        assert_eq!((sessions.end_user("alice@example.test"), sessions.end_user("x@example.test")), (1, 0));
        alice.ended().await;
        assert!(tokio::time::timeout(Duration::from_millis(5), bob.ended()).await.is_err());
        assert!(sessions.end(bob.id()) && !sessions.end(SessionId(1)));
        bob.ended().await;
    }

    #[test]
    fn numbers_are_unique_and_printable() {
        let sessions = Sessions::default();
        let (first, second) = (begin(&sessions, "192.0.2.1").id(), begin(&sessions, "192.0.2.1").id());
        assert_eq!(second.0, first.0 + 1);
        assert_eq!(first.to_string().parse(), Ok(first));
        assert!("!".parse::<SessionId>().is_err());
        assert!(size_of::<Live>() + size_of::<SessionGuard>() < 300);
    }
}
