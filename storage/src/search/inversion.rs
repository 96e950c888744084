//! Documents turned round: from the words of each document to the documents of each word.
//!
//! Words are numbered as they come, and what a document says is appended to a log; only when all is written out is the
//! log brought into the order of the words. So what is written goes to the end of one run of bytes, where a list for each
//! word would touch another place of memory with each word of a text.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::codec::Writer;

/// Longest word, in bytes; a longer one is left out.
const WORD_BYTES_MAX: usize = u16::MAX as usize;
/// Bytes of a word that are compared first, beside its field.
const BEGINNING_BYTES: usize = 6;

/// A word of a field.
#[derive(Clone, Copy)]
struct Term {
    field: u16,
    length: u16,
    start: u32,
    number: u32,
}

/// How much is said of a term.
#[derive(Clone, Copy, Default)]
struct Said {
    /// In how many documents it is.
    documents: u32,
    /// The last of them.
    last: u32,
    /// Bytes of what they say.
    bytes: u32,
}

/// Which words documents have, and where.
#[derive(Default)]
pub(super) struct Inversion {
    hasher: DefaultHashBuilder,
    terms: HashTable<Term>,
    /// The words' bytes.
    bytes: Vec<u8>,
    /// How much is said of each term, by its number.
    said: Vec<Said>,
    /// Each document's terms, in the order of their numbers: how much greater the number is than that before; then a posting:
    /// how many documents ago the term was last seen, how often it is there, and how much farther it is each time.
    log: Vec<u8>,
    /// Where each document ends in the log.
    ends: Vec<usize>,
    /// The document that is being added: a term's number and its place, for each.
    document: Vec<u64>,
}

impl Inversion {
    /// The document that is being added has this word at this place. Where no order is kept, the place is always the same.
    pub(super) fn word(&mut self, field: u16, word: &[u8], place: u32) {
        if word.len() <= WORD_BYTES_MAX {
            let number = self.number(field, word);
            self.document.push(u64::from(number) << 32 | u64::from(place));
        }
    }

    fn number(&mut self, field: u16, word: &[u8]) -> u32 {
        let Inversion { hasher, terms, bytes, said, .. } = self;
        let hash = |field: u16, word: &[u8]| hasher.hash_one((field, word));
        let hashed = hash(field, word);
        if let Some(term) = terms.find(hashed, |term| term.field == field && term.word(bytes) == word) {
            return term.number;
        }
        let number = said.len() as u32;
        let term = Term { field, length: word.len() as u16, start: bytes.len() as u32, number };
        bytes.extend_from_slice(word);
        terms.insert_unique(hashed, term, |term| hash(term.field, term.word(bytes)));
        said.push(Said::default());
        number
    }

    /// The document that is being added has no more words.
    pub(super) fn end_document(&mut self) {
        self.document.sort_unstable();
        self.document.dedup();
        let document = self.documents();
        let mut log = Writer(std::mem::take(&mut self.log));
        let mut number_before = 0;
        for places in self.document.chunk_by(|one, next| one >> 32 == next >> 32) {
            let number = places[0] >> 32;
            log.number(number - number_before);
            let (said, start) = (&mut self.said[number as usize], log.0.len());
            log.number(u64::from(document - said.last));
            log.number(places.len() as u64);
            let mut before = number << 32;
            for place in places {
                log.number(place - before);
                before = *place;
            }
            said.documents += 1;
            said.last = document;
            said.bytes += (log.0.len() - start) as u32;
            number_before = number;
        }
        self.log = log.0;
        self.ends.push(self.log.len());
        self.document.clear();
    }

    /// Documents added.
    pub(super) fn documents(&self) -> u32 {
        self.ends.len() as u32
    }

    /// Bytes that it takes, and will take to be put in order.
    pub(super) fn memory(&self) -> usize {
        let terms = self.terms.capacity() * (size_of::<Term>() + size_of::<Said>() + size_of::<(u64, Term)>());
        self.bytes.len() + terms + 2 * self.log.len()
    }

