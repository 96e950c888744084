//! `mailings`: letters to many people of the box at once; list with progress, preview, send, cancel.

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::intake::{Format, Person};
use mailstead_core::mailing::Draft;
use mailstead_core::work;
use mailstead_storage::{Account, Directory, Mailing, MailingState, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Most bytes of a text.
const TEXT_BYTES_MAX: usize = 1 << 20;
/// Most characters of a subject or a name.
const LINE_CHARS_MAX: usize = 500;
/// Recipients that a preview names.
const NAMED_MAX: usize = 5;
/// Who writes, unless somebody else is named.
pub(crate) const FROM: &str = "System Administrator";

/// To whom a mailing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Everybody who has a mailbox.
    #[default]
    AllUsers,
    /// Everybody of one domain.
    Domain,
    /// Everybody who administers a domain.
    DomainAdministrators,
    /// One user.
    User,
}

/// A mailing to send.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMailing {
    /// To whom.
    #[serde(default)]
    pub to: Audience,
    /// The domain, or the user's address, where `to` needs one.
    #[serde(default)]
    pub of: String,
    /// The name that stands in From; "System Administrator" when it is empty.
    #[serde(default)]
    pub from: String,
    /// The name beside each address in To; the user's own when it is empty.
    #[serde(default)]
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// What it says.
    pub text: String,
    /// Is the text HTML?
    #[serde(default)]
    pub html: bool,
}

/// Mailings, the latest first.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct MailingList {
    /// The rows.
    pub mailings: Vec<MailingRow>,
}

/// A mailing.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct MailingRow {
    /// Its number.
    pub id: u64,
    /// Its subject.
    pub subject: String,
    /// To whom, in words.
    pub audience: String,
    /// Who sent it.
    pub by: String,
    /// When.
    pub begun: String,
    /// `sending`, `queued` or `cancelled`.
    pub state: String,
    /// To how many it goes.
    pub total: u64,
    /// How many were put into the spool.
    pub queued: u64,
    /// How many were delivered.
    pub delivered: u64,
    /// How many could not be delivered.
    pub failed: u64,
    /// How many were taken out of the spool.
    pub removed: u64,
}

/// What would be sent.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct MailingPreview {
    /// The name in From.
    pub from: String,
    /// To whom, in words.
    pub audience: String,
    /// To how many.
    pub total: usize,
    /// The addresses of the first of them.
    pub first: Vec<String>,
    /// The subject.
    pub subject: String,
    /// What it says.
    pub text: String,
}

/// A mailing that was begun.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Begun {
    /// Its number.
    pub id: u64,
    /// To how many it goes.
    pub total: usize,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/mailings", list)
            .about("Lists the latest mass messages and how far each has come.")
            .answers::<MailingList>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/mailings", send)
            .about("Sends a message to many users: one for each, through the spool, at low priority.")
            .body::<NewMailing>()
            .answers::<Begun>()
            .creates(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/mailings/preview", show_preview)
            .about("Tells what would be sent, and to whom. Sends nothing.")
            .body::<NewMailing>()
            .answers::<MailingPreview>(),
        Route::api(Access::SystemAdmin, Method::GET, "/api/v1/mailings/{id}", one)
            .about("Tells how far a mass message has come.")
            .answers::<MailingRow>(),
        Route::api(Access::SystemAdmin, Method::POST, "/api/v1/mailings/{id}/cancel", cancel)
            .about("Stops a mass message: what waits in the spool is taken out, what is delivered stays."),
    ]
}

async fn list(State(house): State<House>) -> Answer<Json<MailingList>> {
    Ok(Json(MailingList { mailings: all(&house).await? }))
}

/// All that are remembered, the latest first.
pub(crate) async fn all(house: &House) -> Answer<Vec<MailingRow>> {
    let mailings = house.mailings.clone();
    let kept = work::read(move || mailings.list()).await?;
    Ok(kept.into_iter().map(MailingRow::from).collect())
}

async fn one(State(house): State<House>, Path(id): Path<u64>) -> Answer<Json<MailingRow>> {
    let found = all(&house).await?.into_iter().find(|mailing| mailing.id == id);
    found.map(Json).ok_or_else(|| Problem::not_found(format!("there is no mass message {id}")))
}

async fn show_preview(
    State(house): State<House>,
    caller: Caller,
    Body(new): Body<NewMailing>,
) -> Answer<Json<MailingPreview>> {
    preview(&house, &caller, new).map(Json)
}

