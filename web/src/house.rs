//! The handles that the pages and the API work with.

use std::sync::Arc;

use mailstead_core::authenticity::{BoxKey, Checks};
use mailstead_core::clock::Clock;
use mailstead_core::delivery::remote::PublishedPolicies;
use mailstead_core::dns::Resolver;
use mailstead_core::guard::Guard;
use mailstead_core::intake::Intake;
use mailstead_core::log::{Event, Kind, Level, Log, Value};
use mailstead_core::mailing::Mailings;
use mailstead_core::net::tls::Certificates;
use mailstead_core::people::People;
use mailstead_core::people::sessions::Sessions;
use mailstead_core::service::Services;
use mailstead_core::settings::Register;
use mailstead_storage::Store;

use crate::WebSettings;
use crate::api::archive::Exports;
use crate::api::dashboard::Observed;
use crate::door::{Caller, Tries};

/// The parts of the box that can be looked at and acted on through HTTP. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// The host name that clients are told.
    pub hostname: Arc<str>,
    /// What is kept.
    pub store: Store,
    /// Who has mail here.
    pub people: People,
    /// Who is connected.
    pub sessions: Sessions,
    /// Shuts out who abuses the box.
    pub guard: Guard,
    /// The way in, for mail that the box writes.
    pub intake: Intake,
    /// Mass messages.
    pub mailings: Mailings,
    /// What runs.
    pub services: Services,
    /// Where acts are noted.
    pub log: Log,
    /// What can be set.
    pub settings: Arc<dyn Register>,
    /// The time.
    pub clock: Clock,
    /// Encrypts what is kept secret.
    pub box_key: BoxKey,
    /// Asked what others publish.
    pub resolver: Arc<dyn Resolver>,
    /// Fetches what domains publish by HTTPS.
    pub policies: PublishedPolicies,
    /// Checks what comes in.
    pub checks: Checks,
    /// This host's certificate, while the server runs.
    pub certificates: Option<Certificates>,
    /// What the dashboard remembers.
    pub observed: Observed,
    /// Exports of the archive.
    pub archive_exports: Exports,
    /// Does the server run, or has one command opened the house for itself?
    pub live: bool,
    /// The settings of the web service.
    pub web: Arc<WebSettings>,
    /// Wrong codes of those who sign in.
    pub tries: Tries,
    /// Held while an account's row is read, changed and written back.
    pub edits: Arc<tokio::sync::Mutex<()>>,
}

impl House {
    /// Notes an administrator's act: the caller did `what` to `whom`.
    pub(crate) fn audit(&self, caller: &Caller, what: &'static str, whom: impl Into<Value>) {
        let event = Event::new(Kind::Audit, Level::Info, what).with("on", whom).with("by", caller.name().to_string());
        self.log.write(match caller.ip() {
            Some(ip) => event.with("from", ip.to_string()),
            None => event,
        });
    }
}
