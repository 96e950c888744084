//! Writing records, at the end of their domain's chain. A chain's row and its last row of records are written once at
//! the end of the transaction, however many records it gets.

use std::collections::BTreeMap;

use super::rows::{ChainRow, Entry, Packed, RecordRow, chain_keys, hash, row_key};
use crate::queue::Fresh;
use crate::write::Tables;
use crate::{Error, Result, Word};

/// The chains that the transaction has added to, by domain.
#[derive(Default)]
pub(crate) struct Tails(BTreeMap<String, Tail>);

/// The end of a chain.
struct Tail {
    chain: ChainRow,
    /// Key of the last row of records.
    key: u64,
    row: Packed,
}

/// Most numbers that chains get: the high bits of a key.
const CHAINS_MAX: u32 = 1 << 24;

/// Writes the records of a message whose journal row is applied; returns how many references they hold.
pub(crate) fn record(tables: &mut Tables, fresh: &Fresh) -> Result<u32> {
    let envelope = &fresh.arrival.envelope;
    for copy in &fresh.copies {
        let mut tail = match tables.archive_tails.0.remove(&copy.domain) {
            Some(tail) => tail,
            None => open(tables, &copy.domain)?,
        };
        let chain = &mut tail.chain;
        let record = RecordRow {
            before: chain.head,
            archived: chain.archived.max(fresh.arrival.received),
            direction: copy.direction,
            rules: copy.rules.clone(),
            blob: fresh.id,
            size: fresh.size,
            hash: fresh.hash,
            sender: envelope.reverse_path.clone(),
            recipients: envelope.recipients.iter().map(|recipient| recipient.address.clone()).collect(),
        };
        let bytes = record.encode();
        chain.last += 1;
        chain.kept += 1;
        chain.archived = record.archived;
        chain.head = hash(chain.last, &bytes);
        let (number, last) = (chain.number, chain.last);
        if !tail.row.takes(&bytes) {
            tables.archive.insert(tail.key, tail.row.0.as_slice())?;
            (tail.key, tail.row) = (row_key(number, last), Packed::new());
        }
        tail.row.push(Entry::Record(&bytes));
        tables.archive_tails.0.insert(copy.domain.clone(), tail);
    }
    Ok(fresh.copies.len() as u32)
}

/// The chain of a domain, as it was written last.
pub(super) fn chain(tables: &Tables, domain: &str) -> Result<Option<ChainRow>> {
    tables.archive_chain.get(domain)?.map(|row| ChainRow::decode(row.value())).transpose()
}

fn open(tables: &mut Tables, domain: &str) -> Result<Tail> {
    let chain = match chain(tables, domain)? {
        Some(chain) => chain,
        None => {
            let number = tables.next_id("archive_chain_next")?;
            if number >= CHAINS_MAX {
                return Err(Error::new(Word::Limit, "the archive has no number left for another domain"));
            }
            ChainRow::new(number, domain)
        }
    };
    let last = tables.archive.range(chain_keys(chain.number))?.next_back().transpose()?;
    let next = row_key(chain.number, chain.last + 1);
    let (key, row) = last.map_or((next, Packed::new()), |(key, row)| (key.value(), Packed(row.value().to_vec())));
    Ok(Tail { chain, key, row })
}

/// Writes what was held back.
pub(crate) fn flush(tables: &mut Tables) -> Result<()> {
    for (domain, tail) in std::mem::take(&mut tables.archive_tails).0 {
        tables.archive_chain.insert(domain.as_str(), tail.chain.encode().as_slice())?;
        tables.archive.insert(tail.key, tail.row.0.as_slice())?;
    }
    Ok(())
}
