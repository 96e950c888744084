//! NOTIFY (RFC 5465): what a session is told of mailboxes that it has not selected. It remembers them as they were, and
//! when something in the account has changed, it tells what has become different. Pure.

mod groups;
mod snapshot;

pub use groups::{EVENTS, Events, Groups, OfSelected, Request};
pub use snapshot::{Differences, Snapshot, View};

use super::question::{Listing, Question};
use crate::bell::Watch;

/// What a session is notified of; of nothing by default (`NOTIFY NONE`). Without it, a session is told of the selected
/// mailbox what RFC 3501 says.
#[derive(Default)]
pub struct Notify {
    groups: Groups,
    /// What is watched of others; nothing when no event of them is wanted.
    observed: Option<Observed>,
}

/// The mailboxes of an account as the client knows them.
struct Observed {
    known: Snapshot,
    /// Names that this session has changed itself since.
    own: Vec<String>,
    watch: Watch,
    rang: bool,
}

impl Notify {
    /// Of these events of the selected mailbox alone.
    pub fn of_selected(groups: Groups) -> Notify {
        Notify { groups, observed: None }
    }

    /// Of these events, in mailboxes that are now so; `watch` tells of every change since.
    pub fn of_all(groups: Groups, known: Snapshot, watch: Watch) -> Notify {
        Notify { groups, observed: Some(Observed { known, own: Vec::new(), watch, rang: false }) }
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
            _ => {}
        }
    }

    /// Tells what is different now. False when there are too many mailboxes: then nothing is told any more.
    #[must_use]
    pub fn tell(&mut self, listing: &Listing, view: View, out: &mut Vec<u8>) -> bool {
        let Some(observed) = &mut self.observed else { return true };
        let Some(now) = Snapshot::of(listing) else { return false };
        let before = std::mem::replace(&mut observed.known, now);
        let own = std::mem::take(&mut observed.own);
        snapshot::Differences::new(&before, listing, &self.groups, view).tell(&own, out);
        true
    }
}
