//! Random operations on several mailboxes against a simple model in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod fixture;

use std::collections::BTreeMap;

use fixture::*;
use mailstead_storage::*;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Operation {
    Append { mailbox: usize, flags: u64, keyword: Option<u8>, size: usize },
    Deliver { mailboxes: Vec<usize>, defer: bool },
    Store { mailbox: usize, uids: Vec<u32>, mode: u8, flags: u64, keyword: Option<u8>, guarded: bool },
    Expunge { mailbox: usize, uids: Option<Vec<u32>>, deleted_only: bool },
    Copy { from: usize, uids: Vec<u32>, to: usize },
    Move { from: usize, uids: Vec<u32>, to: usize },
    Reopen,
}

fn some_uids() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![Just((1..500).collect()), prop::collection::vec(1u32..150, 1..20)]
}

fn operation() -> impl Strategy<Value = Operation> {
    let (mailbox, flags) = (0usize..3, 0u64..32);
    let keyword = || prop::option::of(0u8..5);
    prop_oneof![
        4 => (mailbox.clone(), flags.clone(), keyword(), 0usize..40_000)
            .prop_map(|(mailbox, flags, keyword, size)| Operation::Append { mailbox, flags, keyword, size }),
        4 => (prop::collection::vec(mailbox.clone(), 0..4), any::<bool>())
            .prop_map(|(mailboxes, defer)| Operation::Deliver { mailboxes, defer }),
        3 => (mailbox.clone(), some_uids(), 0u8..3, flags, keyword(), any::<bool>()).prop_map(
            |(mailbox, uids, mode, flags, keyword, guarded)| Operation::Store { mailbox, uids, mode, flags, keyword, guarded }
        ),
        2 => (mailbox.clone(), prop::option::of(some_uids()), any::<bool>())
            .prop_map(|(mailbox, uids, deleted_only)| Operation::Expunge { mailbox, uids, deleted_only }),
        3 => (mailbox.clone(), some_uids(), mailbox.clone()).prop_map(|(from, uids, to)| Operation::Copy { from, uids, to }),
        2 => (mailbox.clone(), some_uids(), mailbox).prop_map(|(from, uids, to)| Operation::Move { from, uids, to }),
        1 => Just(Operation::Reopen),
    ]
}

#[derive(Debug, Clone, PartialEq)]
struct Message {
    flags: u64,
    keywords: Vec<String>,
    modseq: u64,
    content: usize,
}

#[derive(Debug, Default)]
struct Box {
    next: u32,
    modseq: u64,
    messages: BTreeMap<u32, Message>,
    gone: BTreeMap<u64, Vec<u32>>,
}

impl Box {
    fn add(&mut self, modseq: u64, flags: u64, keywords: Vec<String>, content: usize) -> u32 {
        self.next += 1;
        self.modseq = modseq;
        self.messages.insert(self.next, Message { flags, keywords, modseq, content });
        self.next
    }

    fn chosen(&self, uids: &[u32]) -> Vec<u32> {
        self.messages.keys().copied().filter(|uid| uids.contains(uid)).collect()
    }

    fn remove(&mut self, uids: &[u32]) {
        if !uids.is_empty() {
            self.modseq += 1;
            self.gone.insert(self.modseq, uids.to_vec());
            uids.iter().for_each(|uid| drop(self.messages.remove(uid)));
        }
    }
}

struct Model {
    fixture: Fixture,
    ids: [MailboxId; 3],
    boxes: [Box; 3],
    contents: Vec<Vec<u8>>,
}

fn keywords(keyword: Option<u8>) -> Vec<String> {
    keyword.map(|keyword| format!("k{keyword}")).into_iter().collect()
}

impl Model {
    fn new() -> Model {
        let fixture = Fixture::with(|options| options.segment_bytes_max = 150_000);
        let ids = ["INBOX", "Sent", "Trash"].map(|name| fixture.mailbox(name));
        let boxes = std::array::from_fn(|_| Box { modseq: 1, ..Box::default() });
        Model { fixture, ids, boxes, contents: Vec::new() }
    }

    fn content(&mut self, size: usize) -> (usize, Vec<u8>) {
        let bytes = body(self.contents.len() as u64, size);
        self.contents.push(bytes.clone());
        (self.contents.len() - 1, bytes)
    }

