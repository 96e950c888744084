//! The services of the box: each can be started and stopped by itself, at run time, and the choice
//! survives a restart. A service knows nothing of the others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailstead_storage::Store;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::log::{Event, Kind, Level, Log};

/// What a service's `run` returns.
pub type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

/// One thing the box does.
pub trait Service: Send + Sync + 'static {
    /// Its name in commands, settings and lists: `smtp`, `imaps`, `spool`, …
    fn name(&self) -> &'static str;

    /// What it is, for a person.
    fn description(&self) -> &'static str;

    /// Runs until `stop`. Says `ready` once it works, or why it cannot; returns when everything it held
    /// is gone.
    fn run(&self, ready: Ready, stop: Stop) -> Run;
}

/// Tells that a service works, and where it listens, or why it cannot start.
pub struct Ready(oneshot::Sender<Result<Vec<SocketAddr>, String>>);

impl Ready {
    /// It works and listens there.
    pub fn listening(self, addresses: Vec<SocketAddr>) {
        let _ = self.0.send(Ok(addresses));
    }

    /// It cannot start: what happened and what to do.
    pub fn failed(self, why: String) {
        let _ = self.0.send(Err(why));
    }
}

/// Resolves when the service is to stop. Cheap to clone.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// A stop that the sender asks for with `true`.
    pub fn new() -> (watch::Sender<bool>, Stop) {
        let (sender, receiver) = watch::channel(false);
        (sender, Stop(receiver))
    }

    /// Has it been asked?
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is asked.
    pub async fn asked(&mut self) {
        // An error means that whoever could ask is gone: that is a stop too.
        let _ = self.0.wait_for(|asked| *asked).await;
    }
}

/// A service as a list shows it.
#[derive(Debug, Clone, serde::Serialize)]
pub struct ServiceRow {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Does it run now?
    pub active: bool,
    /// Shall it run when the box starts?
    pub wanted: bool,
    /// Where it listens.
    pub listening: Vec<SocketAddr>,
    /// Why it could not start, when it could not.
    pub error: Option<String>,
}

/// Starts and stops the services. Cheap to clone.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

struct Inner {
    store: Store,
    log: Log,
    services: Vec<Arc<dyn Service>>,
    running: Mutex<BTreeMap<&'static str, Running>>,
    /// Counts starts and stops.
    changes: AtomicU64,
    /// One start or stop at a time.
    changing: tokio::sync::Mutex<()>,
}

enum Running {
    Active { listening: Vec<SocketAddr>, stop: watch::Sender<bool>, task: JoinHandle<()> },
    Failed(String),
}

/// How long a service may take to let go of its sessions.
const STOP_PATIENCE: Duration = Duration::from_secs(8);

impl Services {
    /// These services, none of them running.
    pub fn new(store: Store, log: Log, services: Vec<Arc<dyn Service>>) -> Services {
        let changing = tokio::sync::Mutex::new(());
        Services(Arc::new(Inner {
            store,
            log,
            services,
            running: Mutex::default(),
            changes: AtomicU64::new(0),
            changing,
        }))
    }

    /// Starts every service that has not been stopped by choice. Returns the failures.
    pub async fn start_wanted(&self) -> Vec<(&'static str, String)> {
        let mut failures = Vec::new();
        for service in self.0.services.iter().filter(|service| self.wanted(service.name())) {
            if let Err(why) = self.launch(service).await {
                failures.push((service.name(), why));
            }
        }
        failures
    }

    /// Starts a service and remembers the choice.
    ///
    /// # Errors
    /// An unknown name, or why it cannot start.
    pub async fn start(&self, name: &str) -> Result<(), String> {
        let service = self.find(name)?;
        self.remember(service.name(), None).await?;
        self.launch(service).await
    }

    /// Stops a service, waits until its sessions are gone, and remembers the choice.
    ///
    /// # Errors
    /// An unknown name.
    pub async fn stop(&self, name: &str) -> Result<(), String> {
        let service = self.find(name)?;
        self.remember(service.name(), Some("off".into())).await?;
        self.halt(service.name()).await;
        Ok(())
    }

    /// Remembers whether a service shall run when the box starts, and leaves it as it is now.
    ///
    /// # Errors
    /// An unknown name.
    pub async fn choose(&self, name: &str, wanted: bool) -> Result<(), String> {
        let service = self.find(name)?;
        self.remember(service.name(), (!wanted).then(|| "off".into())).await
    }

