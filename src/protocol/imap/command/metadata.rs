//! GETMETADATA and SETMETADATA (RFC 5464). Without a mailbox's name they are about the server.

use mailstead_storage::{Annotation, METADATA_VALUE_BYTES_MAX};

use super::{Desk, Next, Run, now};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{
    Depth, Parsed, Parser, Reply, Wanted, mailbox_name, metadata_changes, metadata_wanted, print_entry,
};

struct GetMetadata {
    name: String,
    wanted: Wanted,
}

struct SetMetadata {
    question: Option<Question>,
}

pub fn begin_get(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let (name, wanted) = metadata_wanted(parser, |parser| {
        let name = parser.mailbox()?;
        parser.space()?;
        Ok(name)
    })?;
    parser.end()?;
    Ok(Box::new(GetMetadata { name, wanted }))
}

pub fn begin_set(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.space()?;
    let changes = metadata_changes(parser)?;
    parser.end()?;
    let is_long = |value: &Vec<u8>| value.len() > METADATA_VALUE_BYTES_MAX;
    if changes.iter().any(|(_, value)| value.as_ref().is_some_and(is_long)) {
        let too_long = Reply::no("METADATA", "A value is too long");
        let too_long = too_long.code(format!("METADATA MAXSIZE {METADATA_VALUE_BYTES_MAX}"));
        return Ok(now(move |_| too_long.clone()));
    }
    Ok(Box::new(SetMetadata { question: Some(Question::SetMetadata { account: core.account(), name, changes }) }))
}

impl Run for GetMetadata {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let annotations = match answer {
            Some(Answer::Metadata(Ok(annotations))) => annotations,
            Some(Answer::Metadata(Err(refused))) => return Next::Done(refused),
            _ => {
                let (account, name, wanted) = (desk.core.account(), self.name.clone(), self.wanted.clone());
                return Next::Ask(Question::Metadata { account, name, wanted });
            }
        };
        let longest = tell(&self.name, &self.wanted, &annotations, desk.core.enabled.utf8(), desk.out);
        let reply = Reply::ok("GETMETADATA completed");
        Next::Done(match longest {
            Some(size) => reply.code(format!("METADATA LONGENTRIES {size}")),
            None => reply,
        })
    }
}

impl Run for SetMetadata {
    fn step(&mut self, answer: Option<Answer>, _: &mut Desk<'_>) -> Next {
        match (self.question.take(), answer) {
            (Some(question), _) => Next::Ask(question),
            (None, Some(Answer::Done(Err(refused)))) => Next::Done(match refused.code.as_deref() {
                Some("LIMIT") => refused.code("METADATA TOOMANY"),
                _ => refused,
            }),
            _ => Next::Done(Reply::ok("SETMETADATA completed")),
        }
    }
}

/// Writes the METADATA response: a named entry that is not there has the value NIL. Returns the size of the
/// longest value that was too long to be told.
pub fn tell(name: &str, wanted: &Wanted, annotations: &[Annotation], utf8: bool, out: &mut Vec<u8>) -> Option<usize> {
    let fits = |annotation: &&Annotation| wanted.size_max.is_none_or(|most| annotation.value.len() <= most as usize);
    let told: Vec<(&str, Option<&[u8]>)> = match wanted.depth {
        Depth::Zero => {
            named(wanted, annotations).filter(|(_, found)| found.as_ref().is_none_or(fits)).map(value).collect()
        }
        _ => {
            annotations.iter().filter(fits).map(|found| (found.entry.as_str(), Some(found.value.as_slice()))).collect()
        }
    };
    let mut separator = b'(';
    for (entry, value) in &told {
        if separator == b'(' {
            say(out, "* METADATA ");
            mailbox_name(name, utf8, out);
            out.push(b' ');
        }
        out.push(separator);
        print_entry(entry, *value, out);
        separator = b' ';
    }
    say(out, if told.is_empty() { "" } else { ")\r\n" });
    annotations.iter().filter(|annotation| !fits(annotation)).map(|annotation| annotation.value.len()).max()
}

/// The entries that were named, as they were named, and what was found of each.
fn named<'a>(
    wanted: &'a Wanted,
    annotations: &'a [Annotation],
) -> impl Iterator<Item = (&'a str, Option<&'a Annotation>)> {
    wanted.entries.iter().map(|entry| {
        let found = annotations.iter().find(|annotation| annotation.entry.eq_ignore_ascii_case(entry));
        (entry.as_str(), found)
    })
}

fn value<'a>((entry, found): (&'a str, Option<&'a Annotation>)) -> (&'a str, Option<&'a [u8]>) {
    (entry, found.map(|annotation| annotation.value.as_slice()))
}
