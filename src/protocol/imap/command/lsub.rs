//! LSUB (RFC 3501 §6.3.9): a name that is not subscribed to is told only for `%`, when one below it
//! is, and then with `\Noselect`.

use super::list::pattern;
use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Looks, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::tree::{Pattern, levels_of};
use crate::protocol::imap::wire::{Parsed, Parser, Reply, mailbox_name};

struct Lsub {
    pattern: Option<Pattern>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let pattern = pattern(parser)?;
    Ok(Box::new(Lsub { pattern }))
}

impl Run for Lsub {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("LSUB completed"));
        let Some(pattern) = &self.pattern else {
            say(desk.out, "* LSUB (\\Noselect) \"/\" \"\"\r\n");
            return done;
        };
        match answer {
            Some(Answer::Listing(Ok(listing))) => {
                tell(pattern, &listing.subscriptions, desk.core.enabled.utf8(), desk.out);
                done
            }
            Some(Answer::Listing(Err(refused))) => Next::Done(refused),
            _ => Next::Ask(Question::List { account: desk.core.account(), looks: Looks::default() }),
        }
    }
}

fn tell(pattern: &Pattern, subscriptions: &[String], utf8: bool, out: &mut Vec<u8>) {
    for level in levels_of(subscriptions.iter().map(String::as_str)) {
        let subscribed = subscriptions.binary_search_by(|name| name.as_str().cmp(level.name)).is_ok();
        if !pattern.matches(level.name) || !(subscribed || pattern.stops_at_levels()) {
            continue;
        }
        say(out, if subscribed { "* LSUB () \"/\" " } else { "* LSUB (\\Noselect) \"/\" " });
        mailbox_name(level.name, utf8, out);
        say(out, "\r\n");
    }
}
