//! Current connections: all that are open, by protocol or by address, with the buttons that drop them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use mailstead_core::guard::Protocol;
use mailstead_core::people::sessions::SessionRow as Session;
use mailstead_core::work;
use mailstead_storage::NetworkList;

use crate::House;
use crate::api::Problem;
use crate::api::activity::online::protocol;
use crate::api::extract::Path;
use crate::api::guard::lists::{self, NewEntry};
use crate::api::sessions::{self, SessionRow};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Column, Listing, Notice, Page, Posted, Shown, Told, back_with, list as lists_of, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/connections";

const COLUMNS: &[Column] = &[
    Column::sorted("user", Key("user")),
    Column::sorted("address", Key("address")),
    Column::sorted("service", Key("service")),
    Column::plain(Key("tls")),
    Column::plain(Key("state")),
    Column::sorted("since", Key("since")),
    Column::plain(Key("number")),
];

const ADDRESS_COLUMNS: &[Column] = &[
    Column::sorted("address", Key("address")),
    Column::number("count", Key("connections")),
    Column::plain(Key("services")),
    Column::plain(Key("users")),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(list).post(act))]
}

#[derive(Template)]
#[template(path = "pages/connections/list.html")]
struct ListPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    sessions: Vec<SessionRow>,
}

#[derive(Template)]
#[template(path = "pages/connections/addresses.html")]
struct AddressesPage {
    page: Page,
    views: Vec<View>,
    list: Listing,
    addresses: Vec<AddressRow>,
}

/// One of the ways to look at the list.
pub(crate) struct View {
    pub(crate) label: String,
    pub(crate) link: String,
    pub(crate) current: bool,
}

/// All connections from one address.
struct AddressRow {
    address: IpAddr,
    count: usize,
    services: BTreeSet<&'static str>,
    users: BTreeSet<Arc<str>>,
}

async fn list(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let page = Page::new(&caller, text::say("current-connections"), PATH).telling(told);
    let found = work::compute(move || found(&house, &caller, asked)).await?;
    match found {
        Found::Sessions(sessions, list, _) if list.asked().wants_csv() => csv(&sessions),
        Found::Sessions(sessions, list, views) => show(&ListPage { page, views, list, sessions }),
        Found::Addresses(addresses, list, _) if list.asked().wants_csv() => csv_of_addresses(&addresses),
        Found::Addresses(addresses, list, views) => show(&AddressesPage { page, views, list, addresses }),
    }
}

/// The rows of the page that is asked for.
enum Found {
    Sessions(Vec<SessionRow>, Listing, Vec<View>),
    Addresses(Vec<AddressRow>, Listing, Vec<View>),
}

fn found(house: &House, caller: &Caller, asked: Asked) -> Result<Found, Problem> {
    let mut sessions = sessions::seen(house, caller)?;
    let views = views(&asked, &sessions);
    let view = asked.get("view");
    let is_searched = !asked.search().is_empty();
    sessions.retain(|session| {
        let user = session.user.as_deref().unwrap_or("anonymous");
        (matches!(view, "" | "addresses") || protocol(session.service) == view)
            && (!is_searched || asked.matches(&[user, &session.peer.to_string(), session.service, session.state]))
    });
    if view == "addresses" {
        let (addresses, list) = by_address(asked, &sessions);
        return Ok(Found::Addresses(addresses, list, views));
    }
    let (sessions, list) = asked.pick(sessions, COLUMNS, "-since", |key, a, b| {
        let order = match key {
            "user" => a.user.cmp(&b.user),
            "address" => ip(a).cmp(&ip(b)),
            "service" => a.service.cmp(b.service),
            _ => a.since.cmp(&b.since),
        };
        order.then_with(|| a.id.cmp(&b.id))
    });
    Ok(Found::Sessions(sessions.into_iter().map(SessionRow::from).collect(), list, views))
}

fn by_address(asked: Asked, sessions: &[Session]) -> (Vec<AddressRow>, Listing) {
    let mut addresses: BTreeMap<IpAddr, AddressRow> = BTreeMap::new();
    for session in sessions {
        let address = ip(session);
        let row = addresses.entry(address).or_insert_with(|| AddressRow {
            address,
            count: 0,
            services: BTreeSet::new(),
            users: BTreeSet::new(),
        });
        row.count += 1;
        row.services.insert(session.service);
        row.users.extend(session.user.clone());
    }
    asked.pick(addresses.into_values().collect(), ADDRESS_COLUMNS, "-count", |key, a, b| match key {
        "address" => a.address.cmp(&b.address),
        _ => (a.count, a.address).cmp(&(b.count, b.address)),
    })
}

