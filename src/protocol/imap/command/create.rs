//! CREATE (RFC 3501 §6.3.3) with USE (RFC 6154 §3). A delimiter at the end says that names below will follow.

use mailstead_storage::SpecialUse;

use super::list::attribute;
use super::{Desk, Next, Run, now};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, mailbox_id, mailbox_name, quoted};

/// The uses that a client can give: `\All` and `\Flagged` would be views of other mailboxes.
const USES: [SpecialUse; 5] =
    [SpecialUse::Archive, SpecialUse::Drafts, SpecialUse::Junk, SpecialUse::Sent, SpecialUse::Trash];

struct Create {
    name: String,
    special_use: Option<SpecialUse>,
    /// The name as it was given, when it is another and the client is to be told (RFC 9051 §6.3.4).
    old_name: Option<String>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let given = parser.clone().astring_text()?;
    let name = parser.mailbox()?;
    let old_name = (core.enabled.rev2 && given != name).then_some(given);
    let uses = if parser.eat(b' ') && parser.peek().is_some() { uses(parser)? } else { Vec::new() };
    parser.end()?;
    let special_use = match uses.as_slice() {
        [] => None,
        [Some(special_use)] => Some(*special_use),
        _ => return Ok(now(|_| Reply::no("USEATTR", "A mailbox can have one use, and not this"))),
    };
    let name = name.strip_suffix('/').unwrap_or(&name).to_string();
    Ok(Box::new(Create { name, special_use, old_name }))
}

/// `(USE (\Drafts))`; uses that cannot be given are `None`.
fn uses(parser: &mut Parser<'_>) -> Parsed<Vec<Option<SpecialUse>>> {
    const WRONG: &str = "Unknown CREATE parameter";
    parser.byte(b'(', WRONG)?;
    if !parser.eat_word("USE") {
        return Err(Syntax(WRONG));
    }
    parser.space()?;
    let uses = parser.list(|parser| {
        parser.byte(b'\\', "Invalid use")?;
        let name = parser.atom()?;
        Ok(USES.into_iter().find(|special_use| attribute(*special_use)[1..].eq_ignore_ascii_case(name)))
    })?;
    parser.byte(b')', "CREATE parameters are not closed")?;
    Ok(uses)
}

impl Run for Create {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Mailbox(Ok(id))) => {
                if let Some(old_name) = &self.old_name {
                    say(desk.out, "* LIST () \"/\" ");
                    mailbox_name(&self.name, true, desk.out);
                    say(desk.out, " (\"OLDNAME\" (");
                    quoted(old_name.as_bytes(), desk.out);
                    say(desk.out, "))\r\n");
                }
                Next::Done(Reply::ok("CREATE completed").code(format!("MAILBOXID ({})", mailbox_id(id))))
            }
            Some(Answer::Mailbox(Err(refused))) => Next::Done(refused),
            _ => {
                let (account, name) = (desk.core.account(), self.name.clone());
                Next::Ask(Question::Create { account, name, special_use: self.special_use })
            }
        }
    }
}
