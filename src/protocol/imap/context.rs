//! Search contexts (RFC 5267): results that the client keeps, and is told the changes of while the mailbox is selected.
//! Pure.

use std::sync::Arc;

use mailstead_storage::{Time, Uid, UidSet};

use super::arrange::{Arrangement, Row};
use super::search::Program;
use super::selected::{Selected, say};
use super::uids::{UidMap, difference, intersection};
use super::wire::{FetchItem, SearchKey, SequenceSet, begin_extended, print_uids};

/// Most contexts of a session (RFC 5267 §4.3.1).
pub const CONTEXTS_MAX: usize = 16;

/// Most messages of a sorted context: what they are sorted by is held.
pub const SORTED_MESSAGES_MAX: usize = 10_000;

/// What the client asks for with `UPDATE`.
#[derive(Debug, Clone)]
pub struct Updating {
    /// Are messages told by their UIDs, not by their numbers?
    pub by_uid: bool,
    /// What was searched for; what it says of numbers is as of then (RFC 5267 §4.3).
    pub keys: SearchKey,
    /// What is told of new messages that match (RFC 5465 §7).
    pub items: Vec<FetchItem>,
}

/// A result that is kept up to date.
pub struct Context {
    tag: Box<str>,
    updating: Updating,
    result: Sequence,
}

/// A result in its order.
pub enum Sequence {
    /// In the order of the mailbox.
    Mailbox(UidSet),
    /// In this order.
    Sorted(Arc<Arrangement>, Vec<Row>),
}

impl Updating {
    /// Takes the numbers in `keys` for what they stand for now.
    pub fn new(by_uid: bool, keys: &SearchKey, items: Vec<FetchItem>, mailbox: &Selected) -> Updating {
        let frozen = keys.clone().with_numbers(&|set| {
            SequenceSet::of(mailbox.by_number(set).0.iter().map(|range| (range.first, range.last)).collect())
        });
        Updating { by_uid, keys: frozen, items }
    }
}

impl Context {
    /// The result of the command with this tag.
    pub fn new(tag: &str, updating: Updating, result: Sequence) -> Context {
        Context { tag: tag.into(), updating, result }
    }

    /// Is it of the command with this tag?
    pub fn is(&self, tag: &str) -> bool {
        *self.tag == *tag
    }

    /// What is told of new messages that match.
    pub fn items(&self) -> &[FetchItem] {
        &self.updating.items
    }

    /// The search as it is now: there may be new keywords.
    pub fn program(&self, mailbox: &Selected, now: Time) -> Program {
        Program::compile(&self.updating.keys, mailbox, now)
    }

    /// How new members are sorted in, when they are.
    pub fn arrangement(&self) -> Option<Arc<Arrangement>> {
        match &self.result {
            Sequence::Mailbox(_) => None,
            Sequence::Sorted(arrangement, _) => Some(Arc::clone(arrangement)),
        }
    }

    /// Those of `changed`, of which `found` match now, that were no members before.
    pub fn new_members(&self, found: &UidSet) -> UidSet {
        match &self.result {
            Sequence::Mailbox(members) => UidSet(difference(&found.0, &members.0)),
            Sequence::Sorted(_, rows) => {
                let members: UidSet = rows.iter().map(Row::uid).collect();
                UidSet(difference(&found.0, &members.0))
            }
        }
    }

    /// Takes these messages out and tells it, nothing when there are none.
    pub fn remove(&mut self, uids: &UidSet, map: &UidMap, out: &mut Vec<u8>) {
        let mut told = Vec::new();
        let by_uid = self.updating.by_uid;
        match &mut self.result {
            Sequence::Mailbox(members) => {
                let gone = UidSet(intersection(&members.0, &uids.0));
                if !gone.is_empty() {
                    members.0 = difference(&members.0, &gone.0);
                    say(&mut told, "0 ");
                    print_numbers(&gone, by_uid, map, &mut told);
                }
            }
            Sequence::Sorted(_, rows) => {
                // From the end on, so that each place is still what it was.
                for at in (0..rows.len()).rev() {
                    let uid = rows[at].uid();
                    if uids.contains(uid) {
                        rows.remove(at);
                        print_place(at, number(uid, by_uid, map), &mut told);
                    }
                }
            }
        }
        self.tell("REMOVEFROM", &told, out);
    }

    /// Takes new members in and tells it, nothing when there are none. `rows` are theirs when the result is sorted.
    pub fn add(&mut self, uids: &UidSet, new_rows: Vec<Row>, map: &UidMap, out: &mut Vec<u8>) {
        let mut told = Vec::new();
        let by_uid = self.updating.by_uid;
        match &mut self.result {
            Sequence::Mailbox(members) => {
                if !uids.is_empty() {
                    *members = members.0.iter().chain(&uids.0).copied().collect();
                    say(&mut told, "0 ");
                    print_numbers(uids, by_uid, map, &mut told);
                }
            }
            Sequence::Sorted(arrangement, rows) => {
                for row in new_rows {
                    let at = rows.partition_point(|other| arrangement.compare(other, &row).is_lt());
                    print_place(at, number(row.uid(), by_uid, map), &mut told);
                    rows.insert(at, row);
                }
            }
        }
        self.tell("ADDTO", &told, out);
    }

