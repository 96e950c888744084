//! Answers about annotations, and who may read and change them (RFC 5464 §3.3).

use mailstead_storage::{AccountId, Annotation, Error, MailboxId, Result, Rights, Store, Word};

use super::place::{Asker, Place};
use super::{ImapAnswers, Told};
use crate::protocol::imap::question::Mark;
use crate::protocol::imap::wire::Wanted;
use crate::work;

/// One of these shows that a mailbox is for the user.
const INTERESTED: Rights = Rights::READ.with(Rights::SEEN).with(Rights::WRITE).with(Rights::INSERT).with(Rights::POST);

/// Most bytes of values that one LIST tells.
const LISTED_BYTES_MAX: usize = 4 << 20;

/// Most annotations that one session watches.
const MARKS_MAX: usize = 2000;

impl ImapAnswers {
    pub(super) async fn set_metadata(
        &self,
        account: AccountId,
        name: String,
        changes: Vec<(String, Option<Vec<u8>>)>,
    ) -> Told<()> {
        let store = self.house.store.clone();
        let is_shared = changes.iter().any(|(entry, _)| entry.starts_with("/shared/"));
        let place = self.told(work::read(move || place(&store, account, &name, is_shared)).await)?;
        self.told(self.house.store.set_metadata(place, account, changes).await)
    }
}

fn denied() -> Error {
    Error::new(Word::Denied, "you have not the right to do this")
}

/// The mailbox of that name, none for the server, when its annotations may be read, and its shared ones changed.
fn place(store: &Store, account: AccountId, name: &str, changes_shared: bool) -> Result<Option<MailboxId>> {
    let asker = Asker::new(store, account)?;
    if name.is_empty() {
        let may = !changes_shared || asker.administers_all();
        return if may { Ok(None) } else { Err(denied()) };
    }
    let Place { mailbox, rights, .. } = asker.find(name, Rights::LOOKUP)?;
    let may = rights.has_any(INTERESTED) && (!changes_shared || rights.has(Rights::WRITE));
    if may { Ok(Some(mailbox.id)) } else { Err(denied()) }
}

/// The annotations of a mailbox, or of the server, that are wanted.
pub fn metadata(store: &Store, account: AccountId, name: &str, wanted: &Wanted) -> Result<Vec<Annotation>> {
    let place = place(store, account, name, false)?;
    store.metadata(place, account, &|entry| wanted.wants(entry))
}

/// The annotations of mailboxes that are wanted, for each mailbox in its order; none of those without the right.
pub fn listed(
    store: &Store,
    account: AccountId,
    mailboxes: &[(MailboxId, Rights)],
    wanted: &Wanted,
) -> Result<Vec<Option<Vec<Annotation>>>> {
    let (mut listed, mut bytes) = (Vec::with_capacity(mailboxes.len()), 0);
    for (mailbox, rights) in mailboxes {
        if !rights.has_any(INTERESTED) {
            listed.push(None);
            continue;
        }
        let found = store.metadata(Some(*mailbox), account, &|entry| wanted.wants(entry))?;
        bytes += found.iter().map(|annotation| annotation.value.len()).sum::<usize>();
        if bytes > LISTED_BYTES_MAX {
            return Err(Error::new(Word::Limit, "the annotations are too many for one LIST"));
        }
        listed.push(Some(found));
    }
    Ok(listed)
}

/// The annotations of these mailboxes, and of the server when asked, each with a hash of its value.
pub fn marks(store: &Store, account: AccountId, mailboxes: &[(MailboxId, Rights)], server: bool) -> Result<Vec<Mark>> {
    let readable = mailboxes.iter().filter(|(_, rights)| rights.has_any(INTERESTED)).map(|(mailbox, _)| Some(*mailbox));
    let mut marks = Vec::new();
    for mailbox in readable.chain(server.then_some(None)) {
        let found = store.metadata(mailbox, account, &|_| true)?;
        marks.extend(found.into_iter().map(|Annotation { entry, value }| {
            let hash = blake3::hash(&value);
            let value_hash = hash.as_bytes().iter().take(8).fold(0, |hash, byte| hash << 8 | u64::from(*byte));
            Mark { mailbox, entry, value_hash }
        }));
        if marks.len() > MARKS_MAX {
            return Err(Error::new(Word::Limit, "there are too many annotations to be watched"));
        }
    }
    Ok(marks)
}
