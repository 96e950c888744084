//! DELE, RSET and NOOP (RFC 1939 §5).

use super::super::transaction::{Transaction, no_message};
use super::super::wire::ok;
use super::number;

/// `DELE message`. The message goes at QUIT.
pub(super) fn dele(transaction: &mut Transaction, argument: &str, out: &mut Vec<u8>) {
    let Some(number) = number(argument.trim_end(), out) else { return };
    match transaction.maildrop.mark(number) {
        Ok(()) => ok(out, "Marked for deletion"),
        Err(missing) => no_message(number, missing, out),
    }
}

/// `RSET`
pub(super) fn rset(transaction: &mut Transaction, _: &str, out: &mut Vec<u8>) {
    transaction.maildrop.unmark_all();
    ok(out, "No message is marked for deletion");
}

/// `NOOP`
pub(super) fn noop(_: &mut Transaction, _: &str, out: &mut Vec<u8>) {
    ok(out, "Nothing done");
}
