//! The loop that joins a listening socket to a router: HTTP/1.1, bounded in connections and in the
//! time a client may take for a handshake or a request's head.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use mailstead_core::clock::Clock;
use mailstead_core::guard::{Guard, Protocol};
use mailstead_core::people::sessions::{SessionGuard, Sessions};
use mailstead_core::service::Stop;
use mailstead_core::settings::Live;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt;

use crate::WebSettings;

/// A client that needs longer for a request's head, or is silent for so long between two requests,
/// is hung up on.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// A client that needs longer for a TLS handshake is hung up on.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long running requests may go on once the service stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Who is turned away is told so within this time.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);

/// What who is turned away is told.
pub(crate) const BLOCKED: &str = "Your address is blocked: something was done too often from there. Try again later.\n";

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The connection that a request came by: an extension of every request.
#[derive(Clone, Default)]
pub(crate) struct Connection(Option<Arc<Row>>);

struct Row {
    peer: SocketAddr,
    guard: SessionGuard,
}

impl Connection {
    /// The client; none on the control socket.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.0.as_ref().map(|row| row.peer)
    }

    /// Says in the list of sessions who asks by it, and from where.
    pub(crate) fn set_caller(&self, user: Option<&str>, client: IpAddr) {
        if let Some(row) = &self.0 {
            row.guard.set_status(user.map(Arc::from), "HTTP");
            row.guard.set_client(client);
        }
    }

    /// Resolves once an administrator has ended it.
    async fn ended(&self) {
        match &self.0 {
            Some(row) => row.guard.ended().await,
            None => std::future::pending().await,
        }
    }
}

/// Something that connections come from.
pub(crate) trait Listener: Send + 'static {
    /// What is accepted.
    type Socket: Send + 'static;
    /// What requests are read from.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Socket>> + Send;

    /// Adds it to the list of sessions, if it belongs there. None when it is turned away.
    fn admit(&self, socket: &Self::Socket) -> Option<Connection>;

    /// Tells a client that is turned away so, where that costs no handshake.
    fn turn_away(&self, socket: Self::Socket) -> impl Future<Output = ()> + Send + 'static;

    /// Does the handshake, if there is one.
    fn open(&self, socket: Self::Socket) -> impl Future<Output = io::Result<Self::Stream>> + Send + 'static;
}

/// A TCP socket whose connections are in the list of sessions.
pub(crate) struct Plain {
    /// The socket.
    pub(crate) socket: TcpListener,
    /// The name of the service.
    pub(crate) service: &'static str,
    /// The list.
    pub(crate) sessions: Sessions,
    /// Turns clients away.
    pub(crate) guard: Guard,
    /// Tells since when.
    pub(crate) clock: Clock,
    /// Says which proxies are trusted.
    pub(crate) settings: Live<WebSettings>,
}

/// The same, with TLS.
pub(crate) struct Encrypted {
    /// The socket and the list.
    pub(crate) plain: Plain,
    /// Does the handshake.
    pub(crate) acceptor: TlsAcceptor,
}

impl Plain {
    fn admitted(&self, stream: &TcpStream, tls: Option<&'static str>) -> Option<Connection> {
        let (peer, local) = (stream.peer_addr().ok()?, stream.local_addr().ok()?);
        // Those for whom a proxy asks are looked at one by one.
        if !self.settings.get().is_proxy(peer.ip()) {
            self.guard.connection(peer.ip(), Protocol::Web).ok()?;
        }
        let guard = self.sessions.register(self.service, peer, local, tls, self.clock.now());
        guard.set_status(None, "HTTP");
        Some(Connection(Some(Arc::new(Row { peer, guard }))))
    }
}

impl Listener for Plain {
    type Socket = TcpStream;
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.socket.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn admit(&self, socket: &TcpStream) -> Option<Connection> {
        self.admitted(socket, None)
    }

    fn turn_away(&self, socket: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        refuse(socket)
    }

    fn open(&self, socket: TcpStream) -> impl Future<Output = io::Result<TcpStream>> + Send + 'static {
        std::future::ready(Ok(socket))
    }
}

impl Listener for Encrypted {
    type Socket = TcpStream;
    type Stream = TlsStream<TcpStream>;

    async fn accept(&self) -> io::Result<TcpStream> {
        self.plain.accept().await
    }

    fn admit(&self, socket: &TcpStream) -> Option<Connection> {
        self.plain.admitted(socket, Some("TLS"))
    }

    fn turn_away(&self, _: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        std::future::ready(())
    }

    fn open(&self, socket: TcpStream) -> impl Future<Output = io::Result<TlsStream<TcpStream>>> + Send + 'static {
        self.acceptor.accept(socket)
    }
}

impl Listener for UnixListener {
    type Socket = UnixStream;
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }

    fn admit(&self, _: &UnixStream) -> Option<Connection> {
        Some(Connection::default())
    }

    fn turn_away(&self, _: UnixStream) -> impl Future<Output = ()> + Send + 'static {
        std::future::ready(())
    }

    fn open(&self, socket: UnixStream) -> impl Future<Output = io::Result<UnixStream>> + Send + 'static {
        std::future::ready(Ok(socket))
    }
}

/// Serves until `stop`, at most `connections_max` connections at once; requests that run then may
/// end, for as long as [`STOP_PATIENCE`].
pub(crate) async fn serve(listener: impl Listener, router: Router, connections_max: usize, mut stop: Stop) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        tokio::select! {
            () = stop.asked() => break,
            accepted = listener.accept(), if connections.len() < connections_max => match accepted {
                Ok(socket) => match listener.admit(&socket) {
                    Some(of) => {
                        connections.spawn(connection(listener.open(socket), of, router.clone(), stop.clone()));
                    }
                    None => {
                        connections.spawn(listener.turn_away(socket));
                    }
                },
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next(), if connections.len() >= connections_max => {}
        }
    }
    drop(listener);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_PATIENCE, all_gone).await;
}

/// Answers whatever is asked with 429 (RFC 6585 §4).
async fn refuse(mut socket: TcpStream) {
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{BLOCKED}",
        BLOCKED.len()
    );
    let say = async {
        socket.write_all(answer.as_bytes()).await?;
        socket.shutdown().await?;
        // Bytes that nobody reads would reset the connection, and the answer be lost.
        tokio::io::copy(&mut socket.take(HEAD_BYTES_MAX as u64), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(GOODBYE_PATIENCE, say).await;
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    opening: impl Future<Output = io::Result<S>>,
    of: Connection,
    router: Router,
    mut stop: Stop,
) {
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_PATIENCE, opening).await else { return };
    let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(of.clone());
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = std::pin::pin!(connection);
    // A connection that breaks is the client's affair: there is nobody left to tell.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = of.ended() => {}
        () = stop.asked() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
