//! `mailings`: what an administrator writes to many users, and how far it has come.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::{mailing, work};
use mailstead_storage::{Audience, Mailing, MailingProgress};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::Body;
use super::{Answer, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Most mailings of one answer.
const MAILINGS_MAX: usize = 200;

/// The latest mailings, the newest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Mailings {
    /// The rows.
    pub mailings: Vec<MailingRow>,
}

/// One mailing.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct MailingRow {
    /// Its number.
    pub number: u64,
    /// When it was begun.
    pub begun: String,
    /// Whom it goes to.
    pub audience: Audience,
    /// Its subject.
    pub subject: String,
    /// `queuing`, `delivering` or `done`.
    pub status: String,
    /// Users that it is for.
    pub total: u64,
    /// Messages that are in the spool, or were.
    pub queued: u64,
    /// Those that were delivered.
    pub delivered: u64,
    /// Those that could not be.
    pub failed: u64,
}

/// A mailing to begin.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMailing {
    /// Whom it goes to.
    pub audience: Audience,
    /// The name of who writes; by default "System Administrator".
    #[serde(default = "administrator")]
    pub from_name: String,
    /// The name beside each recipient's address; by default the user's own.
    #[serde(default)]
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Is the text HTML?
    #[serde(default)]
    pub is_html: bool,
}

/// What was begun.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Begun {
    /// The mailing's number.
    pub number: u64,
    /// Users that it is for.
    pub total: u64,
}

fn administrator() -> String {
    "System Administrator".into()
}

pub(crate) fn routes() -> Vec<Route> {
    const PATH: &str = "/api/v1/mailings";
    vec![
        Route::api(Access::SystemAdmin, Method::GET, PATH, list)
            .about("Lists the latest mailings, the newest first, and how far each has come.")
            .answers::<Mailings>(),
        Route::api(Access::SystemAdmin, Method::POST, PATH, begin)
            .about("Writes to many users: one message for each, at low priority.")
            .body::<NewMailing>()
            .answers::<Begun>()
            .creates(),
    ]
}

pub(crate) async fn list(State(house): State<House>) -> Answer<Json<Mailings>> {
    let store = house.store.clone();
    let mailings = work::read(move || store.mailings(MAILINGS_MAX)).await?;
    Ok(Json(Mailings { mailings: mailings.into_iter().map(row).collect() }))
}

fn row((number, mailing, progress): (u64, Mailing, MailingProgress)) -> MailingRow {
    let status = mailing::status(&progress).into();
    let Mailing { begun, audience, subject, .. } = mailing;
    let MailingProgress { total, queued, delivered, failed, .. } = progress;
    MailingRow { number, begun: rfc3339(begun), audience, subject, status, total, queued, delivered, failed }
}

pub(crate) async fn begin(
    State(house): State<House>,
    caller: Caller,
    Body(new): Body<NewMailing>,
) -> Answer<(StatusCode, Json<Begun>)> {
    let NewMailing { audience, from_name, to_name, subject, text, is_html } = new;
    let audience = match audience {
        Audience::Domain(domain) => Audience::Domain(names::domain(&domain)?),
        Audience::User(address) => Audience::User(names::address(&address)?),
        all => all,
    };
    let mailing = Mailing { begun: house.clock.now(), audience, from_name, to_name, subject, text, is_html };
    let (number, total) = house.mailings.begin(mailing).await?;
    house.audit(&caller, "mailing begun", number);
    Ok((StatusCode::CREATED, Json(Begun { number, total })))
}
