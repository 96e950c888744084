//! News that come by themselves: one stream of server-sent events for each open page. It says only that something has
//! changed; the script then looks at the page again, so that there is one way to show a thing.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use mailstead_core::service::Stop;

use super::Asked;
use crate::House;
use crate::door::Caller;

/// Where the stream is: `/frame/news?topics=spool+sessions`.
pub(super) const PATH: &str = "/frame/news";

/// A header of the script's requests that only look again.
pub(super) const LOOK_HEADER: &str = "x-look";

/// How often it is looked whether there is news.
const PERIOD: Duration = Duration::from_secs(1);

/// After so many looks without news something is said, so that a connection nobody reads any more is noticed.
const QUIET_LOOKS_MAX: u32 = 20;

/// Messages that may wait for a slow reader.
const WAITING_MAX: usize = 4;

/// What an element with `data-live` waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Messages in the spool.
    Spool,
    /// Connections and who is logged in.
    Sessions,
    /// Services that start and stop.
    Services,
    /// Exports of the archive.
    Archive,
    /// Five seconds have gone by: for figures that always change.
    Clock,
}

/// All topics, as `data-live` calls them.
const TOPICS: [(&str, Topic); 5] = [
    ("spool", Topic::Spool),
    ("sessions", Topic::Sessions),
    ("services", Topic::Services),
    ("archive", Topic::Archive),
    ("clock", Topic::Clock),
];

/// Seconds between two news of the clock.
const CLOCK_SECONDS: u64 = 5;

impl Topic {
    /// A number that is another one once there is news. Costs next to nothing.
    fn pulse(self, house: &House) -> u64 {
        match self {
            Topic::Spool => house.store.spool_changes(),
            Topic::Sessions => house.sessions.changes(),
            Topic::Services => house.services.changes(),
            Topic::Archive => house.archive_exports.changes(),
            Topic::Clock => house.clock.now().seconds() / CLOCK_SECONDS,
        }
    }
}

/// `GET /frame/news`
pub(super) async fn news(
    State(house): State<House>,
    Extension(stop): Extension<Stop>,
    _: Caller,
    asked: Asked,
) -> Response {
    let wanted = asked.get("topics").split_whitespace().map(str::to_string).collect::<Vec<_>>();
    let topics = TOPICS.iter().filter(|(name, _)| wanted.iter().any(|wanted| wanted == name));
    let (sender, response) = stream();
    tokio::spawn(tell(house, topics.copied().collect(), stop, sender));
    response
}

/// A stream of server-sent events, and where its pieces are written to; it ends when that is dropped.
pub(crate) fn stream() -> (Sender<Bytes, Infallible>, Response) {
    let (sender, channel) = Channel::new(WAITING_MAX);
    (sender, ([(CONTENT_TYPE, "text/event-stream")], Body::new(channel)).into_response())
}

/// A piece of an event stream: a line of HTML for an element with `data-tail`.
pub(crate) fn piece(html: &str) -> Bytes {
    let lines: String = html.lines().map(|line| format!("data: {line}\n")).collect();
    format!("{lines}\n").into()
}

async fn tell(house: House, topics: Vec<(&'static str, Topic)>, mut stop: Stop, mut sender: Sender<Bytes, Infallible>) {
    let mut seen: Vec<u64> = topics.iter().map(|(_, topic)| topic.pulse(&house)).collect();
    let mut quiet = 0;
    // At once, so that the browser knows that the stream is there.
    let mut text = String::from(": news\n\n");
    loop {
        if !text.is_empty() && sender.send_data(Bytes::from(std::mem::take(&mut text))).await.is_err() {
            return;
        }
        if tokio::time::timeout(PERIOD, stop.asked()).await.is_ok() {
            return;
        }
        for ((name, topic), seen) in topics.iter().zip(&mut seen) {
            let pulse = topic.pulse(&house);
            if std::mem::replace(seen, pulse) != pulse {
                text.push_str(&format!("event: {name}\ndata:\n\n"));
            }
        }
        quiet = if text.is_empty() { quiet + 1 } else { 0 };
        if quiet == QUIET_LOOKS_MAX {
            text.push_str(":\n\n");
            quiet = 0;
        }
    }
}
