//! `users`: list, add, change, remove. Who is disabled or gets a new password loses the sessions
//! that are open.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{Method, StatusCode};
use mailstead_core::clock::rfc3339;
use mailstead_core::people::credentials;
use mailstead_core::work;
use mailstead_storage::{Account, Directory, NewAccount, Role, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::extract::{Body, Path, Query};
use super::{Answer, Problem, names};
use crate::House;
use crate::door::{Access, Caller, Route};

/// Which users to list.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserQuery {
    /// Only those of this domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
}

/// Users by address.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Users {
    /// The rows.
    pub users: Vec<UserRow>,
}

/// A user.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct UserRow {
    /// The main address, which is the login name.
    pub address: String,
    /// The person's name, may be empty.
    pub name: String,
    /// What the user may do beyond the own mailbox.
    pub role: Role,
    /// May the user log in?
    pub enabled: bool,
    /// Most bytes the mailboxes may hold; 0 is without limit.
    pub quota_bytes: u64,
    /// Most messages they may hold; 0 is without limit.
    pub quota_messages: u64,
    /// Bytes they hold.
    pub used_bytes: u64,
    /// Messages they hold.
    pub messages: u64,
    /// When the account was made.
    pub created: String,
    /// The last successful login.
    pub last_login: Option<LastLogin>,
}

/// A login.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct LastLogin {
    /// When.
    pub at: String,
    /// By which protocol.
    pub protocol: String,
    /// From which address.
    pub from: String,
}

/// A user to add.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// The main address.
    pub address: String,
    /// The person's name.
    #[serde(default)]
    pub name: String,
    /// The password.
    pub password: String,
    /// What the user may do.
    #[serde(default)]
    pub role: Role,
    /// Most bytes the mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_bytes: u64,
    /// Most messages the mailboxes may hold; 0 is without limit.
    #[serde(default)]
    pub quota_messages: u64,
}

/// What to change of a user; what is absent stays.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// The person's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// May the user log in?
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// What the user may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Most bytes the mailboxes may hold; 0 is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_bytes: Option<u64>,
    /// Most messages the mailboxes may hold; 0 is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quota_messages: Option<u64>,
}

/// A password to set.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The password.
    pub password: String,
}

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::api(Access::DomainAdmin, Method::GET, "/api/v1/users", list)
            .about("Lists the users, by address.")
            .query::<UserQuery>()
            .answers::<Users>(),
        Route::api(Access::DomainAdmin, Method::POST, "/api/v1/users", add)
            .about("Adds a user.")
            .body::<NewUser>()
            .creates(),
        Route::api(Access::User, Method::GET, "/api/v1/users/{address}", show)
            .about("Shows a user.")
            .answers::<UserRow>(),
        Route::api(Access::DomainAdmin, Method::PATCH, "/api/v1/users/{address}", change)
            .about("Changes a user. Who is disabled loses the sessions that are open.")
            .body::<UserChange>(),
        Route::api(Access::DomainAdmin, Method::DELETE, "/api/v1/users/{address}", remove)
            .about("Removes a user and the user's mail."),
        Route::api(Access::DomainAdmin, Method::PUT, "/api/v1/users/{address}/password", set_password)
            .about("Sets a user's password and ends the sessions that are open.")
            .body::<NewPassword>(),
    ]
}

pub(crate) async fn list(
    State(house): State<House>,
    caller: Caller,
    Query(query): Query<UserQuery>,
) -> Answer<Json<Users>> {
    let domain = query.domain.as_deref().map(names::domain).transpose()?;
    let store = house.store.clone();
    work::read(move || rows(&store, &caller, domain.as_deref())).await.map(Json)
}

fn rows(store: &Store, caller: &Caller, domain: Option<&str>) -> Answer<Users> {
    let directory = store.directory();
    let users = seen(&directory, caller, domain).map(|account| row(store, account)).collect::<Answer<_>>()?;
    Ok(Users { users })
}

/// The accounts that the caller sees, in the order of their addresses: all of them, or those of a domain.
pub(crate) fn seen<'d>(
    directory: &'d Directory,
    caller: &Caller,
    domain: Option<&str>,
) -> impl Iterator<Item = &'d Account> {
    let is_wanted = move |address: &str| {
        caller.scope().covers_address(address)
            && domain.is_none_or(|domain| address.rsplit_once('@').is_some_and(|(_, of)| of == domain))
    };
    directory.by_address.iter().filter(move |(address, _)| is_wanted(address)).map(|(_, account)| &**account)
}

/// What is told of an account.
pub(crate) fn row(store: &Store, account: &Account) -> Answer<UserRow> {
    let usage = store.usage(account.id)?;
    let login = store.last_login(account.id)?;
    Ok(UserRow {
        address: account.address.clone(),
        name: account.name.clone(),
        role: account.role,
        enabled: account.enabled,
        quota_bytes: account.quota_bytes,
        quota_messages: account.quota_messages,
        used_bytes: usage.bytes,
        messages: usage.messages,
        created: rfc3339(account.created),
        last_login: login.map(|login| LastLogin { at: rfc3339(login.at), protocol: login.protocol, from: login.from }),
    })
}

