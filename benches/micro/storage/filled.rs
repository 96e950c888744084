//! A store with one large mailbox.

use std::sync::Arc;

use mailstead_benches::messages::Messages;
use mailstead_core::message::Outline;
use mailstead_storage::*;
use tempfile::TempDir;

const NOW: Time = Time(1_800_000_000_000);
/// Messages on their way at once while it is filled.
const FLIGHT: usize = 256;

/// The store, and the folder that goes with it.
pub struct Filled {
    pub store: Store,
    pub mailbox: MailboxId,
    _folder: TempDir,
}

impl Filled {
    /// INBOX gets so many messages of their own, and copies of them until there are `count`.
    pub fn new(folder: TempDir, own: usize, count: u64) -> Filled {
        let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("a store");
        store.add_domain("example.test", NOW).wait().expect("a domain");
        let account = NewAccount { address: "u0@example.test".into(), ..NewAccount::default() };
        let account = store.add_account(account, NOW).wait().expect("an account");
        let mailbox = store.mailbox(account, "INBOX").expect("mailboxes").expect("INBOX").id;
        let messages = Messages::new("100:1k".parse().expect("a mix"), 1);
        let numbers: Vec<u64> = (0..own as u64).collect();
        for numbers in numbers.chunks(FLIGHT) {
            append(&store, mailbox, &messages, numbers);
        }
        let filled = Filled { store, mailbox, _folder: folder };
        filled.copy_until(count);
        filled
    }

    /// The first message is flagged.
    pub fn mark_one(&self) {
        let first: UidSet = [UidRange { first: 1, last: 1 }].into_iter().collect();
        let change = FlagChange { mode: FlagMode::Add, system: Flags::FLAGGED, keywords: Vec::new() };
        self.store.store_flags(self.mailbox, first, change, None).wait().expect("stored");
    }

    fn copy_until(&self, count: u64) {
        loop {
            let exists = u64::from(self.store.counters(self.mailbox).expect("counters").exists);
            let missing = count - exists;
            if missing == 0 {
                return;
            }
            let range = UidRange { first: 1, last: missing.min(exists) as u32 };
            let set = [range].into_iter().collect();
            self.store.copy(self.mailbox, set, self.mailbox, NOW).wait().expect("copied");
        }
    }
}

fn append(store: &Store, mailbox: MailboxId, messages: &Messages, numbers: &[u64]) {
    let bytes: Vec<Vec<u8>> = numbers.iter().map(|number| messages.message(*number, "u0@example.test")).collect();
    let appending: Vec<_> = bytes
        .into_iter()
        .map(|bytes| {
            let (flags, keywords) = (Flags::default(), Vec::new());
            let attributes = Attributes { outline: outline(&bytes), flags, keywords, internal_date: NOW };
            let append = Append { mailbox, before: Vec::new(), attributes, replaces: None, now: NOW };
            store.draft().expect("room").append(bytes, append)
        })
        .collect();
    for appended in appending {
        appended.wait().expect("appended");
    }
}

/// A message of about 4 KB.
pub fn message_of(number: u64) -> Vec<u8> {
    Messages::new("100:4k".parse().expect("a mix"), 1).message(number, "u0@example.test")
}

/// As SMTP would hand it over.
pub fn arrival(message: &[u8]) -> Arrival {
    let recipient = EnvelopeRecipient::new("u0@example.test", Notify::DEFAULT);
    Arrival {
        envelope: Envelope { body: BodyKind::EightBit, ..Envelope::new("a@remote.example", vec![recipient]) },
        provenance: Provenance::Received,
        received: NOW,
        verdict: mailstead_storage::Verdict::Welcome,
        priority: Priority::Normal,
        return_path_bytes: 0,
        outline: outline(message),
    }
}

fn outline(message: &[u8]) -> Arc<[u8]> {
    Outline::of(message).encode().into()
}
