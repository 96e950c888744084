//! Users: the list, a new one, and all that can be set of one.

mod one;

use std::cmp::Ordering;
use std::collections::HashMap;

use askama::Template;
use axum::extract::State;
use axum::routing::{get, post};
use mailstead_core::work;
use mailstead_storage::{Account, Role, Store};

use crate::House;
use crate::api::Problem;
use crate::api::extract::{Body, Path};
use crate::api::names;
use crate::api::size::parse_size;
use crate::api::users::{self, NewUser, UserChange, UserRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, form, list, show};
use crate::text;
use crate::texts::Key;

pub(super) const PATH: &str = "/users";

/// The order when none is asked for.
const STANDARD: &str = "address";

const COLUMNS: &[Column] = &[
    Column::sorted("address", Key("user")),
    Column::sorted("name", Key("name")),
    Column::sorted("role", Key("role")),
    Column::sorted("enabled", Key("login")),
    Column::number("used", Key("mail")),
    Column::number("messages", Key("messages")),
    Column::sorted("login", Key("last-login")),
];

/// The roles, by the names that forms have for them, and in words.
const ROLES: [(&str, Key, Role); 3] = [
    ("user", Key("user"), Role::User),
    ("domain_administrator", Key("domain-administrator"), Role::DomainAdministrator),
    ("system_administrator", Key("system-administrator"), Role::SystemAdministrator),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::DomainAdmin, PATH, get(user_list).post(act)),
        Route::page(Access::DomainAdmin, "/users/new", get(new).post(add)),
        Route::page(Access::DomainAdmin, "/users/{address}", get(one::user).post(one::change)),
        Route::page(Access::DomainAdmin, "/users/{address}/password", post(one::set_password)),
        Route::page(Access::DomainAdmin, "/users/{address}/sign-out", post(one::sign_out)),
        Route::page(Access::DomainAdmin, "/users/{address}/second-factor", post(one::remove_factor)),
    ]
}

/// The roles that a caller may give, by name and in words.
pub(super) fn roles_up_to(most: Access) -> Vec<(&'static str, Key)> {
    let within = ROLES.into_iter().filter(|(_, _, role)| Access::from(*role) <= most);
    within.map(|(name, words, _)| (name, words)).collect()
}

/// The role with this name.
pub(super) fn role_named(name: &str) -> Option<Role> {
    ROLES.into_iter().find(|(other, ..)| *other == name).map(|(_, _, role)| role)
}

/// The name of a role, and the role in words.
pub(super) fn role_words(role: Role) -> (&'static str, Key) {
    let found = ROLES.into_iter().find(|(_, _, other)| *other == role);
    found.map_or(("", Key("user")), |(name, words, _)| (name, words))
}

impl UserRow {
    /// What the user may do.
    pub(crate) fn role_in_words(&self) -> Key {
        role_words(self.role).1
    }
}

#[derive(Template)]
#[template(path = "pages/users/list.html")]
struct ListPage {
    page: Page,
    list: Listing,
    users: Vec<UserRow>,
}

