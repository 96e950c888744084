//! NAMESPACE (RFC 2342).

use mailstead_storage::{OTHER_USERS, SHARED};

use super::{Run, now};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.end()?;
    Ok(now(|desk| {
        let (users, shared) = (OTHER_USERS, SHARED);
        let text = format!("* NAMESPACE ((\"\" \"/\")) ((\"{users}/\" \"/\")) ((\"{shared}/\" \"/\"))\r\n");
        say(desk.out, &text);
        Reply::ok("NAMESPACE completed")
    }))
}
