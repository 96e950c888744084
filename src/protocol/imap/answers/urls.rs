//! Finds what URLs name.

use std::sync::Arc;

use mailstead_storage::{Result, Rights, Store, Uid, Word};

use super::find;
use crate::protocol::imap::question::{Located, Owner};

/// The message, when there are such a user, mailbox and message.
pub fn locate(
    store: &Store,
    owner: &Owner,
    mailbox: &str,
    uid_validity: Option<u32>,
    uid: Uid,
) -> Result<Option<Box<Located>>> {
    let account = match owner {
        Owner::Account(account) => Some(*account),
        Owner::Address(address) => {
            let directory = store.directory();
            directory
                .by_address
                .get(&address.to_lowercase())
                .filter(|account| account.enabled)
                .map(|account| account.id)
        }
    };
    let Some(account) = account else { return Ok(None) };
    let mailbox = match find(store, account, mailbox, Rights::READ) {
        Err(error) if matches!(error.word, Word::NotFound | Word::Denied) => return Ok(None),
        found => found?,
    };
    if uid_validity.is_some_and(|known| known != mailbox.counters.uid_validity) {
        return Ok(None);
    }
    let Some(record) = store.records(mailbox.id, &[uid].into_iter().collect(), 1)?.pop() else { return Ok(None) };
    let Some(outline) = store.outlines(&[record.blob])?.get(0).map(Arc::from) else { return Ok(None) };
    Ok(Some(Box::new(Located { access_key: store.access_key(mailbox.id)?, record, outline })))
}