/// What would be sent.
pub(crate) fn preview(house: &House, caller: &Caller, new: NewMailing) -> Answer<MailingPreview> {
    let Draft { from, audience, to, subject, text, .. } = draft(house, caller, new)?;
    let first = to.iter().take(NAMED_MAX).map(|person| person.address.clone()).collect();
    Ok(MailingPreview { from, audience, total: to.len(), first, subject, text })
}

async fn cancel(State(house): State<House>, caller: Caller, Path(id): Path<u64>) -> Answer<StatusCode> {
    stop(&house, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops a mass message.
pub(crate) async fn stop(house: &House, caller: &Caller, id: u64) -> Answer<()> {
    house.mailings.cancel(id).await?;
    house.audit(caller, "mass message cancelled", id);
    Ok(())
}

pub(crate) async fn send(
    State(house): State<House>,
    caller: Caller,
    Body(new): Body<NewMailing>,
) -> Answer<(StatusCode, Json<Begun>)> {
    if !house.live {
        return Err(Problem::not_running("the server is not running; start it to send messages"));
    }
    let draft = draft(&house, &caller, new)?;
    let (total, subject) = (draft.to.len(), draft.subject.clone());
    let id = house.mailings.send(draft).await?;
    house.audit(&caller, "mass message sent", subject);
    Ok((StatusCode::CREATED, Json(Begun { id, total })))
}

fn draft(house: &House, caller: &Caller, new: NewMailing) -> Answer<Draft> {
    for (what, line) in [("subject", &new.subject), ("sender's name", &new.from), ("recipient's name", &new.to_name)] {
        if line.chars().any(char::is_control) || line.chars().count() > LINE_CHARS_MAX {
            return Err(Problem::invalid(format!("the {what} is one line of at most {LINE_CHARS_MAX} characters")));
        }
    }
    if new.subject.trim().is_empty() || new.text.trim().is_empty() {
        return Err(Problem::invalid("a message needs a subject and a text"));
    }
    if new.text.len() > TEXT_BYTES_MAX {
        return Err(Problem::invalid(format!("the text has at most {TEXT_BYTES_MAX} bytes")));
    }
    let (audience, to) = recipients(&house.store.directory(), &new)?;
    if to.is_empty() {
        return Err(Problem::invalid(format!("there is nobody among {audience}")));
    }
    let from = new.from.trim();
    Ok(Draft {
        from: if from.is_empty() { FROM } else { from }.into(),
        audience,
        to,
        subject: new.subject,
        text: new.text,
        format: if new.html { Format::Html } else { Format::Plain },
        by: caller.name().into(),
    })
}

/// Tells whether an account is meant.
type Meant = Box<dyn Fn(&Account) -> bool>;

fn recipients(directory: &Directory, new: &NewMailing) -> Answer<(String, Vec<Person>)> {
    let (audience, is_meant): (String, Meant) = match new.to {
        Audience::AllUsers => ("all users".into(), Box::new(|_| true)),
        Audience::DomainAdministrators => {
            ("all domain administrators".into(), Box::new(|account| account.role == Role::DomainAdministrator))
        }
        Audience::Domain => {
            let domain = names::domain(&new.of)?;
            if !directory.domains.contains_key(&domain) {
                return Err(Problem::not_found(format!("there is no domain {domain}")));
            }
            let words = format!("all users of {domain}");
            (words, Box::new(move |account| account.address.rsplit_once('@').is_some_and(|(_, of)| of == domain)))
        }
        Audience::User => {
            let address = names::address(&new.of)?;
            if !directory.by_address.contains_key(&address) {
                return Err(Problem::not_found(format!("there is no user {address}")));
            }
            (address.clone(), Box::new(move |account| account.address == address))
        }
    };
    let person = |account: &Account| Person {
        name: if new.to_name.trim().is_empty() { account.name.clone() } else { new.to_name.trim().into() },
        address: account.address.clone(),
    };
    let accounts = directory.accounts.values().filter(|account| is_meant(account));
    let mut to: Vec<Person> = accounts.map(|account| person(account)).collect();
    to.sort_unstable_by(|a, b| a.address.cmp(&b.address));
    Ok((audience, to))
}

impl From<Mailing> for MailingRow {
    fn from(mailing: Mailing) -> MailingRow {
        MailingRow {
            id: mailing.id,
            subject: mailing.subject,
            audience: mailing.audience,
            by: mailing.by,
            begun: rfc3339(mailing.begun),
            state: match mailing.state {
                MailingState::Sending => "sending",
                MailingState::Queued => "queued",
                MailingState::Cancelled => "cancelled",
            }
            .into(),
            total: mailing.total,
            queued: mailing.queued,
            delivered: mailing.delivered,
            failed: mailing.failed,
            removed: mailing.removed,
        }
    }
}
