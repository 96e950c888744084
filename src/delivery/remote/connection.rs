//! One connection to a server: the loop that joins its socket to the client's session.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::body::Body;
use super::tls::{Policy, TlsFailure, failure};
use crate::net::Input;
use crate::protocol::smtp::client::{ClientSession, Extensions, Failure, Mail, Report, Terms, Tls, Turn, answer};

/// A TLS handshake takes at most this long.
const HANDSHAKE_PATIENCE: Duration = Duration::from_secs(30);
/// A goodbye is not waited for longer.
const GOODBYE_PATIENCE: Duration = Duration::from_secs(2);
/// Bytes that are heard at once.
const HEARD_BYTES: usize = 4096;

/// Whom to call, and how.
pub(super) struct Call {
    /// The host's name as certificates have it.
    pub host: String,
    pub address: SocketAddr,
    /// Our address, when one is set for this family.
    pub source: Option<IpAddr>,
    pub policy: Policy,
    pub config: Arc<ClientConfig>,
    pub terms: Arc<Terms>,
    pub connect_patience: Duration,
    pub piece_patience: Duration,
}

/// Why there is no connection.
#[derive(Debug)]
pub(super) struct Trouble {
    /// The answer for the recipients.
    pub answer: String,
    /// What went wrong with TLS, if that was it.
    pub tls: Option<TlsFailure>,
    /// Our address, once there was a connection.
    pub source: Option<IpAddr>,
}

/// A connection that is greeted and secured.
pub(super) struct Connection {
    pub host: String,
    pub address: IpAddr,
    pub source: Option<IpAddr>,
    /// The TLS version.
    pub tls: Option<&'static str>,
    /// Messages that went over it.
    pub messages: u32,
    wire: Wire,
    session: ClientSession,
    input: Input,
    out: Vec<u8>,
    heard: Box<[u8]>,
    piece_patience: Duration,
}

/// What came of a message.
pub(super) enum Sent {
    /// The server answered, or is gone.
    Report(Report),
    /// The connection was over before the message began: another one may do.
    Stale,
}

enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Broken,
}

