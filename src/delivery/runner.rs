//! The runner: one loop for the life of the box.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mailstead_storage::{
    AccountId, BlobId, Error, Leased, Provenance, RecipientState, Settlement, SpoolEntry, State, Store, Told, Word,
};
use rayon::prelude::*;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::line::Line;
use super::plan::{Planner, is_untried};
use super::remote::{Attempt, Remote, Rooms};
use super::rules::{Claims, RuleBook};
use super::{DeliverySettings, errand, noted, notice, traffic};
use crate::bell::Bell;
use crate::clock::{Clock, Time};
use crate::guard::{Guard, HELD};
use crate::intake::{Intake, Refusal};
use crate::log::{Event, Kind, Level, Log};
use crate::people::People;
use crate::service::{Ready, Run, Service, Stop};
use crate::settings::Live;
use crate::work;

/// After storage has failed, wait before the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Look at the spool at least so often, whatever the bell says.
const LOOK: Duration = Duration::from_secs(60);

/// Rounds begin at least so far apart. While mail streams in, each then settles more messages with one sync.
const ROUND_APART: Duration = Duration::from_millis(5);

/// Attempts at other servers may go on for this long after the box was told to stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// A message of a sender that is held is looked at again after so long, should nobody release it before.
const HELD_SECONDS: u64 = 15 * 60;

/// What the delivery room uses.
pub struct Parts {
    /// The store.
    pub store: Store,
    /// Who has mail here.
    pub people: People,
    /// The way in, for notices to senders.
    pub intake: Intake,
    /// Says whose messages are held, and is told of those that come back.
    pub guard: Guard,
    /// The way to other servers.
    pub remote: Remote,
    /// Rings when something may be due.
    pub bell: Bell,
    /// Told time.
    pub clock: Clock,
    /// Where attempts are logged.
    pub log: Log,
    /// The settings.
    pub settings: Live<DeliverySettings>,
    /// The box's host name, for notices.
    pub hostname: String,
}

/// The delivery room and its service `spool`. Cheap to clone.
///
/// Its loop [`run`](Delivery::run) goes on while the service is stopped: it then delivers nothing, but
/// sees to it that what is accepted becomes a row of the spool.
#[derive(Clone)]
pub struct Delivery(Arc<Inner>);

struct Inner {
    parts: Parts,
    book: RuleBook,
    active: AtomicBool,
    line: Mutex<Line>,
}

impl Delivery {
    /// A room that delivers nothing until its service is started.
    pub fn new(parts: Parts) -> Delivery {
        Delivery(Arc::new(Inner {
            parts,
            book: RuleBook::new(),
            active: AtomicBool::new(false),
            line: Mutex::default(),
        }))
    }

    /// Works until `stop`.
    pub async fn run(self, mut stop: Stop) {
        let mut remote = JoinSet::new();
        while !stop.is_asked() {
            while remote.try_join_next().is_some() {}
            let began = Instant::now();
            match self.round(&mut remote).await {
                Ok(true) => {}
                Ok(false) => self.wait(&remote, &mut stop).await,
                Err(error) => {
                    let event = Event::new(Kind::Delivery, Level::Error, "the spool cannot be worked on");
                    self.0.parts.log.write(event.with("error", error.to_string()));
                    tokio::select! {
                        () = tokio::time::sleep(PAUSE) => {}
                        () = stop.asked() => {}
                    }
                }
            }
            tokio::time::sleep_until(began + ROUND_APART).await;
        }
        // What is cut off after that was not answered with 250, or falls into the window of RFC 1047.
        let _ = tokio::time::timeout(STOP_GRACE, async { while remote.join_next().await.is_some() {} }).await;
        remote.shutdown().await;
    }

    /// Waits until something may be due.
    async fn wait(&self, running: &JoinSet<()>, stop: &mut Stop) {
        let parts = &self.0.parts;
        let now = parts.clock.now();
        let (this, running) = (self.clone(), running.len());
        let due = if self.is_active() { work::compute(move || this.next_due(running, now)).await } else { None };
        let until = due.map_or(LOOK, |due| Duration::from_millis(due.millis_since(now)).min(LOOK));
        tokio::select! {
            () = parts.bell.spool() => {}
            () = tokio::time::sleep(until) => {}
            () = stop.asked() => {}
        }
    }

