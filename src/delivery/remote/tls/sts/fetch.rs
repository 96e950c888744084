//! Fetching a policy (RFC 8461 §3.3): one HTTPS request, no redirects, 64 KB at most.

use std::net::IpAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::super::Configs;
use super::TlsFailure;
use crate::dns::{Family, Resolver};

/// The whole request takes so long at most.
const PATIENCE: Duration = Duration::from_secs(60);
/// One address is waited for so long.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);
/// Longest policy (RFC 8461 §3.2), bytes.
const POLICY_BYTES_MAX: usize = 64 * 1024;

/// Where policies are fetched from.
pub(super) struct Source<'a> {
    pub dns: &'a dyn Resolver,
    pub configs: &'a Configs,
    pub port: u16,
}

/// The policy's text.
pub(super) async fn fetch(source: &Source<'_>, domain: &str) -> Result<String, TlsFailure> {
    timeout(PATIENCE, request(source, &format!("mta-sts.{domain}"))).await.unwrap_or(Err(TlsFailure::StsPolicyFetch))
}

async fn request(source: &Source<'_>, host: &str) -> Result<String, TlsFailure> {
    let socket = connect(source, host).await.ok_or(TlsFailure::StsPolicyFetch)?;
    let name = ServerName::try_from(host.to_string()).map_err(|_| TlsFailure::StsPolicyFetch)?;
    let connector = TlsConnector::from(source.configs.verified());
    let stream = connector.connect(name, socket).await.map_err(|_| TlsFailure::StsWebPkiInvalid)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| TlsFailure::StsPolicyFetch)?;
    let request = Request::get("/.well-known/mta-sts.txt")
        .header(header::HOST, host)
        .body(Empty::<Bytes>::new())
        .map_err(|_| TlsFailure::StsPolicyFetch)?;
    let answered = async {
        let response = sender.send_request(request).await.map_err(|_| TlsFailure::StsPolicyFetch)?;
        let kind = response.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if response.status() != StatusCode::OK || !kind.to_ascii_lowercase().starts_with("text/plain") {
            return Err(TlsFailure::StsPolicyFetch);
        }
        let body = Limited::new(response.into_body(), POLICY_BYTES_MAX).collect().await;
        let body = body.map_err(|_| TlsFailure::StsPolicyInvalid)?.to_bytes();
        String::from_utf8(body.to_vec()).map_err(|_| TlsFailure::StsPolicyInvalid)
    };
    tokio::pin!(answered);
    tokio::select! {
        biased;
        answer = &mut answered => answer,
        // When the connection ends first, what it has brought is still there.
        _ = connection => answered.await,
    }
}

async fn connect(source: &Source<'_>, host: &str) -> Option<TcpStream> {
    let mut addresses: Vec<IpAddr> = Vec::new();
    for family in [Family::V6, Family::V4] {
        addresses.extend(source.dns.addresses(host, family).await.map(|answer| answer.records).unwrap_or_default());
    }
    for address in addresses {
        let socket = timeout(CONNECT_PATIENCE, TcpStream::connect((address, source.port))).await;
        if let Ok(Ok(socket)) = socket {
            return Some(socket);
        }
    }
    None
}
