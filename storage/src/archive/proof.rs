//! The proof that the archive is what was written: every record is there, or the hash that stands for it; each carries the
//! hash of the one before; the head of a domain is the hash of its last record; each message is there, and its bytes are
//! those that the record tells of; and the chain had the heads that were published.
//!
//! Each chain is followed to the record that was its last when the proof began, so that what comes meanwhile does not
//! matter. What retention removes meanwhile leaves the same hashes.

use std::collections::HashMap;

use super::look;
use super::rows::{ChainRow, Entry, Gap, Hash, RecordRow, beginning, chain_keys, entries, hash, key_parts, row_key};
use crate::rows::BlobRow;
use crate::shared::Shared;
use crate::tables::meta;
use crate::{ArchiveBreak, ArchiveHead, ArchiveProof, BlobId, Result, VerifyProgress};

/// Rows of records read in one transaction.
const LOOK_ROWS_MAX: usize = 64;

/// Follows all chains.
pub(crate) fn run(
    shared: &Shared,
    heads: &[ArchiveHead],
    progress: &mut dyn FnMut(VerifyProgress),
) -> Result<ArchiveProof> {
    shared.check_open()?;
    let chains = shared.look(look::chain_rows)?;
    let total = chains.values().map(|chain| chain.last + 1 - chain.first).sum();
    let mut proof = ArchiveProof::default();
    let mut done = 0;
    for head in heads.iter().filter(|head| !chains.contains_key(&head.domain)) {
        let what = "the domain has no archive any more, but a head of it was published".to_owned();
        proof.breaks.push(ArchiveBreak { domain: head.domain.clone(), number: head.number, what });
    }
    for (domain, chain) in &chains {
        let heads = heads.iter().filter(|head| head.domain == *domain).map(|head| (head.number, head.hash));
        let mut follower = Follower::new(shared, domain, chain, heads.collect());
        while !follower.is_at_end() {
            follower.follow()?;
            progress(VerifyProgress { done: done + follower.number - chain.first, total });
        }
        done += chain.last + 1 - chain.first;
        proof.chains += 1;
        proof.records += follower.records;
        proof.bytes += follower.bytes;
        proof.heads += follower.heads_found;
        proof.breaks.extend(follower.first_break());
    }
    Ok(proof)
}

/// What stands at a number of a chain.
enum Link {
    Record {
        hash: Hash,
        row: RecordRow,
        blob: Option<BlobRow>,
    },
    Gap(Gap),
    /// What does not read as a record.
    Broken,
}

/// A chain that is followed.
struct Follower<'p> {
    shared: &'p Shared,
    domain: &'p str,
    chain: &'p ChainRow,
    published: HashMap<u64, Hash>,
    /// The next number.
    number: u64,
    /// The hash that what stands there has to carry.
    hash: Hash,
    /// The one before the next does not carry the hash of the one before it: one of these two is not what was written.
    doubt: bool,
    records: u64,
    bytes: u64,
    heads_found: u64,
    broken: Option<(u64, String)>,
}

impl<'p> Follower<'p> {
    fn new(shared: &'p Shared, domain: &'p str, chain: &'p ChainRow, published: HashMap<u64, Hash>) -> Self {
        let (number, hash) = (chain.first, chain.anchor);
        let (records, bytes, heads_found, doubt, broken) = (0, 0, 0, false, None);
        let mut follower =
            Follower { shared, domain, chain, published, number, hash, doubt, records, bytes, heads_found, broken };
        if chain.first == 1 && chain.anchor != beginning(domain) {
            follower.find(1, "the chain does not begin with its domain's name");
        }
        if let Some(number) = follower.published.keys().find(|number| **number > chain.last).copied() {
            follower.find(chain.last + 1, format!("it is missing: record {number} was published as the domain's head"));
        }
        follower.pass();
        follower
    }

    fn is_at_end(&self) -> bool {
        self.number > self.chain.last || self.broken.is_some()
    }

    fn find(&mut self, number: u64, what: impl Into<String>) {
        if self.broken.is_none() {
            self.broken = Some((number, what.into()));
        }
    }

    /// Follows the chain over the next rows.
    fn follow(&mut self) -> Result<()> {
        let links = self.read()?;
        let before = self.number;
        for (number, link) in links {
            if self.is_at_end() || number > self.number {
                break;
            }
            if number < self.number {
                continue;
            }
            match link {
                Link::Broken => self.end(number, "its row does not read as one"),
                Link::Gap(gap) => self.link(&gap.before, gap.hash, gap.count),
                Link::Record { hash, row, blob } => {
                    self.link(&row.before, hash, 1);
                    self.records += 1;
                    self.message(number, &row, blob)?;
                }
            }
        }
        if self.number == before {
            self.end(before, "it is missing");
        }
        Ok(())
    }

