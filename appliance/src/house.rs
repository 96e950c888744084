//! The life of the box: every part is built, started in order and stopped. Which services there are
//! is the matter of [`crate::wiring`].

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mailstead_core::authenticity::{BoxKey, Checks, Signers, Tallies};
use mailstead_core::bell::Bell;
use mailstead_core::clock::{Clock, Time};
use mailstead_core::delivery::Delivery;
use mailstead_core::delivery::remote::PublishedPolicies;
use mailstead_core::dns::{Hickory, Resolver};
use mailstead_core::guard::{self, Guard};
use mailstead_core::intake::Intake;
use mailstead_core::log::{Event, Kind, Level, Log, LogSettings};
use mailstead_core::mailing::{self, Mailings};
use mailstead_core::net::Net;
use mailstead_core::net::tls::{Certificates, TlsSettings};
use mailstead_core::people::People;
use mailstead_core::people::sessions::Sessions;
use mailstead_core::search::{self, Search};
use mailstead_core::service::{Services, Stop};
use mailstead_core::settings::Live;
use mailstead_core::work;
use mailstead_storage::{Error, Store, Word};
use mailstead_web::control::{Control, SOCKET_FILE};
use mailstead_web::door::Tries;
use mailstead_web::{WebService, WebSettings};
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::cli::Failure;
use crate::config::{Config, Desk, Followers, Overrides};
use crate::signals::{Signals, Wish};
use crate::wiring::{self, Parts};

/// How often the certificate's file is looked at, and disk space that is no longer used given back.
const CARE_PERIOD: Duration = Duration::from_secs(20);
/// Between two sweeps, while there is something to give back.
const SWEEP_PAUSE: Duration = Duration::from_millis(200);

/// How long to wait for another process to let go of the store, and how often to look.
pub const LOCK_PATIENCE: Duration = Duration::from_secs(5);
/// See [`LOCK_PATIENCE`].
pub const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// What the house is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To run the services.
    Serve,
    /// To run one command: nothing listens, nothing is delivered.
    Command,
}

/// The house: every part, built.
pub struct House {
    data: PathBuf,
    parts: Parts,
    delivery: Delivery,
    web: mailstead_web::House,
}

/// The box while it runs.
pub struct Running {
    failures: Vec<(&'static str, String)>,
    stop: watch::Sender<bool>,
    tasks: [JoinHandle<()>; 5],
}

impl Running {
    /// The services that could not start, and why.
    pub fn failures(&self) -> &[(&'static str, String)] {
        &self.failures
    }
}

impl House {
    /// Builds every part. The data directory is made when it is not there.
    ///
    /// # Errors
    /// `Locked` when another process has the store open.
    pub async fn open(config: &Config, purpose: Purpose) -> Result<House, Failure> {
        let config = config.clone();
        work::read(move || House::build(&config, purpose)).await
    }

    /// Builds every part, to run the services. A command that has the store open for itself is waited for.
    pub async fn open_to_serve(config: &Config) -> Result<House, Failure> {
        let socket = config.top.data.join(SOCKET_FILE);
        let end = Instant::now() + LOCK_PATIENCE;
        loop {
            match House::open(config, Purpose::Serve).await {
                Err(Failure::Locked(_)) if UnixStream::connect(&socket).await.is_ok() => {
                    let message = format!("a server runs already: it answers on {}", socket.display());
                    return Err(Failure::Unreachable(message));
                }
                Err(Failure::Locked(_)) if Instant::now() < end => tokio::time::sleep(LOCK_PAUSE).await,
                outcome => return outcome,
            }
        }
    }

    fn build(config: &Config, purpose: Purpose) -> Result<House, Failure> {
        let (data, live) = (config.top.data.clone(), purpose == Purpose::Serve);
        make_directory(&data)?;
        let bell = Bell::default();
        let store = Store::open(config.storage.options(&data), Arc::new(bell.clone()))
            .map_err(|error| cannot_open(&error, &data))?;
        let file = config.clone();
        let built = match Overrides::kept(&store).and_then(|set| set.over(config)) {
            Ok(None) => return House::furnish(config, file, (store, bell), live),
            Ok(Some(config)) => House::furnish(&config, file.clone(), (store.clone(), bell.clone()), live),
            Err(wrong) => Err(Failure::Usage(wrong.0)),
        };
        // What was set must not lock anybody out of the command that sets it right.
        built.or_else(|failure| {
            let house = House::furnish(config, file, (store, bell), live)?;
            let event =
                Event::new(Kind::System, Level::Error, "settings were left out: the box cannot start with them");
            house.web.log.write(event.with("error", failure.to_string()));
            Ok(house)
        })
    }

