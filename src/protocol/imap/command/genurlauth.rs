//! GENURLAUTH (RFC 4467 §6): URLs of one's own messages are authorized, so that others may fetch what they name.

use std::collections::VecDeque;

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::urlauth::{MECHANISM, token};
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, Url, quoted};

/// Most URLs of one command.
const URLS_MAX: usize = 100;

struct GenUrlAuth {
    /// URLs and their mailboxes, the next one first.
    urls: VecDeque<(String, String)>,
    told: Vec<u8>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut urls = VecDeque::new();
    parser.space()?;
    loop {
        let text = parser.astring_text()?;
        parser.space()?;
        if !parser.atom()?.eq_ignore_ascii_case(MECHANISM) {
            return Err(Syntax("Unknown mechanism"));
        }
        let mailbox = own_mailbox(&text, core).ok_or(Syntax("Not a URL of your messages that can be authorized"))?;
        urls.push_back((text, mailbox));
        if urls.len() > URLS_MAX {
            return Err(Syntax("Too many URLs"));
        }
        if !parser.eat(b' ') || parser.peek().is_none() {
            break;
        }
    }
    parser.end()?;
    Ok(Box::new(GenUrlAuth { urls, told: Vec::new() }))
}

/// The mailbox of a URL that can be authorized: absolute, of a message of this user, and without verifier.
fn own_mailbox(text: &str, core: &Core) -> Option<String> {
    let url = Url::parse(text)?;
    let user = url.server?.user?;
    let own = core.login.as_ref().is_some_and(|login| login.address.eq_ignore_ascii_case(&user));
    let granted = url.grant.is_some_and(|grant| grant.verifier.is_none());
    url.mailbox.filter(|_| own && granted)
}

impl Run for GenUrlAuth {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::AccessKey(Ok(key))) => {
                if let Some((url, _)) = self.urls.pop_front() {
                    self.told.push(b' ');
                    quoted(format!("{url}:{MECHANISM}:{}", token(&key, &url)).as_bytes(), &mut self.told);
                }
            }
            Some(Answer::AccessKey(Err(refused))) => return Next::Done(refused),
            _ => {}
        }
        if let Some((_, mailbox)) = self.urls.front() {
            return Next::Ask(Question::AccessKey { account: desk.core.account(), mailbox: mailbox.clone() });
        }
        say(desk.out, "* GENURLAUTH");
        desk.out.append(&mut self.told);
        say(desk.out, "\r\n");
        Next::Done(Reply::ok("GENURLAUTH completed"))
    }
}