    fn apply(&mut self, operation: Operation) {
        let store = self.fixture.store.clone();
        match operation {
            Operation::Append { mailbox, flags, keyword, size } => {
                let (content, bytes) = self.content(size);
                let keywords = keywords(keyword);
                let mut append = append_of(self.ids[mailbox], Flags(flags));
                append.attributes.keywords = keywords.clone();
                let appended = append_with(&store, &bytes, append).unwrap();
                let modseq = self.boxes[mailbox].modseq + 1;
                let uid = self.boxes[mailbox].add(modseq, flags, keywords, content);
                assert_eq!((last_uid(&appended), appended.modseq), (uid, modseq));
            }
            Operation::Deliver { mailboxes, defer } => self.deliver(&mailboxes, defer),
            Operation::Store { mailbox, uids, mode, flags, keyword, guarded } => {
                self.store(mailbox, &uids, mode, flags, keyword, guarded);
            }
            Operation::Expunge { mailbox, uids, deleted_only } => {
                let model = &mut self.boxes[mailbox];
                let chosen = uids.as_ref().map_or(model.messages.keys().copied().collect(), |uids| model.chosen(uids));
                let deleted = |uid: &u32| !deleted_only || model.messages[uid].flags & 8 != 0;
                let chosen: Vec<u32> = chosen.into_iter().filter(deleted).collect();
                model.remove(&chosen);
                let uids = uids.map(|uids| uids.into_iter().collect());
                let expunged = store.expunge(self.ids[mailbox], uids, deleted_only).wait().unwrap();
                assert_eq!(expunged.uids, chosen.into_iter().collect());
                assert_eq!(expunged.modseq, model.modseq);
            }
            Operation::Copy { from, uids, to } => {
                let expected = self.copy(from, &uids, to);
                let copied = store.copy(self.ids[from], uids.into_iter().collect(), self.ids[to], NOW).wait();
                assert_eq!(copied.unwrap().uids, expected);
            }
            Operation::Move { from, uids, to } => {
                let chosen = self.boxes[from].chosen(&uids);
                let expected = self.copy(from, &uids, to);
                self.boxes[from].remove(&chosen);
                let uids = uids.into_iter().collect();
                let moved = store.move_messages(self.ids[from], uids, self.ids[to], NOW).wait().unwrap();
                assert_eq!((moved.uids, moved.modseq), (expected, self.boxes[from].modseq));
            }
            Operation::Reopen => self.fixture.reopen(),
        }
    }

    fn deliver(&mut self, mailboxes: &[usize], defer: bool) {
        let (content, bytes) = self.content(100);
        let store = &self.fixture.store;
        let accepted = accept(store, &bytes, arrival(&["alice@example.test"])).unwrap();
        let due = NOW.plus_seconds(9);
        let leased = store.lease(100, due).unwrap();
        let leased = leased.iter().find(|leased| leased.id == accepted.id).unwrap();
        let mut settlement = if defer { deferred(leased, Time(u64::MAX >> 9)) } else { delivered(leased, self.ids[0]) };
        let delivery = |at: &usize| LocalDelivery {
            recipient: 0,
            mailbox: self.ids[*at],
            flags: Flags::default(),
            keywords: Vec::new(),
        };
        settlement.deliveries = mailboxes.iter().map(delivery).collect();
        assert_eq!(store.settle(vec![settlement]).wait(), Ok(vec![!defer]));
        let once: std::collections::BTreeSet<usize> = mailboxes.iter().copied().collect();
        for at in once {
            let modseq = self.boxes[at].modseq + 1;
            self.boxes[at].add(modseq, 0, Vec::new(), content);
        }
    }