fn csv_of_addresses(addresses: &[AddressRow]) -> Shown {
    let row = |row: &AddressRow| vec![row.address.to_string(), row.count.to_string(), row.services(), row.users()];
    Ok(lists_of::csv("addresses", &["address", "connections", "services", "users"], addresses.iter().map(row))?)
}

impl AddressRow {
    fn services(&self) -> String {
        self.services.iter().copied().collect::<Vec<_>>().join(", ")
    }

    fn users(&self) -> String {
        match self.users.is_empty() {
            true => "anonymous".into(),
            false => self.users.iter().map(|user| &**user).collect::<Vec<_>>().join(", "),
        }
    }

    fn told_count(&self) -> String {
        text::number(self.count)
    }
}

fn views(asked: &Asked, sessions: &[Session]) -> Vec<View> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    sessions.iter().for_each(|session| *counts.entry(protocol(session.service)).or_default() += 1);
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    let view = |name: &str, label: String, count: usize| View {
        label: format!("{label} {}", text::number(count)),
        link: asked.with("view", name),
        current: asked.get("view") == name,
    };
    let mut views = vec![view("", text::say("all").into(), sessions.len())];
    views.extend(Protocol::ALL.map(|protocol| view(protocol.name(), protocol.title().into(), count(protocol.name()))));
    let is_current = asked.get("view") == "addresses";
    views.push(View {
        label: text::say("by-address").into(),
        link: asked.with("view", "addresses"),
        current: is_current,
    });
    views
}

/// The client's address without its port.
fn ip(session: &Session) -> IpAddr {
    session.peer.ip().to_canonical()
}

fn csv(sessions: &[SessionRow]) -> Shown {
    let row = |session: &SessionRow| {
        vec![
            session.user.clone().unwrap_or_else(|| "anonymous".into()),
            session.peer.clone(),
            session.service.clone(),
            session.local.clone(),
            session.tls.clone().unwrap_or_default(),
            session.since.clone(),
            session.state.clone(),
            session.id.clone(),
        ]
    };
    let headings = ["user", "address", "service", "port", "TLS", "since", "state", "number"];
    Ok(lists_of::csv("connections", &headings, sessions.iter().map(row))?)
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let notice = match done(&house, &caller, &posted).await {
        Ok(text) => Notice::done(text),
        Err(problem) => Notice::failed(problem.message),
    };
    back_with(posted.back(PATH), notice)
}

async fn done(house: &House, caller: &Caller, posted: &Posted) -> Result<String, Problem> {
    let ids = posted.ids()?;
    match posted.act() {
        "drop" => drop_sessions(house, caller, &ids).await,
        "drop-addresses" => drop_addresses(house, caller, &ids).await,
        "blacklist" => {
            let rows = sessions::seen(house, caller)?;
            let chosen = rows.iter().filter(|session| ids.contains(&session.id.to_string()));
            let chosen = chosen.map(|session| ip(session).to_string()).collect();
            blacklist(house, caller, chosen).await
        }
        "blacklist-addresses" => blacklist(house, caller, ids.into_iter().collect()).await,
        _ => Err(Problem::invalid(text::say("there-is-no-such-action"))),
    }
}

async fn drop_sessions(house: &House, caller: &Caller, ids: &[String]) -> Result<String, Problem> {
    let mut count = 0;
    for id in ids {
        // One that has ended by itself meanwhile is what was wanted.
        if sessions::end(State(house.clone()), caller.clone(), Path(id.clone())).await.is_ok() {
            count += 1;
        }
    }
    Ok(text::say("connections-dropped").with("connections", text::count(count, "connection")).into())
}

async fn drop_addresses(house: &House, caller: &Caller, addresses: &[String]) -> Result<String, Problem> {
    let rows = sessions::seen(house, caller)?;
    let theirs = rows.iter().filter(|session| addresses.contains(&ip(session).to_string()));
    let ids: Vec<String> = theirs.map(|session| session.id.to_string()).collect();
    drop_sessions(house, caller, &ids).await
}

async fn blacklist(house: &House, caller: &Caller, addresses: BTreeSet<String>) -> Result<String, Problem> {
    for network in &addresses {
        let entry =
            NewEntry { network: network.clone(), note: text::say("from-current-connections").into(), until: None };
        lists::put(house, caller, NetworkList::Blacklist, &entry).await?;
    }
    let addresses = text::count(addresses.len(), "address");
    Ok(text::say("networks-blacklisted-and-the-connections-from").with("networks", addresses).into())
}
