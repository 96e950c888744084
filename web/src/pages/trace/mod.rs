//! Message trace: where is this mail?

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::logs::LogLine;
use crate::api::trace::{self, TraceQuery, Traced, Traces};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Page, Shown, show};
use crate::text;

const PATH: &str = "/trace";

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::DomainAdmin, PATH, get(page))]
}

#[derive(Template)]
#[template(path = "pages/trace/trace.html")]
struct TracePage {
    page: Page,
    asked: Asked,
    /// Nothing before anything was asked for.
    found: Option<Traces>,
    sees_logs: bool,
}

async fn page(State(house): State<House>, caller: Caller, asked: Asked) -> Shown {
    let given = |name: &str| Some(asked.get(name).trim().to_owned()).filter(|text| !text.is_empty());
    let query = TraceQuery {
        sender: given("sender"),
        recipient: given("recipient"),
        subject: given("subject"),
        message_id: given("message_id"),
        first: given("first"),
        last: given("last"),
        limit: None,
    };
    let page = Page::new(&caller, text::say("message-trace"), PATH);
    let is_asked =
        [&query.sender, &query.recipient, &query.subject, &query.message_id].iter().any(|clue| clue.is_some());
    let (page, found) = match is_asked {
        false => (page, None),
        true => match trace::find(&house, &caller, query).await {
            Ok(found) => (page, Some(found)),
            Err(problem) => (page.refusing(&problem), None),
        },
    };
    show(&TracePage { page, asked, found, sees_logs: caller.role() == Access::SystemAdmin })
}

impl Traced {
    /// The colour of its standing.
    fn colour(&self) -> &'static str {
        match self.standing.as_str() {
            "delivered" => "good",
            "failed" | "refused" => "bad",
            "waiting" => "warn",
            _ => "",
        }
    }

    fn size(&self) -> Option<String> {
        self.size_bytes.map(text::bytes)
    }

    /// Does this particular name another message?
    fn leads_on(name: &str) -> bool {
        matches!(name, "as" | "about")
    }

    /// What happened, without what the heading says already.
    fn told(event: &LogLine) -> Vec<(&str, String)> {
        let known = ["subject", "message_id", "from", "sender"];
        event.parts().into_iter().filter(|(name, _)| !known.contains(name)).collect()
    }
}