    /// Is it larger than what is held?
    pub fn is_too_large(&self) -> bool {
        matches!(&self.result, Sequence::Sorted(_, rows) if rows.len() > SORTED_MESSAGES_MAX)
    }

    /// Tells that the context is no longer kept (RFC 5267 §4.3.1).
    pub fn tell_refused(tag: &str, out: &mut Vec<u8>) {
        say(out, &format!("* NO [NOUPDATE \"{tag}\"] Too many or too large contexts\r\n"));
    }

    /// Tells that it is no longer kept.
    pub fn tell_end(&self, out: &mut Vec<u8>) {
        Context::tell_refused(&self.tag, out);
    }

    fn tell(&self, what: &str, told: &[u8], out: &mut Vec<u8>) {
        if told.is_empty() {
            return;
        }
        begin_extended(&self.tag, self.updating.by_uid, out);
        say(out, &format!(" {what} ("));
        out.extend_from_slice(told);
        say(out, ")\r\n");
    }
}

fn number(uid: Uid, by_uid: bool, map: &UidMap) -> u32 {
    if by_uid { uid } else { map.sequence_of(uid).unwrap_or_default() }
}

fn print_numbers(uids: &UidSet, by_uid: bool, map: &UidMap, out: &mut Vec<u8>) {
    match by_uid {
        true => print_uids(uids, out),
        false => print_uids(&uids.iter().filter_map(|uid| map.sequence_of(uid)).collect(), out),
    }
}

/// `4 2731`, behind what stands there. Places begin at 1.
fn print_place(at: usize, number: u32, out: &mut Vec<u8>) {
    let space = if out.is_empty() { "" } else { " " };
    say(out, &format!("{space}{} {number}", at + 1));
}

#[cfg(test)]
mod tests {
    use mailstead_storage::{BlobId, Flags, Record, UidRange};

    use super::super::arrange::{Criterion, SortKey};
    use super::*;

    fn row(arrangement: &Arrangement, uid: u32, size: u32) -> Row {
        let (flags, blob) = (Flags::default(), BlobId(1));
        arrangement.row(&Record { uid, flags, modseq: 1, blob, size, internal_date: 0, save_date: 0 }, None)
    }

    fn told(context: &mut Context, act: impl FnOnce(&mut Context, &UidMap, &mut Vec<u8>)) -> String {
        let map = UidMap::new(UidSet(vec![UidRange { first: 11, last: 19 }]));
        let mut out = Vec::new();
        act(context, &map, &mut out);
        String::from_utf8(out).expect("ASCII")
    }

    fn updating(by_uid: bool) -> Updating {
        Updating { by_uid, keys: SearchKey::All, items: Vec::new() }
    }

    #[test]
    fn a_result_in_the_mailbox_order() {
        let mut context = Context::new("t", updating(true), Sequence::Mailbox([11, 12, 15].into_iter().collect()));
        let uids = |uids: &[u32]| uids.iter().copied().collect::<UidSet>();
        assert_eq!(context.new_members(&uids(&[12, 13])), uids(&[13]));
        assert_eq!(told(&mut context, |context, map, out| context.remove(&uids(&[13]), map, out)), "");
        assert_eq!(
            told(&mut context, |context, map, out| context.remove(&uids(&[12, 13, 15]), map, out)),
            "* ESEARCH (TAG \"t\") UID REMOVEFROM (0 12,15)\r\n"
        );
        assert_eq!(told(&mut context, |context, map, out| context.add(&UidSet::default(), Vec::new(), map, out)), "");
        assert_eq!(
            told(&mut context, |context, map, out| context.add(&uids(&[15, 16, 17]), Vec::new(), map, out)),
            "* ESEARCH (TAG \"t\") UID ADDTO (0 15:17)\r\n"
        );
        context.updating.by_uid = false;
        assert_eq!(
            told(&mut context, |context, map, out| context.remove(&uids(&[11, 15]), map, out)),
            "* ESEARCH (TAG \"t\") REMOVEFROM (0 1,5)\r\n"
        );
    }

    #[test]
    fn a_sorted_result() {
        let arrangement = Arc::new(Arrangement::Sort(
            vec![SortKey { criterion: Criterion::Size, reverse: true }],
            Default::default(),
        ));
        let rows = [(11, 50), (12, 30), (13, 10)].map(|(uid, size)| row(&arrangement, uid, size)).to_vec();
        let mut context = Context::new("t", updating(true), Sequence::Sorted(Arc::clone(&arrangement), rows));
        let new = [(14, 40), (15, 60), (16, 5)].map(|(uid, size)| row(&arrangement, uid, size)).to_vec();
        let uids: UidSet = [14, 15, 16].into_iter().collect();
        assert_eq!(
            told(&mut context, |context, map, out| context.add(&uids, new, map, out)),
            "* ESEARCH (TAG \"t\") UID ADDTO (2 14 1 15 6 16)\r\n"
        );
        // 15 11 14 12 13 16
        assert_eq!(
            told(&mut context, |context, map, out| context.remove(&[11, 12, 16, 18].into_iter().collect(), map, out)),
            "* ESEARCH (TAG \"t\") UID REMOVEFROM (6 16 4 12 2 11)\r\n"
        );
    }
}
