//! `password-policy` and `password-compliance`: what passwords have to be like, whose are not, and mail to those users.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::intake::{Format, Letter, Person};
use mailstead_core::people::policy::{Policies, Policy};
use mailstead_core::people::{People, Standing};
use mailstead_core::work;
use mailstead_storage::{Account, Directory, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path};
use super::{Answer, Problem, names, users};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Users that one request writes to at most.
const USERS_MAX: usize = 1000;

/// Characters of a subject at most.
const SUBJECT_CHARS_MAX: usize = 200;

/// Bytes of a text at most.
const TEXT_BYTES_MAX: usize = 32 * 1024;

/// How users' passwords stand.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Compliance {
    /// The users, by address.
    pub users: Vec<ComplianceRow>,
}

/// How a user's password stands.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ComplianceRow {
    /// The user's address.
    pub address: String,
    /// The domain.
    pub domain: String,
    /// `complies`, `violates`, or `unknown` until the password is used or set the next time.
    pub standing: String,
    /// What is violated, in words.
    pub violated: Vec<String>,
    /// When the password has to be changed.
    pub ends: Option<String>,
}

/// Mail to users.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplianceMail {
    /// Their addresses.
    pub addresses: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/password-policy", show)
            .about("Tells what passwords have to be like.")
            .answers::<Policies>(),
        Route::api(Access::SystemAdmin, Method::PUT, "/api/v1/password-policy", put)
            .about("Changes what passwords have to be like in domains without a policy of their own.")
            .body::<Policy>(),
        Route::api(Access::DomainAdmin, Method::PUT, "/api/v1/password-policy/{domain}", put_domain)
            .about("Gives a domain a policy of its own.")
            .body::<Policy>(),
        Route::api(Access::DomainAdmin, Method::DELETE, "/api/v1/password-policy/{domain}", remove_domain)
            .about("Takes a domain's own policy away, so that the box's counts."),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/password-compliance", compliance)
            .about("Tells whose passwords are as they have to be.")
            .answers::<Compliance>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/password-compliance/mail", mail)
            .about("Sends a mail to users, to tell them what to do.")
            .body::<ComplianceMail>(),
    ]
}

async fn show(State(house): State<House>, caller: Caller) -> Answer<Json<Policies>> {
    policies(&house, &caller).await.map(Json)
}

/// What passwords have to be like, as far as the caller sees domains.
pub(crate) async fn policies(house: &House, caller: &Caller) -> Answer<Policies> {
    let kept = Policies::clone(&*kept(house).await?);
    let domains = kept.domains.into_iter().filter(|(domain, _)| caller.scope().covers_domain(domain));
    Ok(Policies { domains: domains.collect(), standard: kept.standard })
}

async fn kept(house: &House) -> Answer<Arc<Policies>> {
    let people = house.people.clone();
    Ok(work::read(move || people.password_policies()).await?)
}

