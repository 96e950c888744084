//! Mass messages: one letter to many people of the box, each a message of its own that goes through the spool at low
//! priority. Says how many of them were queued, delivered and failed.
//!
//! What is left to be queued when the box stops is not sent, and the mailing says so. Never delivers, and never writes to
//! anyone who has no mailbox here.

mod progress;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailstead_storage::{BlobId, Mailing, MailingState, Priority, Result, Store};

pub use self::progress::MAILINGS_MAX;
use self::progress::Progress;
use crate::clock::Clock;
use crate::intake::{Format, Intake, Letter, Person};
use crate::log::{Event, Kind, Level, Log};

/// Letters between two notes in storage of how far a mailing has come.
const LETTERS_PER_NOTE: usize = 200;

/// What mailings are made of.
pub struct Parts {
    /// What is kept.
    pub store: Store,
    /// The way in.
    pub intake: Intake,
    /// Tells the time.
    pub clock: Clock,
    /// Where the end of a mailing is noted.
    pub log: Log,
    /// The host name.
    pub hostname: String,
}

/// The mailings of the box. Cheap to clone.
#[derive(Clone)]
pub struct Mailings(Arc<Room>);

struct Room {
    parts: Parts,
    progress: Mutex<Progress>,
}

/// What is sent to many.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The name that stands in From.
    pub from: String,
    /// To whom, in words.
    pub audience: String,
    /// To whom.
    pub to: Vec<Person>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// How that is to be read.
    pub format: Format,
    /// Who sends it.
    pub by: String,
}

impl Draft {
    /// The letter to one of the people.
    pub fn letter(&self, to: &Person) -> Letter {
        let domain = to.address.rsplit_once('@').map_or("", |(_, domain)| domain);
        Letter {
            from: Person { name: self.from.clone(), address: format!("postmaster@{domain}") },
            to: to.clone(),
            subject: self.subject.clone(),
            text: self.text.clone(),
            format: self.format,
        }
    }
}

impl Mailings {
    /// The mailings that this store has kept. Those that were being sent are interrupted.
    ///
    /// # Errors
    /// What storage says.
    pub fn open(parts: Parts) -> Result<Mailings> {
        let progress = Progress::of(parts.store.mailings()?);
        progress.all().iter().filter(|mailing| mailing.state == MailingState::Interrupted).for_each(|mailing| {
            drop(parts.store.put_mailing(mailing.clone()));
        });
        Ok(Mailings(Arc::new(Room { parts, progress: Mutex::new(progress) })))
    }

    /// Begins to send. Returns the mailing's number once that is kept.
    ///
    /// # Errors
    /// What storage says.
    pub async fn send(&self, draft: Draft) -> Result<u64> {
        let mailing = self.progress().begin(&draft, self.0.parts.clock.now());
        let (id, forgotten) = (mailing.id, self.progress().forget_oldest());
        self.0.parts.store.put_mailing(mailing).await?;
        forgotten.into_iter().for_each(|old| drop(self.0.parts.store.remove_mailing(old)));
        tokio::spawn(self.clone().queue_all(id, draft));
        Ok(id)
    }

    /// All of them, the latest first.
    pub fn list(&self) -> Vec<Mailing> {
        self.progress().all()
    }

    /// A message is out of the spool: it was delivered, or failed.
    pub fn settled(&self, message: BlobId, has_failed: bool) {
        let finished = self.progress().settled(message, has_failed);
        if let Some(mailing) = finished {
            drop(self.0.parts.store.put_mailing(mailing));
        }
    }

    async fn queue_all(self, id: u64, draft: Draft) {
        for (index, person) in draft.to.iter().enumerate() {
            self.queue(id, &draft.letter(person)).await;
            if (index + 1) % LETTERS_PER_NOTE == 0 {
                self.note(id);
            }
        }
        self.progress().all_queued(id);
        self.note(id);
        let event = Event::new(Kind::System, Level::Info, "mass message queued").with("subject", draft.subject.clone());
        self.0.parts.log.write(event.with("recipients", draft.to.len() as u64));
    }

    async fn queue(&self, id: u64, letter: &Letter) {
        let Parts { intake, hostname, .. } = &self.0.parts;
        let Ok(sealed) = intake.seal(letter, hostname, Priority::Low).await else {
            return self.progress().refused(id);
        };
        let message = sealed.id();
        // First: it may be delivered before this goes on.
        self.progress().begun(id, message);
        if sealed.send().await.is_err() {
            self.settled(message, true);
        }
    }

    fn note(&self, id: u64) {
        let mailing = self.progress().one(id);
        if let Some(mailing) = mailing {
            drop(self.0.parts.store.put_mailing(mailing));
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
