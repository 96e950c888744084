//! The part of a report that people read.

use super::line::{clean, wrap};
use super::{Action, Diagnostic, Recipient, Report, advice};
use crate::clock::rfc5322;
use crate::message::{headers, words};

/// The text, with CRLF line ends.
pub fn write(report: &Report) -> String {
    let mut text = String::new();
    paragraph(&format!("This is the mail system of {}.", clean(report.host)), &mut text);
    let message = original(report);
    for what in [Group::Failed, Group::Delayed, Group::Delivered, Group::Relayed, Group::Expanded] {
        let mut members = report.recipients.iter().filter(|recipient| Group::of(recipient.action) == what).peekable();
        if members.peek().is_none() {
            continue;
        }
        paragraph(&format!("{message} {}", what.words()), &mut text);
        members.for_each(|recipient| write_recipient(recipient, &mut text));
    }
    text
}

fn paragraph(words: &str, text: &mut String) {
    wrap("", "", words, text);
    text.push_str("\r\n");
}

/// Recipients of whom the same is said.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Failed,
    Delayed,
    Delivered,
    Relayed,
    Expanded,
}

impl Group {
    fn of(action: Action) -> Group {
        match action {
            Action::Failed => Group::Failed,
            Action::Delayed { .. } => Group::Delayed,
            Action::Delivered => Group::Delivered,
            Action::Relayed => Group::Relayed,
            Action::Expanded => Group::Expanded,
        }
    }

    /// What is said of the message.
    fn words(self) -> &'static str {
        match self {
            Group::Failed => "could not be delivered to:",
            Group::Delayed => "is delayed. You need not send it again: we go on trying to deliver it to:",
            Group::Delivered => "was delivered to the mailbox of:",
            Group::Relayed => {
                "was handed on to a server that does not confirm deliveries. You may hear no more of it. It was sent to:"
            }
            Group::Expanded => "was handed on to the members of:",
        }
    }
}

/// `Your message "subject" of date`, as far as they are known.
fn original(report: &Report) -> String {
    let mut words = "Your message".to_owned();
    let subject = headers::fields(report.original).find(|field| field.is("Subject"));
    let subject = subject.map(|field| clean(&words::decode(&field.value())));
    if let Some(subject) = subject.filter(|subject| !subject.is_empty()) {
        words += &format!(" \"{subject}\"");
    }
    if let Some(arrived) = report.arrived {
        words += &format!(" of {}", rfc5322(arrived));
    }
    words
}

fn write_recipient(recipient: &Recipient, text: &mut String) {
    wrap("  ", "  ", &clean(recipient.address), text);
    let mut say = |sentence: &str| wrap("      ", "      ", sentence, text);
    if let Action::Delayed { until: Some(until) } = recipient.action {
        say(&format!("We try until {}.", rfc5322(until)));
    }
    if recipient.action == Action::Failed {
        say(advice::for_failure(recipient.status));
    }
    match recipient.diagnostic {
        Some(Diagnostic::Remote { host, reply }) => {
            say(&format!("The server {} answered: {}", clean(host), clean(reply)));
        }
        Some(Diagnostic::Local(reason)) => say(&format!("The reason: {}", clean(reason))),
        None => {}
    }
    text.push_str("\r\n");
}