async fn put(State(house): State<House>, caller: Caller, Body(policy): Body<Policy>) -> Answer<StatusCode> {
    set(&house, &caller, "", Some(policy)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn put_domain(
    State(house): State<House>,
    caller: Caller,
    Path(domain): Path<String>,
    Body(policy): Body<Policy>,
) -> Answer<StatusCode> {
    set(&house, &caller, &domain, Some(policy)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_domain(State(house): State<House>, caller: Caller, Path(domain): Path<String>) -> Answer<StatusCode> {
    set(&house, &caller, &domain, None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the policy of a domain, or with an empty name the box's.
pub(crate) async fn set(house: &House, caller: &Caller, domain: &str, policy: Option<Policy>) -> Answer<()> {
    let _edit = house.edits.lock().await;
    let mut policies = Policies::clone(&*kept(house).await?);
    if domain.is_empty() {
        policies.standard = policy.unwrap_or_default();
    } else {
        let domain = names::domain(domain)?;
        caller.must_cover_domain(&domain)?;
        if !house.store.directory().domains.contains_key(&domain) {
            return Err(Problem::not_found(format!("the domain {domain} is not kept here")));
        }
        match policy {
            Some(policy) => drop(policies.domains.insert(domain, policy)),
            None => drop(policies.domains.remove(&domain)),
        }
    }
    house.people.set_password_policies(policies).await?;
    let on = if domain.is_empty() { "the box" } else { domain };
    house.audit(caller, "password policy changed", on.to_owned());
    Ok(())
}

async fn compliance(State(house): State<House>, caller: Caller) -> Answer<Json<Compliance>> {
    list(&house, &caller).await.map(Json)
}

/// How the passwords of the users stand that the caller sees.
async fn list(house: &House, caller: &Caller) -> Answer<Compliance> {
    let (house, caller) = (house.clone(), caller.clone());
    work::read_long(move || {
        let directory = house.store.directory();
        let users = standings(&house, &directory, &caller)?.into_iter();
        Ok(Compliance {
            users: users.map(|(account, standing)| ComplianceRow::of(&account.address, &standing)).collect(),
        })
    })
    .await
}

/// How the passwords of the users stand that the caller sees, in the order of their addresses.
pub(crate) fn standings<'d>(
    house: &House,
    directory: &'d Directory,
    caller: &Caller,
) -> Answer<Vec<(&'d Account, Standing)>> {
    let policies = house.people.password_policies()?;
    let records: HashMap<_, _> = house.store.password_records()?.into_iter().collect();
    let now = house.clock.now();
    let standing = |account: &'d Account| {
        let standing = People::password_standing(policies.of(&account.address), records.get(&account.id), now);
        (account, standing)
    };
    Ok(users::seen(directory, caller, None).map(standing).collect())
}

/// How a password stands, in a word.
pub(crate) fn standing_word(standing: &Standing) -> &'static str {
    match &standing.broken {
        None => "unknown",
        Some(broken) if broken.is_empty() => "complies",
        Some(_) => "violates",
    }
}

async fn mail(State(house): State<House>, caller: Caller, Body(wanted): Body<ComplianceMail>) -> Answer<StatusCode> {
    write(&house, &caller, wanted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Writes to users. Returns to how many.
pub(crate) async fn write(house: &House, caller: &Caller, wanted: ComplianceMail) -> Answer<usize> {
    let ComplianceMail { addresses, subject, text } = wanted;
    let subject = subject.trim();
    if subject.is_empty() || subject.chars().count() > SUBJECT_CHARS_MAX || subject.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("the subject needs 1 to {SUBJECT_CHARS_MAX} characters in one line")));
    }
    if text.trim().is_empty() || text.len() > TEXT_BYTES_MAX {
        return Err(Problem::invalid(format!("the text needs 1 to {TEXT_BYTES_MAX} bytes")));
    }
    if addresses.is_empty() || addresses.len() > USERS_MAX {
        return Err(Problem::invalid(format!("choose 1 to {USERS_MAX} users")));
    }
    let directory = house.store.directory();
    for address in &addresses {
        caller.must_cover_address(address)?;
        if !directory.by_address.contains_key(address) {
            return Err(Problem::not_found(format!("there is no user {address}")));
        }
    }
    for address in &addresses {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let letter = Letter {
            from: Person { name: "System Administrator".into(), address: format!("postmaster@{domain}") },
            to: Person::nameless(address.clone()),
            subject: subject.to_owned(),
            text: text.clone(),
            format: Format::Plain,
        };
        let sent = house.intake.send(&letter, &house.hostname, Priority::Low).await;
        sent.map_err(|refusal| Problem::failed(format!("the mail to {address} was not taken: {refusal:?}")))?;
    }
    house.audit(caller, "users written to about their passwords", addresses.join(" "));
    Ok(addresses.len())
}

impl ComplianceRow {
    pub(crate) fn of(address: &str, standing: &Standing) -> ComplianceRow {
        ComplianceRow {
            address: address.into(),
            domain: address.rsplit_once('@').map_or("", |(_, domain)| domain).into(),
            standing: standing_word(standing).into(),
            violated: standing.broken.iter().flatten().map(|rule| rule.told().to_owned()).collect(),
            ends: standing.ends.map(rfc3339),
        }
    }
}
