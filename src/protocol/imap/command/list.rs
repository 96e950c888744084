//! LIST (RFC 3501 §6.3.8) with the attributes of RFC 3348 and 6154.

use mailstead_storage::SpecialUse;

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Listing, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::tree::{Pattern, levels_of};
use crate::protocol::imap::wire::{Parsed, Parser, Reply, mailbox_name};

struct List {
    pattern: Option<Pattern>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let pattern = pattern(parser)?;
    Ok(Box::new(List { pattern }))
}

/// Reads reference and pattern. `None` when only the delimiter is asked for.
pub fn pattern(parser: &mut Parser<'_>) -> Parsed<Option<Pattern>> {
    parser.space()?;
    let reference = parser.mailbox()?;
    parser.space()?;
    let pattern = parser.list_mailbox()?;
    parser.end()?;
    Ok((!pattern.is_empty()).then(|| Pattern::new(&format!("{reference}{pattern}"))))
}

impl Run for List {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("LIST completed"));
        let Some(pattern) = &self.pattern else {
            say(desk.out, "* LIST (\\Noselect) \"/\" \"\"\r\n");
            return done;
        };
        match answer {
            Some(Answer::Listing(Ok(listing))) => {
                tell(pattern, &listing, desk.out);
                done
            }
            Some(Answer::Listing(Err(refused))) => Next::Done(refused),
            _ => Next::Ask(Question::List(desk.core.account())),
        }
    }
}

fn tell(pattern: &Pattern, listing: &Listing, out: &mut Vec<u8>) {
    for level in levels_of(listing.mailboxes.iter().map(|mailbox| mailbox.name.as_str())) {
        if !pattern.matches(level.name) {
            continue;
        }
        let mailbox = listing.mailboxes.iter().find(|mailbox| mailbox.name == level.name);
        say(out, "* LIST (");
        say(out, if level.has_children { "\\HasChildren" } else { "\\HasNoChildren" });
        match mailbox {
            None => say(out, " \\Noselect"),
            Some(mailbox) => mailbox.special_use.iter().for_each(|special_use| {
                say(out, " ");
                say(out, attribute(*special_use));
            }),
        }
        say(out, ") \"/\" ");
        mailbox_name(level.name, false, out);
        say(out, "\r\n");
    }
}

fn attribute(special_use: SpecialUse) -> &'static str {
    match special_use {
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Trash => "\\Trash",
        SpecialUse::Archive => "\\Archive",
        SpecialUse::Flagged => "\\Flagged",
        SpecialUse::All => "\\All",
    }
}
