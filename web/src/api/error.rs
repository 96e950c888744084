//! What the API says when it does not do what was asked.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use mailstead_storage::Word;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An error: a status, a word for programs, a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: StatusCode,
    /// The word.
    pub code: &'static str,
    /// What happened and what to do.
    pub message: String,
}

/// The body of a response that tells of an error.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error as JSON tells it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct ErrorDetail {
    /// A word for programs.
    pub code: String,
    /// A sentence for a person.
    pub message: String,
}

impl Problem {
    /// The request itself is wrong.
    pub fn invalid(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::UNPROCESSABLE_ENTITY, code: "invalid", message: message.into() }
    }

    /// What it names does not exist.
    pub fn not_found(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::NOT_FOUND, code: "not_found", message: message.into() }
    }

    /// Nobody has signed in.
    pub fn unauthenticated(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::UNAUTHORIZED, code: "unauthenticated", message: message.into() }
    }

    /// Whoever has signed in may not do this.
    pub fn denied(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::FORBIDDEN, code: "denied", message: message.into() }
    }

    /// It makes sense only while the server runs.
    pub fn not_running(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::CONFLICT, code: "not_running", message: message.into() }
    }

    /// It was tried and did not work.
    pub fn failed(message: impl Into<String>) -> Problem {
        Problem { status: StatusCode::INTERNAL_SERVER_ERROR, code: "failed", message: message.into() }
    }

    /// The same as a JSON body.
    pub fn body(&self) -> ErrorBody {
        ErrorBody { error: ErrorDetail { code: self.code.into(), message: self.message.clone() } }
    }
}

/// Storage's words in those of HTTP.
fn spoken(word: Word) -> (StatusCode, &'static str) {
    match word {
        Word::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Word::Exists => (StatusCode::CONFLICT, "exists"),
        Word::Invalid => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        Word::NotAllowed => (StatusCode::CONFLICT, "not_allowed"),
        Word::Denied => (StatusCode::FORBIDDEN, "denied"),
        Word::OverQuota => (StatusCode::INSUFFICIENT_STORAGE, "over_quota"),
        Word::Limit => (StatusCode::CONFLICT, "limit"),
        Word::DiskFull => (StatusCode::INSUFFICIENT_STORAGE, "disk_full"),
        Word::Corrupt => (StatusCode::INTERNAL_SERVER_ERROR, "corrupt"),
        Word::Newer => (StatusCode::INTERNAL_SERVER_ERROR, "newer"),
        Word::Locked => (StatusCode::SERVICE_UNAVAILABLE, "locked"),
        Word::Io => (StatusCode::INTERNAL_SERVER_ERROR, "io"),
        Word::Closed => (StatusCode::SERVICE_UNAVAILABLE, "closed"),
    }
}

impl From<mailstead_storage::Error> for Problem {
    fn from(error: mailstead_storage::Error) -> Problem {
        let (status, code) = spoken(error.word);
        Problem { status, code, message: error.detail }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Problem {
        Problem { status: StatusCode::INTERNAL_SERVER_ERROR, code: "io", message: error.to_string() }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Problem {
        Problem { status: rejection.status(), code: "invalid", message: rejection.body_text() }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Problem {
        Problem { status: rejection.status(), code: "invalid", message: rejection.body_text() }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Problem {
        Problem { status: rejection.status(), code: "invalid", message: rejection.body_text() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(self.body())).into_response()
    }
}
