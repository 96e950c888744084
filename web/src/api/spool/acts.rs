//! What can be done with spooled messages: force, reset, set the priority, delete and undo.

use std::collections::HashSet;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use mailstead_core::clock::rfc3339;
use mailstead_core::work;
use mailstead_storage::{BlobId, Priority, RemovedEntry, SpoolFilter, SpoolPlace, UNDO_SECONDS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PAGE_ROWS_MAX, SpoolRow, domains_of, is_covered, row};
use crate::House;
use crate::api::extract::Body;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};

/// Messages to act on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MessageIds {
    /// Their ids.
    pub ids: Vec<String>,
}

/// Messages whose retries are to be reset.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reset {
    /// Their ids.
    pub ids: Vec<String>,
    /// Every message of the spool instead.
    pub all: bool,
}

/// A new priority.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPriority {
    /// The messages' ids.
    pub ids: Vec<String>,
    /// Their priority from now on.
    pub priority: Priority,
}

/// How many messages were acted on; those missing had left the spool.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Counted {
    /// The number.
    pub count: usize,
}

/// The messages that were deleted and can be put back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeletedPage {
    /// The rows, the latest first, a thousand at most.
    pub messages: Vec<DeletedRow>,
}

/// A message that was deleted and can be put back.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct DeletedRow {
    /// The message as it was.
    #[serde(flatten)]
    pub row: SpoolRow,
    /// When it was deleted.
    pub deleted: String,
    /// Until when it can be put back.
    pub undo_until: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/spool/force", force)
            .about("Tries messages now.")
            .body::<MessageIds>()
            .answers::<Counted>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/spool/reset", reset)
            .about("Starts the delivery of messages over.")
            .body::<Reset>()
            .answers::<Counted>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/spool/priority", set_priority)
            .about("Sets the priority of messages.")
            .body::<NewPriority>()
            .answers::<Counted>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/spool/delete", delete)
            .about("Takes messages out of the spool. They can be put back for ten minutes.")
            .body::<MessageIds>()
            .answers::<Counted>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/spool/undo", undo)
            .about("Puts messages back that were taken out.")
            .body::<MessageIds>()
            .answers::<Counted>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/spool/deleted", deleted)
            .about("Lists the messages that can be put back, the latest first.")
            .answers::<DeletedPage>(),
    ]
}

pub(crate) async fn force(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<MessageIds>,
) -> Answer<Json<Counted>> {
    let count = house.store.spool_force(covered(&house, &caller, &wanted.ids).await?).await?;
    house.audit(&caller, "spool messages forced", wanted.ids.join(" "));
    Ok(Json(Counted { count }))
}

pub(crate) async fn reset(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<Reset>,
) -> Answer<Json<Counted>> {
    let (count, which) = match (wanted.all, wanted.ids.is_empty()) {
        (true, true) => (reset_all(&house, &caller).await?, "all".to_string()),
        (false, _) => {
            (house.store.spool_reset(covered(&house, &caller, &wanted.ids).await?).await?, wanted.ids.join(" "))
        }
        (true, false) => return Err(Problem::invalid("say which messages, or \"all\", not both")),
    };
    house.audit(&caller, "retries of spool messages reset", which);
    Ok(Json(Counted { count }))
}

/// Page by page, so that others write in between.
async fn reset_all(house: &House, caller: &Caller) -> Answer<usize> {
    let (mut count, mut after) = (0, None);
    loop {
        let store = house.store.clone();
        let domains = domains_of(caller);
        let filter = SpoolFilter { domains, after, limit: PAGE_ROWS_MAX, ..SpoolFilter::default() };
        let ids: Vec<BlobId> =
            work::read(move || store.spool(&filter)).await?.into_iter().map(|entry| entry.id).collect();
        let Some(last) = ids.last().copied() else { return Ok(count) };
        count += house.store.spool_reset(ids).await?;
        after = Some(SpoolPlace::of(last));
    }
}

pub(crate) async fn set_priority(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<NewPriority>,
) -> Answer<Json<Counted>> {
    let count = house.store.spool_priority(covered(&house, &caller, &wanted.ids).await?, wanted.priority).await?;
    house.audit(&caller, "priority of spool messages set", wanted.ids.join(" "));
    Ok(Json(Counted { count }))
}

pub(crate) async fn delete(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<MessageIds>,
) -> Answer<Json<Counted>> {
    let count = house.store.spool_delete(covered(&house, &caller, &wanted.ids).await?).await?;
    house.audit(&caller, "spool messages deleted", wanted.ids.join(" "));
    Ok(Json(Counted { count }))
}

pub(crate) async fn undo(
    State(house): State<House>,
    caller: Caller,
    Body(wanted): Body<MessageIds>,
) -> Answer<Json<Counted>> {
    let mut ids = blobs(&wanted.ids)?;
    if !caller.scope().is_everything() {
        let theirs: HashSet<BlobId> = removed(&house, &caller).await?.iter().map(|removed| removed.entry.id).collect();
        ids.retain(|id| theirs.contains(id));
    }
    let count = house.store.spool_restore(ids).await?;
    house.audit(&caller, "spool messages put back", wanted.ids.join(" "));
    Ok(Json(Counted { count }))
}

pub(crate) async fn deleted(State(house): State<House>, caller: Caller) -> Answer<Json<DeletedPage>> {
    let now = house.clock.now();
    let removed = removed(&house, &caller).await?;
    let messages = removed.iter().map(|RemovedEntry { removed, entry }| DeletedRow {
        row: row(entry, now),
        deleted: rfc3339(*removed),
        undo_until: rfc3339(removed.plus_seconds(UNDO_SECONDS)),
    });
    Ok(Json(DeletedPage { messages: messages.collect() }))
}

/// What can be put back, as far as the caller may see it.
async fn removed(house: &House, caller: &Caller) -> Answer<Vec<RemovedEntry>> {
    let store = house.store.clone();
    let mut removed = work::read(move || store.spool_removed(PAGE_ROWS_MAX)).await?;
    removed.retain(|removed| is_covered(caller, &removed.entry));
    Ok(removed)
}

/// Those of these messages that the caller may steer.
async fn covered(house: &House, caller: &Caller, ids: &[String]) -> Answer<Vec<BlobId>> {
    let ids = blobs(ids)?;
    if caller.scope().is_everything() {
        return Ok(ids);
    }
    let (store, caller) = (house.store.clone(), caller.clone());
    work::read(move || {
        let entries = ids.into_iter().map(|id| store.spool_entry(id));
        let entries = entries.collect::<Result<Vec<_>, _>>()?.into_iter().flatten();
        Ok(entries.filter(|entry| is_covered(&caller, entry)).map(|entry| entry.id).collect())
    })
    .await
}

fn blobs(ids: &[String]) -> Answer<Vec<BlobId>> {
    Ok(ids.iter().map(|id| id.parse()).collect::<Result<_, _>>()?)
}
