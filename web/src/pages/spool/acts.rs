//! What the buttons of the spool do.

use axum::extract::State;
use axum::response::Response;
use mailstead_storage::Priority;

use super::PATH;
use crate::House;
use crate::api::Problem;
use crate::api::extract::Body;
use crate::api::spool::acts::{self, MessageIds, NewPriority, Reset};
use crate::door::Caller;
use crate::frame::{Notice, Page, Posted, Shown, back_with, form};
use crate::text;

/// `POST /spool`: `act` says what to do with the chosen messages.
pub(super) async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    if posted.act() == "reset-all" && !posted.is_sure() {
        let question = text::say("the-delivery-of-every-message-starts");
        let page = Page::new(&caller, text::say("reset-retries-of-all-messages"), PATH);
        return form::confirm(page, &posted, PATH, question, text::say("reset-retries-of-all-messages"));
    }
    let outcome = done(house, caller, &posted).await;
    Ok(back_with(posted.back(PATH), Notice::of(outcome, |notice| notice)))
}

async fn done(house: House, caller: Caller, posted: &Posted) -> Result<Notice, Problem> {
    let house = State(house);
    let messages = |count: usize| text::count(count, "message");
    if posted.act() == "reset-all" {
        let count = acts::reset(house, caller, Body(Reset { ids: Vec::new(), all: true })).await?.count;
        return Ok(Notice::done(text::say("retries-of-messages-reset").with("messages", messages(count))));
    }
    let ids = posted.ids()?;
    match posted.act() {
        "force" => {
            let count = acts::force(house, caller, Body(MessageIds { ids })).await?.count;
            Ok(Notice::done(text::say("messages-forced-the-next-attempt-is").with("messages", messages(count))))
        }
        "reset" => {
            let count = acts::reset(house, caller, Body(Reset { ids, all: false })).await?.count;
            Ok(Notice::done(text::say("retries-of-messages-reset").with("messages", messages(count))))
        }
        "delete" => {
            let count = acts::delete(house, caller, Body(MessageIds { ids: ids.clone() })).await?.count;
            let notice =
                Notice::done(text::say("messages-deleted-for-ten-minutes-this").with("messages", messages(count)));
            Ok(notice.undone_by("/spool/undo", ids))
        }
        named => {
            let priority = priority(named)?;
            let count = acts::set_priority(house, caller, Body(NewPriority { ids, priority })).await?.count;
            Ok(Notice::done(
                text::say("messages-set-to-priority-priority")
                    .with("messages", messages(count))
                    .with("priority", named),
            ))
        }
    }
}

fn priority(named: &str) -> Result<Priority, Problem> {
    match named {
        "high" => Ok(Priority::High),
        "normal" => Ok(Priority::Normal),
        "low" => Ok(Priority::Low),
        _ => Err(Problem::invalid(text::say("act-cannot-be-done-with-messages").with("act", named))),
    }
}

/// `POST /spool/undo`
pub(super) async fn undo(State(house): State<House>, caller: Caller, posted: Posted) -> Response {
    let outcome = match posted.ids() {
        Ok(ids) => acts::undo(State(house), caller, Body(MessageIds { ids })).await,
        Err(problem) => Err(problem),
    };
    let notice = Notice::of(outcome, |counted| match counted.count {
        0 => Notice::failed(text::say("nothing-could-be-put-back-ten")),
        count => {
            Notice::done(text::say("messages-put-back-into-the-spool").with("messages", text::count(count, "message")))
        }
    });
    back_with(posted.back(PATH), notice)
}