    /// Stops everything at once, without remembering it: the box goes down.
    pub async fn stop_all(&self) {
        let _one = self.0.changing.lock().await;
        let running = std::mem::take(&mut *self.running());
        for service in running.values() {
            service.ask_to_stop();
        }
        let end = tokio::time::Instant::now() + STOP_PATIENCE;
        for (name, service) in running {
            self.see_off(name, service, end).await;
        }
    }

    /// All services.
    pub fn list(&self) -> Vec<ServiceRow> {
        let running = self.running();
        let row = |service: &Arc<dyn Service>| {
            let name = service.name();
            let (active, listening, error) = match running.get(name) {
                Some(Running::Active { listening, task, .. }) => (!task.is_finished(), listening.clone(), None),
                Some(Running::Failed(why)) => (false, Vec::new(), Some(why.clone())),
                None => (false, Vec::new(), None),
            };
            ServiceRow { name, description: service.description(), active, wanted: self.wanted(name), listening, error }
        };
        self.0.services.iter().map(row).collect()
    }

    /// A number that is another one after every start and stop.
    pub fn changes(&self) -> u64 {
        self.0.changes.load(Relaxed)
    }

    fn find(&self, name: &str) -> Result<&Arc<dyn Service>, String> {
        self.0.services.iter().find(|service| service.name() == name).ok_or_else(|| {
            let names: Vec<_> = self.0.services.iter().map(|service| service.name()).collect();
            format!("there is no service {name:?}; there are {}", names.join(", "))
        })
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<&'static str, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wanted(&self, name: &str) -> bool {
        !matches!(self.0.store.setting(&setting_name(name)), Ok(Some(value)) if value == "off")
    }

    async fn remember(&self, name: &str, value: Option<String>) -> Result<(), String> {
        self.0.store.set_setting(&setting_name(name), value).await.map_err(|error| error.to_string())
    }

    async fn launch(&self, service: &Arc<dyn Service>) -> Result<(), String> {
        let _one = self.0.changing.lock().await;
        if matches!(self.running().get(service.name()), Some(Running::Active { task, .. }) if !task.is_finished()) {
            return Ok(());
        }
        let (stop, stopped) = Stop::new();
        let (ready, started) = oneshot::channel();
        let task = tokio::spawn(service.run(Ready(ready), stopped));
        let outcome = started.await.unwrap_or_else(|_| Err("it ended while starting".into()));
        let (level, what) = match &outcome {
            Ok(_) => (Level::Info, "service started"),
            Err(_) => (Level::Error, "service could not start"),
        };
        let mut event = Event::new(Kind::System, level, what).with("service", service.name());
        if let Err(why) = &outcome {
            event = event.with("error", why.clone());
        }
        self.0.log.write(event);
        let (running, result) = match outcome {
            Ok(listening) => (Running::Active { listening, stop, task }, Ok(())),
            Err(why) => (Running::Failed(why.clone()), Err(why)),
        };
        self.running().insert(service.name(), running);
        self.0.changes.fetch_add(1, Relaxed);
        result
    }

    async fn halt(&self, name: &'static str) {
        let _one = self.0.changing.lock().await;
        let Some(service) = self.running().remove(name) else { return };
        self.0.changes.fetch_add(1, Relaxed);
        service.ask_to_stop();
        self.see_off(name, service, tokio::time::Instant::now() + STOP_PATIENCE).await;
    }

    /// Waits until a service that was asked to stop is gone, and cuts it off at `end`.
    async fn see_off(&self, name: &'static str, service: Running, end: tokio::time::Instant) {
        let Running::Active { mut task, .. } = service else { return };
        let event = match tokio::time::timeout_at(end, &mut task).await {
            Ok(_) => Event::new(Kind::System, Level::Info, "service stopped"),
            Err(_) => {
                task.abort();
                Event::new(Kind::System, Level::Warning, "service had to be cut off")
            }
        };
        self.0.log.write(event.with("service", name));
    }
}

impl Running {
    fn ask_to_stop(&self) {
        if let Running::Active { stop, .. } = self {
            let _ = stop.send(true);
        }
    }
}

fn setting_name(service: &str) -> String {
    format!("service/{service}")
}
