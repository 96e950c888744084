//! The text of a spooled message, as it will be sent.

use std::collections::BTreeSet;
use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use mailstead_core::work;
use mailstead_storage::{BlobId, SpoolEntry, Store};

use super::find;
use crate::House;
use crate::api::Answer;
use crate::api::extract::Path;
use crate::door::Caller;

/// Users at most for whom it is noted that their message was read.
const USERS_NOTED_MAX: usize = 20;

/// Bytes of a message that are read at once.
const PIECE_BYTES: usize = 128 * 1024;

/// Pieces that may wait for a slow reader.
const PIECES_WAITING_MAX: usize = 2;

pub(super) async fn text(State(house): State<House>, caller: Caller, Path(id): Path<String>) -> Answer<Response> {
    let entry = find(&house, &caller, &id).await?;
    note(&house, &caller, &entry);
    let from = u64::from(entry.arrival.return_path_bytes);
    Ok(([(CONTENT_TYPE, "message/rfc822")], body(house.store.clone(), entry.id, from)).into_response())
}

/// A message's bytes from `from` on, read as they are sent.
pub(crate) fn body(store: Store, blob: BlobId, from: u64) -> Body {
    let (sender, channel) = Channel::new(PIECES_WAITING_MAX);
    tokio::spawn(send(store, blob, from, sender));
    Body::new(channel)
}

/// The first bytes of a message, as text for a page, and whether that is all of it.
pub(crate) async fn beginning(house: &House, caller: &Caller, id: &str, bytes_max: usize) -> Answer<(String, bool)> {
    let entry = find(house, caller, id).await?;
    note(house, caller, &entry);
    let from = u64::from(entry.arrival.return_path_bytes);
    let store = house.store.clone();
    let bytes = work::read(move || store.read(entry.id, from, bytes_max)).await?;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), from + bytes.len() as u64 >= entry.size))
}

/// Notes that somebody reads a message, for the administrators and for the users of this box whose message it is.
fn note(house: &House, caller: &Caller, entry: &SpoolEntry) {
    house.audit(caller, "text of a spool message read", entry.id.to_string());
    let (envelope, directory) = (&entry.arrival.envelope, house.store.directory());
    let recipients = envelope.recipients.iter().map(|recipient| &recipient.address);
    let people: BTreeSet<&String> = std::iter::once(&envelope.reverse_path).chain(recipients).collect();
    let users = people.into_iter().filter(|address| directory.by_address.contains_key(*address));
    for user in users.filter(|user| *user != caller.name()).take(USERS_NOTED_MAX) {
        house.audit(caller, "message opened", format!("{user} {}", entry.id));
    }
}

/// Sends the bytes from `from` on, until the reader goes or the message does.
async fn send(store: Store, blob: BlobId, mut from: u64, mut sender: Sender<Bytes, Infallible>) {
    loop {
        let reading = store.clone();
        let piece = work::read(move || reading.read(blob, from, PIECE_BYTES)).await.unwrap_or_default();
        from += piece.len() as u64;
        if piece.is_empty() || sender.send_data(piece.into()).await.is_err() {
            return;
        }
    }
}
