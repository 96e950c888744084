//! GETACL, SETACL and DELETEACL (RFC 4314 §3.1 to §3.3).

use mailstead_storage::{Rights, RightsChange};

use super::{Desk, Next, Run, once};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, letters, mailbox_name, rights_change, string};

struct GetAcl {
    name: String,
}

pub fn begin_get(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    Ok(Box::new(GetAcl { name }))
}

pub fn begin_set(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    let (name, identifier) = subject(parser)?;
    parser.space()?;
    let change = rights_change(parser)?;
    parser.end()?;
    Ok(once(Question::SetRights { account: core.account(), name, identifier, change }, "SETACL completed"))
}

pub fn begin_delete(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    let (name, identifier) = subject(parser)?;
    parser.end()?;
    let change = RightsChange::Replace(Rights::NONE);
    Ok(once(Question::SetRights { account: core.account(), name, identifier, change }, "DELETEACL completed"))
}

/// A mailbox and an identifier.
pub fn subject(parser: &mut Parser<'_>) -> Parsed<(String, String)> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.space()?;
    Ok((name, parser.astring_text()?))
}

impl Run for GetAcl {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let entries = match answer {
            Some(Answer::Acl(Ok(entries))) => entries,
            Some(Answer::Acl(Err(refused))) => return Next::Done(refused),
            _ => return Next::Ask(Question::Acl { account: desk.core.account(), name: self.name.clone() }),
        };
        say(desk.out, "* ACL ");
        mailbox_name(&self.name, desk.core.enabled.utf8(), desk.out);
        for (identifier, rights) in entries {
            desk.out.push(b' ');
            string(identifier.as_bytes(), desk.out);
            say(desk.out, &format!(" {}", letters(rights)));
        }
        say(desk.out, "\r\n");
        Next::Done(Reply::ok("GETACL completed"))
    }
}