    fn store(&mut self, mailbox: usize, uids: &[u32], mode: u8, flags: u64, keyword: Option<u8>, guarded: bool) {
        let model = &mut self.boxes[mailbox];
        let since = guarded.then(|| model.modseq.saturating_sub(2));
        let change = FlagChange {
            mode: [FlagMode::Replace, FlagMode::Add, FlagMode::Remove][mode as usize],
            system: Flags(flags),
            keywords: keywords(keyword),
        };
        let (modseq, mut refused, mut allowed) = (model.modseq + 1, Vec::new(), Vec::new());
        for uid in model.chosen(uids) {
            let message = model.messages.get_mut(&uid).unwrap();
            if since.is_some_and(|since| message.modseq > since) {
                refused.push(uid);
                continue;
            }
            allowed.push(uid);
            let mut new = message.clone();
            match mode {
                0 => (new.flags, new.keywords) = (flags, change.keywords.clone()),
                1 => {
                    new.flags |= flags;
                    new.keywords.extend(change.keywords.clone());
                }
                _ => {
                    new.flags &= !flags;
                    new.keywords.retain(|keyword| !change.keywords.contains(keyword));
                }
            }
            new.keywords.sort();
            new.keywords.dedup();
            if new != *message {
                new.modseq = modseq;
                model.modseq = modseq;
                *message = new;
            }
        }
        let uids = uids.iter().copied().collect();
        let stored = self.fixture.store.store_flags(self.ids[mailbox], uids, change, since).wait().unwrap();
        assert_eq!(stored.modified, refused.into_iter().collect());
        assert_eq!(stored.records.iter().map(|record| record.uid).collect::<Vec<_>>(), allowed);
    }

    fn copy(&mut self, from: usize, uids: &[u32], to: usize) -> Vec<(u32, u32)> {
        let chosen = self.boxes[from].chosen(uids);
        let messages: Vec<Message> = chosen.iter().map(|uid| self.boxes[from].messages[uid].clone()).collect();
        let modseq = self.boxes[to].modseq + 1;
        let add = |(uid, message): (u32, Message)| {
            (uid, self.boxes[to].add(modseq, message.flags, message.keywords, message.content))
        };
        chosen.into_iter().zip(messages).map(add).collect()
    }

    fn compare(&self) {
        let store = &self.fixture.store;
        let mut usage = Usage::default();
        for (id, model) in self.ids.iter().zip(&self.boxes) {
            let opened = store.open_mailbox(*id).unwrap();
            let counters = opened.mailbox.counters;
            assert_eq!(opened.uids, model.messages.keys().copied().collect());
            assert_eq!((counters.uid_next, counters.modseq), (model.next + 1, model.modseq));
            assert_eq!(counters.exists as usize, model.messages.len());
            let unseen: Vec<u32> =
                model.messages.iter().filter(|(_, message)| message.flags & 1 == 0).map(|(uid, _)| *uid).collect();
            assert_eq!((counters.unseen as usize, opened.first_unseen), (unseen.len(), unseen.first().copied()));
            let records = store.records(*id, &all(), usize::MAX).unwrap();
            assert_eq!(records.len(), model.messages.len());
            for (record, (uid, message)) in records.iter().zip(&model.messages) {
                let names = opened.keywords.iter().enumerate().filter(|(at, _)| record.flags.0 >> (5 + at) & 1 == 1);
                let mut names: Vec<String> = names.map(|(_, name)| name.clone()).collect();
                names.sort();
                let (flags, modseq, content) = (record.flags.0 & 31, record.modseq, message.content);
                assert_eq!((record.uid, Message { flags, keywords: names, modseq, content }), (*uid, message.clone()));
                assert_eq!(record.size as usize, self.contents[content].len());
                usage.bytes += u64::from(record.size);
                usage.messages += 1;
            }
            for since in [0, model.modseq / 2, model.modseq.saturating_sub(1), model.modseq] {
                let changes = store.changes(*id, since).unwrap();
                let gone = model.gone.range(since + 1..).flat_map(|(_, uids)| uids.iter().copied());
                assert_eq!(changes.vanished, gone.collect());
                let changed = records.iter().filter(|record| record.modseq > since).copied().collect::<Vec<_>>();
                assert_eq!(changes.records, changed);
            }
            if let Some(record) = records.last() {
                let content = &self.contents[model.messages[&record.uid].content];
                assert_eq!(&store.read(record.blob, 0, usize::MAX).unwrap(), content);
            }
        }
        assert_eq!(store.usage(self.fixture.account), Ok(usage));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mailboxes_do_what_the_model_does(operations in prop::collection::vec(operation(), 1..60)) {
        let mut model = Model::new();
        for (count, operation) in operations.into_iter().enumerate() {
            model.apply(operation);
            if count % 8 == 0 {
                model.compare();
            }
        }
        model.compare();
        assert_sound(&model.fixture.store);
        while model.fixture.store.sweep().unwrap() > 0 {}
        model.compare();
        assert_sound(&model.fixture.store);
    }
}
