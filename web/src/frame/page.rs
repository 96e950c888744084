//! A page, and how it is answered with.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};

use super::menu::{self, MenuGroup};
use super::{Notice, Told, assets};
use crate::api::Problem;
use crate::door::Caller;
use crate::text;
use crate::texts::Key;

/// What a page's handler returns.
pub(crate) type Shown = Result<Response, Failure>;

/// What the layout needs to know of a page.
pub(crate) struct Page {
    /// Its name, in the window's title and as its heading.
    pub(crate) title: String,
    /// What the caller may use.
    pub(crate) menu: Vec<MenuGroup>,
    /// Who looks at it.
    pub(crate) who: String,
    /// What came of the last act.
    pub(crate) notice: Option<Notice>,
    /// Where the style sheet is.
    pub(crate) style: &'static str,
    /// Where the script is.
    pub(crate) script: &'static str,
    /// The product's version.
    pub(crate) version: &'static str,
}

impl Page {
    /// A page for this caller. `section` is the path of the menu's entry to which it belongs.
    pub(crate) fn new(caller: &Caller, title: impl Into<String>, section: &str) -> Page {
        Page {
            title: title.into(),
            menu: menu::of(caller, section),
            who: caller.name().to_string(),
            notice: None,
            style: assets::style(),
            script: assets::script(),
            version: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The same page, telling what came of the last act.
    pub(crate) fn telling(self, told: Told) -> Page {
        Page { notice: told.0, ..self }
    }

    /// The same page, telling what is wrong with what was sent.
    pub(crate) fn refusing(self, problem: &Problem) -> Page {
        Page { notice: Some(Notice::failed(problem.message.clone())), ..self }
    }
}

/// What the layout needs to know of a page that stands alone, without a menu: for those who have not signed in, and for
/// failures. Its template extends `frame/alone.html`.
pub(crate) struct StandAlone {
    /// Its name, in the window's title and as its heading.
    pub(crate) title: Key,
    /// Where the style sheet is.
    pub(crate) style: &'static str,
}

impl StandAlone {
    /// A page with this name.
    pub(crate) fn new(title: Key) -> StandAlone {
        StandAlone { title, style: assets::style() }
    }
}

/// Answers with a page.
///
/// # Errors
/// When the template fails, which none of ours does.
pub(crate) fn show(page: &impl Template) -> Shown {
    let html = page.render().map_err(|error| Problem::failed(error.to_string()))?;
    Ok(Html(html).into_response())
}

/// A page that could not be made, told to a person.
pub(crate) struct Failure(Problem);

#[derive(Template)]
#[template(path = "frame/failure.html")]
struct FailurePage<'a> {
    frame: StandAlone,
    message: &'a str,
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Failure {
        Failure(problem)
    }
}

impl From<mailstead_storage::Error> for Failure {
    fn from(error: mailstead_storage::Error) -> Failure {
        Failure(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Problem { status, message, .. } = &self.0;
        let heading = match *status {
            StatusCode::NOT_FOUND => Key("there-is-nothing-here"),
            StatusCode::FORBIDDEN => Key("this-is-not-yours-to-see"),
            status if status.is_server_error() => Key("that-did-not-work"),
            _ => Key("that-cannot-be-done"),
        };
        let page = FailurePage { frame: StandAlone::new(heading), message };
        match page.render() {
            Ok(html) => (*status, Html(html)).into_response(),
            Err(_) => (*status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], message.clone()).into_response(),
        }
    }
}
