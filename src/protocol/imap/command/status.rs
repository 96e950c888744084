//! STATUS (RFC 3501 §6.3.10; HIGHESTMODSEQ RFC 7162, SIZE RFC 8438, APPENDLIMIT RFC 7889, MAILBOXID RFC 8474,
//! DELETED and DELETED-STORAGE RFC 9208).

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Looks, MailboxStatus, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, mailbox_id, mailbox_name};

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
    DeletedStorage,
    AppendLimit,
    MailboxId,
}

const ITEMS: [(&str, Item); 11] = [
    ("MESSAGES", Item::Messages),
    ("RECENT", Item::Recent),
    ("UIDNEXT", Item::UidNext),
    ("UIDVALIDITY", Item::UidValidity),
    ("UNSEEN", Item::Unseen),
    ("HIGHESTMODSEQ", Item::HighestModseq),
    ("SIZE", Item::Size),
    ("DELETED", Item::Deleted),
    ("DELETED-STORAGE", Item::DeletedStorage),
    ("APPENDLIMIT", Item::AppendLimit),
    ("MAILBOXID", Item::MailboxId),
];

/// What is asked for, at least one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Items(Vec<Item>);

struct Status {
    name: String,
    items: Items,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.space()?;
    let items = items(parser)?;
    parser.end()?;
    // Asking for it shows that the client knows modseqs (RFC 7162 §3.1).
    core.enabled.condstore |= items.names_modseq();
    Ok(Box::new(Status { name, items }))
}

/// Reads `(MESSAGES UNSEEN)`.
pub fn items(parser: &mut Parser<'_>) -> Parsed<Items> {
    let item = |parser: &mut Parser<'_>| {
        let found = ITEMS.iter().find(|(name, _)| parser.eat_word(name));
        found.map(|(_, item)| *item).ok_or(Syntax("Unknown status item"))
    };
    parser.list(item).map(Items)
}

impl Run for Status {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Status(Ok(status))) => {
                self.items.tell(&status, desk.core, desk.out);
                Next::Done(Reply::ok("STATUS completed"))
            }
            Some(Answer::Status(Err(refused))) => Next::Done(refused),
            _ => {
                let (account, name) = (desk.core.account(), self.name.clone());
                Next::Ask(Question::Status { account, name, looks: self.items.looks() })
            }
        }
    }
}

impl Items {
    /// What is asked for beyond the counters.
    pub fn looks(&self) -> Looks {
        let (recent, deleted_bytes) = (self.0.contains(&Item::Recent), self.0.contains(&Item::DeletedStorage));
        Looks { recent, deleted_bytes, rights: false }
    }

    /// Is the highest modseq asked for?
    pub fn names_modseq(&self) -> bool {
        self.0.contains(&Item::HighestModseq)
    }

    /// Writes the STATUS response.
    pub fn tell(&self, status: &MailboxStatus, core: &Core, out: &mut Vec<u8>) {
        let counters = &status.mailbox.counters;
        say(out, "* STATUS ");
        mailbox_name(&status.mailbox.name, core.enabled.utf8(), out);
        let mut separator = " (";
        for (name, item) in ITEMS.iter().filter(|(_, item)| self.0.contains(item)) {
            let value = match item {
                Item::Messages => counters.exists.to_string(),
                Item::Recent => status.looked.recent.to_string(),
                Item::UidNext => counters.uid_next.to_string(),
                Item::UidValidity => counters.uid_validity.to_string(),
                Item::Unseen => counters.unseen.to_string(),
                Item::HighestModseq => counters.modseq.max(1).to_string(),
                Item::Size => counters.bytes.to_string(),
                Item::Deleted => counters.deleted.to_string(),
                Item::DeletedStorage => status.looked.deleted_bytes.to_string(),
                Item::AppendLimit => core.rules.message_bytes_max.to_string(),
                Item::MailboxId => format!("({})", mailbox_id(status.mailbox.id)),
            };
            say(out, &format!("{separator}{name} {value}"));
            separator = " ";
        }
        say(out, ")\r\n");
    }
}