    /// When the next message may be worked on, should nothing else happen.
    fn next_due(&self, running: usize, now: Time) -> Option<Time> {
        let Parts { store, remote, .. } = &self.0.parts;
        let settings = self.0.parts.settings.get();
        let rooms = remote.rooms(&settings, running, now);
        let open = |queue: &str| queue.is_empty() || rooms.has(queue);
        let due = store.next_due(&open).unwrap_or_default();
        due.into_iter().chain(remote.next_room(now)).chain(self.line().next_leave()).min()
    }

    fn is_active(&self) -> bool {
        self.0.active.load(Ordering::Acquire)
    }

    /// One batch. Says whether there was anything to do.
    async fn round(&self, remote: &mut JoinSet<()>) -> Result<bool, Error> {
        let (this, running) = (self.clone(), remote.len());
        let Some(batch) = work::compute(move || this.lease_and_plan(running)).await? else { return Ok(false) };
        for attempt in batch.attempts {
            remote.spawn(self.clone().hand_over(attempt));
        }
        let ids: Vec<_> = batch.settlements.iter().map(|settlement| settlement.id).collect();
        let done = if batch.settlements.is_empty() {
            Ok(Vec::new())
        } else {
            self.0.parts.store.settle(batch.settlements).await
        };
        if let Err(error) = done {
            self.0.parts.store.unlease(&ids);
            return Err(error);
        }
        for event in batch.events {
            self.0.parts.log.write(event);
        }
        for leased in batch.errands {
            self.run_errand(leased).await;
        }
        for leased in batch.owed {
            self.send_notice(leased).await;
        }
        Ok(true)
    }

    /// Leases what is due. Of what waits for other servers, `running` attempts are going on already.
    fn lease_and_plan(&self, running: usize) -> Result<Option<Batch>, Error> {
        let parts = &self.0.parts;
        let (settings, now) = (parts.settings.get(), parts.clock.now());
        let max = settings.deliveries_max.max(1);
        let claims = Claims::default();
        let planner = self.planner(&settings, now, &claims);
        if !self.is_active() {
            let leased = parts.store.lease_fresh(max)?;
            let waiting = self.line().disperse();
            if leased.is_empty() && waiting.is_empty() {
                return Ok(None);
            }
            // What was sent for another message settles with it even now: that one waits for it.
            let held = |leased: Leased| match settles_with(&leased) {
                Some(_) => self.plan(&planner, leased),
                None => Planned { settlements: vec![hold(leased, now)], ..Planned::default() },
            };
            let mut batch = Batch::of(leased.into_iter().map(held).collect());
            batch.settlements.extend(waiting.into_iter().map(|leased| hold(leased, now)));
            return Ok(Some(batch));
        }
        let rooms = parts.remote.rooms(&settings, running, now);
        let room = |queue: &str| if queue.is_empty() { max } else { rooms.take(queue) };
        let leased = parts.store.lease_from(max, now, &room)?;
        let (elsewhere, leased): (Vec<_>, Vec<_>) =
            leased.into_iter().partition(|leased| !leased.queue.is_empty() && !is_owed(&planner, leased));
        let (held, elsewhere): (Vec<_>, Vec<_>) = elsewhere.into_iter().partition(|leased| self.is_held(leased));
        // A message that something in this batch was sent for settles with that.
        let told: HashSet<BlobId> = leased.iter().filter_map(settles_with).collect();
        let open = leased.into_par_iter().filter(|leased| !told.contains(&leased.id));
        let planned: Vec<_> = open.map(|leased| self.plan(&planner, leased)).collect();
        let mut batch = Batch::of(planned);
        elsewhere.into_iter().for_each(|leased| self.begin_attempt(&planner, leased, &mut batch));
        self.serve_line(&planner, &rooms, &mut batch);
        batch.settlements.extend(held.into_iter().map(|leased| hold_back(leased, now)));
        Ok(batch.has_work().then_some(batch))
    }

