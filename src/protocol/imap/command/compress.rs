//! COMPRESS (RFC 4978): both ways are DEFLATE from the end of the reply on.

use super::{Desk, Next, Run, now};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct Compress;

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let is_known = parser.atom()?.eq_ignore_ascii_case("DEFLATE");
    parser.end()?;
    if core.compressed {
        return Ok(now(|_| Reply::no("COMPRESSIONACTIVE", "DEFLATE is active already")));
    }
    if !is_known {
        return Ok(now(|_| Reply::no("CANNOT", "Unknown compression")));
    }
    Ok(Box::new(Compress))
}

impl Run for Compress {
    fn step(&mut self, _: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        desk.core.compressed = true;
        Next::Compress
    }
}
