//! `shared`: the mailboxes that belong to domains, and who may do what with them (RFC 4314).

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::work;
use mailstead_storage::{ANYONE, Acl, Domain, Mailbox, MailboxId, Quota, Rights, RightsChange, Store, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path, Query};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Which shared mailboxes to list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedQuery {
    /// Only those of this domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Domains with shared mailboxes, by name.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SharedMailboxes {
    /// The mailboxes, by domain and name.
    pub mailboxes: Vec<SharedRow>,
}

/// A shared mailbox.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SharedRow {
    /// The domain that it belongs to.
    pub domain: String,
    /// Its name, levels parted by `/`.
    pub name: String,
    /// Messages in it.
    pub messages: u32,
    /// Bytes of them.
    pub bytes: u64,
    /// Who may do what, by identifier.
    pub rights: Vec<SharedRights>,
}

/// The rights of one identifier.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SharedRights {
    /// A user's address or `anyone`; with `-` before it the rights are taken away.
    pub identifier: String,
    /// The letters of RFC 4314.
    pub rights: String,
}

/// A shared mailbox to make.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewShared {
    /// The domain.
    pub domain: String,
    /// Its name.
    pub name: String,
}

/// What to change of a shared mailbox.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedChange {
    /// Its name to be.
    pub name: String,
}

/// Rights to give.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRights {
    /// The letters of RFC 4314; none takes all away.
    pub rights: String,
}

/// What the shared mailboxes of a domain may hold and do.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct SharedQuota {
    /// What they may hold.
    pub quota: Quota,
    /// What they hold.
    pub used: Usage,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/shared", list)
            .about("Lists the shared mailboxes, by domain and name.")
            .query::<SharedQuery>()
            .answers::<SharedMailboxes>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/shared", add)
            .about("Makes a shared mailbox.")
            .body::<NewShared>()
            .creates(),
        Route::api(Access::DomainAdmin, Method::PATCH, "/api/v1/shared/{domain}/mailboxes/{name}", rename)
            .about("Renames a shared mailbox.")
            .body::<SharedChange>(),
        Route::api(Access::DomainAdmin, Method::DELETE, "/api/v1/shared/{domain}/mailboxes/{name}", remove)
            .about("Removes a shared mailbox and what is in it."),
        Route::api(
            Access::DomainAdmin,
            Method::PUT,
            "/api/v1/shared/{domain}/mailboxes/{name}/rights/{identifier}",
            set_rights,
        )
        .about("Says what a user may do with a shared mailbox (RFC 4314).")
        .body::<NewRights>(),
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/shared/{domain}/quota", quota)
            .about("Tells what the shared mailboxes of a domain hold and may hold.")
            .answers::<SharedQuota>(),
        Route::api(Access::DomainAdmin, Method::PUT, "/api/v1/shared/{domain}/quota", set_quota)
            .about("Says what the shared mailboxes of a domain may hold.")
            .body::<Quota>(),
    ]
}

pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<SharedQuery>,
) -> Answer<Json<SharedMailboxes>> {
    let only = query.domain.as_deref().map(names::domain).transpose()?;
    let store = house.store.clone();
    work::read(move || rows(&store, &caller, only.as_deref())).await.map(Json)
}

fn rows(store: &Store, caller: &Caller, only: Option<&str>) -> Answer<SharedMailboxes> {
    let directory = store.directory();
    let mut found = Vec::new();
    let wanted = |domain: &str| caller.scope().covers_domain(domain) && only.is_none_or(|only| domain == only);
    for domain in directory.domains.values().filter(|domain| wanted(&domain.name)) {
        let mailboxes = store.mailboxes(domain.mailboxes)?;
        let ids: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.id).collect();
        let acls = store.acls(&ids)?;
        found.extend(mailboxes.into_iter().zip(acls).map(|(mailbox, acl)| row(domain, mailbox, &acl)));
    }
    found.sort_by(|a, b| (&a.domain, &a.name).cmp(&(&b.domain, &b.name)));
    Ok(SharedMailboxes { mailboxes: found })
}

fn row(domain: &Domain, mailbox: Mailbox, acl: &Acl) -> SharedRow {
    let rights = acl
        .entries()
        .map(|(identifier, rights)| SharedRights { identifier: identifier.to_owned(), rights: rights.to_string() });
    SharedRow {
        domain: domain.name.clone(),
        name: mailbox.name,
        messages: mailbox.counters.exists,
        bytes: mailbox.counters.bytes,
        rights: rights.collect(),
    }
}