    /// What was added, in the order of fields and words.
    pub(super) fn ordered(&self) -> Ordered<'_> {
        let terms = self.ordered_terms();
        let mut next = vec![0; terms.len()];
        let mut start = 0;
        for term in &terms {
            next[term.number as usize] = start;
            start += self.said[term.number as usize].bytes as usize;
        }
        let (mut postings, mut from) = (vec![0; start], 0);
        for end in &self.ends {
            let (mut number, mut said) = (0, &self.log[from..*end]);
            while !said.is_empty() {
                number += take(&mut said) as usize;
                let posting = take_posting(&mut said);
                postings[next[number]..][..posting.len()].copy_from_slice(posting);
                next[number] += posting.len();
            }
            from = *end;
        }
        Ordered { inversion: self, terms, postings }
    }

    fn ordered_terms(&self) -> Vec<Term> {
        let mut terms: Vec<(u64, Term)> = self.terms.iter().map(|term| (term.beginning(&self.bytes), *term)).collect();
        terms.sort_unstable_by(|(beginning, term), (other_beginning, other)| {
            beginning.cmp(other_beginning).then_with(|| term.word(&self.bytes).cmp(other.word(&self.bytes)))
        });
        terms.into_iter().map(|(_, term)| term).collect()
    }
}

impl Term {
    fn word(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..][..usize::from(self.length)]
    }

    /// The field and the first bytes, as a number in the order of terms.
    fn beginning(self, bytes: &[u8]) -> u64 {
        let mut beginning = [0; 2 + BEGINNING_BYTES];
        beginning[..2].copy_from_slice(&self.field.to_be_bytes());
        let count = usize::from(self.length).min(BEGINNING_BYTES);
        beginning[2..][..count].copy_from_slice(&self.word(bytes)[..count]);
        u64::from_be_bytes(beginning)
    }
}

/// Terms in their order, and the documents of each.
pub(super) struct Ordered<'i> {
    inversion: &'i Inversion,
    terms: Vec<Term>,
    postings: Vec<u8>,
}

impl Ordered<'_> {
    /// The terms, in the order of fields and then of words.
    pub(super) fn terms(&self) -> impl Iterator<Item = Postings<'_>> {
        let mut rest = self.postings.as_slice();
        self.terms.iter().map(move |term| {
            let said = self.inversion.said[term.number as usize];
            let (postings, others) = rest.split_at(said.bytes as usize);
            rest = others;
            Postings { field: term.field, word: term.word(&self.inversion.bytes), documents: said.documents, postings }
        })
    }
}

/// The documents of a term.
pub(super) struct Postings<'o> {
    /// The term's field.
    pub(super) field: u16,
    /// Its word.
    pub(super) word: &'o [u8],
    /// How many documents there are.
    pub(super) documents: u32,
    postings: &'o [u8],
}

impl Postings<'_> {
    /// Gives each document in their order, and the term's places in it: how much farther it is each time.
    pub(super) fn each(&self, mut posting: impl FnMut(u32, &[u32])) {
        let (mut rest, mut document, mut places) = (self.postings, 0, Vec::new());
        while !rest.is_empty() {
            document += take(&mut rest);
            let count = take(&mut rest);
            places.clear();
            places.extend((0..count).map(|_| take(&mut rest)));
            posting(document, &places);
        }
    }
}

/// Takes a posting off a log.
fn take_posting<'l>(log: &mut &'l [u8]) -> &'l [u8] {
    let all = *log;
    take(log);
    for _ in 0..take(log) {
        take(log);
    }
    &all[..all.len() - log.len()]
}

/// Takes a number off a log: seven bits a byte, the lowest first, all but its last byte marked.
fn take(log: &mut &[u8]) -> u32 {
    let mut number = 0;
    for shift in (0..u32::BITS).step_by(7) {
        let Some((byte, rest)) = log.split_first() else { break };
        *log = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            break;
        }
    }
    number
}
