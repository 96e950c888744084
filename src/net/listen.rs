//! Listeners: a [`LineService`] accepts connections for one protocol and holds their sessions.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::drive::{Connection, Ending};
use super::session::{Answers, Goodbye, Peer, Session};
use super::stream::Stream;
use super::tls::Certificates;
use crate::clock::Clock;
use crate::guard::{self, Guard, Refused};
use crate::log::{Event, Kind, Level, Log};
use crate::people::sessions::{SessionGuard, Sessions};
use crate::service::{Ready, Run, Service, Stop};

crate::settings! {
    /// Limits that protect the box.
    pub struct Limits {
        /// Most connections at once, all services together.
        connections_max: usize = 10_000, "connections";
        /// Most connections at once from one address. Never applied to this machine itself.
        connections_per_address_max: usize = 100, "connections";
        /// Largest message that is taken.
        message_bytes_max: u64 = 50 << 20, "bytes";
    }
}

/// This port of all addresses of the machine.
pub fn everywhere(port: u16) -> Vec<SocketAddr> {
    vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]
}

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

    /// What the service is, for a person.
    fn description(&self) -> &'static str;

    /// Under which kind its sessions are logged.
    fn kind(&self) -> Kind;

    /// A session for this client.
    fn open(&self, peer: &Peer) -> (Self::Session, Self::Answers);
}

/// What all listeners share. Cheap to clone.
#[derive(Clone)]
pub struct Net {
    /// Told time.
    pub clock: Clock,
    /// Where sessions are logged.
    pub log: Log,
    /// The live sessions.
    pub sessions: Sessions,
    /// Says who is turned away.
    pub guard: Guard,
    /// The box's certificate.
    pub certificates: Certificates,
    /// Limits that protect the box.
    pub limits: Arc<Limits>,
}

/// A service that listens and holds line-protocol sessions.
pub struct LineService<P>(Arc<Line<P>>);

struct Line<P> {
    protocol: P,
    addresses: Vec<SocketAddr>,
    encryption: Encryption,
    net: Net,
}

/// Connections that the kernel holds before we accept them.
const BACKLOG: u32 = 4096;

/// Who is turned away is told so within this time.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);

/// After an accept has failed (no file descriptor is left), wait before the next.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

impl<P: Protocol> LineService<P> {
    /// A service of this protocol on these addresses.
    pub fn new(protocol: P, addresses: Vec<SocketAddr>, encryption: Encryption, net: Net) -> LineService<P> {
        LineService(Arc::new(Line { protocol, addresses, encryption, net }))
    }
}

impl<P: Protocol> Service for LineService<P> {
    fn name(&self) -> &'static str {
        self.0.protocol.service()
    }

    fn description(&self) -> &'static str {
        self.0.protocol.description()
    }

    fn run(&self, ready: Ready, stop: Stop) -> Run {
        let line = self.0.clone();
        Box::pin(async move {
            let bound: Result<Vec<_>, String> = line.addresses.iter().map(|address| listen(*address)).collect();
            match bound {
                Ok(listeners) => {
                    ready.listening(listeners.iter().filter_map(|listener| listener.local_addr().ok()).collect());
                    line.hold(listeners, stop).await;
                }
                Err(why) => ready.failed(why),
            }
        })
    }
}

fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    let bind = || -> io::Result<TcpListener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        if address.is_ipv6() {
            socket2::SockRef::from(&socket).set_only_v6(true)?;
        }
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => format!("{address} is in use by another program"),
        io::ErrorKind::PermissionDenied => {
            format!("{address} needs the right to bind low ports (CAP_NET_BIND_SERVICE)")
        }
        _ => format!("cannot listen on {address}: {error}"),
    })
}

impl<P: Protocol> Line<P> {
    /// Accepts until `stop`, then waits for the sessions to end.
    async fn hold(self: Arc<Self>, listeners: Vec<TcpListener>, mut stop: Stop) {
        let mut accepting = JoinSet::new();
        for listener in listeners {
            accepting.spawn(self.clone().accept(listener, stop.clone()));
        }
        stop.asked().await;
        accepting.join_all().await;
    }

