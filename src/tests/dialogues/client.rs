//! The client's end of a dialogue.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use ::aws_lc_rs::digest;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};

/// Both ways of COMPRESS (RFC 4978).
struct Deflate {
    compress: Compress,
    decompress: Decompress,
}

const PATIENCE: Duration = Duration::from_secs(10);

enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
    Gone,
}

pub struct Client {
    stream: Stream,
    deflate: Option<Deflate>,
    heard: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr, implicit_tls: bool) -> Client {
        let socket = TcpStream::connect(address).expect("the service listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("timeout");
        socket.set_write_timeout(Some(PATIENCE)).expect("timeout");
        let mut client = Client { stream: Stream::Plain(socket), deflate: None, heard: Vec::new() };
        if implicit_tls {
            client.secure().expect("handshake");
        }
        client
    }

    /// Compresses from now on; what was heard and not read is compressed already.
    pub fn compress(&mut self) -> Result<(), String> {
        let (compress, decompress) = (Compress::new(Compression::fast(), false), Decompress::new(false));
        self.deflate = Some(Deflate { compress, decompress });
        let heard = std::mem::take(&mut self.heard);
        self.take(&heard)
    }

    /// What the connection can be bound to (RFC 5929, RFC 9266).
    pub fn binding(&self, name: &str) -> Result<Vec<u8>, String> {
        let Stream::Tls(stream) = &self.stream else { return Err("there is no TLS".into()) };
        match name {
            "tls-exporter" => stream
                .conn
                .export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", Some(b""))
                .map_err(|error| error.to_string()),
            "tls-server-end-point" => {
                let certificate =
                    stream.conn.peer_certificates().and_then(|chain| chain.first()).ok_or("no certificate")?;
                // The fixture's is signed with SHA-256.
                Ok(digest::digest(&digest::SHA256, certificate).as_ref().to_vec())
            }
            _ => Err(format!("unknown binding {name}")),
        }
    }

    /// Sends compressed bytes on a connection that is to be compressed.
    pub fn send_compressed(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut packed = Vec::with_capacity(bytes.len() + 1024);
        let mut compress = Compress::new(Compression::fast(), false);
        compress.compress_vec(bytes, &mut packed, FlushCompress::Sync).map_err(|error| error.to_string())?;
        self.send(&packed)
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut packed = Vec::with_capacity(bytes.len() + 1024);
        let bytes = match &mut self.deflate {
            None => bytes,
            Some(deflate) => {
                let status = deflate.compress.compress_vec(bytes, &mut packed, FlushCompress::Sync);
                status.map_err(|error| error.to_string())?;
                &packed
            }
        };
        let sent = match &mut self.stream {
            Stream::Plain(socket) => socket.write_all(bytes),
            Stream::Tls(stream) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Stream::Gone => return Err("the connection is closed".into()),
        };
        match sent {
            // The server may have said what there is to say and hung up.
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Ok(()),
            other => other.map_err(|error| format!("cannot send: {error}")),
        }
    }

    fn hear(&mut self) -> Result<usize, String> {
        let mut buffer = [0; 16 * 1024];
        let heard = match &mut self.stream {
            Stream::Plain(socket) => socket.read(&mut buffer),
            Stream::Tls(stream) => stream.read(&mut buffer),
            Stream::Gone => Ok(0),
        };
        match heard {
            Ok(count) => {
                self.take(&buffer[..count])?;
                Ok(count)
            }
            Err(error) if matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof) => Ok(0),
            Err(error) => Err(format!("nothing was heard: {error}")),
        }
    }

    fn take(&mut self, mut bytes: &[u8]) -> Result<(), String> {
        let Some(deflate) = &mut self.deflate else {
            self.heard.extend_from_slice(bytes);
            return Ok(());
        };
        loop {
            self.heard.reserve(16 * 1024);
            let (read, room) = (deflate.decompress.total_in(), self.heard.capacity() - self.heard.len());
            let status = deflate.decompress.decompress_vec(bytes, &mut self.heard, FlushDecompress::None);
            status.map_err(|error| format!("not DEFLATE: {error}"))?;
            bytes = &bytes[(deflate.decompress.total_in() - read) as usize..];
            if self.heard.len() < self.heard.capacity() || room == 0 {
                return Ok(());
            }
        }
    }

    /// The next line, without its end.
    pub fn line(&mut self) -> Result<String, String> {
        loop {
            if let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                let line = line.strip_suffix(b"\r\n").ok_or("a line that does not end in CRLF")?;
                return Ok(String::from_utf8_lossy(line).into_owned());
            }
            if self.hear()? == 0 {
                return Err(format!(
                    "the server closed the connection after {:?}",
                    String::from_utf8_lossy(&self.heard)
                ));
            }
        }
    }

    pub fn bytes(&mut self, count: usize) -> Result<Vec<u8>, String> {
        while self.heard.len() < count {
            if self.hear()? == 0 {
                return Err("the server closed the connection".into());
            }
        }
        Ok(self.heard.drain(..count).collect())
    }

    pub fn closed(&mut self) -> Result<(), String> {
        while self.hear()? > 0 {}
        if self.heard.is_empty() {
            return Ok(());
        }
        Err(format!("expected the end, heard {:?}", String::from_utf8_lossy(&self.heard)))
    }

    pub fn secure(&mut self) -> Result<(), String> {
        let Stream::Plain(socket) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err("TLS is active already".into());
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(aws_lc_rs::default_provider())))
            .with_no_client_auth();
        let name = ServerName::try_from("mx.example.test").map_err(|error| error.to_string())?;
        let connection = ClientConnection::new(Arc::new(config), name).map_err(|error| error.to_string())?;
        let mut stream = StreamOwned::new(connection, socket);
        stream.conn.complete_io(&mut stream.sock).map_err(|error| format!("handshake: {error}"))?;
        self.stream = Stream::Tls(Box::new(stream));
        Ok(())
    }
}

/// The fixture's certificate is its own.
#[derive(Debug)]
struct AnyCertificate(CryptoProvider);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