    /// Builds every part but the store, with these settings; `file` are those without what was set at run time.
    fn furnish(config: &Config, file: Config, (store, bell): (Store, Bell), live: bool) -> Result<House, Failure> {
        let (data, clock) = (config.top.data.clone(), Clock::system());
        let log = open_log(config, live, clock.clone())?;
        // A command uses no certificate: one that cannot be read is no reason not to add a user.
        let tls = if live { config.tls.clone() } else { TlsSettings::default() };
        let certificates = Certificates::open(&tls, &data, &config.top.hostname).map_err(Failure::Refused)?;
        let people = People::new(store.clone(), clock.clone());
        let mut followers = Followers::default();
        let message_bytes_max = followers.live(config, |config| config.limits.message_bytes_max);
        let intake = Intake::noted(store.clone(), clock.clone(), log.clone(), message_bytes_max);
        let limits = followers.live(config, |config| config.limits.clone());
        let sessions = Sessions::default();
        let guard = guard::Parts {
            store: store.clone(),
            sessions: sessions.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: log.clone(),
            hostname: config.top.hostname.clone(),
        };
        let mailings = mailing::Parts {
            store: store.clone(),
            intake: intake.clone(),
            clock: clock.clone(),
            log: log.clone(),
            hostname: config.top.hostname.clone(),
        };
        let mailings = Mailings::new(mailings);
        let guard = Guard::open(guard).map_err(|error| cannot_open(&error, &data))?;
        people.tell(Box::new(guard.clone()));
        let net = Net { clock: clock.clone(), log: log.clone(), sessions, guard, certificates, limits };
        let resolver: Arc<dyn Resolver> = Arc::new(Hickory::open(&config.dns).map_err(Failure::Refused)?);
        let policies = PublishedPolicies::open(&config.delivery, Arc::clone(&resolver)).map_err(Failure::Refused)?;
        let box_key = BoxKey::open(&data).map_err(Failure::Refused)?;
        let hostname = config.top.hostname.clone();
        let authenticity = followers.live(config, |config| config.authenticity.clone());
        let tallies = Tallies::new(store.clone(), clock.clone());
        let checks = Checks::new(authenticity, hostname, Arc::clone(&resolver)).counting(tallies.clone());
        let signers = Signers::new(store.clone(), box_key.clone());
        let certificates = live.then(|| net.certificates.clone());
        let search = search::Parts { store: store.clone(), bell: bell.clone(), clock: clock.clone(), log: log.clone() };
        let search = Search::open(&data, search).map_err(|error| cannot_open(&error, &data))?;
        let parts = Parts {
            bell,
            store: store.clone(),
            people: people.clone(),
            intake,
            checks: checks.clone(),
            signers,
            tallies,
            search: search.clone(),
            resolver: Arc::clone(&resolver),
            net,
        };
        let delivery = wiring::delivery(config, &parts, &mut followers).map_err(Failure::Refused)?;
        if !config.web.translation.as_os_str().is_empty() {
            let wrong = |wrong| Failure::Refused(format!("[web] translation: {wrong}"));
            mailstead_web::texts::translate(&config.web.translation).map_err(wrong)?;
        }
        let web_settings = followers.live(config, |config| config.web.clone());
        let web_service = Arc::new(WebService::new(web_settings.clone()));
        let list = wiring::services(config, &parts, &delivery, &web_service, &mut followers);
        let services = Services::new(store.clone(), log.clone(), list);
        let web = mailstead_web::House {
            hostname: config.top.hostname.as_str().into(),
            store,
            people,
            sessions: parts.net.sessions.clone(),
            guard: parts.net.guard.clone(),
            intake: parts.intake.clone(),
            search,
            mailings,
            services,
            settings: Arc::new(Desk::new(file, parts.store.clone(), log.clone(), followers)),
            log,
            clock,
            box_key,
            resolver,
            policies,
            checks,
            certificates,
            observed: Default::default(),
            archive_exports: Default::default(),
            live,
            web: web_settings,
            tries: Tries::default(),
            edits: Arc::default(),
        };
        web_service.furnish(web.clone());
        Ok(House { data, parts, delivery, web })
    }

    /// The handles for the API.
    pub fn web(&self) -> &mailstead_web::House {
        &self.web
    }

