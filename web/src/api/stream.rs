//! Answers that come line by line (newline-delimited JSON), for what takes long.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;

/// Lines that may wait for a slow reader.
const LINES_WAITING_MAX: usize = 16;

/// Where the lines are written to.
pub(crate) struct Lines(Sender<Bytes, Infallible>);

impl Lines {
    /// A response and where to write its lines. The response ends when this is dropped.
    pub(crate) fn response() -> (Lines, Response) {
        let (sender, channel) = Channel::new(LINES_WAITING_MAX);
        (Lines(sender), ([(CONTENT_TYPE, "application/x-ndjson")], Body::new(channel)).into_response())
    }

    /// Writes a line. False when nobody reads any more.
    pub(crate) async fn write(&mut self, line: &impl Serialize) -> bool {
        self.0.send_data(text(line)).await.is_ok()
    }

    /// Writes a line unless the reader is behind: for progress, which the next line makes stale.
    pub(crate) fn offer(&mut self, line: &impl Serialize) {
        let _ = self.0.try_send(hyper::body::Frame::data(text(line)));
    }
}

fn text(line: &impl Serialize) -> Bytes {
    let mut text = serde_json::to_vec(line).expect("the API's lines are plain JSON");
    text.push(b'\n');
    text.into()
}
