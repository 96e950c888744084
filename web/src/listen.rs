//! The loop that joins a listening socket to a router: HTTP/1.1, bounded in connections and in the
//! time a client may take for a request's head.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mailstead_core::clock::Clock;
use mailstead_core::guard::{Guard, Protocol};
use mailstead_core::people::sessions::{SessionGuard, Sessions};
use mailstead_core::service::Stop;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::task::JoinSet;

/// A client that needs longer for a request's head, or is silent for so long between two requests,
/// is hung up on.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long running requests may go on once the service stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// Who is turned away is told so within this time.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(5);

/// What who is turned away is told.
const BLOCKED: &str = "Your address is blocked: something was done too often from there. Try again later.\n";

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that connections come from.
pub(crate) trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// Is the client to be turned away?
    fn refuses(&self, stream: &Self::Stream) -> bool;

    /// A row for it in the list of sessions, if it belongs there.
    fn register(&self, stream: &Self::Stream) -> Option<SessionGuard>;
}

/// A TCP socket whose connections are in the list of sessions.
pub(crate) struct Listed {
    /// The socket.
    pub(crate) socket: TcpListener,
    /// The name of the service.
    pub(crate) service: &'static str,
    /// The list.
    pub(crate) sessions: Sessions,
    /// Says who is turned away.
    pub(crate) guard: Guard,
    /// Tells since when.
    pub(crate) clock: Clock,
}

impl Listener for Listed {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.socket.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    fn refuses(&self, stream: &TcpStream) -> bool {
        stream.peer_addr().is_ok_and(|peer| self.guard.connection(peer.ip(), Protocol::Web).is_err())
    }

    fn register(&self, stream: &TcpStream) -> Option<SessionGuard> {
        let (peer, local) = (stream.peer_addr().ok()?, stream.local_addr().ok()?);
        let guard = self.sessions.register(self.service, peer, local, None, self.clock.now());
        guard.set_status(None, "HTTP");
        Some(guard)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }

    fn refuses(&self, _: &UnixStream) -> bool {
        false
    }

    fn register(&self, _: &UnixStream) -> Option<SessionGuard> {
        None
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
                Ok(stream) if listener.refuses(&stream) => {
                    connections.spawn(turn_away(stream));
                }
                Ok(stream) => {
                    let guard = listener.register(&stream);
                    connections.spawn(connection(stream, guard, router.clone(), stop.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next(), if connections.len() >= connections_max => {}
        }
    }
    drop(listener);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_PATIENCE, all_gone).await;
}

/// Tells a client whose address is blocked so, whatever it asks for.
async fn turn_away(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let answer = format!(
        "HTTP/1.1 429 Too Many Requests\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{BLOCKED}",
        BLOCKED.len()
    );
    let say = async {
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        // Bytes that nobody reads would reset the connection, and the answer be lost.
        tokio::io::copy(&mut stream.take(HEAD_BYTES_MAX as u64), &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(GOODBYE_PATIENCE, say).await;
}

async fn connection(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    guard: Option<SessionGuard>,
    router: Router,
    mut stop: Stop,
) {
    let ended = async {
        match &guard {
            Some(guard) => guard.ended().await,
            None => std::future::pending().await,
        }
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    // A connection that breaks is the client's affair: there is nobody left to tell.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = ended => {}
        () = stop.asked() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
