//! NOTIFY (RFC 5465): what a session is told of mailboxes that it has not selected. It remembers them as they were, and
//! when something in the account has changed, it tells what has become different. Pure.

mod groups;
mod snapshot;

pub use groups::{EVENTS, Events, Groups, OfSelected, Request};
pub use snapshot::{Differences, Snapshot, View};

use mailstead_storage::AccountId;

use super::question::{Listing, Mark, Question};
use crate::bell::Watch;

/// What a session is notified of; of nothing by default (`NOTIFY NONE`). Without it, a session is told of the selected
/// mailbox what RFC 3501 says.
#[derive(Default)]
pub struct Notify {
    groups: Groups,
    /// What is watched of others; nothing when no event of them is wanted.
    observed: Option<Observed>,
}

/// Mailboxes as the client knows them.
struct Observed {
    known: Snapshot,
    /// Names that this session has changed itself since.
    own: Vec<String>,
    /// Mailboxes and their entries of which it has done so.
    own_entries: Vec<(String, String)>,
    /// Whose mailboxes they are.
    watched: Vec<AccountId>,
    watch: Watch,
    rang: bool,
}

/// What is seen of mailboxes at one moment.
pub struct Seen {
    /// Mailboxes and subscriptions.
    pub listing: Listing,
    /// Annotations, when they are watched.
    pub marks: Vec<Mark>,
    /// Whose mailboxes are watched.
    pub watched: Vec<AccountId>,
    /// The watch on them, when it is a new one.
    pub watch: Option<Watch>,
}

impl Notify {
    /// Of these events of the selected mailbox alone.
    pub fn of_selected(groups: Groups) -> Notify {
        Notify { groups, observed: None }
    }

    /// Of these events, in mailboxes that are now so. `None` when there are too many.
    pub fn of_all(groups: Groups, seen: Seen) -> Option<Notify> {
        let known = Snapshot::of(&seen.listing, seen.marks)?;
        let (own, own_entries) = (Vec::new(), Vec::new());
        let observed = Observed { known, own, own_entries, watched: seen.watched, watch: seen.watch?, rang: false };
        Some(Notify { groups, observed: Some(observed) })
    }

    /// What is wanted.
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Whose mailboxes are watched.
    pub fn watched(&self) -> &[AccountId] {
        self.observed.as_ref().map_or(&[], |observed| &observed.watched)
    }

    /// What is wanted of the selected mailbox, when anything is.
    pub fn selected(&self) -> Option<&OfSelected> {
        self.groups.selected.as_ref().filter(|selected| selected.events.messages)
    }

    /// What to listen to.
    pub fn watch(&self) -> Option<&Watch> {
        self.observed.as_ref().map(|observed| &observed.watch)
    }

    /// The watch has rung.
    pub fn ring(&mut self) {
        if let Some(observed) = &mut self.observed {
            observed.rang = true;
        }
    }

    /// Has something changed that is to be looked at?
    pub fn has_rung(&mut self) -> bool {
        let Some(observed) = &mut self.observed else { return false };
        observed.rang |= observed.watch.has_changed();
        observed.rang
    }

    /// As [`has_rung`](Notify::has_rung), once.
    pub fn take_ring(&mut self) -> bool {
        let rung = self.has_rung();
        if let Some(observed) = &mut self.observed {
            observed.rang = false;
        }
        rung
    }

    /// Takes note of what this session does to names: it is not told of that (RFC 5465 §5).
    pub fn note_own(&mut self, question: &Question) {
        let Some(observed) = &mut self.observed else { return };
        match question {
            Question::Create { name, .. } | Question::Delete { name, .. } | Question::Subscribe { name, .. } => {
                observed.own.push(name.clone());
            }
            Question::Rename { from, to, .. } => observed.own.extend([from.clone(), to.clone()]),
            Question::SetMetadata { name, changes, .. } => {
                observed.own_entries.extend(changes.iter().map(|(entry, _)| (name.clone(), entry.clone())));
            }
            _ => {}
        }
    }

    /// Tells what is different now. False when there are too many mailboxes: then nothing is told any more.
    #[must_use]
    pub fn tell(&mut self, seen: Seen, view: View, out: &mut Vec<u8>) -> bool {
        let Some(observed) = &mut self.observed else { return true };
        let Seen { listing, marks, watched, watch } = seen;
        let Some(now) = Snapshot::of(&listing, marks) else { return false };
        let before = std::mem::replace(&mut observed.known, now);
        let differences = Differences::new(&before, &listing, &self.groups, view);
        differences.tell(&std::mem::take(&mut observed.own), out);
        let own_entries = std::mem::take(&mut observed.own_entries);
        differences.tell_metadata(observed.known.marks(), &own_entries, out);
        if let Some(watch) = watch {
            (observed.watched, observed.watch) = (watched, watch);
        }
        true
    }
}
