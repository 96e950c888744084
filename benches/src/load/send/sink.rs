//! The server elsewhere that takes what is sent: SMTP with STARTTLS, PIPELINING and CHUNKING. Forgets all that it
//! takes, and takes nothing outside TLS.

use std::cell::Cell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::spawn_local;
use tokio_rustls::TlsAcceptor;

use super::destinations::Destinations;
use crate::client::Connection;
use crate::progress::Progress;
use crate::trouble::{Result, Trouble};

const BACKLOG: u32 = 256;
const EXTENSIONS: &str = "250-PIPELINING\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250 CHUNKING\r\n";
const OK: &str = "250 2.0.0 OK\r\n";

/// What has come.
pub struct Sink {
    acceptor: TlsAcceptor,
    progress: Progress,
    messages: Cell<u64>,
    connections: Cell<u64>,
    first: Cell<Option<Instant>>,
    last: Cell<Option<Instant>>,
}

impl Sink {
    /// Listens on the addresses of all destinations that live; of the dead ones half accept and never greet, on the
    /// others nobody listens.
    ///
    /// # Errors
    /// `Io` when an address is in use, `Unfit` when this program cannot do TLS.
    pub fn open(destinations: &Destinations, port: u16, progress: Progress) -> Result<Rc<Sink>> {
        let sink = Rc::new(Sink {
            acceptor: acceptor()?,
            progress,
            messages: Cell::default(),
            connections: Cell::default(),
            first: Cell::default(),
            last: Cell::default(),
        });
        for number in 0..destinations.count {
            let address = SocketAddr::new(IpAddr::V4(destinations.address(number)), port);
            match destinations.is_dead(number) {
                false => drop(spawn_local(Rc::clone(&sink).listen(listener(address)?))),
                true if number % 2 == 0 => drop(spawn_local(keep_silent(listener(address)?))),
                true => {}
            }
        }
        Ok(sink)
    }

    /// Messages taken.
    pub fn messages(&self) -> u64 {
        self.messages.get()
    }

    /// Connections that were made to it.
    pub fn connections(&self) -> u64 {
        self.connections.get()
    }

    /// From the end of the first message to that of the last one, seconds.
    pub fn seconds(&self) -> f64 {
        let between = self.first.get().zip(self.last.get()).map(|(first, last)| last - first);
        between.unwrap_or_default().as_secs_f64()
    }

    async fn listen(self: Rc<Sink>, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let sink = Rc::clone(&self);
            // A client that goes away without a word is no trouble: what counts is what was taken.
            spawn_local(async move { sink.converse(stream).await });
        }
    }

    async fn converse(&self, stream: TcpStream) -> Result<()> {
        self.connections.set(self.connections.get() + 1);
        let mut connection = Connection::accepted(stream)?;
        connection.send(b"220 sink.test ESMTP\r\n").await?;
        let (mut is_encrypted, mut replies) = (false, String::new());
        loop {
            let line = connection.line().await?.to_ascii_uppercase();
            let (verb, argument) = line.split_once(' ').unwrap_or((&line, ""));
            match verb {
                "EHLO" if is_encrypted => replies.extend(["250-sink.test\r\n", EXTENSIONS]),
                "EHLO" => replies.extend(["250-sink.test\r\n250-STARTTLS\r\n", EXTENSIONS]),
                "STARTTLS" if !is_encrypted => {
                    connection.send(b"220 2.0.0 Go ahead\r\n").await?;
                    (connection, is_encrypted) = (connection.accept_tls(&self.acceptor).await?, true);
                    continue;
                }
                "QUIT" => return connection.send(b"221 2.0.0 Bye\r\n").await,
                "NOOP" | "RSET" => replies.push_str(OK),
                _ if !is_encrypted => replies.push_str("530 5.7.0 STARTTLS first\r\n"),
                "MAIL" | "RCPT" => replies.push_str(OK),
                "DATA" => {
                    replies.push_str("354 Go ahead\r\n");
                    connection.send(std::mem::take(&mut replies).as_bytes()).await?;
                    while connection.line().await? != "." {}
                    self.take(&mut replies);
                }
                "BDAT" => {
                    let (bytes, last) = argument.split_once(' ').unwrap_or((argument, ""));
                    connection.skip(bytes.parse().map_err(|_| Trouble::Nonsense(line.clone()))?).await?;
                    if last == "LAST" { self.take(&mut replies) } else { replies.push_str(OK) }
                }
                _ => replies.push_str("502 5.5.1 Not here\r\n"),
            }
            // Answers to what came together go together (RFC 2920 §3.2).
            if !connection.has_more() {
                connection.send(std::mem::take(&mut replies).as_bytes()).await?;
            }
        }
    }

    fn take(&self, replies: &mut String) {
        replies.push_str(OK);
        self.messages.set(self.messages.get() + 1);
        let now = Instant::now();
        self.first.set(self.first.get().or(Some(now)));
        self.last.set(Some(now));
        self.progress.step();
    }
}

fn listener(address: SocketAddr) -> Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket.listen(BACKLOG)?)
}

/// Accepts connections and says nothing.
async fn keep_silent(listener: TcpListener) {
    let mut accepted = Vec::new();
    while let Ok((stream, _)) = listener.accept().await {
        accepted.push(stream);
    }
}

fn acceptor() -> Result<TlsAcceptor> {
    let unfit = |error: &dyn std::fmt::Display| Trouble::Unfit(error.to_string());
    let pair = rcgen::generate_simple_self_signed(["sink.test".into()]).map_err(|error| unfit(&error))?;
    let key = PrivatePkcs8KeyDer::from(pair.signing_key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|versions| versions.with_no_client_auth().with_single_cert(vec![pair.cert.into()], key));
    Ok(TlsAcceptor::from(Arc::new(config.map_err(|error| unfit(&error))?)))
}
