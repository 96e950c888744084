//! Messages on their way into a real store.

use std::sync::Arc;

use mailstead_storage::{Envelope, Options, PIECE_BYTES_MAX, Priority, Provenance, Silent, Store};

use super::{Acceptance, Intake, RECEIVED_FIELDS_MAX, Refusal, Trace};
use crate::clock::{Clock, Time};
use crate::message::Outline;

const MESSAGE_BYTES_MAX: u64 = 1 << 20;

struct House {
    intake: Intake,
    store: Store,
    _folder: tempfile::TempDir,
}

fn house() -> House {
    let folder = tempfile::tempdir().expect("folder");
    let store = Store::open(Options::new(folder.path()), Arc::new(Silent)).expect("store");
    let clock = Clock::standing(Time(1_057_056_757_123));
    House { intake: Intake::new(store.clone(), clock, MESSAGE_BYTES_MAX), store, _folder: folder }
}

fn fields(complete_as: Option<&str>) -> Trace {
    Trace::Fields {
        reverse_path: "a@b.test".into(),
        received: "Received: id {id}\r\n".into(),
        complete_as: complete_as.map(str::to_owned),
    }
}

fn acceptance() -> Acceptance {
    let envelope = Envelope::new("a@b.test", Vec::new());
    Acceptance { envelope, provenance: Provenance::Received, priority: Priority::Normal }
}

impl House {
    /// Accepts the message in pushes of `push_bytes`, and tells what is stored.
    async fn accept(&self, trace: Trace, message: &[u8], push_bytes: usize) -> Result<Vec<u8>, Refusal> {
        let mut incoming = self.intake.begin(trace)?;
        for bytes in message.chunks(push_bytes) {
            incoming.push(bytes.to_vec()).await?;
        }
        let id = incoming.id();
        let accepted = incoming.accept(acceptance()).await?;
        assert_eq!(accepted.id, id);
        let stored = self.store.read(id, 0, 2 << 20).expect("stored");
        assert_eq!(stored.len() as u64, accepted.size);
        let outline = self.store.outline(id).expect("outline");
        let outline = Outline::decode(&outline).expect("readable");
        assert_eq!(outline.root.body.end as usize, stored.len());
        Ok(stored)
    }
}

/// A message with a header and a body of about so many bytes.
fn message(bytes: usize) -> Vec<u8> {
    let mut message = b"Subject: long\r\nDate: Tue, 1 Jul 2003 10:52:37 +0000\r\n\r\n".to_vec();
    for line in 0.. {
        if message.len() >= bytes {
            break;
        }
        message.extend_from_slice(format!("line {line}\r\n").as_bytes());
    }
    message
}

#[tokio::test]
async fn all_sizes_are_stored_as_they_came_behind_the_trace() {
    let house = house();
    for bytes in [0, 100, 65_536, PIECE_BYTES_MAX - 100, PIECE_BYTES_MAX, 2 * PIECE_BYTES_MAX, 700_000] {
        for push_bytes in [4093, 65_536, 1 << 20] {
            let message = message(bytes);
            let stored = house.accept(fields(None), &message, push_bytes).await.expect("accepted");
            let own = stored.len() - message.len();
            assert!(stored[..own].starts_with(b"Return-Path: <a@b.test>\r\nReceived: id "), "{bytes}");
            assert!(stored[own..] == message, "{bytes} in pushes of {push_bytes}");
        }
    }
}

#[tokio::test]
async fn a_submission_is_completed_wherever_the_piece_ends() {
    let house = house();
    for bytes in (PIECE_BYTES_MAX - 300..PIECE_BYTES_MAX + 100).step_by(50) {
        let message = message(bytes);
        let stored = house.accept(fields(Some("mx.test")), &message, 10_000).await.expect("accepted");
        let added = &stored[..stored.len() - message.len()];
        assert!(added.ends_with(b".1057056757123@mx.test>\r\n"), "{}", added.escape_ascii());
        assert!(stored.ends_with(&message), "{bytes}");
    }
}

#[tokio::test]
async fn what_is_kept_has_no_trace() {
    let house = house();
    let mut incoming = house.intake.begin(Trace::None).expect("begun");
    incoming.push(b"no header\r\n".to_vec()).await.expect("taken");
    let message = incoming.keep().await.expect("kept");
    assert_eq!(message.kept.size, 11);
    assert_eq!(house.store.spool_depth(), Ok(0));
}

#[tokio::test]
async fn limits() {
    let house = house();
    let limit = MESSAGE_BYTES_MAX as usize;
    assert!(house.accept(fields(None), &vec![b'x'; limit], 65_536).await.is_ok());
    assert_eq!(house.accept(fields(None), &vec![b'x'; limit + 1], 65_536).await, Err(Refusal::TooBig));
    let loops = "Received: x\r\n".repeat(RECEIVED_FIELDS_MAX + 1);
    assert_eq!(house.accept(fields(None), loops.as_bytes(), 1000).await, Err(Refusal::Loop));
    assert!(house.accept(Trace::None, loops.as_bytes(), 1000).await.is_ok());
    assert_eq!(house.store.spool_depth(), Ok(2));
}

#[tokio::test]
async fn whole_messages_and_return_paths() {
    let house = house();
    let accepted = house.intake.accept_bytes(fields(None), b"Subject: x\r\n\r\n".to_vec(), acceptance()).await;
    let id = accepted.expect("accepted").id;
    let entry = house.store.spool_entry(id).expect("read").expect("spooled");
    assert_eq!(entry.arrival.return_path_bytes as usize, "Return-Path: <a@b.test>\r\n".len());
    assert_eq!(entry.arrival.received, Time(1_057_056_757_123));
}
