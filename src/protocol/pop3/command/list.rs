//! STAT, LIST and UIDL (RFC 1939 §5, §7).

use super::super::transaction::{Listing, Transaction, no_message};
use super::super::wire::ok;
use super::number;

/// `STAT`
pub(super) fn stat(transaction: &mut Transaction, _: &str, out: &mut Vec<u8>) {
    let maildrop = &transaction.maildrop;
    ok(out, &format!("{} {}", maildrop.count(), maildrop.bytes()));
}

/// `LIST [message]`
pub(super) fn list(transaction: &mut Transaction, argument: &str, out: &mut Vec<u8>) {
    one_or_all(transaction, Listing::Scan, argument, out);
}

/// `UIDL [message]`. The unique-id is UIDVALIDITY and UID: the same for as long as INBOX is.
pub(super) fn uidl(transaction: &mut Transaction, argument: &str, out: &mut Vec<u8>) {
    one_or_all(transaction, Listing::UniqueId, argument, out);
}

fn one_or_all(transaction: &mut Transaction, listing: Listing, argument: &str, out: &mut Vec<u8>) {
    let argument = argument.trim_end();
    if argument.is_empty() {
        return transaction.begin_listing(listing, out);
    }
    let Some(number) = number(argument, out) else { return };
    match transaction.maildrop.get(number) {
        Ok(entry) => {
            out.extend_from_slice(b"+OK ");
            transaction.list_one(listing, number, &entry, out);
        }
        Err(missing) => no_message(number, missing, out),
    }
}
