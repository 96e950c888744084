//! What came of an act: told once, on the page that is shown after it. It travels in a cookie of its own, which lives
//! for a moment and carries no secret.

use std::convert::Infallible;

use axum::extract::{FromRequestParts, Request};
use axum::http::header::{COOKIE, LOCATION, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::api::Problem;

/// Its cookie.
const COOKIE_NAME: &str = "notice";

/// Seconds that it waits for the page that shows it.
const WAIT_SECONDS: u32 = 20;

/// Bytes of the cookie at most, of which browsers keep 4096.
const COOKIE_BYTES_MAX: usize = 3800;

/// Acts that a notice may offer. A cookie is the browser's: it names none of its own.
const UNDOABLE: [&str; 1] = ["/spool/undo"];

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Notice {
    /// Did it work?
    pub(crate) good: bool,
    /// In a sentence.
    pub(crate) text: String,
    /// How to undo it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<Undo>,
}

/// How to undo an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// Where to send the form.
    pub(crate) path: String,
    /// On what it acts.
    pub(crate) ids: Vec<String>,
}

impl Notice {
    /// It worked.
    pub(crate) fn done(text: impl Into<String>) -> Notice {
        Notice { good: true, text: text.into(), undo: None }
    }

    /// It did not.
    pub(crate) fn failed(text: impl Into<String>) -> Notice {
        Notice { good: false, text: text.into(), undo: None }
    }

    /// The same, with a button that undoes it.
    pub(crate) fn undone_by(self, path: &'static str, ids: Vec<String>) -> Notice {
        Notice { undo: Some(Undo { path: path.into(), ids }), ..self }
    }

    /// `done`, or what went wrong.
    pub(crate) fn of<T>(outcome: Result<T, Problem>, done: impl FnOnce(T) -> Notice) -> Notice {
        match outcome {
            Ok(value) => done(value),
            Err(problem) => Notice::failed(problem.message),
        }
    }

    fn cookie(mut self) -> Option<HeaderValue> {
        let mut value = self.encoded();
        if value.len() > COOKIE_BYTES_MAX {
            self.undo = None;
            self.text.truncate(self.text.floor_char_boundary(COOKIE_BYTES_MAX / 4));
            value = self.encoded();
        }
        let cookie = format!("{COOKIE_NAME}={value}; Path=/; Max-Age={WAIT_SECONDS}; HttpOnly; SameSite=Lax");
        HeaderValue::try_from(cookie).ok()
    }

    fn encoded(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    fn decoded(value: &str) -> Option<Notice> {
        let json = BASE64_URL_SAFE_NO_PAD.decode(value).ok()?;
        let mut notice: Notice = serde_json::from_slice(&json).ok()?;
        notice.undo = notice.undo.filter(|undo| UNDOABLE.contains(&undo.path.as_str()));
        Some(notice)
    }
}

/// Goes to `path`, where `notice` is shown.
pub(crate) fn back_with(path: &str, notice: Notice) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    let mut headers = HeaderMap::from_iter([(LOCATION, location)]);
    if let Some(cookie) = notice.cookie() {
        headers.insert(SET_COOKIE, cookie);
    }
    (StatusCode::SEE_OTHER, headers).into_response()
}

/// The notice that the page asked for has to show.
#[derive(Debug, Default)]
pub(crate) struct Told(pub(crate) Option<Notice>);

impl<S: Sync> FromRequestParts<S> for Told {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Told, Infallible> {
        let shown = parts.extensions.get::<ToShow>().map(|_| ());
        Ok(Told(shown.and_then(|()| found(&parts.headers)).and_then(Notice::decoded)))
    }
}

/// Marks a request whose page shows the notice.
#[derive(Clone)]
struct ToShow;

/// Takes the notice's cookie back once a page has shown it. A look in between, of a page that was open before, leaves it.
pub(crate) async fn forget(mut request: Request, next: Next) -> Response {
    let told = found(request.headers()).is_some() && !request.headers().contains_key(super::live::LOOK_HEADER);
    if told {
        request.extensions_mut().insert(ToShow);
    }
    let mut response = next.run(request).await;
    let is_page = |response: &Response| {
        let kind = response.headers().get(axum::http::header::CONTENT_TYPE);
        kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
    };
    if told && is_page(&response) {
        let gone = HeaderValue::from_static("notice=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
        response.headers_mut().append(SET_COOKIE, gone);
    }
    response
}

fn found(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|cookies| cookies.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_comes_back_as_it_went() {
        let plain = Notice::failed("münchen.test is “gone”; add it first");
        let undoable = Notice::done("1 message deleted").undone_by("/spool/undo", vec!["0123456789abc".into()]);
        for notice in [plain, undoable] {
            assert_eq!(Notice::decoded(&notice.encoded()), Some(notice));
        }
    }

    #[test]
    fn a_cookie_names_no_act_of_its_own() {
        let forged = Notice::done("Look!").undone_by("/users/remove", vec!["alice@example.test".into()]);
        assert_eq!(Notice::decoded(&forged.encoded()), Some(Notice::done("Look!")));
        for value in ["", "x", "e30", "!!!!"] {
            assert_eq!(Notice::decoded(value), None, "{value}");
        }
    }

    #[test]
    fn a_long_notice_fits_into_a_cookie() {
        let long = Notice::done("ü".repeat(9000)).undone_by("/spool/undo", vec!["x".repeat(9000)]);
        let cookie = long.cookie().expect("a header");
        assert!(cookie.len() < 4096, "{}", cookie.len());
    }
}
