//! The service `web`: the public pages on the configured TCP addresses, plain HTTP.

use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::Extension;
use mailstead_core::service::{Ready, Run, Service, Stop};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::listen::{self, Listed};
use crate::{House, WebSettings, public};

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
        "Status page over HTTP"
    }

    fn run(&self, ready: Ready, stop: Stop) -> Run {
        let (settings, house) = (self.settings.clone(), self.house.get().cloned());
        Box::pin(async move {
            let Some(house) = house else { return ready.failed("the web service has no house to show".into()) };
            let mut listeners = Vec::new();
            for address in &settings.listen {
                match TcpListener::bind(address).await {
                    Ok(socket) => listeners.push(Listed {
                        socket,
                        service: SERVICE,
                        sessions: house.sessions.clone(),
                        clock: house.clock.clone(),
                    }),
                    Err(error) => return ready.failed(format!("cannot listen on {address}: {error}")),
                }
            }
            let addresses: Vec<SocketAddr> = listeners.iter().filter_map(|l| l.socket.local_addr().ok()).collect();
            ready.listening(addresses);
            // What goes on for long has to end when the service does.
            let router = public::router(house).layer(Extension(stop.clone()));
            let connections_max = settings.connections_max as usize;
            let mut serving: JoinSet<()> = listeners
                .into_iter()
                .map(|listener| listen::serve(listener, router.clone(), connections_max, stop.clone()))
                .collect();
            while serving.join_next().await.is_some() {}
        })
    }
}
