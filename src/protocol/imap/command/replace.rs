//! REPLACE (RFC 8508): a message takes the place of another, in one transaction.

use super::{Run, append};
use crate::protocol::imap::frame::Literal;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, SequenceSet, Syntax};

/// The whole command is there: it holds no message's bytes, so all is catenated of URLs.
pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    whole(parser, core, false)
}

/// As [`begin`], for UID REPLACE.
pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    whole(parser, core, true)
}

fn whole(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    let uid = replaced(parser, core, by_uid)?;
    let mailbox = core.mailbox().id;
    append::begin_with(parser, Some((mailbox, uid)), core)
}

/// Begins when what was said so far is a whole REPLACE up to its message.
pub fn begin_streamed(
    parser: &mut Parser<'_>,
    literal: Literal,
    by_uid: bool,
    core: &mut Core,
) -> Option<Box<dyn Run>> {
    let uid = replaced(parser, core, by_uid).ok()?;
    let mailbox = core.mailbox().id;
    append::begin_streamed(parser, literal, Some((mailbox, uid)), core)
}

/// The UID of the message that is replaced.
fn replaced(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<u32> {
    parser.space()?;
    let set = SequenceSet::parse(parser)?;
    let uids = core.mailbox().messages(&set, by_uid)?;
    match uids.count() {
        1 => uids.iter().next().ok_or(Syntax("No such message")),
        _ => Err(Syntax("REPLACE needs one message that is there")),
    }
}
