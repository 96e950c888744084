//! `GET /metrics`: what runs and what has passed, in Prometheus' text format, for the addresses that the settings name
//! and for system administrators' tokens.

use std::collections::BTreeMap;
use std::fmt::Write;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use mailstead_core::work;
use mailstead_storage::{Meter, Traffic};

use crate::House;
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller};

/// Counters: what is counted, under which name, and what that is.
const COUNTERS: [(Meter, &str, &str); 11] = [
    (Meter::Received, "messages_received_total", "Messages accepted from other servers."),
    (Meter::ReceivedBytes, "received_bytes_total", "Bytes of messages accepted from other servers."),
    (Meter::Submitted, "messages_submitted_total", "Messages accepted from users."),
    (Meter::SubmittedBytes, "submitted_bytes_total", "Bytes of messages accepted from users."),
    (Meter::Refused, "refused_total", "Senders, recipients and messages that were refused."),
    (Meter::Spam, "messages_spam_total", "Messages accepted whose place is Junk."),
    (Meter::Delivered, "recipients_delivered_total", "Recipients here that have got a message."),
    (Meter::DeliveredMs, "delivered_milliseconds_total", "Milliseconds that recipients here waited for messages."),
    (Meter::Sent, "recipients_sent_total", "Recipients elsewhere whose server has taken a message."),
    (Meter::SentMs, "sent_milliseconds_total", "Milliseconds until other servers had taken messages."),
    (Meter::Failed, "recipients_failed_total", "Recipients that will never get a message."),
];

/// What is told beside the counters.
struct Standing {
    traffic: Traffic,
    spool: u64,
    room_bytes: u64,
    sessions: BTreeMap<&'static str, usize>,
    services: BTreeMap<&'static str, bool>,
    blocks: usize,
    users: usize,
}

pub(super) async fn show(State(house): State<House>, caller: Caller) -> Answer<Response> {
    let is_listed = caller.ip().is_some_and(|ip| house.web.metrics_from.contains(&ip));
    if !is_listed && caller.role() < Access::SystemAdmin {
        return Err(Problem::unauthenticated(
            "send a system administrator's token, or ask from an address of metrics_from",
        ));
    }
    let standing = work::read(move || look(&house)).await?;
    Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text(&standing)).into_response())
}

fn look(house: &House) -> Answer<Standing> {
    let services = house.services.list();
    let mut sessions: BTreeMap<_, _> = services.iter().map(|service| (service.name, 0)).collect();
    for session in house.sessions.list() {
        *sessions.entry(session.service).or_default() += 1;
    }
    Ok(Standing {
        traffic: house.store.traffic_total(),
        spool: house.store.spool_depth()?,
        room_bytes: house.store.disk_room_bytes(),
        sessions,
        services: services.iter().map(|service| (service.name, service.active)).collect(),
        blocks: house.guard.current_blocks().len(),
        users: house.store.directory().accounts.len(),
    })
}

fn text(standing: &Standing) -> String {
    let mut text = String::new();
    for (meter, name, about) in COUNTERS {
        metric(&mut text, name, "counter", about, [(String::new(), standing.traffic.get(meter))]);
    }
    let one = |value: u64| [(String::new(), value)];
    metric(&mut text, "spool_messages", "gauge", "Messages that wait for delivery.", one(standing.spool));
    metric(&mut text, "disk_room_bytes", "gauge", "Bytes that may still be written.", one(standing.room_bytes));
    metric(&mut text, "blocked_addresses", "gauge", "Addresses that are blocked now.", one(standing.blocks as u64));
    metric(&mut text, "users", "gauge", "Users of this box.", one(standing.users as u64));
    let of = |service: &str| format!("{{service=\"{service}\"}}");
    let sessions = standing.sessions.iter().map(|(service, count)| (of(service), *count as u64));
    metric(&mut text, "sessions", "gauge", "Connections that are open, by service.", sessions);
    let services = standing.services.iter().map(|(service, active)| (of(service), u64::from(*active)));
    metric(&mut text, "service_active", "gauge", "Does a service run?", services);
    text
}

fn metric(text: &mut String, name: &str, kind: &str, about: &str, values: impl IntoIterator<Item = (String, u64)>) {
    // Writing to a text does not fail.
    let _ = writeln!(text, "# HELP mailstead_{name} {about}\n# TYPE mailstead_{name} {kind}");
    for (labels, value) in values {
        let _ = writeln!(text, "mailstead_{name}{labels} {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_that_of_prometheus() {
        let mut traffic = Traffic::default();
        traffic.add(Meter::Received, 3);
        let standing = Standing {
            traffic,
            spool: 2,
            room_bytes: 5,
            sessions: [("imap", 7)].into(),
            services: [("imap", true), ("pop3", false)].into(),
            blocks: 1,
            users: 4,
        };
        let text = text(&standing);
        for line in [
            "# TYPE mailstead_messages_received_total counter",
            "mailstead_messages_received_total 3",
            "mailstead_spool_messages 2",
            "mailstead_sessions{service=\"imap\"} 7",
            "mailstead_service_active{service=\"pop3\"} 0",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} not in {text}");
        }
    }
}
