//! The style sheet and the script: parts of the program, at addresses that change with their content, so that a browser
//! may keep them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::door::{Access, Route};

/// A file that pages refer to.
struct Asset {
    path: &'static str,
    kind: &'static str,
    content: &'static str,
}

const STYLE: Asset =
    Asset { path: "/frame/style.css", kind: "text/css; charset=utf-8", content: include_str!("style.css") };

const SCRIPT: Asset =
    Asset { path: "/frame/script.js", kind: "text/javascript; charset=utf-8", content: include_str!("script.js") };

/// The routes of the frame: its files, and the news.
pub fn routes() -> Vec<Route> {
    vec![
        Route::page(Access::Anonymous, STYLE.path, get(async || STYLE.response())),
        Route::page(Access::Anonymous, SCRIPT.path, get(async || SCRIPT.response())),
        Route::page(Access::User, super::live::PATH, get(super::live::news)),
    ]
}

/// Where the style sheet is.
pub(super) fn style() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| STYLE.address());
    &ADDRESS
}

/// Where the script is.
pub(super) fn script() -> &'static str {
    static ADDRESS: LazyLock<String> = LazyLock::new(|| SCRIPT.address());
    &ADDRESS
}

impl Asset {
    fn address(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.content.hash(&mut hasher);
        format!("{}?{:016x}", self.path, hasher.finish())
    }

    fn response(&self) -> Response {
        let headers = [(CONTENT_TYPE, self.kind), (CACHE_CONTROL, "public, max-age=31536000, immutable")];
        (headers, self.content).into_response()
    }
}
