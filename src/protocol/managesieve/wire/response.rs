//! Responses (RFC 5804 §1.2, §1.3).

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// Longest string that is sent in quotes, bytes (RFC 5804 §4).
const QUOTED_BYTES_MAX: usize = 1024;

/// What a client may act on without reading the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Code {
    /// None.
    Plain,
    /// A password needs TLS.
    EncryptNeeded,
    /// Too many scripts.
    MaxScripts,
    /// The script is too long.
    MaxSize,
    /// The script is the active one.
    Active,
    /// There is no such script.
    NonExistent,
    /// There is such a script already.
    AlreadyExists,
    /// Trouble that passes.
    TryLater,
    /// The server's last word in an exchange of SASL.
    Sasl(Vec<u8>),
    /// What NOOP was given.
    Tag(String),
}

/// Says `OK "text"`.
pub(in super::super) fn ok(out: &mut Vec<u8>, text: &str) {
    respond(out, "OK", &Code::Plain, text);
}

/// Says `OK (code) "text"`.
pub(in super::super) fn ok_with(out: &mut Vec<u8>, code: &Code, text: &str) {
    respond(out, "OK", code, text);
}

/// Says `NO (code) "text"`.
pub(in super::super) fn no(out: &mut Vec<u8>, code: &Code, text: &str) {
    respond(out, "NO", code, text);
}

/// Says `BYE "text"`.
pub(in super::super) fn bye(out: &mut Vec<u8>, code: &Code, text: &str) {
    respond(out, "BYE", code, text);
}

/// A string: in quotes where that is allowed, else as a literal.
pub(in super::super) fn string(out: &mut Vec<u8>, text: &str) {
    let is_quotable = text.len() <= QUOTED_BYTES_MAX && !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    if !is_quotable {
        return script(out, text);
    }
    out.push(b'"');
    for byte in text.bytes() {
        if matches!(byte, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(byte);
    }
    out.push(b'"');
}

/// A string as a literal.
pub(in super::super) fn script(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(format!("{{{}}}\r\n{text}", text.len()).as_bytes());
}

fn respond(out: &mut Vec<u8>, word: &str, code: &Code, text: &str) {
    out.extend_from_slice(word.as_bytes());
    let name = match code {
        Code::Plain => "",
        Code::EncryptNeeded => "ENCRYPT-NEEDED",
        Code::MaxScripts => "QUOTA/MAXSCRIPTS",
        Code::MaxSize => "QUOTA/MAXSIZE",
        Code::Active => "ACTIVE",
        Code::NonExistent => "NONEXISTENT",
        Code::AlreadyExists => "ALREADYEXISTS",
        Code::TryLater => "TRYLATER",
        Code::Sasl(_) => "SASL",
        Code::Tag(_) => "TAG",
    };
    if !name.is_empty() {
        out.extend_from_slice(b" (");
        out.extend_from_slice(name.as_bytes());
        match code {
            Code::Sasl(last) => {
                out.push(b' ');
                string(out, &BASE64_STANDARD.encode(last));
            }
            Code::Tag(tag) => {
                out.push(b' ');
                string(out, tag);
            }
            _ => {}
        }
        out.push(b')');
    }
    out.push(b' ');
    string(out, text);
    out.extend_from_slice(b"\r\n");
}
