//! What an administrator writes to many users: one message for each of them, by the way in, at low priority.
//!
//! A mailing is kept before its first message is queued, and goes on where it was after a restart: only a crash between
//! a message and the note of it has some users get it twice. What becomes of the messages is counted by storage, in the
//! transactions that settle them.
//!
//! Never decides who may write to whom.

mod letter;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::{
    Account, Audience, Directory, Error, Mailing, MailingProgress, Priority, Provenance, Role, Store, Word,
};
use tokio::sync::Notify;

use self::letter::Letter;
use crate::clock::Clock;
use crate::intake::{Acceptance, Intake, Trace};
use crate::log::{Event, Kind, Level, Log};
use crate::service::Stop;

/// Messages that are queued between two notes of how far it has come.
const STEP_MESSAGES: usize = 100;
/// After a fault, wait before going on.
const PAUSE: Duration = Duration::from_secs(30);
/// Most bytes of a subject.
const SUBJECT_BYTES_MAX: usize = 900;
/// Most bytes of a name.
const NAME_BYTES_MAX: usize = 200;

/// What mailings are made of and sent with.
pub struct Parts {
    /// Holds them.
    pub store: Store,
    /// The way in.
    pub intake: Intake,
    /// Told time.
    pub clock: Clock,
    /// Where it is said what was queued.
    pub log: Log,
    /// The name of this host.
    pub hostname: String,
}

/// The mailings of this box. Cheap to clone.
#[derive(Clone)]
pub struct Mailings(Arc<Inner>);

struct Inner {
    parts: Parts,
    /// Rings when there is a new one.
    begun: Notify,
}

impl Mailings {
    /// Nothing is queued until [`run`](Mailings::run).
    pub fn new(parts: Parts) -> Mailings {
        Mailings(Arc::new(Inner { parts, begun: Notify::new() }))
    }

    /// Begins a mailing; says its number, and for how many users it is.
    ///
    /// # Errors
    /// `Invalid` when it is for nobody, has no text, is longer than a message may be, or holds control characters where
    /// they do not belong; those of storage.
    pub async fn begin(&self, mailing: Mailing) -> Result<(u64, u64), Error> {
        let Parts { store, intake, .. } = &self.0.parts;
        check(&mailing, intake.message_bytes_max())?;
        let total = recipients(&store.directory(), &mailing.audience).len() as u64;
        if total == 0 {
            return Err(Error::new(Word::Invalid, "there is no user that it would go to"));
        }
        let number = store.begin_mailing(mailing, total).await?;
        self.0.begun.notify_one();
        Ok((number, total))
    }

    /// Queues what was begun, until `stop`.
    pub async fn run(self, mut stop: Stop) {
        while !stop.is_asked() {
            let wait = match self.step().await {
                Ok(true) => continue,
                Ok(false) => Duration::MAX,
                Err(why) => {
                    let event = Event::new(Kind::System, Level::Error, "a mailing cannot go on");
                    self.0.parts.log.write(event.with("error", why));
                    PAUSE
                }
            };
            tokio::select! {
                () = self.0.begun.notified() => {}
                () = tokio::time::sleep(wait) => {}
                () = stop.asked() => {}
            }
        }
    }

    /// Queues some messages of the first mailing that is not complete. Says whether there was one.
    async fn step(&self) -> Result<bool, String> {
        let Parts { store, log, .. } = &self.0.parts;
        let fault = |error: Error| error.to_string();
        let looked = store.clone();
        let next = crate::work::read(move || looked.next_mailing()).await.map_err(fault)?;
        let Some((number, mailing, progress)) = next else { return Ok(false) };
        let all = recipients(&store.directory(), &mailing.audience);
        let rest = all.iter().skip_while(|account| account.address <= progress.reached);
        let step: Vec<_> = rest.take(STEP_MESSAGES).collect();
        let (mut queued, mut reached) = (0, String::new());
        for account in &step {
            if let Err(why) = self.queue(number, &mailing, account).await {
                store.mailing_queued(number, queued, reached, false).await.map_err(fault)?;
                return Err(why);
            }
            (queued, reached) = (queued + 1, account.address.clone());
        }
        let is_complete = step.len() < STEP_MESSAGES;
        store.mailing_queued(number, queued, reached, is_complete).await.map_err(fault)?;
        if is_complete {
            let all = progress.queued + queued;
            let event = Event::new(Kind::System, Level::Info, "mailing queued").with("mailing", number);
            log.write(event.with("messages", all));
        }
        Ok(true)
    }

    async fn queue(&self, number: u64, mailing: &Mailing, account: &Account) -> Result<(), String> {
        let Parts { intake, clock, hostname, .. } = &self.0.parts;
        let letter = Letter { mailing, number, account, hostname, now: clock.now() };
        let acceptance = Acceptance {
            envelope: letter.envelope(),
            provenance: Provenance::Mailing(number),
            priority: Priority::Low,
        };
        let trace = Trace::Fields { reverse_path: String::new(), received: letter.received(), complete_as: None };
        let accepted = intake.accept_bytes(trace, letter.write(), acceptance).await;
        accepted.map(drop).map_err(|refusal| format!("{refusal:?}"))
    }
}

/// How far a mailing has come, in one word.
pub fn status(progress: &MailingProgress) -> &'static str {
    match progress {
        MailingProgress { is_complete: false, .. } => "queuing",
        MailingProgress { queued, delivered, failed, .. } if delivered + failed < *queued => "delivering",
        _ => "done",
    }
}

/// # Errors
/// `Invalid` with what is wrong.
fn check(mailing: &Mailing, bytes_max: u64) -> Result<(), Error> {
    let Mailing { from_name, to_name, subject, text, .. } = mailing;
    let names = [("the sender's name", from_name, NAME_BYTES_MAX), ("the recipient's name", to_name, NAME_BYTES_MAX)];
    for (what, line, max) in names.into_iter().chain([("the subject", subject, SUBJECT_BYTES_MAX)]) {
        if line.len() > max || line.chars().any(char::is_control) {
            return Err(Error::new(Word::Invalid, format!("{what} is too long, or contains a control character")));
        }
    }
    // Encoded it may be three times as long.
    if text.trim().is_empty() || text.len() as u64 > bytes_max / 4 {
        return Err(Error::new(Word::Invalid, "the message is empty, or longer than a message may be here"));
    }
    Ok(())
}

/// Whom it goes to, in the order of their addresses.
fn recipients(directory: &Directory, audience: &Audience) -> Vec<Arc<Account>> {
    let belongs = |account: &&Arc<Account>| match audience {
        Audience::All => true,
        Audience::Domain(domain) => account.address.rsplit_once('@').is_some_and(|(_, of)| of == domain),
        Audience::DomainAdministrators => account.role == Role::DomainAdministrator,
        Audience::User(address) => account.address == *address,
    };
    let mut found: Vec<_> = directory.accounts.values().filter(belongs).cloned().collect();
    found.sort_unstable_by(|a, b| a.address.cmp(&b.address));
    found
}
