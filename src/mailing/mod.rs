//! Mass messages: one letter to many people of the box, each a message of its own that goes through the spool at low
//! priority. Storage counts how many of them were queued, delivered and failed.
//!
//! The letters are handed in one after the other, each accepted before the next, and each says in its journal row which
//! one it is. So a mailing that a crash or a stop has interrupted goes on with the first letter that was not accepted,
//! and nobody gets two. Never delivers, and never writes to anyone who has no mailbox here.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::{
    BlobId, Error, Mailing, MailingState, NewMailing, Priority, Provenance, Result, SpoolFilter, SpoolPlace, Store,
    Word,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::intake::{Format, Intake, Letter, Person, Refusal};
use crate::log::{Event, Kind, Level, Log};
use crate::work;

/// After a letter could not be accepted for a reason that passes, it is tried again so much later.
const PAUSE: Duration = Duration::from_secs(10);

/// Messages that one look at the spool takes in.
const SPOOL_PAGE: usize = 256;

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
    /// Those that somebody has stopped. Held while a letter is handed in.
    cancelled: Mutex<BTreeSet<u64>>,
}

/// What is sent to many.
#[derive(Debug, Clone, Serialize, Deserialize)]
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

/// What came of handing in one letter.
enum Handed {
    Accepted,
    Skipped,
    Cancelled,
    NotNow,
}

impl Mailings {
    /// The mailings that this store keeps. Nothing is sent before [`resume`](Mailings::resume) or
    /// [`send`](Mailings::send).
    pub fn new(parts: Parts) -> Mailings {
        Mailings(Arc::new(Room { parts, cancelled: Mutex::default() }))
    }

    /// Goes on with what was interrupted. To be called once, when the box starts.
    ///
    /// # Errors
    /// What storage says.
    pub async fn resume(&self) -> Result<()> {
        let store = self.0.parts.store.clone();
        let kept = work::read(move || store.mailings()).await?;
        for mailing in kept.into_iter().filter(|mailing| mailing.state == MailingState::Sending) {
            tokio::spawn(self.clone().run(mailing.id));
        }
        Ok(())
    }

    /// Begins to send. Returns the mailing's number once it is kept, with all that is needed to send it.
    ///
    /// # Errors
    /// What storage says.
    pub async fn send(&self, draft: Draft) -> Result<u64> {
        let Parts { store, clock, .. } = &self.0.parts;
        let kept = serde_json::to_vec(&draft).map_err(|error| Error::new(Word::Invalid, error.to_string()))?;
        let (begun, total) = (clock.now(), draft.to.len() as u64);
        let Draft { subject, audience, by, .. } = draft;
        let id = store.begin_mailing(NewMailing { subject, audience, by, begun, total, draft: kept }).await?;
        tokio::spawn(self.clone().run(id));
        Ok(id)
    }

    /// All of them, the latest first. Blocks.
    ///
    /// # Errors
    /// What storage says.
    pub fn list(&self) -> Result<Vec<Mailing>> {
        let mut all = self.0.parts.store.mailings()?;
        all.reverse();
        Ok(all)
    }

    /// Stops a mailing: what has not entered the spool never will, and what still waits there is taken out.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when all of it has entered the spool; what storage says.
    pub async fn cancel(&self, id: u64) -> Result<()> {
        let store = &self.0.parts.store;
        let mut cancelled = self.0.cancelled.lock().await;
        store.end_mailing(id, MailingState::Cancelled).await?;
        cancelled.insert(id);
        drop(cancelled);
        let looked = store.clone();
        let waiting = work::read_long(move || waiting(&looked, id)).await?;
        store.spool_delete(waiting).await.map(drop)
    }

    /// Hands in all letters that were not accepted yet.
    async fn run(self, id: u64) {
        if let Err(error) = self.send_rest(id).await {
            let event = Event::new(Kind::System, Level::Error, "mass message could not be sent");
            self.0.parts.log.write(event.with("mailing", id).with("error", error.to_string()));
        }
    }

    async fn send_rest(&self, id: u64) -> Result<()> {
        let Some((draft, mut next)) = self.rest(id).await? else { return Ok(()) };
        while let Some(person) = draft.to.get(usize::try_from(next).unwrap_or(usize::MAX)) {
            match self.hand_in(id, next, &draft.letter(person)).await? {
                Handed::Accepted | Handed::Skipped => next += 1,
                Handed::Cancelled => return Ok(()),
                Handed::NotNow => {
                    tokio::time::sleep(PAUSE).await;
                    // It may have been accepted all the same.
                    let Some((_, again)) = self.rest(id).await? else { return Ok(()) };
                    next = next.max(again);
                }
            }
        }
        let Parts { store, log, .. } = &self.0.parts;
        store.end_mailing(id, MailingState::Queued).await?;
        let event = Event::new(Kind::System, Level::Info, "mass message queued").with("subject", draft.subject);
        log.write(event.with("mailing", id).with("recipients", draft.to.len() as u64));
        Ok(())
    }

    /// What is sent, and the first letter that was not accepted; none when nothing is left to be done.
    async fn rest(&self, id: u64) -> Result<Option<(Draft, u64)>> {
        let store = self.0.parts.store.clone();
        work::read(move || {
            let Some(kept) = store.mailing_draft(id)? else { return Ok(None) };
            let draft = serde_json::from_slice(&kept);
            let draft = draft.map_err(|error| Error::new(Word::Corrupt, format!("mass message {id}: {error}")))?;
            Ok(Some((draft, store.next_letter(id)?)))
        })
        .await
    }

    async fn hand_in(&self, id: u64, number: u64, letter: &Letter) -> Result<Handed> {
        let Parts { store, intake, hostname, .. } = &self.0.parts;
        let cancelled = self.0.cancelled.lock().await;
        if cancelled.contains(&id) {
            return Ok(Handed::Cancelled);
        }
        let provenance = Provenance::Letter { mailing: id, letter: number };
        let sent = match intake.seal(letter, hostname, Priority::Low).await {
            Ok(sealed) => sealed.of(provenance).send().await,
            Err(refusal) => Err(refusal),
        };
        match sent {
            Ok(_) => Ok(Handed::Accepted),
            Err(Refusal::TooBig | Refusal::Loop) => store.skip_letter(id, number).await.map(|()| Handed::Skipped),
            Err(Refusal::DiskFull | Refusal::Failed(_)) => Ok(Handed::NotNow),
        }
    }
}

/// The letters of a mailing that wait in the spool.
fn waiting(store: &Store, id: u64) -> Result<Vec<BlobId>> {
    let mut found = Vec::new();
    let mut filter = SpoolFilter { limit: SPOOL_PAGE, ..SpoolFilter::default() };
    loop {
        let page = store.spool(&filter)?;
        let is_one = |by: &Provenance| matches!(by, Provenance::Letter { mailing, .. } if *mailing == id);
        found.extend(page.iter().filter(|entry| is_one(&entry.arrival.provenance)).map(|entry| entry.id));
        match page.last() {
            Some(last) if page.len() == SPOOL_PAGE => filter.after = Some(SpoolPlace::of(last.id)),
            _ => return Ok(found),
        }
    }
}
