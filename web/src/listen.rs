//! The loop that joins a listening socket to a router: HTTP/1.1, bounded in connections and in the
//! time a client may take for a request's head.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use mailstead_core::service::Stop;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::JoinSet;

/// A client that needs longer for a request's head, or is silent for so long between two requests,
/// is hung up on.
const HEAD_PATIENCE: Duration = Duration::from_secs(20);

/// Bytes of a request's head at most.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// How long running requests may go on once the service stops.
const STOP_PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait when the system has no socket to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Something that connections come from.
pub(crate) trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next connection.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = tokio::net::TcpStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        let (stream, _) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Listener for UnixListener {
    type Stream = tokio::net::UnixStream;

    async fn accept(&self) -> io::Result<Self::Stream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
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
                Ok(stream) => { connections.spawn(connection(stream, router.clone(), stop.clone())); }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next(), if connections.len() >= connections_max => {}
        }
    }
    drop(listener);
    let all_gone = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_PATIENCE, all_gone).await;
}

async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, router: Router, mut stop: Stop) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    // A connection that breaks is the client's affair: there is nobody left to tell.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stop.asked() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
