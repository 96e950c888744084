//! The handles that the pages and the API work with.

use std::sync::Arc;

use mailstead_core::authenticity::{BoxKey, Checks};
use mailstead_core::clock::Clock;
use mailstead_core::delivery::remote::PublishedPolicies;
use mailstead_core::dns::Resolver;
use mailstead_core::log::{Event, Kind, Level, Log, Value};
use mailstead_core::mailing::Mailings;
use mailstead_core::net::tls::Certificates;
use mailstead_core::people::People;
use mailstead_core::people::sessions::Sessions;
use mailstead_core::service::Services;
use mailstead_storage::Store;

/// The parts of the box that can be looked at and acted on through HTTP. Cheap to clone.
#[derive(Clone)]
pub struct House {
    /// The host name that clients are told.
    pub hostname: Arc<str>,
    /// What is kept.
    pub store: Store,
    /// Who has mail here.
    pub people: People,
    /// What is written to many users.
    pub mailings: Mailings,
    /// Who is connected.
    pub sessions: Sessions,
    /// What runs.
    pub services: Services,
    /// Where acts are noted.
    pub log: Log,
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
    /// Does the server run, or has one command opened the house for itself?
    pub live: bool,
    /// Held while an account's row is read, changed and written back.
    pub edits: Arc<tokio::sync::Mutex<()>>,
}

impl House {
    /// Notes an administrator's act: `what` was done to `whom`.
    pub(crate) fn audit(&self, what: &'static str, whom: impl Into<Value>) {
        let by = if self.live { "control socket" } else { "command line" };
        self.log.write(Event::new(Kind::Audit, Level::Info, what).with("on", whom).with("by", by));
    }
}
