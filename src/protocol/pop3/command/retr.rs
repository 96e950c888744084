//! RETR and TOP (RFC 1939 §5, §7).

use super::super::transaction::Transaction;
use super::super::wire::{Code, Top, err};
use super::number;

/// `RETR message`
pub(super) fn retr(transaction: &mut Transaction, argument: &str, out: &mut Vec<u8>) {
    if let Some(number) = number(argument.trim_end(), out) {
        transaction.begin_message(number, None, out);
    }
}

/// `TOP message lines`
pub(super) fn top(transaction: &mut Transaction, argument: &str, out: &mut Vec<u8>) {
    let Some((message, lines)) = argument.trim_end().split_once(' ') else {
        return err(out, Code::Plain, "TOP needs a message and a number of lines");
    };
    if let Some(message) = number(message, out)
        && let Some(lines) = number(lines.trim_start(), out)
    {
        let lines = u32::try_from(lines).unwrap_or(u32::MAX);
        transaction.begin_message(message, Some(Top::new(lines)), out);
    }
}
