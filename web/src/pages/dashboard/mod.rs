//! The dashboard: how the box is, at a glance, and what to do about it.

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::dashboard::{self, Dashboard, TrafficRow};
use crate::door::{Access, Caller, Route};
use crate::frame::chart::Chart;
use crate::frame::{Page, Shown, Told, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/dashboard";

/// A certificate that lasts for longer is one that the box has made itself: no authority signs for so many days.
const FOR_GOOD_DAYS: u64 = 10_000;

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(dashboard))]
}

#[derive(Template)]
#[template(path = "pages/dashboard/dashboard.html")]
struct DashboardPage {
    page: Page,
    box_now: Dashboard,
    mail: Chart,
    delay: Chart,
    day: Day,
    sessions: usize,
    certificate_days: Option<u64>,
}

/// The sums of a day.
struct Day {
    received: u64,
    submitted: u64,
    refused: u64,
    spam: u64,
    sent: u64,
    failed: u64,
    bytes: u64,
}

async fn dashboard(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let now = house.clock.now();
    let box_now = dashboard::show(State(house)).await?.0;
    let hours = &box_now.hours;
    let values = |value: fn(&TrafficRow) -> u64| hours.iter().map(value).collect::<Vec<u64>>();
    let moments = || hours.iter().map(|hour| hour.from.clone()).collect();
    let mail = Chart::new("mail", text::say("mail-per-hour"), moments(), text::number)
        .with(Key("in"), values(|hour| hour.received))
        .with(Key("from-users"), values(|hour| hour.submitted))
        .with(Key("refused-title"), values(|hour| hour.refused));
    let delay = Chart::new("delay", text::say("delivery-delay-on-average"), moments(), text::milliseconds)
        .with_lines()
        .with(Key("to-mailboxes-here"), values(|hour| hour.delivered_ms))
        .with(Key("to-other-servers"), values(|hour| hour.sent_ms));
    let sum = |value: fn(&TrafficRow) -> u64| hours.iter().map(value).sum::<u64>();
    let day = Day {
        received: sum(|hour| hour.received),
        submitted: sum(|hour| hour.submitted),
        refused: sum(|hour| hour.refused),
        spam: sum(|hour| hour.spam),
        sent: sum(|hour| hour.sent),
        failed: sum(|hour| hour.failed),
        bytes: sum(|hour| hour.received_bytes + hour.submitted_bytes),
    };
    let sessions = box_now.sessions.values().sum();
    let certificate_days = box_now.certificate.as_ref().and_then(|certificate| certificate.days_left(now));
    let page = Page::new(&caller, text::say("dashboard"), PATH).telling(told);
    show(&DashboardPage { page, mail, delay, day, sessions, certificate_days, box_now })
}

impl Dashboard {
    fn disk_used_percent(&self) -> u64 {
        let used = self.disk.size_bytes.saturating_sub(self.disk.free_bytes);
        (used * 100).checked_div(self.disk.size_bytes).unwrap_or_default()
    }

    fn cpu(&self) -> String {
        self.cpu_percent.map_or_else(|| "–".into(), |percent| format!("{percent:.0} %"))
    }

    fn memory(&self) -> String {
        self.memory_bytes.map_or_else(|| "–".into(), text::bytes)
    }
}
