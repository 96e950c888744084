//! COPY (RFC 3501 §6.4.7) and MOVE (RFC 6851), with the COPYUID of RFC 4315.

use mailstead_storage::{Copied, UidSet};

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SequenceSet, print_uids};

struct Copy {
    uids: UidSet,
    to: String,
    moved: bool,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true, false)
}

pub fn begin_move(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false, true)
}

pub fn begin_uid_move(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool, moved: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let set = SequenceSet::parse(parser)?;
    parser.space()?;
    let to = parser.mailbox()?;
    parser.end()?;
    let uids = core.mailbox().messages(&set, by_uid)?;
    Ok(Box::new(Copy { uids, to, moved }))
}

impl Run for Copy {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = if self.moved { "MOVE completed" } else { "COPY completed" };
        let copied = match answer {
            Some(Answer::Copied(Ok(copied))) => copied,
            Some(Answer::Copied(Err(refused))) => return Next::Done(refused.or_try_create()),
            _ if self.uids.is_empty() => return Next::Done(Reply::ok(done)),
            _ => {
                let (from, account) = (desk.core.mailbox().id, desk.core.account());
                let (uids, to) = (std::mem::take(&mut self.uids), std::mem::take(&mut self.to));
                return Next::Ask(Question::Copy { from, uids, account, to, moved: self.moved });
            }
        };
        let Some(code) = copy_uid(&copied) else { return Next::Done(Reply::ok(done)) };
        if !self.moved {
            return Next::Done(Reply::ok(done).code(code));
        }
        // Before the expunges (RFC 6851 §4.3).
        Reply::ok("Moved").code(code).print("*", desk.out);
        let gone = copied.uids.iter().map(|(source, _)| *source).collect();
        let enabled = desk.core.enabled;
        desk.core.mailbox().expunge(&gone, enabled, desk.out);
        let reply = Reply::ok(done);
        Next::Done(if enabled.condstore { reply.code(format!("HIGHESTMODSEQ {}", copied.modseq)) } else { reply })
    }
}

/// `COPYUID`: the sets name the messages in the same order, so ranges may be used only where both
/// sides ascend, which storage sees to.
fn copy_uid(copied: &Copied) -> Option<String> {
    if copied.uids.is_empty() {
        return None;
    }
    let mut code = format!("COPYUID {} ", copied.uid_validity).into_bytes();
    print_uids(&copied.uids.iter().map(|(source, _)| *source).collect(), &mut code);
    code.push(b' ');
    print_uids(&copied.uids.iter().map(|(_, target)| *target).collect(), &mut code);
    String::from_utf8(code).ok()
}
