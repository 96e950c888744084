//! A search in all that somebody has: the index's hits among the messages that are there, and what their rows tell.

use std::collections::HashMap;

use mailstead_storage::search::{Field, Query};
use mailstead_storage::{AccountId, BlobId, Error, Flags, MailboxId, Record, UidRange};
use serde::{Deserialize, Serialize};

use super::query::{State, Term, Wanted, text};
use super::{Excerpt, Search, excerpt};

/// Records that one read transaction gives at most.
const RECORDS_MAX: usize = 16_384;
/// Most results of one page.
pub const PAGE_MAX: usize = 200;

/// In which order results come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The best first.
    Best,
}

/// Which of the results are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The order.
    pub order: Order,
    /// How many are passed over.
    pub skip: usize,
    /// How many, at most.
    pub count: usize,
}

/// A message that was found, once for all mailboxes that it is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The name of a mailbox that it is in.
    pub mailbox: String,
    /// That mailbox.
    pub mailbox_id: MailboxId,
    /// What is known of it there.
    pub record: Record,
    /// What it looks like.
    pub excerpt: Excerpt,
}

/// What a search came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// How many messages there are in all.
    pub total: usize,
    /// Those that were wanted.
    pub hits: Vec<Hit>,
}

impl Search {
    /// Looks through all mailboxes that somebody owns. Blocks for the disk.
    ///
    /// # Errors
    /// `Corrupt`, `Io`.
    pub fn find(&self, owner: AccountId, wanted: &Wanted, page: Page) -> Result<Found, Error> {
        let mut ranks = HashMap::new();
        let test = self.test(owner, wanted, page.order == Order::Best, &mut ranks)?;
        let mut rows = self.rows(owner, &test)?;
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert(row.record.blob));
        let age = |row: &Row| (row.record.internal_date, row.record.blob);
        match page.order {
            Order::Newest => rows.sort_unstable_by_key(|row| std::cmp::Reverse(age(row))),
            Order::Oldest => rows.sort_unstable_by_key(age),
            Order::Best => rows.sort_unstable_by(|a, b| {
                let rank = |row: &Row| ranks.get(&row.record.blob).copied().unwrap_or(0.0);
                rank(b).total_cmp(&rank(a)).then_with(|| age(b).cmp(&age(a)))
            }),
        }
        let total = rows.len();
        let count = page.count.min(PAGE_MAX);
        let words = excerpt::Words::of(wanted);
        let hits = rows.into_iter().skip(page.skip).take(count).map(|row| {
            let Row { mailbox, mailbox_id, record } = row;
            let excerpt = excerpt::of(&self.0.parts.store, record.blob, &words)?;
            Ok(Hit { mailbox: mailbox.to_string(), mailbox_id, record, excerpt })
        });
        Ok(Found { total, hits: hits.collect::<Result<_, Error>>()? })
    }

    /// The messages that pass, each as often as it is in a mailbox.
    fn rows(&self, owner: AccountId, test: &Test) -> Result<Vec<Row>, Error> {
        let store = &self.0.parts.store;
        let mut rows = Vec::new();
        for mailbox in store.mailboxes(owner)? {
            let name: std::rc::Rc<str> = mailbox.name.as_str().into();
            let folded = mailbox.name.to_lowercase();
            let mut first = 1;
            loop {
                let uids = [UidRange { first, last: u32::MAX }].into_iter().collect();
                let records = store.records(mailbox.id, &uids, RECORDS_MAX)?;
                let (count, last) = (records.len(), records.last().map_or(0, |record| record.uid));
                let passed = records.into_iter().filter(|record| test.passes(&folded, record));
                rows.extend(passed.map(|record| Row { mailbox: name.clone(), mailbox_id: mailbox.id, record }));
                if count < RECORDS_MAX || last == u32::MAX {
                    break;
                }
                first = last + 1;
            }
        }
        Ok(rows)
    }

    /// What is asked for, with the index's part answered.
    fn test(
        &self,
        owner: AccountId,
        wanted: &Wanted,
        ranked: bool,
        ranks: &mut HashMap<BlobId, f32>,
    ) -> Result<Test, Error> {
        if let Some(query) = indexed(wanted) {
            return self.answered(owner, &query, ranked, ranks);
        }
        let mut each = |all: &[Wanted], join: fn(Vec<Query>) -> Query| -> Result<Vec<Test>, Error> {
            let (ours, others): (Vec<_>, Vec<_>) =
                all.iter().map(|one| (indexed(one), one)).partition(|(query, _)| query.is_some());
            let ours: Vec<Query> = ours.into_iter().filter_map(|(query, _)| query).collect();
            let mut tests = Vec::new();
            if !ours.is_empty() {
                tests.push(self.answered(owner, &join(ours), ranked, ranks)?);
            }
            for (_, other) in others {
                tests.push(self.test(owner, other, ranked, ranks)?);
            }
            Ok(tests)
        };
        Ok(match wanted {
            Wanted::All(all) => Test::All(each(all, Query::All)?),
            Wanted::Any(any) => Test::Any(each(any, Query::Any)?),
            Wanted::Not(not) => Test::Not(Box::new(self.test(owner, not, false, ranks)?)),
            Wanted::Term(term) => Test::Term(match term {
                Term::In(name) => Term::In(name.to_lowercase()),
                term => term.clone(),
            }),
        })
    }

    fn answered(
        &self,
        owner: AccountId,
        query: &Query,
        ranked: bool,
        ranks: &mut HashMap<BlobId, f32>,
    ) -> Result<Test, Error> {
        let mut blobs = if ranked {
            let hits = self.0.index.rank(owner, query)?;
            hits.iter().for_each(|hit| *ranks.entry(hit.blob).or_default() += hit.score);
            hits.into_iter().map(|hit| hit.blob).collect()
        } else {
            self.0.index.find(owner, query)?
        };
        blobs.sort_unstable();
        Ok(Test::Indexed(blobs))
    }
}