    /// Fresh messages go at once where there is room. The others wait for a while before that is written down.
    fn serve_line(&self, planner: &Planner<'_>, rooms: &Rooms<'_>, batch: &mut Batch) {
        let (mut line, now) = (self.line(), planner.now);
        let may_go = |leased: &Leased| self.is_held(leased) || rooms.take_one(&leased.queue);
        let go = |leased: Leased, batch: &mut Batch| match self.is_held(&leased) {
            true => batch.settlements.push(hold_back(leased, now)),
            false => self.begin_attempt(planner, leased, batch),
        };
        line.advance(may_go, |leased| go(leased, batch));
        for leased in std::mem::take(&mut batch.ready) {
            if may_go(&leased) {
                go(leased, batch);
            } else if let Err(leased) = line.join(leased, now) {
                batch.settlements.push(hold(leased, now));
            }
        }
        batch.settlements.extend(line.leave(now).into_iter().map(|leased| hold(leased, now)));
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.0.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an attempt at other servers, unless it is known what comes of it.
    fn begin_attempt(&self, planner: &Planner<'_>, leased: Leased, batch: &mut Batch) {
        match self.0.parts.remote.attempt(leased).told() {
            Ok(tried) => {
                let (leased, settlement) = (tried.leased.clone(), planner.tried(tried));
                batch.events.extend(noted::event(&self.0.parts, &leased, &settlement));
                traffic::count(planner.store, &leased, &settlement, planner.now);
                batch.settlements.push(settlement);
            }
            Err(attempt) => batch.attempts.push(attempt),
        }
    }

    /// Does the message wait until an administrator lets it go?
    fn is_held(&self, leased: &Leased) -> bool {
        match leased.arrival.provenance {
            Provenance::Submitted(account) => self.0.parts.guard.is_held(account),
            _ => false,
        }
    }

    fn planner<'a>(&'a self, settings: &'a DeliverySettings, now: Time, claims: &'a Claims) -> Planner<'a> {
        let Parts { store, people, remote, .. } = &self.0.parts;
        Planner { store, people, settings, remote, book: &self.0.book, claims, now }
    }

    /// Hands a message to the servers that are next for it, and writes down at once what they said.
    async fn hand_over(self, attempt: Attempt) {
        let parts = &self.0.parts;
        let tried = attempt.run().await;
        let leased = tried.leased.clone();
        let settlement = self.planner(&parts.settings.get(), parts.clock.now(), &Claims::default()).tried(tried);
        if let Some(event) = noted::event(&self.0.parts, &leased, &settlement) {
            parts.log.write(event);
        }
        traffic::count(&parts.store, &leased, &settlement, parts.clock.now());
        if let Err(error) = parts.store.settle(vec![settlement]).await {
            let event =
                Event::new(Kind::Delivery, Level::Error, "attempt could not be written down").message(leased.id);
            parts.log.write(event.with("error", error.to_string()));
            tokio::time::sleep(PAUSE).await;
        }
        parts.bell.ring_spool();
    }

    /// What to do with one leased message.
    fn plan(&self, planner: &Planner<'_>, leased: Leased) -> Planned {
        if self.is_held(&leased) {
            return Planned { settlements: vec![hold_back(leased, planner.now)], ..Planned::default() };
        }
        if leased.recipients.iter().any(|recipient| !recipient.errands.is_empty()) {
            return Planned { errand: Some(leased), ..Planned::default() };
        }
        if is_owed(planner, &leased) {
            return Planned { owed: Some(leased), ..Planned::default() };
        }
        let mut planned = Planned::default();
        let origin = settles_with(&leased).and_then(|of| planner.store.spool_entry(of).ok().flatten()).map(as_leased);
        let settlement = match attempt(planner, &leased, origin.as_ref()) {
            Ok(settlement) => settlement,
            Err(error) => {
                let event = Event::new(Kind::Delivery, Level::Error, "attempt failed").message(leased.id);
                planned.event = Some(event.with("error", error.to_string()));
                planned.settlements.push(hold(leased, planner.now.plus_seconds(60)));
                return planned;
            }
        };
        if leased.fresh && origin.is_none() && only_goes_elsewhere(&settlement) {
            let Settlement { recipients, queue, .. } = settlement;
            planned.ready = Some(Leased { recipients, queue, ..leased });
            return planned;
        }
        planned.event = noted::event(&self.0.parts, &leased, &settlement);
        traffic::count(planner.store, &leased, &settlement, planner.now);
        planned.settlements.push(settlement);
        // A notice and the message it tells of change in one transaction: it is sent once, whatever happens.
        if let Some(origin) = origin {
            planned.settlements.push(match leased.arrival.provenance {
                Provenance::Errand(_) => planner.ran(&origin),
                _ => planner.told(origin),
            });
        }
        planned
    }

    /// Runs the first errand of a message, which stays leased until what was sent is applied.
    async fn run_errand(&self, leased: Leased) {
        let (this, id, message) = (self.clone(), leased.id, leased.clone());
        let written = work::compute(move || errand::write(&this.0.parts, &message)).await;
        let refusal = match written {
            Ok(Some(letter)) => match letter.send(&self.0.parts).await {
                Ok(()) => return,
                Err(refusal) => refusal,
            },
            Ok(None) => return self.0.parts.store.unlease(&[id]),
            // Its owner is gone, and with it whoever wanted it.
            Err(error) if error.word == Word::NotFound => return self.give_up_errand(leased, error.detail).await,
            Err(error) => Refusal::from(error),
        };
        let event = Event::new(Kind::Delivery, Level::Error, "an errand of rules could not be run").message(id);
        self.0.parts.log.write(event.with("why", format!("{refusal:?}")));
        match refusal {
            Refusal::TooBig => self.give_up_errand(leased, "it is too big".into()).await,
            Refusal::Loop => self.give_up_errand(leased, "it has passed too many servers".into()).await,
            Refusal::DiskFull | Refusal::Failed(_) => {
                self.0.parts.store.unlease(&[id]);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn give_up_errand(&self, leased: Leased, why: String) {
        let (this, id) = (self.clone(), leased.id);
        let settlement = work::compute(move || {
            let claims = Claims::default();
            this.planner(&this.0.parts.settings.get(), this.0.parts.clock.now(), &claims).given_up(&leased, &why)
        });
        let settled = match settlement.await {
            Ok(settlement) => self.0.parts.store.settle(vec![settlement]).await.map(drop),
            Err(error) => Err(error),
        };
        if settled.is_err() {
            self.0.parts.store.unlease(&[id]);
        }
    }

    /// Tells the sender. The message stays leased until its notice is applied.
    async fn send_notice(&self, leased: Leased) {
        let (this, id, bounced) = (self.clone(), leased.id, bounced(&leased));
        let made = work::compute(move || notice::make(&this.0.parts, &leased)).await;
        let sent = match made {
            Ok(notice) => notice.send(&self.0.parts.intake).await.map_err(|refusal| format!("{refusal:?}")),
            Err(error) => Err(error.to_string()),
        };
        if let (Ok(()), Some(account)) = (&sent, bounced) {
            self.0.parts.guard.bounce(account);
        }
        if let Err(why) = sent {
            self.0.parts.store.unlease(&[id]);
            let event = Event::new(Kind::Delivery, Level::Error, "a notice could not be sent").message(id);
            self.0.parts.log.write(event.with("error", why));
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Service for Delivery {
    fn name(&self) -> &'static str {
        "spool"
    }

    fn description(&self) -> &'static str {
        "Delivery of what has been accepted"
    }

    fn run(&self, ready: Ready, mut stop: Stop) -> Run {
        let this = self.clone();
        Box::pin(async move {
            this.0.active.store(true, Ordering::Release);
            this.0.parts.bell.ring_spool();
            ready.listening(Vec::new());
            stop.asked().await;
            this.0.active.store(false, Ordering::Release);
        })
    }
}

/// A batch with its plans.
#[derive(Default)]
struct Batch {
    settlements: Vec<Settlement>,
    events: Vec<Event>,
    errands: Vec<Leased>,
    owed: Vec<Leased>,
    /// Fresh messages with nothing to do but to go to other servers.
    ready: Vec<Leased>,
    /// Attempts at other servers.
    attempts: Vec<Attempt>,
}

#[derive(Default)]
struct Planned {
    settlements: Vec<Settlement>,
    event: Option<Event>,
    errand: Option<Leased>,
    owed: Option<Leased>,
    ready: Option<Leased>,
}

impl Batch {
    fn has_work(&self) -> bool {
        let Batch { settlements, events, errands, owed, ready, attempts } = self;
        !(settlements.is_empty()
            && events.is_empty()
            && errands.is_empty()
            && owed.is_empty()
            && ready.is_empty()
            && attempts.is_empty())
    }

    fn of(planned: Vec<Planned>) -> Batch {
        let mut batch = Batch::default();
        for one in planned {
            batch.settlements.extend(one.settlements);
            batch.events.extend(one.event);
            batch.errands.extend(one.errand);
            batch.owed.extend(one.owed);
            batch.ready.extend(one.ready);
        }
        batch
    }
}

/// Has the sender of a message something to be told before anything else happens?
fn is_owed(planner: &Planner<'_>, leased: &Leased) -> bool {
    planner.owed(leased).is_owed(&leased.recipients)
}

/// Has nothing happened here that would have to be written down before the first attempt at another server?
fn only_goes_elsewhere(settlement: &Settlement) -> bool {
    let Settlement { deliveries, memories, recipients, queue, .. } = settlement;
    !queue.is_empty() && deliveries.is_empty() && memories.is_empty() && recipients.iter().all(is_untried)
}

/// The message that a fresh one was sent for: they settle together.
fn settles_with(leased: &Leased) -> Option<BlobId> {
    match leased.arrival.provenance {
        Provenance::Notification(of) | Provenance::Errand(of) if leased.fresh => Some(of),
        _ => None,
    }
}

/// Tries a message; `origin` is what it was sent for.
fn attempt(planner: &Planner<'_>, leased: &Leased, origin: Option<&Leased>) -> Result<Settlement, Error> {
    let filed = match (&leased.arrival.provenance, origin) {
        (Provenance::Errand(_), Some(origin)) => planner.filed(leased, origin)?,
        _ => None,
    };
    filed.map_or_else(|| planner.attempt(leased), Ok)
}

fn as_leased(entry: SpoolEntry) -> Leased {
    let SpoolEntry { id, size, arrival, recipients, attempts, since, queue, .. } = entry;
    Leased { id, size, arrival, recipients, attempts, since, queue, fresh: false }
}

/// The user of this box who is to be told that the message could not be delivered.
fn bounced(leased: &Leased) -> Option<AccountId> {
    let is_news = |recipient: &RecipientState| recipient.state == State::Failed && recipient.told < Told::Outcome;
    match leased.arrival.provenance {
        Provenance::Submitted(account) if leased.recipients.iter().any(is_news) => Some(account),
        _ => None,
    }
}

/// A message whose sender is held: it says so, and is looked at again when the hold may be gone.
fn hold_back(mut leased: Leased, now: Time) -> Settlement {
    let pending = leased.recipients.iter_mut().filter(|recipient| recipient.state == State::Pending);
    for recipient in pending {
        recipient.answer = HELD.into();
        recipient.server = String::new();
    }
    hold(leased, now.plus_seconds(HELD_SECONDS))
}

/// Back into the spool as it is.
fn hold(leased: Leased, next_attempt: Time) -> Settlement {
    Settlement {
        id: leased.id,
        deliveries: Vec::new(),
        recipients: leased.recipients,
        next_attempt: Some(next_attempt),
        attempts: leased.attempts,
        memories: Vec::new(),
        queue: leased.queue,
    }
}