pub(crate) async fn add(State(house): State<House>, caller: Caller, Body(new): Body<NewShared>) -> Answer<StatusCode> {
    let domain = find_domain(&house, &caller, &new.domain)?;
    house.store.create_mailbox(domain.mailboxes, &new.name, None).await?;
    house.audit(&caller, "shared mailbox added", told(&domain, &new.name));
    Ok(StatusCode::CREATED)
}

pub(crate) async fn rename(
    State(house): State<House>,
    caller: Caller,
    Path((domain, name)): Path<(String, String)>,
    Body(change): Body<SharedChange>,
) -> Answer<StatusCode> {
    let domain = find_domain(&house, &caller, &domain)?;
    find(&house, &domain, &name).await?;
    house.store.rename_mailbox(domain.mailboxes, &name, &change.name).await?;
    house.audit(&caller, "shared mailbox renamed", told(&domain, &name));
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    State(house): State<House>,
    caller: Caller,
    Path((domain, name)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let domain = find_domain(&house, &caller, &domain)?;
    find(&house, &domain, &name).await?;
    house.store.delete_mailbox(domain.mailboxes, &name).await?;
    house.audit(&caller, "shared mailbox removed", told(&domain, &name));
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set_rights(
    State(house): State<House>,
    caller: Caller,
    Path((domain, name, identifier)): Path<(String, String, String)>,
    Body(new): Body<NewRights>,
) -> Answer<StatusCode> {
    let domain = find_domain(&house, &caller, &domain)?;
    let mailbox = find(&house, &domain, &name).await?;
    let identifier = find_identifier(&house, &identifier)?;
    let rights: Rights = new.rights.parse().map_err(|_| {
        Problem::invalid(format!("{:?} are no rights; write letters out of lrswipkxtea, like lrs", new.rights))
    })?;
    house.store.set_rights(mailbox, &identifier, RightsChange::Replace(rights)).await?;
    house.audit(&caller, "rights set", format!("{} {identifier} {rights}", told(&domain, &name)));
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn quota(
    State(house): State<House>,
    caller: Caller,
    Path(domain): Path<String>,
) -> Answer<Json<SharedQuota>> {
    let domain = find_domain(&house, &caller, &domain)?;
    let store = house.store.clone();
    let used = work::read(move || store.usage(domain.mailboxes)).await?;
    Ok(Json(SharedQuota { quota: domain.quota(), used }))
}

pub(crate) async fn set_quota(
    State(house): State<House>,
    caller: Caller,
    Path(domain): Path<String>,
    Body(quota): Body<Quota>,
) -> Answer<StatusCode> {
    let domain = find_domain(&house, &caller, &domain)?;
    house.store.set_quota(domain.mailboxes, quota).await?;
    house.audit(&caller, "quota set", domain.name);
    Ok(StatusCode::NO_CONTENT)
}

fn told(domain: &Domain, name: &str) -> String {
    format!("{}/{name}", domain.name)
}

fn find_domain(house: &House, caller: &Caller, name: &str) -> Answer<Domain> {
    let name = names::domain(name)?;
    caller.must_cover_domain(&name)?;
    let domain = house.store.directory().domains.get(&name).map(|domain| Domain::clone(domain));
    domain.ok_or_else(|| Problem::not_found(format!("there is no domain {name}; `mailstead domain list` shows all")))
}

async fn find(house: &House, domain: &Domain, name: &str) -> Answer<MailboxId> {
    let (store, owner, wanted) = (house.store.clone(), domain.mailboxes, name.to_owned());
    let found = work::read(move || store.mailbox(owner, &wanted)).await?;
    let missing = || {
        let told = told(domain, name);
        Problem::not_found(format!("there is no shared mailbox {told}; `mailstead shared list` shows all"))
    };
    found.map(|mailbox| mailbox.id).ok_or_else(missing)
}

/// A user of the box, or anyone, perhaps with `-` before it.
fn find_identifier(house: &House, text: &str) -> Answer<String> {
    let (sign, who) = text.strip_prefix('-').map_or(("", text), |who| ("-", who));
    if who.eq_ignore_ascii_case(ANYONE) {
        return Ok(format!("{sign}{ANYONE}"));
    }
    let address = names::address(who)?;
    match house.store.directory().by_address.contains_key(&address) {
        true => Ok(format!("{sign}{address}")),
        false => Err(Problem::not_found(format!("there is no user {address}; `mailstead user list` shows all"))),
    }
}
