//! SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2; CONDSTORE parameter RFC 7162 §3.1.8).

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, OpenMailbox, Question};
use crate::protocol::imap::selected::{Selected, say};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax};

struct Select {
    name: String,
    read_only: bool,
    condstore: bool,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, false)
}

pub fn begin_examine(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, true)
}

fn parse(parser: &mut Parser<'_>, read_only: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    let mut condstore = false;
    if parser.eat(b' ') && parser.peek().is_some() {
        parser.list(|parser| match parser.eat_word("CONDSTORE") {
            true => Ok(()),
            false => Err(Syntax("Unknown parameter")),
        })?;
        condstore = true;
    }
    parser.end()?;
    Ok(Box::new(Select { name, read_only, condstore }))
}

impl Run for Select {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let Some(Answer::Opened(opened)) = answer else {
            // Even when it fails, no mailbox is selected afterwards (RFC 3501 §6.3.1).
            if desk.core.selected.take().is_some() {
                say(desk.out, "* OK [CLOSED] Previous mailbox closed\r\n");
            }
            let name = std::mem::take(&mut self.name);
            let takes_recent = !self.read_only;
            return Next::Ask(Question::Open { account: desk.core.account(), name, takes_recent });
        };
        let opened = match opened {
            Ok(opened) => opened,
            Err(refused) => return Next::Done(refused),
        };
        desk.core.condstore |= self.condstore;
        desk.core.selected = Some(Box::new(tell(*opened, self.read_only, desk.out)));
        Next::Done(match self.read_only {
            true => Reply::ok("EXAMINE completed").code("READ-ONLY"),
            false => Reply::ok("SELECT completed").code("READ-WRITE"),
        })
    }
}

/// Tells all that is known of the mailbox.
fn tell(open: OpenMailbox, read_only: bool, out: &mut Vec<u8>) -> Selected {
    let counters = open.opened.mailbox.counters;
    let unseen = open.opened.first_unseen;
    let mailbox = Selected::new(open, read_only);
    mailbox.tell_flags(out);
    say(out, &format!("* {} EXISTS\r\n* {} RECENT\r\n", mailbox.uids.count(), mailbox.recent.count()));
    if let Some(sequence) = unseen.and_then(|uid| mailbox.uids.sequence_of(uid)) {
        say(out, &format!("* OK [UNSEEN {sequence}] First unseen\r\n"));
    }
    say(out, &format!("* OK [UIDVALIDITY {}] UIDs valid\r\n", counters.uid_validity));
    say(out, &format!("* OK [UIDNEXT {}] Next UID\r\n", counters.uid_next));
    say(out, &format!("* OK [HIGHESTMODSEQ {}] Highest\r\n", counters.modseq.max(1)));
    mailbox
}
