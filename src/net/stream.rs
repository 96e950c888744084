//! A connection's bytes, plain or under TLS, compressed or not.

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

use super::deflate::Deflate;
use super::tls::Certificates;
use super::{INPUT_BYTES_MAX, Input};
use crate::people::sasl::ChannelBindings;

thread_local! {
    /// What a read is made into before the bytes join their [`Input`]: one for each worker, so that a
    /// connection that waits holds no buffer at all.
    static SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; INPUT_BYTES_MAX].into_boxed_slice());
}

/// A TLS handshake takes at most this long.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(30);

/// A client's connection.
pub struct Stream {
    wire: Wire,
    /// Boxed: few connections have it.
    deflate: Option<Box<Deflate>>,
}

enum Wire {
    /// As it came.
    Plain(TcpStream),
    /// Under TLS. Boxed: it is large, and plain connections would pay for it.
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake has failed: there is nothing left to say it on.
    Broken,
}

impl Stream {
    /// A connection as it came.
    pub fn plain(socket: TcpStream) -> Stream {
        Stream { wire: Wire::Plain(socket), deflate: None }
    }

    /// Shakes hands as the server.
    ///
    /// # Errors
    /// What the handshake says.
    pub async fn secure(&mut self, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
        let Wire::Plain(socket) = std::mem::replace(&mut self.wire, Wire::Broken) else {
            return Err(io::Error::other("TLS is already active"));
        };
        let handshake = Box::pin(tokio::time::timeout(HANDSHAKE_PATIENCE, TlsAcceptor::from(config).accept(socket)));
        self.wire = Wire::Tls(Box::new(handshake.await.map_err(|_| io::ErrorKind::TimedOut)??));
        Ok(())
    }

    /// The TLS version, when there is one.
    pub fn tls_version(&self) -> Option<&'static str> {
        let Wire::Tls(stream) = &self.wire else { return None };
        match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => Some("TLSv1.2"),
            _ => Some("TLSv1.3"),
        }
    }

    /// What a login may be bound to, nothing without TLS.
    pub fn bindings(&self, certificates: &Certificates) -> ChannelBindings {
        match &self.wire {
            Wire::Tls(stream) => certificates.bindings(stream.get_ref().1),
            _ => ChannelBindings::default(),
        }
    }

    /// Compresses both ways from now on. What is in `input` is compressed already.
    pub fn compress(&mut self, input: &mut Input) {
        self.deflate = Some(Box::new(Deflate::new(input.bytes())));
        input.clear();
    }

    /// Is there memory that a connection at rest does not need?
    pub fn is_tense(&self) -> bool {
        self.deflate.as_ref().is_some_and(|deflate| deflate.is_tense())
    }

    /// Gives that memory back.
    pub fn relax(&mut self) {
        if let Some(deflate) = &mut self.deflate {
            deflate.relax();
        }
    }

    /// Hears more into `input`, which must have room; notes the end in it.
    ///
    /// # Errors
    /// What the socket or TLS says, and that of [`Deflate::inflate`].
    pub async fn hear(&mut self, input: &mut Input) -> io::Result<()> {
        poll_fn(|context| self.poll_hear(context, input)).await
    }

    fn poll_hear(&mut self, context: &mut Context<'_>, input: &mut Input) -> Poll<io::Result<()>> {
        let Some(deflate) = &mut self.deflate else {
            let room = input.room();
            return self.wire.poll_read(context, room, |bytes| {
                if bytes.is_empty() {
                    input.close();
                }
                input.push(bytes);
            });
        };
        while !deflate.inflate(input)? {
            ready!(self.wire.poll_read(context, INPUT_BYTES_MAX, |bytes| {
                if bytes.is_empty() {
                    input.close();
                }
                deflate.hear(bytes);
            }))?;
            if input.is_closed() {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Sends all of it.
    ///
    /// # Errors
    /// What the socket or TLS says.
    pub async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.deflate {
            Some(deflate) => self.wire.say(&deflate.deflate(bytes)).await,
            None => self.wire.say(bytes).await,
        }
    }

    /// Says that nothing more will come.
    pub async fn shut_down(&mut self) {
        let _ = match &mut self.wire {
            Wire::Plain(socket) => socket.shutdown().await,
            Wire::Tls(stream) => stream.shutdown().await,
            Wire::Broken => Ok(()),
        };
    }
}

impl Wire {
    /// Reads at most `room` bytes and hands them to `take`, none at the end.
    fn poll_read(&mut self, context: &mut Context<'_>, room: usize, take: impl FnOnce(&[u8])) -> Poll<io::Result<()>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let room = room.min(scratch.len());
            let mut buffer = ReadBuf::new(&mut scratch[..room]);
            ready!(match self {
                Wire::Plain(socket) => Pin::new(socket).poll_read(context, &mut buffer),
                Wire::Tls(stream) => Pin::new(stream).poll_read(context, &mut buffer),
                Wire::Broken => Poll::Ready(Err(broken())),
            })?;
            take(buffer.filled());
            Poll::Ready(Ok(()))
        })
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Plain(socket) => socket.write_all(bytes).await,
            Wire::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
            Wire::Broken => Err(broken()),
        }
    }
}

fn broken() -> io::Error {
    io::Error::from(io::ErrorKind::BrokenPipe)
}