pub(crate) async fn show(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<Json<UserRow>> {
    let address = names::address(&address)?;
    caller.must_cover_address(&address)?;
    let account = find(&house, &address)?;
    work::read(move || row(&house.store, &account)).await.map(Json)
}

pub(crate) async fn add(State(house): State<House>, caller: Caller, Body(new): Body<NewUser>) -> Answer<StatusCode> {
    let address = create(&house, &caller, new).await?;
    house.audit(&caller, "user added", address);
    Ok(StatusCode::CREATED)
}

/// Checks a new user against the directory, before the costly hash is made. Returns the address.
pub(super) fn check(store: &Store, caller: &Caller, new: &NewUser) -> Answer<String> {
    let address = names::address(&new.address)?;
    caller.must_cover_address(&address)?;
    caller.must_reach(new.role)?;
    names::password(&new.password)?;
    if new.name.chars().any(char::is_control) {
        return Err(Problem::invalid(format!("the name of {address} contains a control character")));
    }
    let directory = store.directory();
    if directory.recipient(&address).is_some() {
        return Err(mailstead_storage::Error::new(
            mailstead_storage::Word::Exists,
            format!("{address} exists already, as a user or as an alias"),
        )
        .into());
    }
    let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
    if !directory.domains.contains_key(domain) {
        let advice = format!("add it first with `mailstead domain add {domain}`");
        return Err(Problem::not_found(format!("the domain {domain} is not kept here; {advice}")));
    }
    Ok(address)
}

/// Adds a user. Returns the address.
pub(super) async fn create(house: &House, caller: &Caller, new: NewUser) -> Answer<String> {
    let address = check(&house.store, caller, &new)?;
    let secret = new.password;
    let (people, wanted, given) = (house.people.clone(), address.clone(), secret.clone());
    work::read(move || people.must_be_good(&wanted, &given)).await?;
    let (password, scram) = work::compute(move || credentials(&secret)).await;
    let account = NewAccount {
        address: address.clone(),
        name: new.name,
        role: new.role,
        quota_bytes: new.quota_bytes,
        quota_messages: new.quota_messages,
        password,
        scram: Some(scram),
    };
    house.store.add_account(account, house.clock.now()).await?;
    Ok(address)
}

pub(crate) async fn change(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(change): Body<UserChange>,
) -> Answer<StatusCode> {
    let disabled = change.enabled == Some(false);
    change.role.map_or(Ok(()), |role| caller.must_reach(role))?;
    let address = edit(&house, &caller, &address, |account| {
        account.name = change.name.unwrap_or(std::mem::take(&mut account.name));
        account.enabled = change.enabled.unwrap_or(account.enabled);
        account.role = change.role.unwrap_or(account.role);
        account.quota_bytes = change.quota_bytes.unwrap_or(account.quota_bytes);
        account.quota_messages = change.quota_messages.unwrap_or(account.quota_messages);
    })
    .await?;
    if disabled {
        end_sessions(&house, &address).await?;
    }
    let what = match change.enabled {
        Some(true) => "user enabled",
        Some(false) => "user disabled",
        None => "user changed",
    };
    house.audit(&caller, what, address);
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn set_password(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
    Body(new): Body<NewPassword>,
) -> Answer<StatusCode> {
    names::password(&new.password)?;
    let account = find_for(&house, &caller, &address)?;
    let one_edit = house.edits.lock().await;
    house.people.set_password(account.id, &new.password).await?;
    drop(one_edit);
    end_sessions(&house, &account.address).await?;
    house.audit(&caller, "password set", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn remove(
    State(house): State<House>,
    caller: Caller,
    Path(address): Path<String>,
) -> Answer<StatusCode> {
    let account = find_for(&house, &caller, &address)?;
    house.store.remove_account(account.id).await?;
    house.sessions.end_user(&account.address);
    house.audit(&caller, "user removed", account.address.clone());
    Ok(StatusCode::NO_CONTENT)
}

fn find(house: &House, address: &str) -> Answer<Arc<Account>> {
    let address = names::address(address)?;
    let account = house.store.directory().by_address.get(&address).cloned();
    account.ok_or_else(|| Problem::not_found(format!("there is no user {address}; `mailstead user list` shows all")))
}

/// Ends everything that somebody has open, by whatever protocol.
async fn end_sessions(house: &House, address: &str) -> Answer<()> {
    house.sessions.end_user(address);
    let account = house.store.directory().by_address.get(address).map(|account| account.id);
    if let Some(account) = account {
        house.store.end_web_sessions(account, None).await?;
    }
    Ok(())
}

/// An account that the caller may act on.
pub(crate) fn find_for(house: &House, caller: &Caller, address: &str) -> Answer<Arc<Account>> {
    let address = names::address(address)?;
    caller.must_cover_address(&address)?;
    let account = find(house, &address)?;
    caller.must_reach(account.role)?;
    Ok(account)
}

/// Changes an account's row. Returns its address.
pub(crate) async fn edit(
    house: &House,
    caller: &Caller,
    address: &str,
    change: impl FnOnce(&mut Account),
) -> Answer<String> {
    let _one_edit = house.edits.lock().await;
    let mut account = Account::clone(&*find_for(house, caller, address)?);
    change(&mut account);
    let address = account.address.clone();
    house.store.update_account(account).await?;
    Ok(address)
}
