//! The checks of what comes in, as the SMTP server uses them.

use std::net::IpAddr;
use std::sync::Arc;

use hickory_resolver::config::{ResolverConfig, ResolverOpts};
use mail_auth::MessageAuthenticator;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::sender::{self, Client, SenderFindings};
use super::{AuthenticitySettings, Findings, Tallies};
use super::{findings, forged, message};
use crate::dns::Resolver;
use crate::settings::Live;
use crate::work;

/// Checks messages. Cheap to clone.
#[derive(Clone)]
pub struct Checks(Arc<Tools>);

/// What all checks use.
pub(super) struct Tools {
    pub settings: Live<AuthenticitySettings>,
    pub hostname: String,
    pub resolver: Arc<dyn Resolver>,
    /// Asks nobody: see [`super::known`].
    pub library: MessageAuthenticator,
    room: Arc<Semaphore>,
    tallies: Option<Tallies>,
}

impl Checks {
    /// Checks in the name of this host, with what this resolver tells.
    ///
    /// # Panics
    /// Never: a resolver without servers can always be made.
    pub fn new(
        settings: impl Into<Live<AuthenticitySettings>>,
        hostname: String,
        resolver: Arc<dyn Resolver>,
    ) -> Checks {
        let (settings, library) = (settings.into(), library());
        let room = Arc::new(Semaphore::new(settings.get().held_bytes_max.min(Semaphore::MAX_PERMITS)));
        Checks(Arc::new(Tools { settings, hostname, resolver, library, room, tallies: None }))
    }

    /// The same checks, which count what they find if the settings say so.
    pub fn counting(self, tallies: Tallies) -> Checks {
        let Tools { settings, hostname, resolver, .. } = &*self.0;
        let (settings, hostname, resolver) = (settings.clone(), hostname.clone(), Arc::clone(resolver));
        let tallies = settings.get().dmarc_reports.then_some(tallies);
        let tools = Tools { tallies, library: library(), room: Arc::clone(&self.0.room), settings, hostname, resolver };
        Checks(Arc::new(tools))
    }

    /// The result of SPF if this client sent a message with this reverse-path.
    pub async fn spf_of(&self, client: IpAddr, hello: &str, reverse_path: &str) -> &'static str {
        let end = Instant::now() + self.0.settings.get().patience();
        let client = Client { address: client.to_canonical(), hello: hello.into(), reverse_path: reverse_path.into() };
        findings::word(sender::spf(&self.0, &client, false, end).await.result())
    }

    /// Begins with a message whose envelope is known: what concerns its sender is looked up while it comes. `None`
    /// when mail from there is not checked.
    pub fn begin(&self, client: Client) -> Option<Check> {
        if !self.0.settings.get().concerns(client.address) {
            return None;
        }
        let client = Arc::new(Client { address: client.address.to_canonical(), ..client });
        let end = Instant::now() + self.0.settings.get().patience();
        let sender = tokio::spawn(sender::look(Arc::clone(&self.0), Arc::clone(&client), end));
        Some(Check { tools: Arc::clone(&self.0), client, sender: Sender(sender), room: None })
    }
}

/// Asks nobody: there are no servers, and what is known answers everything.
fn library() -> MessageAuthenticator {
    let nobody = ResolverConfig::from_name_servers(Vec::new());
    let library = MessageAuthenticator::new(nobody, ResolverOpts::default());
    library.expect("a resolver without servers can always be made")
}

/// One message that is being checked. Dropped, it asks no more.
pub struct Check {
    tools: Arc<Tools>,
    client: Arc<Client>,
    sender: Sender,
    room: Option<OwnedSemaphorePermit>,
}

impl Check {
    /// Whether so many more bytes of the message may be held until it is complete.
    pub fn may_hold(&mut self, bytes: usize) -> bool {
        let Ok(bytes) = u32::try_from(bytes) else { return false };
        let Ok(more) = Arc::clone(&self.tools.room).try_acquire_many_owned(bytes) else { return false };
        match &mut self.room {
            Some(room) => room.merge(more),
            none => *none = Some(more),
        }
        true
    }

    /// The message is complete. Returns it with what was found; what others wrote in our name is taken out.
    pub async fn finish(self, message: Vec<u8>) -> (Vec<u8>, Findings) {
        let Check { tools, client, sender, room } = self;
        let end = Instant::now() + tools.settings.get().patience();
        let sender = Arc::new(sender.found().await);
        let (message, findings) = message::check(Arc::clone(&tools), Arc::clone(&client), sender, message, end).await;
        if let Some(tallies) = &tools.tallies {
            tallies.count_message(&client, &findings);
        }
        drop(room);
        (message, findings)
    }

    /// The message finds no room: what is known of its sender has to do. Returns what has come of it so far, which holds
    /// its header, as [`finish`](Check::finish) does.
    pub async fn finish_without_message(self, begun: Vec<u8>) -> (Vec<u8>, Findings) {
        let Check { tools, client, sender, room } = self;
        let sender = sender.found().await;
        let finished = work::compute(move || {
            let findings = message::evaluate_sender(&tools, &client, &sender);
            (forged::without(begun, &tools.hostname), findings)
        })
        .await;
        drop(room);
        finished
    }
}

/// The task that looks at the sender.
struct Sender(JoinHandle<SenderFindings>);

impl Sender {
    async fn found(mut self) -> SenderFindings {
        match (&mut self.0).await {
            Ok(findings) => findings,
            Err(failure) if failure.is_panic() => std::panic::resume_unwind(failure.into_panic()),
            // Only a runtime that goes down ends it early.
            Err(_) => SenderFindings { iprev: None, hello: None, spf: None },
        }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.0.abort();
    }
}
