//! Replies (RFC 1939 §3) with response codes (RFC 2449 §8, RFC 3206).

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// What a client may act on without reading the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Code {
    /// None.
    Plain,
    /// Another session has the maildrop.
    InUse,
    /// User, password or mechanism is wrong: ask for others.
    Auth,
    /// Trouble that passes.
    SysTemp,
}

/// Says `+OK text`.
pub(in super::super) fn ok(out: &mut Vec<u8>, text: &str) {
    line(out, "+OK ", text);
}

/// Says `-ERR [code] text`.
pub(in super::super) fn err(out: &mut Vec<u8>, code: Code, text: &str) {
    let start = match code {
        Code::Plain => "-ERR ",
        Code::InUse => "-ERR [IN-USE] ",
        Code::Auth => "-ERR [AUTH] ",
        Code::SysTemp => "-ERR [SYS/TEMP] ",
    };
    line(out, start, text);
}

/// Says a SASL challenge (RFC 5034 §4).
pub(in super::super) fn sasl_challenge(out: &mut Vec<u8>, challenge: &[u8]) {
    line(out, "+ ", &BASE64_STANDARD.encode(challenge));
}

/// Ends a multi-line response.
pub(in super::super) fn list_end(out: &mut Vec<u8>) {
    out.extend_from_slice(b".\r\n");
}

fn line(out: &mut Vec<u8>, start: &str, text: &str) {
    out.extend_from_slice(start.as_bytes());
    out.extend_from_slice(text.as_bytes());
    out.extend_from_slice(b"\r\n");
}
