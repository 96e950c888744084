//! Looks at the mailboxes that a session watches (RFC 5465), and sees to it that all are watched whose mailboxes it sees.

use mailstead_storage::AccountId;

use crate::bell::Watch;
use crate::protocol::imap::notify::{Groups, Seen};
use crate::protocol::imap::question::{Answer, Listing, Looks, Mark, Question};
use crate::protocol::imap::wire::Reply;

/// A look under way.
#[derive(Default)]
pub struct Observation {
    watched: Vec<AccountId>,
    watch: Option<Watch>,
    listing: Option<Listing>,
    marks: Vec<Mark>,
}

impl Observation {
    /// A look by a session that watches these already.
    pub fn new(watched: &[AccountId]) -> Observation {
        Observation { watched: watched.to_vec(), ..Observation::default() }
    }

    /// Takes an answer in. What to ask next; `None` when all is seen.
    ///
    /// # Errors
    /// What cannot be looked at.
    pub fn step(
        &mut self,
        answer: Option<Answer>,
        account: AccountId,
        groups: &Groups,
    ) -> Result<Option<Question>, Reply> {
        match answer {
            Some(Answer::Watch(watch)) => self.watch = Some(watch),
            Some(Answer::Listing(listing)) => self.listing = Some(listing?),
            Some(Answer::Marks(marks)) => {
                self.marks = marks?;
                return Ok(None);
            }
            _ => {}
        }
        let owners = owners(account, self.listing.as_ref());
        if owners.iter().any(|owner| !self.watched.contains(owner)) {
            // First the watch, then the look: no change falls between.
            self.listing = None;
            self.watched.clone_from(&owners);
            return Ok(Some(Question::Watch(owners)));
        }
        let Some(listing) = &self.listing else {
            return Ok(Some(Question::List { account, looks: Looks { rights: true, ..Looks::default() } }));
        };
        let (of_mailboxes, server) = groups.of_metadata();
        if !of_mailboxes && !server {
            return Ok(None);
        }
        let mailboxes = listing.mailboxes.iter().zip(&listing.looked).filter(|_| of_mailboxes);
        let mailboxes = mailboxes.map(|(mailbox, looked)| (mailbox.id, looked.rights)).collect();
        Ok(Some(Question::Marks { account, mailboxes, server }))
    }

    /// What was seen.
    pub fn seen(self) -> Seen {
        let Observation { watched, watch, listing, marks } = self;
        Seen { listing: listing.unwrap_or_default(), marks, watched, watch }
    }
}

/// Whose mailboxes these are; among them everyone, whose rights may change what is seen.
fn owners(account: AccountId, listing: Option<&Listing>) -> Vec<AccountId> {
    let mut owners = vec![AccountId::EVERYONE, account];
    owners.extend(listing.iter().flat_map(|listing| &listing.mailboxes).map(|mailbox| mailbox.account));
    owners.sort_unstable();
    owners.dedup();
    owners
}
