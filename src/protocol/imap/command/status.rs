//! STATUS (RFC 3501 §6.3.10; HIGHESTMODSEQ RFC 7162, SIZE RFC 8438, APPENDLIMIT RFC 7889).

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, MailboxStatus, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, mailbox_name};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Item {
    Messages,
    Recent,
    UidNext,
    UidValidity,
    Unseen,
    HighestModseq,
    Size,
    Deleted,
    AppendLimit,
}

const ITEMS: [(&str, Item); 9] = [
    ("MESSAGES", Item::Messages),
    ("RECENT", Item::Recent),
    ("UIDNEXT", Item::UidNext),
    ("UIDVALIDITY", Item::UidValidity),
    ("UNSEEN", Item::Unseen),
    ("HIGHESTMODSEQ", Item::HighestModseq),
    ("SIZE", Item::Size),
    ("DELETED", Item::Deleted),
    ("APPENDLIMIT", Item::AppendLimit),
];

struct Status {
    name: String,
    items: Vec<Item>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.space()?;
    let mut items = parser.list(item)?;
    parser.end()?;
    items.dedup();
    // Asking for it shows that the client knows modseqs (RFC 7162 §3.1).
    core.condstore |= items.contains(&Item::HighestModseq);
    Ok(Box::new(Status { name, items }))
}

fn item(parser: &mut Parser<'_>) -> Parsed<Item> {
    let found = ITEMS.iter().find(|(name, _)| parser.eat_word(name));
    found.map(|(_, item)| *item).ok_or(Syntax("Unknown status item"))
}

impl Run for Status {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let limit = desk.core.rules.message_bytes_max;
        match answer {
            Some(Answer::Status(Ok(status))) => {
                self.tell(&status, limit, desk.out);
                Next::Done(Reply::ok("STATUS completed"))
            }
            Some(Answer::Status(Err(refused))) => Next::Done(refused),
            _ => {
                let recent = self.items.contains(&Item::Recent);
                Next::Ask(Question::Status { account: desk.core.account(), name: self.name.clone(), recent })
            }
        }
    }
}

impl Status {
    fn tell(&self, status: &MailboxStatus, append_limit: u64, out: &mut Vec<u8>) {
        let counters = &status.mailbox.counters;
        say(out, "* STATUS ");
        mailbox_name(&self.name, false, out);
        let mut separator = " (";
        for (name, item) in ITEMS.iter().filter(|(_, item)| self.items.contains(item)) {
            let value = match item {
                Item::Messages => counters.exists.into(),
                Item::Recent => status.recent.into(),
                Item::UidNext => counters.uid_next.into(),
                Item::UidValidity => counters.uid_validity.into(),
                Item::Unseen => counters.unseen.into(),
                Item::HighestModseq => counters.modseq.max(1),
                Item::Size => counters.bytes,
                Item::Deleted => counters.deleted.into(),
                Item::AppendLimit => append_limit,
            };
            say(out, &format!("{separator}{name} {value}"));
            separator = " ";
        }
        say(out, ")\r\n");
    }
}
