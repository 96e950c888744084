//! LISTRIGHTS and MYRIGHTS (RFC 4314 §3.4, §3.5).

use mailstead_storage::Rights;

use super::acl::subject;
use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, letters, mailbox_name, string};

/// All rights, each of which can be given without the others.
const EACH: &str = "lrswipkxtecda";

struct ListRights {
    name: String,
    identifier: String,
}

struct MyRights {
    name: String,
}

pub fn begin_list(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let (name, identifier) = subject(parser)?;
    parser.end()?;
    Ok(Box::new(ListRights { name, identifier }))
}

pub fn begin_my(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    Ok(Box::new(MyRights { name }))
}

impl Run for ListRights {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let required = match answer {
            Some(Answer::Rights(Ok(required))) => required,
            Some(Answer::Rights(Err(refused))) => return Next::Done(refused),
            _ => {
                let (account, name, identifier) = (desk.core.account(), self.name.clone(), self.identifier.clone());
                return Next::Ask(Question::RequiredRights { account, name, identifier });
            }
        };
        say(desk.out, "* LISTRIGHTS ");
        mailbox_name(&self.name, desk.core.enabled.utf8(), desk.out);
        desk.out.push(b' ');
        string(self.identifier.as_bytes(), desk.out);
        let required = letters(required);
        say(desk.out, " ");
        say(desk.out, if required.is_empty() { "\"\"" } else { &required });
        for right in EACH.chars().filter(|right| !required.contains(*right)) {
            say(desk.out, &format!(" {right}"));
        }
        say(desk.out, "\r\n");
        Next::Done(Reply::ok("LISTRIGHTS completed"))
    }
}

impl Run for MyRights {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Rights(Ok(rights))) => {
                tell(&self.name, rights, desk.core, desk.out);
                Next::Done(Reply::ok("MYRIGHTS completed"))
            }
            Some(Answer::Rights(Err(refused))) => Next::Done(refused),
            _ => Next::Ask(Question::MyRights { account: desk.core.account(), name: self.name.clone() }),
        }
    }
}

/// Writes the MYRIGHTS response.
pub fn tell(name: &str, rights: Rights, core: &Core, out: &mut Vec<u8>) {
    say(out, "* MYRIGHTS ");
    mailbox_name(name, core.enabled.utf8(), out);
    say(out, &format!(" {}\r\n", letters(rights)));
}
