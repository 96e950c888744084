//! CAPA (RFC 2449 §5).

use super::super::session::{Pop3Session, Question, State};
use super::super::wire::{list_end, ok};
use super::auth::mechanisms;
use crate::net::Turn;

/// What is true in all states and on all connections.
const ALWAYS: &str = "TOP\r\nUIDL\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nPIPELINING\r\nEXPIRE NEVER\r\nUTF8 USER\r\n";

/// `CAPA`
pub(super) fn capa(session: &mut Pop3Session, _: &str, out: &mut Vec<u8>) -> Option<Turn<Question>> {
    ok(out, "Capabilities follow");
    out.extend_from_slice(ALWAYS.as_bytes());
    if session.allows_plaintext() {
        out.extend_from_slice(b"USER\r\n");
    }
    out.extend_from_slice(b"SASL");
    for name in mechanisms(session) {
        out.push(b' ');
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    if !session.encrypted && matches!(session.state, State::Authorization { .. }) {
        out.extend_from_slice(b"STLS\r\n");
    }
    out.extend_from_slice(b"IMPLEMENTATION Mailstead\r\n");
    list_end(out);
    None
}
