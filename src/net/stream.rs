//! A connection's bytes, plain or under TLS.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::{INPUT_BYTES_MAX, Input};

thread_local! {
    /// What a read is made into before the bytes join their [`Input`]: one for each worker, so that a
    /// connection that waits holds no buffer at all.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; INPUT_BYTES_MAX].into_boxed_slice());
}

/// A TLS handshake takes at most this long.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(30);

/// A client's connection.
pub enum Stream {
    /// As it came.
    Plain(TcpStream),
    /// Under TLS. Boxed: it is large, and plain connections would pay for it.
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake has failed: there is nothing left to say it on.
    Broken,
}

impl Stream {
    /// Shakes hands as the server.
    ///
    /// # Errors
    /// What the handshake says.
    pub async fn secure(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let Stream::Plain(socket) = std::mem::replace(self, Stream::Broken) else {
            return Err(io::Error::other("TLS is already active"));
        };
        let handshake = Box::pin(tokio::time::timeout(HANDSHAKE_PATIENCE, TlsAcceptor::from(config).accept(socket)));
        *self = Stream::Tls(Box::new(handshake.await.map_err(|_| io::ErrorKind::TimedOut)??));
        Ok(())
    }

    /// The TLS version, when there is one.
    pub fn tls_version(&self) -> Option<&'static str> {
        let Stream::Tls(stream) = self else { return None };
        match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
            _ => Some("TLSv1.3"),
        }
    }

    /// Hears more into `input`, which must have room; notes the end in it.
    ///
    /// # Errors
    /// What the socket or TLS says.
    pub async fn hear(&mut self, input: &mut Input) -> io::Result<()> {
        poll_fn(|context| self.poll_hear(context, input)).await
    }

    fn poll_hear(&mut self, context: &mut Context<'_>, input: &mut Input) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let room = input.room().min(scratch.len());
            let mut buffer = ReadBuf::new(&mut scratch[..room]);
            ready!(match self {
                Stream::Plain(socket) => Pin::new(socket).poll_read(context, &mut buffer),
                Stream::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
                Stream::Broken => Poll::Ready(Err(broken())),
            })?;
            if buffer.filled().is_empty() {
                input.close();
            }
            input.push(buffer.filled());
            Poll::Ready(Ok(()))
        })
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// What the socket or TLS says.
    pub async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Stream::Plain(socket) => socket.write_all(bytes).await,
            Stream::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Stream::Broken => Err(broken()),
        }
    }

    /// Says that nothing more will come.
    pub async fn shut_down(&mut self) {
        let _ = match self {
            Stream::Plain(socket) => socket.shutdown().await,
            Stream::Tls(stream) => stream.shutdown().await,
            Stream::Broken => Ok(()),
        };
    }
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}
