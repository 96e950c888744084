//! The way to other servers: which comes next, how it is reached, what TLS it must have, and how much it is asked to
//! take at once. The conversation itself is [`protocol::smtp::client`](crate::protocol::smtp::client).
//!
//! Promises:
//! - A destination that is slow or dead holds up no other: messages are leased by the destination they wait for.
//! - A message is streamed from storage; only a small one is whole in memory while it is on its way.
//! - What a server has taken is written down at once, so that only a crash between its 250 and that commit sends a
//!   message twice (RFC 1047).
//!
//! Never decides when to try again, and never writes to a mailbox.

mod attempt;
mod body;
mod connection;
mod destinations;
mod forms;
mod hosts;
mod pool;
mod reach;
mod route;
#[cfg(test)]
mod tests;
mod tls;

use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::{Error, Leased, Store};

pub(super) use attempt::{Attempt, Tried};
pub use body::Recoded;
pub use route::{Preference, Route, TlsRule};
pub use tls::{PolicyKind, TlsFailure, TlsOutcome, TlsOutcomes};
pub use tls::{PublishedPolicies, PublishedPolicy};

use self::destinations::Destinations;
pub(super) use self::destinations::Rooms;
use self::pool::Pool;
use super::DeliverySettings;
use crate::clock::{Clock, Time};
use crate::dns::Resolver;
use crate::log::Log;
use crate::protocol::smtp::client::Patience;
use crate::settings::Live;

/// Signs what goes out.
pub trait Signer: Send + Sync {
    /// The fields to send ahead of the message, whose bytes go out as they are read here, complete with their line ends;
    /// none for a message that is not ours to sign. Runs on the rayon pool.
    ///
    /// # Errors
    /// When the message or a key cannot be read; the message then waits.
    fn sign(&self, leased: &Leased, message: Recoded) -> Result<Vec<u8>, Error>;
}

/// What the way to other servers uses.
pub struct Parts {
    /// Where the messages are.
    pub store: Store,
    /// Where hosts and policies are looked up.
    pub resolver: Arc<dyn Resolver>,
    /// Signs what goes out, if anybody does.
    pub signer: Option<Arc<dyn Signer>>,
    /// Collects what came of TLS, if anybody does.
    pub tls_outcomes: Option<Arc<dyn TlsOutcomes>>,
    /// Told time.
    pub clock: Clock,
    /// Where each transaction is logged.
    pub log: Log,
    /// The settings.
    pub settings: Live<DeliverySettings>,
    /// The box's host name.
    pub hostname: String,
}

/// Can mail be sent with these settings?
///
/// # Errors
/// A sentence: a server that is none.
pub fn check(settings: &DeliverySettings) -> Result<(), String> {
    route::check(settings)
}

/// How long to wait for another server.
fn patience(settings: &DeliverySettings) -> Patience {
    let seconds = |seconds: u64| Duration::from_secs(seconds.max(1));
    Patience {
        greeting: seconds(settings.greeting_seconds),
        command: seconds(settings.command_seconds),
        data: seconds(settings.data_seconds),
        end: seconds(settings.end_seconds),
    }
}

/// The way to other servers. Cheap to clone.
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    parts: Parts,
    configs: tls::Configs,
    fetch_failures: tls::FetchFailures,
    destinations: Destinations,
    pool: Pool,
}

impl Remote {
    /// Nothing is connected yet.
    ///
    /// # Errors
    /// A sentence: trusted certificates that cannot be read, or a server of the settings that is none.
    pub fn open(parts: Parts) -> Result<Remote, String> {
        let settings = parts.settings.get();
        check(&settings)?;
        let configs = tls::Configs::open(&settings.trusted_certificates)?;
        let pool = Pool::new(Duration::from_secs(settings.idle_seconds));
        let (destinations, fetch_failures) = (Destinations::default(), tls::FetchFailures::default());
        Ok(Remote(Arc::new(Inner { parts, configs, fetch_failures, destinations, pool })))
    }

    /// The queue that an address waits in; empty when it is none.
    pub(super) fn queue(&self, address: &str) -> String {
        route::queue(&self.0.parts.settings.get(), address)
    }

    /// What may begin now, of which queue how much, beside the `running` attempts that are going on.
    pub(super) fn rooms<'a>(&'a self, settings: &'a DeliverySettings, running: usize, now: Time) -> Rooms<'a> {
        let places = settings.remote_deliveries_max.max(1).saturating_sub(running);
        self.0.destinations.rooms(settings, now, places)
    }

    /// When a queue that has no room now may have some by itself.
    pub(super) fn next_room(&self, now: Time) -> Option<Time> {
        self.0.destinations.next_room(&self.0.parts.settings.get(), now)
    }

    /// Begins an attempt: from here on until its end it takes room of the message's queue.
    pub(super) fn attempt(&self, leased: Leased) -> Attempt {
        Attempt::begin(self.0.clone(), leased)
    }
}
