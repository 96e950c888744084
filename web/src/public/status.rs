//! The status page: what this box is, what runs, and what a mail client has to enter.

use std::net::SocketAddr;

use askama::Template;
use axum::extract::State;
use axum::response::Html;
use mailstead_core::service::ServiceRow;
use mailstead_core::work;

use crate::House;
use crate::api::Problem;
use crate::text;
use crate::texts::Key;

#[derive(Template)]
#[template(path = "public/status.html")]
struct Page {
    hostname: String,
    version: &'static str,
    services: Vec<Row>,
    clients: Vec<ClientRow>,
}

/// A service as the page shows it.
struct Row {
    name: &'static str,
    about: String,
    active: bool,
    ports: String,
}

/// One way for a mail client to connect.
struct ClientRow {
    job: Key,
    protocol: &'static str,
    ports: String,
    encryption: &'static str,
}

/// What mail clients call the services they can use: service, job, protocol, encryption.
const CLIENT_SERVICES: [(&str, Key, &str, &str); 7] = [
    ("imaps", Key("read-mail"), "IMAP", "TLS"),
    ("imap", Key("read-mail"), "IMAP", "STARTTLS"),
    ("pop3s", Key("fetch-mail"), "POP3", "TLS"),
    ("pop3", Key("fetch-mail"), "POP3", "STARTTLS"),
    ("submissions", Key("send-mail"), "SMTP", "TLS"),
    ("submission", Key("send-mail"), "SMTP", "STARTTLS"),
    ("sieve", Key("edit-mail-rules"), "ManageSieve", "STARTTLS"),
];

/// `GET /`
pub(super) async fn page(State(house): State<House>) -> Result<Html<String>, Problem> {
    let hostname = house.hostname.to_string();
    let rows = work::read(move || house.services.list()).await;
    let clients = CLIENT_SERVICES.iter().filter_map(|service| client_row(&rows, service)).collect();
    let page = Page {
        hostname,
        version: env!("CARGO_PKG_VERSION"),
        clients,
        services: rows.into_iter().map(Row::from).collect(),
    };
    page.render().map(Html).map_err(|error| Problem::failed(error.to_string()))
}

fn client_row(rows: &[ServiceRow], service: &(&str, Key, &'static str, &'static str)) -> Option<ClientRow> {
    let (name, job, protocol, encryption) = *service;
    let row = rows.iter().find(|row| row.name == name && row.active)?;
    Some(ClientRow { job, protocol, ports: ports(&row.listening), encryption })
}

impl From<ServiceRow> for Row {
    fn from(row: ServiceRow) -> Row {
        Row {
            name: row.name,
            about: text::service_about(row.name, row.description),
            active: row.active,
            ports: ports(&row.listening),
        }
    }
}

fn ports(listening: &[SocketAddr]) -> String {
    let mut ports: Vec<_> = listening.iter().map(SocketAddr::port).collect();
    ports.sort_unstable();
    ports.dedup();
    ports.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
