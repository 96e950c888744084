//! CANCELUPDATE (RFC 5267 §4.3.5): results of searches are no longer kept up to date.

use super::{Run, now};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax};

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut tags = Vec::new();
    parser.space()?;
    loop {
        tags.push(String::from_utf8_lossy(&parser.string()?).into_owned());
        if !parser.eat(b' ') || parser.peek().is_none() {
            break;
        }
    }
    parser.end()?;
    let contexts = &core.mailbox().contexts;
    if tags.iter().any(|tag| !contexts.iter().any(|context| context.is(tag))) {
        return Err(Syntax("No updates are told for that tag"));
    }
    Ok(now(move |desk| {
        desk.core.mailbox().contexts.retain(|context| !tags.iter().any(|tag| context.is(tag)));
        Reply::ok("No further updates")
    }))
}