struct Row {
    mailbox: std::rc::Rc<str>,
    mailbox_id: MailboxId,
    record: Record,
}

/// What to ask the index, when it can answer all of it.
fn indexed(wanted: &Wanted) -> Option<Query> {
    let all = |all: &[Wanted]| all.iter().map(indexed).collect::<Option<Vec<_>>>();
    Some(match wanted {
        Wanted::All(parts) if !parts.is_empty() => Query::All(all(parts)?),
        Wanted::Any(parts) => Query::Any(all(parts)?),
        Wanted::Term(Term::Text(words)) => text(words),
        Wanted::Term(Term::Has(kind)) => Query::Word { fields: vec![Field::Kind], word: kind.clone() },
        // What the index has not read yet is not what it does not find.
        Wanted::All(_) | Wanted::Not(_) | Wanted::Term(_) => return None,
    })
}

/// A question to a row.
enum Test {
    All(Vec<Test>),
    Any(Vec<Test>),
    Not(Box<Test>),
    /// Is it one of these, ascending?
    Indexed(Vec<BlobId>),
    Term(Term),
}

impl Test {
    fn passes(&self, mailbox: &str, record: &Record) -> bool {
        match self {
            Test::All(all) => all.iter().all(|test| test.passes(mailbox, record)),
            Test::Any(any) => any.iter().any(|test| test.passes(mailbox, record)),
            Test::Not(not) => !not.passes(mailbox, record),
            Test::Indexed(blobs) => blobs.binary_search(&record.blob).is_ok(),
            Test::Term(term) => row_passes(term, mailbox, record),
        }
    }
}

fn row_passes(term: &Term, mailbox: &str, record: &Record) -> bool {
    match term {
        Term::In(name) => {
            mailbox.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        }
        Term::Is(state) => match state {
            State::Unread => !record.flags.has(Flags::SEEN),
            State::Read => record.flags.has(Flags::SEEN),
            State::Flagged => record.flags.has(Flags::FLAGGED),
            State::Answered => record.flags.has(Flags::ANSWERED),
            State::Draft => record.flags.has(Flags::DRAFT),
            State::Deleted => record.flags.has(Flags::DELETED),
        },
        Term::Before(moment) => i64::from(record.internal_date) < *moment,
        Term::Since(moment) => i64::from(record.internal_date) >= *moment,
        Term::Larger(bytes) => u64::from(record.size) > *bytes,
        Term::Smaller(bytes) => u64::from(record.size) < *bytes,
        Term::Text(_) | Term::Has(_) => false,
    }
}