    async fn accept(self: Arc<Self>, listener: TcpListener, mut stop: Stop) {
        let mut sessions = JoinSet::new();
        let stopped = stop.clone();
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((socket, address)) => {
                        sessions.spawn(self.clone().serve(socket, address, stopped.clone()));
                    }
                    Err(error) => {
                        self.event(Level::Error, "cannot accept a connection", |event| event.with("error", error.to_string()));
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_) = sessions.join_next() => {}
                () = stop.asked() => break,
            }
        }
        drop(listener);
        sessions.join_all().await;
    }

    async fn serve(self: Arc<Self>, socket: TcpStream, address: SocketAddr, stop: Stop) {
        let Ok(local) = socket.local_addr() else { return };
        let _ = socket.set_nodelay(true);
        let since = self.net.clock.now();
        let guard = self.net.sessions.register(self.protocol.service(), address, local, None, since);
        let refusal = self.refusal_of(address);
        let mut stream = Stream::plain(socket);
        // A handshake costs more than a goodbye is worth.
        if self.encryption == Encryption::Implicit
            && (refusal.is_some() || stream.secure(self.net.certificates.server()).await.is_err())
        {
            return;
        }
        if let Some(version) = stream.tls_version() {
            guard.set_tls(version);
        }
        let peer = Peer { id: guard.id(), address, local, tls: stream.tls_version() };
        let (mut session, answers) = self.protocol.open(&peer);
        if peer.tls.is_some() {
            session.bound(stream.bindings(&self.net.certificates));
        }
        if let Some(why) = refusal {
            return self.turn_away(why, stream, session, &guard).await;
        }
        self.event(Level::Debug, "connected", |event| {
            event.session(peer.id).with("peer", address.to_string()).with("service", self.protocol.service())
        });
        let Net { clock, certificates, .. } = self.net.clone();
        let connection = Connection { stream, session, guard, clock, certificates, stop };
        let ending = connection.drive(answers).await;
        self.event(Level::Debug, "disconnected", |event| {
            let seconds = self.net.clock.now().millis_since(since) / 1000;
            event.session(peer.id).with("why", ending_words(ending)).with("seconds", seconds)
        });
    }

    /// Why this client, which counts already, must be turned away.
    fn refusal_of(&self, address: SocketAddr) -> Option<Goodbye> {
        let spoken = guard::Protocol::of_service(self.protocol.service());
        let guarded = spoken.map_or(Ok(()), |protocol| self.net.guard.connection(address.ip(), protocol));
        match guarded {
            Err(Refused::Blocked) => Some(Goodbye::Blocked),
            Err(Refused::Listed) => Some(Goodbye::Listed),
            Ok(()) if self.has_room_for(address) => None,
            Ok(()) => Some(Goodbye::TooMany),
        }
    }

    /// Is there room for one more, counting this one?
    fn has_room_for(&self, address: SocketAddr) -> bool {
        let (sessions, limits) = (&self.net.sessions, &self.net.limits);
        let ip = address.ip().to_canonical();
        sessions.count() <= limits.connections_max
            && (ip.is_loopback() || sessions.count_from(ip) <= limits.connections_per_address_max)
    }

    async fn turn_away(&self, why: Goodbye, mut stream: Stream, mut session: P::Session, guard: &SessionGuard) {
        self.event(Level::Info, "connection refused", |event| {
            event.session(guard.id()).with("why", ending_words(Ending::Dismissed(why)))
        });
        let mut out = Vec::new();
        session.goodbye(why, &mut out);
        let _ = tokio::time::timeout(GOODBYE_PATIENCE, stream.say(&out)).await;
    }

    fn event(&self, level: Level, what: &'static str, fill: impl FnOnce(Event) -> Event) {
        if self.net.log.lets_through(self.protocol.kind(), level) {
            self.net.log.write(fill(Event::new(self.protocol.kind(), level, what)));
        }
    }
}

fn ending_words(ending: Ending) -> &'static str {
    match ending {
        Ending::Done => "done",
        Ending::Gone => "the client went away",
        Ending::Broken => "the connection broke",
        Ending::Dismissed(Goodbye::Timeout) => "timeout",
        Ending::Dismissed(Goodbye::ServiceStops) => "the service stops",
        Ending::Dismissed(Goodbye::Ended) => "ended by an administrator",
        Ending::Dismissed(Goodbye::TooMany) => "too many connections",
        Ending::Dismissed(Goodbye::Blocked) => "the address is blocked",
        Ending::Dismissed(Goodbye::Listed) => "the address is on the blacklist",
        Ending::Dismissed(Goodbye::Garbled) => "compressed bytes that are not DEFLATE",
    }
}