#[derive(Template)]
#[template(path = "pages/users/new.html")]
struct NewPage {
    page: Page,
    address: String,
    name: String,
    quota: String,
    role: String,
    roles: Vec<(&'static str, Key)>,
}

async fn user_list(State(house): State<House>, caller: Caller, told: Told, asked: Asked) -> Shown {
    let seen_by = caller.clone();
    let (users, list) = work::read_long(move || found(&house.store, &seen_by, asked)).await?;
    if list.asked().wants_csv() {
        return csv_of(users);
    }
    let page = Page::new(&caller, text::say("users"), PATH).telling(told);
    show(&ListPage { page, list, users })
}

/// The rows of the page that is asked for; of the other users no more is read than their order needs.
fn found(store: &Store, caller: &Caller, asked: Asked) -> Result<(Vec<UserRow>, Listing), Problem> {
    let domain = Some(asked.get("domain")).filter(|domain| !domain.is_empty()).map(names::domain).transpose()?;
    let directory = store.directory();
    let seen = users::seen(&directory, caller, domain.as_deref());
    let accounts: Vec<_> = seen.filter(|account| asked.matches(&[&account.address, &account.name])).collect();
    let (usages, logins) = match asked.sort(STANDARD).0 {
        "used" | "messages" => (store.usages()?, HashMap::new()),
        "login" => (HashMap::new(), store.last_logins()?),
        _ => Default::default(),
    };
    let usage = |account: &Account| usages.get(&account.id).copied().unwrap_or_default();
    let compare = |key: &str, a: &&Account, b: &&Account| {
        let order = match key {
            "name" => a.name.cmp(&b.name),
            "role" => Access::from(a.role).cmp(&Access::from(b.role)),
            "enabled" => a.enabled.cmp(&b.enabled),
            "used" => usage(a).bytes.cmp(&usage(b).bytes),
            "messages" => usage(a).messages.cmp(&usage(b).messages),
            "login" => logins.get(&a.id).cmp(&logins.get(&b.id)),
            _ => Ordering::Equal,
        };
        order.then_with(|| a.address.cmp(&b.address))
    };
    let (accounts, list) = asked.pick(accounts, COLUMNS, STANDARD, compare);
    let rows = accounts.iter().map(|account| users::row(store, account)).collect::<Result<_, _>>()?;
    Ok((rows, list))
}

fn csv_of(users: Vec<UserRow>) -> Shown {
    let rows = users.into_iter().map(|user| {
        let (role, _) = role_words(user.role);
        let login = user.last_login.map(|login| login.at).unwrap_or_default();
        let numbers = [user.used_bytes.to_string(), user.quota_bytes.to_string(), user.messages.to_string()];
        let [used, quota, messages] = numbers;
        vec![user.address, user.name, role.into(), user.enabled.to_string(), used, quota, messages, login]
    });
    let head = ["address", "name", "role", "enabled", "used_bytes", "quota_bytes", "messages", "last_login"];
    Ok(list::csv("users", &head, rows)?)
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let back = posted.back(PATH).to_string();
    let addresses = match posted.ids() {
        Ok(addresses) => addresses,
        Err(problem) => return Ok(back_with(&back, Notice::failed(problem.message))),
    };
    let many = text::count(addresses.len(), "user");
    let done = match posted.act() {
        "delete" if !posted.is_sure() => {
            let question = text::say("delete-users-and-all-their-mail").with("users", &many);
            return form::confirm(
                Page::new(&caller, text::say("are-you-sure"), PATH),
                &posted,
                PATH,
                question,
                text::say("delete"),
            );
        }
        "delete" => text::say("users-deleted"),
        "enable" => text::say("users-enabled"),
        _ => text::say("users-disabled"),
    };
    let outcome = act_on(&house, &caller, addresses, posted.act()).await;
    Ok(back_with(&back, Notice::of(outcome, |()| Notice::done(done.with("users", many)))))
}

async fn act_on(house: &House, caller: &Caller, addresses: Vec<String>, act: &str) -> Result<(), Problem> {
    for address in addresses {
        let (house, caller, path) = (State(house.clone()), caller.clone(), Path(address));
        if act == "delete" {
            users::remove(house, caller, path).await?;
        } else {
            let change = UserChange { enabled: Some(act == "enable"), ..UserChange::default() };
            users::change(house, caller, path, Body(change)).await?;
        }
    }
    Ok(())
}

async fn new(caller: Caller, asked: Asked) -> Shown {
    let address = match asked.get("domain") {
        "" => String::new(),
        domain => format!("@{domain}"),
    };
    let (name, quota, role, roles) = (String::new(), String::new(), "user".into(), roles_up_to(caller.role()));
    show(&NewPage { page: Page::new(&caller, text::say("new-user"), PATH), address, name, quota, role, roles })
}

async fn add(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let given = |name: &str| posted.get(name).trim().to_string();
    let outcome = match user_of(&posted) {
        Ok(new) => users::add(State(house), caller.clone(), Body(new)).await,
        Err(problem) => Err(problem),
    };
    match outcome {
        Ok(_) => Ok(back_with(PATH, Notice::done(text::say("address-is-added").with("address", given("address"))))),
        Err(problem) => {
            let page = Page::new(&caller, text::say("new-user"), PATH).refusing(&problem);
            let (address, name, quota, role) = (given("address"), given("name"), given("quota"), given("role"));
            show(&NewPage { page, address, name, quota, role, roles: roles_up_to(caller.role()) })
        }
    }
}

fn user_of(posted: &Posted) -> Result<NewUser, Problem> {
    Ok(NewUser {
        address: posted.get("address").trim().into(),
        name: posted.get("name").trim().into(),
        password: posted.get("password").into(),
        role: role_named(posted.get("role")).ok_or_else(|| Problem::invalid(text::say("choose-a-role")))?,
        quota_bytes: quota_of(posted.get("quota"))?,
        quota_messages: 0,
    })
}

/// A quota as a person writes it; nothing is without limit.
pub(super) fn quota_of(text: &str) -> Result<u64, Problem> {
    let wrong = || Problem::invalid(text::say("text-is-not-a-size-write").with("text", text));
    match text.trim() {
        "" => Ok(0),
        size => parse_size(size).ok_or_else(wrong),
    }
}
