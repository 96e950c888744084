//! The report as a whole message (RFC 6522).

use memchr::memmem;

use super::line::{clean, field};
use super::{Action, RETURNED_BYTES_MAX, Report, human, machine};
use crate::clock::rfc5322;
use crate::message::headers;
use crate::message::transfer::encode_quoted_printable;

/// Bytes of a subject that is repeated.
const SUBJECT_BYTES_MAX: usize = 300;

/// Writes all of it.
pub fn write(report: &Report) -> Vec<u8> {
    let human = encode_quoted_printable(&human::write(report));
    let machine = machine::write(report);
    let (returned_type, returned) = returned(report);
    let boundary = boundary(report, &[human.as_bytes(), machine.as_bytes(), returned]);
    let encoding = if machine.is_ascii() { width(returned) } else { "8bit" };
    let status_type =
        if report.is_international() { "message/global-delivery-status" } else { "message/delivery-status" };

    let mut message = header(report, &boundary, encoding).into_bytes();
    message.reserve(human.len() + machine.len() + returned.len() + 1_000);
    let mut part = |media: &str, encoding: &str, content: &[u8]| {
        let head = format!("--{boundary}\r\nContent-Type: {media}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
        message.extend_from_slice(head.as_bytes());
        message.extend_from_slice(content);
        message.extend_from_slice(b"\r\n");
    };
    part("text/plain; charset=utf-8", "quoted-printable", human.as_bytes());
    part(status_type, width(machine.as_bytes()), machine.as_bytes());
    part(returned_type, width(returned), returned);
    message.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    message
}

/// The identity encoding that tells the truth about the content.
fn width(content: &[u8]) -> &'static str {
    if content.is_ascii() { "7bit" } else { "8bit" }
}

fn header(report: &Report, boundary: &str, encoding: &str) -> String {
    let mut header = String::new();
    field("Date", &rfc5322(report.at), &mut header);
    field("Message-ID", report.message_id, &mut header);
    field("From", &format!("\"Mail Delivery System\" <MAILER-DAEMON@{}>", clean(report.host)), &mut header);
    field("To", &format!("<{}>", clean(report.to)), &mut header);
    field("Subject", &subject(report), &mut header);
    if let Some(id) = original_text(report, "Message-ID") {
        field("References", &id, &mut header);
    }
    field("Auto-Submitted", "auto-replied", &mut header);
    field("MIME-Version", "1.0", &mut header);
    let media = format!("multipart/report; report-type=delivery-status; boundary=\"{boundary}\"");
    field("Content-Type", &media, &mut header);
    field("Content-Transfer-Encoding", encoding, &mut header);
    header.push_str("\r\n");
    header
}

/// What happened, and to which message.
fn subject(report: &Report) -> String {
    let is = |wanted: fn(Action) -> bool| report.recipients.iter().any(|recipient| wanted(recipient.action));
    let what = if report.has_failed() {
        "Not delivered"
    } else if is(|action| matches!(action, Action::Delayed { .. })) {
        "Delayed"
    } else if is(|action| action == Action::Delivered) {
        "Delivered"
    } else {
        "Handed on"
    };
    match original_text(report, "Subject") {
        Some(subject) => format!("{what}: {subject}"),
        None => format!("{what}: your message"),
    }
}

/// A field of the original, if it can stand in a header of ours as it is.
fn original_text(report: &Report, name: &str) -> Option<String> {
    let value = headers::fields(report.original).find(|field| field.is(name))?.value();
    let value = clean(std::str::from_utf8(&value).ok()?);
    (value.is_ascii() && !value.is_empty() && value.len() <= SUBJECT_BYTES_MAX).then_some(value)
}

/// The media type and the bytes of the third part.
fn returned<'a>(report: &Report<'a>) -> (&'static str, &'a [u8]) {
    let header = &report.original[..headers::length(report.original)];
    let whole = report.return_whole && report.has_failed() && report.original.len() <= RETURNED_BYTES_MAX;
    match (whole, header.is_ascii()) {
        (true, true) => ("message/rfc822", report.original),
        (true, false) => ("message/global", report.original),
        (false, true) => ("text/rfc822-headers", bounded(header)),
        (false, false) => ("message/global-headers", bounded(header)),
    }
}

fn bounded(header: &[u8]) -> &[u8] {
    &header[..header.len().min(RETURNED_BYTES_MAX)]
}

/// A boundary that stands in none of the contents.
fn boundary(report: &Report, contents: &[&[u8]]) -> String {
    let at = report.at.0;
    let mut number = 0;
    loop {
        let boundary = format!("=_report_{at:x}_{number}");
        if contents.iter().all(|content| memmem::find(content, boundary.as_bytes()).is_none()) {
            return boundary;
        }
        number += 1;
    }
}