impl Connection {
    /// Connects, greets, secures and logs in.
    pub async fn open(call: Call) -> Result<Connection, Trouble> {
        let Call { host, address, source, policy, config, terms, connect_patience, piece_patience } = call;
        let socket =
            timeout(connect_patience, connect(address, source)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
        let socket = socket.map_err(|error| Trouble {
            answer: answer(451, "4.4.1", &format!("no connection to {host} ({}): {error}", address.ip())),
            tls: None,
            source: None,
        })?;
        let is_implicit = terms.tls == Tls::Implicit;
        let mut connection = Connection {
            source: socket.local_addr().ok().map(|local| local.ip()),
            host,
            address: address.ip(),
            tls: None,
            messages: 0,
            wire: Wire::Plain(socket),
            session: ClientSession::new(terms),
            input: Input::default(),
            out: Vec::new(),
            heard: vec![0; HEARD_BYTES].into_boxed_slice(),
            piece_patience,
        };
        if is_implicit {
            connection.secure(&policy, config.clone()).await?;
        }
        connection.introduce(&policy, config).await?;
        Ok(connection)
    }

    async fn introduce(&mut self, policy: &Policy, config: Arc<ClientConfig>) -> Result<(), Trouble> {
        loop {
            match self.session.turn(&mut self.input, &mut self.out) {
                Turn::Ready => return Ok(()),
                Turn::Read { patience } => {
                    let heard = self.hear(patience).await;
                    heard.map_err(|why| self.trouble(answer(451, "4.4.2", &format!("{}: {why}", self.host)), None))?;
                }
                Turn::StartTls => {
                    self.secure(policy, config.clone()).await?;
                    self.session.secured(&mut self.out);
                }
                Turn::Failed(failure) => {
                    let tls = match failure {
                        Failure::NoTls | Failure::TlsRefused(_) => Some(TlsFailure::StartTlsNotSupported),
                        _ => None,
                    };
                    return Err(self.trouble(failure.answer(), tls));
                }
                Turn::Piece | Turn::Done(_) => {
                    return Err(self.trouble(answer(451, "4.5.0", "the conversation is out of order"), None));
                }
            }
        }
    }

    fn trouble(&self, answer: String, tls: Option<TlsFailure>) -> Trouble {
        Trouble { answer, tls, source: self.source }
    }

    /// What the server offers.
    pub fn extensions(&self) -> &Extensions {
        self.session.extensions()
    }

    /// The name that the server has given itself.
    pub fn server_name(&self) -> &str {
        self.session.server_name()
    }

    /// Host, address and TLS in a few words, for the log.
    pub fn described(&self) -> String {
        format!("{} [{}] {}", self.host, self.address, self.tls.unwrap_or("without TLS"))
    }

    /// Sends a message.
    pub async fn send(&mut self, mail: Mail, mut body: Body) -> Sent {
        let recipients = mail.recipients.len();
        let is_reused = self.messages > 0;
        self.messages += 1;
        if let Err(refusal) = self.session.begin(mail, &mut self.out) {
            return Sent::Report(Report { answers: vec![refusal; recipients], dsn: false, is_over: false });
        }
        let mut has_body = false;
        loop {
            let lost = match self.session.turn(&mut self.input, &mut self.out) {
                Turn::Done(report) if report.is_over && is_reused && !has_body => return Sent::Stale,
                Turn::Done(report) => return Sent::Report(report),
                Turn::Read { patience } => self.hear(patience).await,
                Turn::Piece => {
                    has_body = true;
                    self.send_piece(&mut body).await
                }
                Turn::Ready | Turn::StartTls | Turn::Failed(_) => Err("the conversation is out of order".into()),
            };
            let Err(why) = lost else { continue };
            let why = format!("the conversation with {} broke off: {why}", self.host);
            self.wire = Wire::Broken;
            if is_reused && !has_body {
                return Sent::Stale;
            }
            let nothing =
                || Report { answers: vec![answer(451, "4.4.2", &why); recipients], dsn: false, is_over: true };
            return Sent::Report(self.session.lost(&why).unwrap_or_else(nothing));
        }
    }

    async fn send_piece(&mut self, body: &mut Body) -> Result<(), String> {
        let read = body.next(|piece| self.session.piece(piece, false, &mut self.out)).await;
        let is_last = read.map_err(|error| format!("the message cannot be read: {error}"))?;
        if is_last {
            self.session.piece(&[], true, &mut self.out);
        }
        // The last piece goes out with the reading of its reply.
        if is_last { Ok(()) } else { self.say().await }
    }

    /// Says goodbye.
    pub async fn quit(mut self) {
        self.session.quit(&mut self.out);
        let _ = timeout(GOODBYE_PATIENCE, async {
            self.say().await.ok()?;
            match &mut self.wire {
                Wire::Plain(socket) => socket.shutdown().await.ok(),
                Wire::Tls(stream) => stream.shutdown().await.ok(),
                Wire::Broken => None,
            }
        })
        .await;
    }

    /// Sends what is to be said, then hears more.
    async fn hear(&mut self, patience: Duration) -> Result<(), String> {
        self.say().await?;
        let read = async {
            match &mut self.wire {
                Wire::Plain(socket) => socket.read(&mut self.heard).await,
                Wire::Tls(stream) => stream.read(&mut self.heard).await,
                Wire::Broken => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        match timeout(patience, read).await {
            Ok(Ok(0)) => Err("it closed the connection".into()),
            Ok(Ok(count)) => {
                self.input.push(&self.heard[..count]);
                Ok(())
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it said nothing for {} seconds", patience.as_secs())),
        }
    }

    async fn say(&mut self) -> Result<(), String> {
        if self.out.is_empty() {
            return Ok(());
        }
        let write = async {
            match &mut self.wire {
                Wire::Plain(socket) => socket.write_all(&self.out).await,
                Wire::Tls(stream) => {
                    stream.write_all(&self.out).await?;
                    stream.flush().await
                }
                Wire::Broken => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        let written = timeout(self.piece_patience, write).await;
        self.out.clear();
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("it took nothing for {} seconds", self.piece_patience.as_secs())),
        }
    }

    async fn secure(&mut self, policy: &Policy, config: Arc<ClientConfig>) -> Result<(), Trouble> {
        self.shake_hands(config).await.map_err(|error| {
            let text = format!("TLS with {} failed: {error}", self.host);
            self.trouble(answer(451, "4.7.5", &text), Some(failure(&error, policy)))
        })
    }

    async fn shake_hands(&mut self, config: Arc<ClientConfig>) -> io::Result<()> {
        self.say().await.map_err(io::Error::other)?;
        // What was sent before the handshake could have been put there by anyone on the way.
        self.input.clear();
        let Wire::Plain(socket) = std::mem::replace(&mut self.wire, Wire::Broken) else {
            return Err(io::Error::other("TLS is already active"));
        };
        let name = match self.host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => ServerName::from(address),
            Err(_) => ServerName::try_from(self.host.clone()).map_err(io::Error::other)?,
        };
        let handshake = Box::pin(timeout(HANDSHAKE_PATIENCE, TlsConnector::from(config).connect(name, socket)));
        let stream = handshake.await.map_err(|_| io::ErrorKind::TimedOut)??;
        self.tls = Some(match stream.get_ref().1.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "TLSv1.3",
        });
        self.wire = Wire::Tls(Box::new(stream));
        Ok(())
    }
}

async fn connect(address: SocketAddr, source: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(source) = source {
        socket.bind((source, 0).into())?;
    }
    let stream = socket.connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
