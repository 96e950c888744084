//! STLS (RFC 2595 §4) and UTF8 (RFC 6856 §2).

use super::super::session::{Pop3Session, Question};
use super::super::wire::{Code, err, ok};
use crate::net::Turn;

/// `STLS`
pub(super) fn stls(session: &mut Pop3Session, _: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    if session.encrypted {
        err(out, Code::Plain, "TLS is active already");
        return None;
    }
    ok(out, "Begin TLS");
    Some(Turn::StartTls)
}

/// `UTF8`. Messages are sent as they are in any case, so there is nothing to switch.
pub(super) fn utf8(_: &mut Pop3Session, _: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    ok(out, "UTF-8 is welcome");
    None
}
