//! A TCP connection that is read by lines and counted bytes.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::tls;
use crate::options::Server;
use crate::trouble::{Result, Trouble};

/// How long to wait for the server's next bytes.
const PATIENCE: Duration = Duration::from_secs(60);
/// Small, because there may be ten thousand.
const BUFFER_BYTES: usize = 4096;
const LINE_BYTES_MAX: usize = 1 << 20;

thread_local! {
    /// Connections opened: the next one comes from the next source address.
    static OPENED: Cell<u32> = const { Cell::new(0) };
}

/// What a connection reads and writes: TCP, or TLS on it.
trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

/// A connection to a server.
pub struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    line: Vec<u8>,
}

impl Connection {
    /// Opens one.
    ///
    /// # Errors
    /// `Io`, `TimedOut`.
    pub async fn open(server: &Server, address: SocketAddr) -> Result<Connection> {
        Ok(Connection::over(Box::new(connect(server, address).await?)))
    }

    /// Opens one and does a TLS handshake.
    ///
    /// # Errors
    /// `Io`, `TimedOut`, `Unfit`.
    pub async fn open_tls(server: &Server, address: SocketAddr) -> Result<Connection> {
        let stream = connect(server, address).await?;
        Ok(Connection::over(Box::new(timeout(PATIENCE, tls::handshake(stream)).await??)))
    }

    /// One that a client has opened.
    ///
    /// # Errors
    /// `Io`.
    pub fn accepted(stream: TcpStream) -> Result<Connection> {
        stream.set_nodelay(true)?;
        Ok(Connection::over(Box::new(stream)))
    }

    /// Does a TLS handshake with the client. What it has sent ahead of that is forgotten.
    ///
    /// # Errors
    /// `Io`, `TimedOut`.
    pub async fn accept_tls(self, acceptor: &TlsAcceptor) -> Result<Connection> {
        let stream = timeout(PATIENCE, acceptor.accept(self.stream.into_inner())).await??;
        Ok(Connection::over(Box::new(stream)))
    }

    fn over(stream: Box<dyn Stream>) -> Connection {
        Connection { stream: BufReader::with_capacity(BUFFER_BYTES, stream), line: Vec::new() }
    }

    /// Is there something that was read, but not asked for yet?
    pub fn has_more(&self) -> bool {
        !self.stream.buffer().is_empty()
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// `Io`, `TimedOut`.
    pub async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        timeout(PATIENCE, self.stream.get_mut().write_all(bytes)).await??;
        timeout(PATIENCE, self.stream.get_mut().flush()).await??;
        Ok(())
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// `Closed`, `Io`, `Nonsense` when it is very long, `TimedOut`.
    pub async fn line(&mut self) -> Result<&str> {
        self.line_within(PATIENCE).await
    }

    /// The next line, without its end, when it comes in time.
    ///
    /// # Errors
    /// As [`line`](Connection::line).
    pub async fn line_within(&mut self, patience: Duration) -> Result<&str> {
        self.line.clear();
        timeout(patience, read_line(&mut self.stream, &mut self.line)).await??;
        let end = self.line.strip_suffix(b"\n").map_or(0, |line| line.strip_suffix(b"\r").unwrap_or(line).len());
        self.line.truncate(end);
        std::str::from_utf8(&self.line).map_err(|_| Trouble::Nonsense("a line that is not UTF-8".into()))
    }

    /// Takes the next bytes and forgets them.
    ///
    /// # Errors
    /// `Closed`, `Io`, `TimedOut`.
    pub async fn skip(&mut self, mut count: u64) -> Result<()> {
        while count > 0 {
            let there = timeout(PATIENCE, self.stream.fill_buf()).await??.len();
            if there == 0 {
                return Err(Trouble::Closed);
            }
            let taken = (there as u64).min(count);
            self.stream.consume(taken as usize);
            count -= taken;
        }
        Ok(())
    }
}

async fn connect(server: &Server, address: SocketAddr) -> Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    let number = OPENED.replace(OPENED.get().wrapping_add(1));
    if let Some(source) = server.source(number).filter(|_| address.ip().is_loopback() && address.is_ipv4()) {
        socket.bind(SocketAddr::new(IpAddr::V4(source), 0))?;
    }
    let stream = timeout(PATIENCE, socket.connect(address)).await??;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn read_line(stream: &mut BufReader<Box<dyn Stream>>, line: &mut Vec<u8>) -> Result<()> {
    loop {
        let there = stream.fill_buf().await?;
        let end = there.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let taken = end.unwrap_or(there.len());
        line.extend_from_slice(&there[..taken]);
        stream.consume(taken);
        match (end, taken) {
            (Some(_), _) => return Ok(()),
            (None, 0) => return Err(Trouble::Closed),
            _ if line.len() > LINE_BYTES_MAX => return Err(Trouble::Nonsense("a line without end".into())),
            _ => {}
        }
    }
}
