//! The service `web`: the console and the API on the configured TCP addresses, over HTTP and HTTPS.

use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::{Extension, Router};
use mailstead_core::service::{Ready, Run, Service, Stop};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::{House, WebSettings, door, listen};

/// Its name.
const SERVICE: &str = "web";

/// The service `web`. It is one of the services that its own pages list, so it is made before the
/// [`House`] and given it with [`furnish`](WebService::furnish).
pub struct WebService {
    settings: WebSettings,
    house: OnceLock<House>,
}

impl WebService {
    /// A service with these settings.
    pub fn new(settings: WebSettings) -> WebService {
        WebService { settings, house: OnceLock::new() }
    }

    /// Gives it the house whose pages it serves. Only the first house counts.
    pub fn furnish(&self, house: House) {
        let _ = self.house.set(house);
    }
}

impl Service for WebService {
    fn name(&self) -> &'static str {
        SERVICE
    }

    fn description(&self) -> &'static str {
        "Console and API over HTTP"
    }

    fn run(&self, ready: Ready, stop: Stop) -> Run {
        let (settings, house) = (self.settings.clone(), self.house.get().cloned());
        Box::pin(async move {
            let Some(house) = house else { return ready.failed("the web service has no house to show".into()) };
            match bound(&settings, &house).await {
                Ok(sockets) => {
                    let encrypted = sockets.encrypted.iter().map(|listener| &listener.plain);
                    let all = sockets.plain.iter().chain(encrypted);
                    ready.listening(all.filter_map(|listener| listener.socket.local_addr().ok()).collect());
                    serve(sockets, settings.connections_max as usize, house, stop).await;
                }
                Err(why) => ready.failed(why),
            }
        })
    }
}

/// Where the service listens.
struct Sockets {
    plain: Vec<listen::Plain>,
    encrypted: Vec<listen::Encrypted>,
}

async fn bound(settings: &WebSettings, house: &House) -> Result<Sockets, String> {
    let plain = all(&settings.listen, house).await?;
    if settings.tls_listen.is_empty() {
        return Ok(Sockets { plain, encrypted: Vec::new() });
    }
    let certificates = house.certificates.as_ref().ok_or("there is no certificate to listen with")?;
    let acceptor = TlsAcceptor::from(certificates.server());
    let encrypted = all(&settings.tls_listen, house).await?.into_iter();
    let encrypted = encrypted.map(|plain| listen::Encrypted { plain, acceptor: acceptor.clone() });
    Ok(Sockets { plain, encrypted: encrypted.collect() })
}

async fn all(addresses: &[SocketAddr], house: &House) -> Result<Vec<listen::Plain>, String> {
    let mut listeners = Vec::new();
    for address in addresses {
        let bound = TcpListener::bind(address).await;
        listeners.push(listen::Plain {
            socket: bound.map_err(|error| format!("cannot listen on {address}: {error}"))?,
            service: SERVICE,
            sessions: house.sessions.clone(),
            guard: house.guard.clone(),
            clock: house.clock.clone(),
        });
    }
    Ok(listeners)
}

async fn serve(sockets: Sockets, connections_max: usize, house: House, stop: Stop) {
    // What goes on for long has to end when the service does.
    let router: Router = door::router(house).layer(Extension(stop.clone()));
    let mut serving = JoinSet::new();
    for plain in sockets.plain {
        serving.spawn(listen::serve(plain, router.clone(), connections_max, stop.clone()));
    }
    for encrypted in sockets.encrypted {
        serving.spawn(listen::serve(encrypted, router.clone(), connections_max, stop.clone()));
    }
    while serving.join_next().await.is_some() {}
}