    /// Starts the control socket, the services that shall run, and the care for the store.
    ///
    /// # Errors
    /// When the control socket cannot be made. A service that cannot start is among the failures.
    pub async fn start(&self) -> Result<Running, String> {
        let control = Control::bind(&self.data).await.map_err(|error| {
            format!("cannot make the control socket {}: {error}", self.data.join(SOCKET_FILE).display())
        })?;
        let (stop, stopped) = Stop::new();
        let tasks = [
            tokio::spawn(self.delivery.clone().run(stopped.clone())),
            tokio::spawn(control.serve(self.web.clone(), stopped.clone())),
            tokio::spawn(wiring::reminders(&self.web, &self.parts).run(stopped.clone())),
            tokio::spawn(wiring::archive_keeper(&self.parts).run(stopped.clone())),
            tokio::spawn(care(self.parts.store.clone(), self.parts.net.clone(), self.web.web.clone(), stopped)),
        ];
        let failures = self.web.services.start_wanted().await;
        if let Err(error) = self.web.mailings.resume().await {
            let event = Event::new(Kind::System, Level::Error, "mass messages are not gone on with");
            self.web.log.write(event.with("error", error.to_string()));
        }
        self.note("box started");
        Ok(Running { failures, stop, tasks })
    }

    /// Waits for the signal to stop. SIGHUP reads the certificate again.
    pub async fn live_until(&self, signals: &mut Signals) {
        while signals.next().await == Wish::Reload {
            refresh(&self.parts.net).await;
        }
    }

    /// Stops everything: sessions are told goodbye, attempts end, the store is closed.
    pub async fn stop(self, running: Running) -> Result<(), Failure> {
        self.web.services.stop_all().await;
        running.stop.send_replace(true);
        for task in running.tasks {
            let _ = task.await;
        }
        self.note("box stopped");
        self.close().await
    }

    /// Closes the store and the log.
    pub async fn close(self) -> Result<(), Failure> {
        work::read(move || {
            let closed = self.parts.store.close();
            self.web.log.close();
            closed.map_err(|error| Failure::Refused(format!("the store was not closed cleanly: {error}")))
        })
        .await
    }

    fn note(&self, what: &'static str) {
        let version = env!("CARGO_PKG_VERSION");
        self.web.log.write(Event::new(Kind::System, Level::Info, what).with("version", version));
    }
}

/// Reads the certificate again when it has changed, and gives back disk space, now and then.
async fn care(store: Store, net: Net, web: Live<WebSettings>, mut stop: Stop) {
    let mut pause = CARE_PERIOD;
    while tokio::time::timeout(pause, stop.asked()).await.is_err() {
        refresh(&net).await;
        net.guard.tidy();
        let (sweeping, now) = (store.clone(), net.clock.now());
        let web_sessions_ms = web.get().lifetime().seconds * 1000;
        // Mail may come and go faster than one segment in each period.
        let tidied = move || {
            sweeping.forget_memories(now)?;
            sweeping.forget_web_sessions(Time(now.0.saturating_sub(web_sessions_ms)))?;
            sweeping.sweep()
        };
        pause = match work::read(tidied).await {
            Ok(0) => CARE_PERIOD,
            Ok(_) => SWEEP_PAUSE,
            Err(error) => {
                let event = Event::new(Kind::System, Level::Error, "disk space was not given back");
                net.log.write(event.with("error", error.to_string()));
                CARE_PERIOD
            }
        };
    }
}

async fn refresh(net: &Net) {
    let certificates = net.certificates.clone();
    let event = match work::read(move || certificates.refresh()).await {
        Ok(false) => return,
        Ok(true) => Event::new(Kind::System, Level::Info, "certificate read again"),
        Err(why) => Event::new(Kind::System, Level::Error, "certificate not read again").with("error", why),
    };
    net.log.write(event);
}

/// The data directory, for nobody else's eyes.
fn make_directory(data: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| Failure::Unreachable(format!("cannot make the data directory {}: {error}", data.display())))
}

/// The log; a command writes to its files only.
fn open_log(config: &Config, live: bool, clock: Clock) -> Result<Log, Failure> {
    let console = if live { config.log.console.clone() } else { "off".into() };
    let settings = LogSettings { console, ..config.log.clone() };
    Log::open(&settings, &config.top.data, clock).map_err(|wrong| Failure::Usage(wrong.to_string()))
}

fn cannot_open(error: &Error, data: &Path) -> Failure {
    let data = data.display();
    match error.word {
        Word::Locked => Failure::Locked(format!(
            "the store in {data} is open in another process that does not answer on {SOCKET_FILE}; wait until it has \
             started or stopped, or end it"
        )),
        _ => Failure::Unreachable(format!("the store in {data} cannot be opened: {error}")),
    }
}