    /// Passes what stands at the next number, or notes that it cannot be what was written.
    fn link(&mut self, before: &Hash, hash: Hash, count: u64) {
        let fits = *before == self.hash;
        if self.doubt {
            return self.settle_doubt(fits);
        }
        self.doubt = !fits;
        self.hash = hash;
        self.number += count;
        if fits {
            self.pass();
        }
    }

    /// Of two neighbours that do not fit, the one is altered that does not fit its other neighbour either.
    fn settle_doubt(&mut self, fits: bool) {
        let altered = if fits { self.number.saturating_sub(2) } else { self.number - 1 };
        self.find(altered.max(1), "its hash is not the one that what follows it carries");
    }

    /// The chain cannot be followed over this number.
    fn end(&mut self, number: u64, what: &str) {
        if self.doubt {
            self.settle_doubt(false);
        }
        self.find(number, what);
    }

    /// Is the message there, with the bytes of which the record tells?
    fn message(&mut self, number: u64, row: &RecordRow, blob: Option<BlobRow>) -> Result<()> {
        let wrong = match blob {
            None => "its message is missing".to_owned(),
            Some(blob) if blob.hash != row.hash || blob.size != row.size => {
                "its message's checksum is not the one that it tells of".to_owned()
            }
            Some(blob) => match self.shared.segments.hash(blob.segment, row.blob, row.size) {
                Ok(hash) if hash == row.hash => {
                    self.bytes += row.size;
                    return Ok(());
                }
                Ok(_) => "its message's bytes are not those that were archived".to_owned(),
                Err(error) => format!("its message cannot be read: {}", error.detail),
            },
        };
        // It may have been moved, or removed by retention, since its row was read.
        let still = self.shared.look(|transaction| look::one(transaction, self.domain, number))?.is_some();
        let moved = self.blob(row.blob)?.is_some_and(|now| Some(now.segment) != blob.map(|blob| blob.segment));
        if still && moved {
            let blob = self.blob(row.blob)?;
            return self.message(number, row, blob);
        }
        // An altered record may tell of another message: then the neighbours say what is wrong.
        if still && !self.doubt {
            self.find(number, wrong);
        }
        Ok(())
    }

    fn blob(&self, id: BlobId) -> Result<Option<BlobRow>> {
        self.shared.look(|transaction| {
            let row = transaction.open_table(meta::BLOB)?.get(id.0)?;
            row.map(|row| BlobRow::decode(row.value())).transpose()
        })
    }

    /// The hash before the next number is known: is it the one that was published?
    fn pass(&mut self) {
        let number = self.number - 1;
        match self.published.remove(&number) {
            Some(published) if published != self.hash => {
                self.find(number, "its hash is not the one that was published as the domain's head");
            }
            Some(_) => self.heads_found += 1,
            None => {}
        }
    }

    /// What the next rows hold, each with its first number.
    fn read(&mut self) -> Result<Vec<(u64, Link)>> {
        let (domain, chain, from) = (self.domain, self.chain.number, self.number);
        let (links, beginning) = self.shared.look(|transaction| {
            let rows = transaction.open_table(meta::ARCHIVE)?;
            let blobs = transaction.open_table(meta::BLOB)?;
            let keys = chain_keys(chain);
            let to_here = rows.range(*keys.start()..=row_key(chain, from))?.next_back().transpose()?;
            let begin = to_here.map_or(*keys.start(), |(key, _)| key.value());
            let mut links = Vec::new();
            for row in rows.range(begin..=*keys.end())?.take(LOOK_ROWS_MAX) {
                let (key, row) = row?;
                let (_, mut number) = key_parts(key.value());
                let Ok(entries) = entries(row.value()) else {
                    links.push((number, Link::Broken));
                    continue;
                };
                for entry in entries {
                    let link = match entry {
                        Entry::Gap(gap) => Link::Gap(gap),
                        Entry::Record(bytes) => match RecordRow::decode(bytes) {
                            Err(_) => Link::Broken,
                            Ok(row) => {
                                let blob = blobs.get(row.blob.0)?;
                                let blob = blob.map(|blob| BlobRow::decode(blob.value())).transpose()?;
                                Link::Record { hash: hash(number, bytes), row, blob }
                            }
                        },
                    };
                    links.push((number, link));
                    number += entry.count();
                }
            }
            Ok((links, look::chain_row(transaction, domain)?))
        })?;
        // Retention may have forgotten the beginning meanwhile.
        if let Some(now) = beginning
            && now.first > self.number
        {
            (self.number, self.hash, self.doubt) = (now.first, now.anchor, false);
        }
        Ok(links)
    }

    fn first_break(mut self) -> Option<ArchiveBreak> {
        let fits = self.hash == self.chain.head;
        if self.number == self.chain.last + 1 {
            match self.doubt {
                true => self.settle_doubt(fits),
                false if !fits => self.find(self.chain.last, "its hash is not the head of the domain"),
                false => {}
            }
        }
        self.broken.map(|(number, what)| ArchiveBreak { domain: self.domain.to_owned(), number, what })
    }
}
