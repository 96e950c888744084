//! What layout a store has and what is in it, seen without the store's own code; and stores of older
//! layouts, made from one of the newest.

use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition, TableError};

use mailstead_storage::{BlobId, MailboxId};

use super::SimulatedDisk;

const STATE: TableDefinition<&str, u64> = TableDefinition::new("state");
const SPOOL: TableDefinition<u64, &[u8]> = TableDefinition::new("spool");
const JOURNAL: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");
const BLOB: TableDefinition<u64, &[u8]> = TableDefinition::new("blob");
const MESSAGE: TableDefinition<u64, &[u8]> = TableDefinition::new("message");
const DOMAIN: TableDefinition<&str, &[u8]> = TableDefinition::new("domain");
const ACCOUNT: TableDefinition<u32, &[u8]> = TableDefinition::new("account");
const ACCOUNT_ADDRESS: TableDefinition<&str, u32> = TableDefinition::new("account_address");
const SPOOL_SENDER: TableDefinition<(&str, u64), ()> = TableDefinition::new("spool_sender");

/// What the migrations are about.
#[derive(Debug, PartialEq, Eq)]
pub struct Layout {
    pub version: u64,
    /// Ids of the spool's rows.
    pub spool: Vec<u64>,
    /// Is there an index of the spool by sender?
    pub senders: bool,
    /// Accounts.
    pub people: u64,
    /// Accounts that are found by address; `None` when there is no such table.
    pub addresses: Option<u64>,
}

fn meta(disk: &SimulatedDisk) -> Database {
    redb::Builder::new().create_with_backend(disk.file("meta.redb")).unwrap()
}

/// Takes a closed store back to layout 3, which had an index of the spool by sender.
pub fn take_back_to_3(disk: &SimulatedDisk) {
    let database = meta(disk);
    let transaction = database.begin_write().unwrap();
    transaction.open_table(SPOOL_SENDER).unwrap().insert(("a@example.test", 1), ()).unwrap();
    transaction.open_table(STATE).unwrap().insert("schema", 3).unwrap();
    transaction.commit().unwrap();
}

/// Takes a closed store back to layout 1, which had no numbers for domains and no index of accounts by address.
pub fn take_back_to_1(disk: &SimulatedDisk) {
    let database = meta(disk);
    let transaction = database.begin_write().unwrap();
    transaction.delete_table(ACCOUNT_ADDRESS).unwrap();
    transaction.open_table(STATE).unwrap().insert("schema", 1).unwrap();
    {
        let mut domains = transaction.open_table(DOMAIN).unwrap();
        let rows: Vec<(String, Vec<u8>)> = domains
            .iter()
            .unwrap()
            .map(|row| row.map(|(name, row)| (name.value().to_owned(), row.value().to_vec())).unwrap())
            .collect();
        for (name, mut row) in rows {
            let mut domain: serde_json::Value = serde_json::from_slice(&row[1..]).unwrap();
            domain.as_object_mut().unwrap().remove("mailboxes").unwrap();
            row.truncate(1);
            row.extend(serde_json::to_vec(&domain).unwrap());
            domains.insert(name.as_str(), row.as_slice()).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// The layout of a closed store, which is left as it is.
pub fn of(disk: &SimulatedDisk) -> Layout {
    let database = meta(&disk.copy());
    let transaction = database.begin_read().unwrap();
    let version = transaction.open_table(STATE).unwrap().get("schema").unwrap().unwrap().value();
    let spool = transaction.open_table(SPOOL).unwrap().iter().unwrap().map(|row| row.unwrap().0.value()).collect();
    let senders = transaction.open_table(SPOOL_SENDER).is_ok();
    let addresses = match transaction.open_table(ACCOUNT_ADDRESS) {
        Err(TableError::TableDoesNotExist(_)) => None,
        table => Some(table.unwrap().len().unwrap()),
    };
    let people = transaction.open_table(ACCOUNT).unwrap().len().unwrap();
    Layout { version, spool, senders, people, addresses }
}

/// Does any segment have rows of the journal's second lane?
pub fn has_second_lane(disk: &SimulatedDisk) -> bool {
    let mut names = disk.names().into_iter().filter(|name| name.starts_with("segments/"));
    names.any(|name| {
        // One that was just begun does not open.
        let Ok(database) = redb::Builder::new().create_with_backend(disk.copy().file(&name)) else { return false };
        let transaction = database.begin_read().unwrap();
        let Ok(journal) = transaction.open_table(JOURNAL) else { return false };
        journal.last().unwrap().is_some_and(|(sequence, _)| sequence.value() >> 63 == 1)
    })
}

/// Damages a closed store: a message in a mailbox loses its row.
pub fn lose(disk: &SimulatedDisk, id: BlobId) {
    let database = meta(disk);
    let transaction = database.begin_write().unwrap();
    transaction.open_table(BLOB).unwrap().remove(id.0).unwrap().unwrap();
    transaction.commit().unwrap();
}

/// How many messages a closed store has in a mailbox, before anything is done again.
pub fn exists(disk: &SimulatedDisk, mailbox: MailboxId) -> u32 {
    let database = meta(&disk.copy());
    let table = database.begin_read().unwrap().open_table(MESSAGE).unwrap();
    let first = u64::from(mailbox.0) << 32;
    let rows = table.range(first..=first | u64::from(u32::MAX)).unwrap();
    rows.map(|row| (row.unwrap().1.value().len() as u32 - 8) / 40).sum()
}
