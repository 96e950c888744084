//! One message of the spool: its recipients, its text. And those that can be put back.

use askama::Template;
use axum::extract::State;

use super::PATH;
use crate::House;
use crate::api::extract::Path;
use crate::api::spool::acts::{self, DeletedRow};
use crate::api::spool::{self, RecipientRow, SpoolMessage};
use crate::door::Caller;
use crate::frame::{Page, Shown, Told, show};
use crate::text;

/// Bytes of a message's text that a page shows; the whole of it is a file.
const TEXT_BYTES_MAX: usize = 256 * 1024;

#[derive(Template)]
#[template(path = "pages/spool/message.html")]
struct MessagePage {
    page: Page,
    message: SpoolMessage,
}

#[derive(Template)]
#[template(path = "pages/spool/text.html")]
struct TextPage {
    page: Page,
    id: String,
    content: String,
    is_whole: bool,
}

#[derive(Template)]
#[template(path = "pages/spool/deleted.html")]
struct DeletedPage {
    page: Page,
    rows: Vec<DeletedRow>,
}

/// `GET /spool/{id}`
pub(super) async fn message(State(house): State<House>, caller: Caller, told: Told, Path(id): Path<String>) -> Shown {
    let page = Page::new(&caller, text::say("message-with-id").with("id", &id), PATH).telling(told);
    let message = spool::show(State(house), caller, Path(id)).await?.0;
    show(&MessagePage { page, message })
}

/// `GET /spool/{id}/text`
pub(super) async fn message_text(State(house): State<House>, caller: Caller, Path(id): Path<String>) -> Shown {
    let (content, is_whole) = spool::text::beginning(&house, &caller, &id, TEXT_BYTES_MAX).await?;
    let page = Page::new(&caller, text::say("text-of-message-id").with("id", &id), PATH);
    show(&TextPage { page, id, content, is_whole })
}

/// `GET /spool/deleted`
pub(super) async fn deleted(State(house): State<House>, caller: Caller, told: Told) -> Shown {
    let page = Page::new(&caller, text::say("deleted-from-the-spool"), PATH).telling(told);
    let rows = acts::deleted(State(house), caller).await?.0.messages;
    show(&DeletedPage { page, rows })
}

impl RecipientRow {
    /// Is it still to go to another address than its own?
    fn leads_elsewhere(&self) -> bool {
        self.remaining.iter().any(|address| *address != self.address)
    }

    /// Its state's colour.
    fn colour(&self) -> &'static str {
        match self.state.as_str() {
            "delivered" => "good",
            "failed" => "bad",
            _ => "",
        }
    }
}
