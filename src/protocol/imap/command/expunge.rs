//! EXPUNGE (RFC 3501 §6.4.3) and UID EXPUNGE (RFC 4315).

use mailstead_storage::UidSet;

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SequenceSet};

struct Expunge {
    uids: Option<UidSet>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(Box::new(Expunge { uids: None }))
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let set = SequenceSet::parse(parser)?;
    parser.end()?;
    let uids = core.mailbox().by_uid(&set);
    Ok(Box::new(Expunge { uids: Some(uids) }))
}

impl Run for Expunge {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let enabled = desk.core.enabled;
        let mailbox = desk.core.mailbox();
        let Some(Answer::Expunged(expunged)) = answer else {
            if self.uids.as_ref().is_some_and(UidSet::is_empty) {
                return Next::Done(Reply::ok("EXPUNGE completed"));
            }
            return Next::Ask(Question::Expunge { mailbox: mailbox.id, uids: self.uids.take() });
        };
        match expunged {
            Err(refused) => Next::Done(refused),
            Ok(expunged) => {
                mailbox.expunge(&expunged.uids, enabled, desk.out);
                let reply = Reply::ok("EXPUNGE completed");
                // RFC 7162 §3.2.7. What others have changed until then is told before.
                Next::Done(match enabled.condstore && !expunged.uids.is_empty() {
                    true => reply.code(format!("HIGHESTMODSEQ {}", expunged.modseq)),
                    false => reply,
                })
            }
        }
    }
}
