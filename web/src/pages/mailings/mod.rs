//! Mass messaging: an email or a short reminder to many users, with a preview, and how far the latest have come.

use askama::Template;
use axum::extract::State;
use axum::routing::get;

use crate::House;
use crate::api::extract::Body;
use crate::api::mailings::{self, Audience, FROM, MailingPreview, MailingRow, NewMailing};
use crate::api::{Answer, Problem};
use crate::door::{Access, Caller, Route};
use crate::frame::{Asked, Notice, Page, Posted, Shown, Told, back_with, show};
use crate::text;
use crate::texts::Key;

const PATH: &str = "/messages";

/// Who may be written to, with what a person calls them.
const AUDIENCES: [(&str, Key, Audience); 4] = [
    ("all-users", Key("all-users-title"), Audience::AllUsers),
    ("domain", Key("all-users-of-a-domain"), Audience::Domain),
    ("domain-administrators", Key("all-domain-administrators"), Audience::DomainAdministrators),
    ("user", Key("a-specific-user"), Audience::User),
];

pub(crate) fn routes() -> Vec<Route> {
    vec![Route::page(Access::SystemAdmin, PATH, get(write).post(act))]
}

#[derive(Template)]
#[template(path = "pages/mailings/write.html")]
struct WritePage {
    page: Page,
    is_reminder: bool,
    new: NewMailing,
    domains: Vec<String>,
    preview: Option<MailingPreview>,
    mailings: Vec<MailingRow>,
}

async fn write(State(house): State<House>, caller: Caller, asked: Asked, told: Told) -> Shown {
    let is_reminder = asked.get("kind") == "reminder";
    let new = NewMailing { from: FROM.into(), ..NewMailing::default() };
    let page = Page::new(&caller, text::say("mass-messaging"), PATH).telling(told);
    show(&written(&house, page, is_reminder, new, None).await?)
}

async fn written(
    house: &House,
    page: Page,
    is_reminder: bool,
    new: NewMailing,
    preview: Option<MailingPreview>,
) -> Answer<WritePage> {
    let mailings = mailings::all(house).await?;
    let mut domains: Vec<String> = house.store.directory().domains.keys().cloned().collect();
    domains.sort_unstable();
    Ok(WritePage { page, is_reminder, new, domains, preview, mailings })
}

async fn act(State(house): State<House>, caller: Caller, posted: Posted) -> Shown {
    let is_reminder = posted.get("kind") == "reminder";
    if posted.act() == "cancel" {
        return cancel(&house, &caller, posted.get("mailing")).await;
    }
    let checked = mailings::preview(&house, &caller, said(&posted));
    let page = Page::new(&caller, text::say("mass-messaging"), PATH);
    let sending = posted.act() == "send";
    match checked {
        Ok(_) if sending => {
            let sent = mailings::send(State(house), caller, Body(said(&posted))).await;
            let done = |count: usize| {
                Notice::done(text::say("the-message-goes-to-users").with("users", text::count(count, "user")))
            };
            Ok(back_with(PATH, Notice::of(sent, |(_, begun)| done(begun.0.total))))
        }
        Ok(preview) => show(&written(&house, page, is_reminder, said(&posted), Some(preview)).await?),
        Err(problem) => refused(&house, page, is_reminder, &posted, &problem).await,
    }
}

async fn refused(house: &House, page: Page, is_reminder: bool, posted: &Posted, problem: &Problem) -> Shown {
    show(&written(house, page.refusing(problem), is_reminder, said(posted), None).await?)
}

async fn cancel(house: &House, caller: &Caller, mailing: &str) -> Shown {
    let unknown = |_| Problem::invalid(text::say("choose-the-message-to-cancel"));
    let stopped = match mailing.parse().map_err(unknown) {
        Ok(id) => mailings::stop(house, caller, id).await,
        Err(problem) => Err(problem),
    };
    let told = text::say("the-message-is-cancelled-what-was");
    Ok(back_with(PATH, Notice::of(stopped, |()| Notice::done(told))))
}

/// What the form says.
fn said(posted: &Posted) -> NewMailing {
    let to = AUDIENCES.iter().find(|(name, ..)| *name == posted.get("to"));
    let to = to.map_or(Audience::AllUsers, |(.., audience)| *audience);
    let of = match to {
        Audience::Domain => posted.get("domain"),
        Audience::User => posted.get("user"),
        _ => "",
    };
    NewMailing {
        to,
        of: of.into(),
        from: posted.get("from").into(),
        to_name: posted.get("to_name").into(),
        subject: posted.get("subject").into(),
        text: posted.get("text").into(),
        html: posted.has("html"),
    }
}

impl MailingPreview {
    /// To whom, in a line that names a few.
    fn to(&self) -> String {
        let said = match self.total - self.first.len() {
            0 => text::say("users-first"),
            others => text::say("users-first-and-others").with("others", text::count(others, "more")),
        };
        said.with("users", text::count(self.total, "user")).with("first", self.first.join(", ")).into()
    }
}

impl WritePage {
    /// The audiences, each with whether it is chosen.
    fn audiences(&self) -> Vec<(&'static str, Key, bool)> {
        AUDIENCES.map(|(name, label, audience)| (name, label, audience == self.new.to)).to_vec()
    }

    fn user(&self) -> &str {
        if self.new.to == Audience::User { &self.new.of } else { "" }
    }

    fn is_chosen(&self, domain: &str) -> bool {
        self.new.to == Audience::Domain && self.new.of == domain
    }
}

impl MailingRow {
    fn share(&self) -> String {
        text::say("some-of-all").number("rows", self.delivered).number("all", self.total).into()
    }

    fn told_queued(&self) -> String {
        text::number(self.queued)
    }

    fn told_failed(&self) -> String {
        text::number(self.failed)
    }

    fn ended(&self) -> u64 {
        self.delivered + self.failed + self.removed
    }

    /// May it still be stopped?
    fn is_sending(&self) -> bool {
        self.state == "sending"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preview_names_a_few() {
        let preview = |total: usize| MailingPreview {
            from: "x".into(),
            audience: "all".into(),
            total,
            first: (0..total.min(2)).map(|n| format!("u{n}@a.test")).collect(),
            subject: "s".into(),
            text: "t".into(),
        };
        assert_eq!(preview(1).to(), "1 user: u0@a.test");
        assert_eq!(preview(4).to(), "4 users: u0@a.test, u1@a.test and 2 more");
    }
}
