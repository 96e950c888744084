//! APPEND (RFC 3501 §6.3.11). The message streams: it goes to the intake as it comes.

use mailstead_storage::Time;

use super::{Desk, Next, Run};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::frame::Literal;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{FlagList, Parsed, Parser, Reply, Syntax, date_time, flag_list};

/// Most bytes handed on at once.
const PIECE_BYTES_MAX: usize = OUTPUT_BYTES;

struct Append {
    name: String,
    flags: FlagList,
    date: Option<Time>,
    literal: Literal,
    /// Is it within `UTF8 (…)` (RFC 6855 §4)?
    closes: bool,
    /// Bytes of the message that are still to come.
    left: u64,
    at: At,
}

/// What comes next.
enum At {
    Begin,
    /// The answer whether it may begin.
    Begun,
    /// The message's bytes.
    Bytes,
    /// The end of the command's line.
    LineEnd,
    /// The answer of storage.
    End,
    /// Everything up to the end of the command is passed over, then this is said.
    Pass(Reply),
}

/// Without a literal at its end the command holds no message.
pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    head(parser)?;
    Err(Syntax("APPEND needs the message as a literal"))
}

/// Begins when what was said so far is a whole APPEND up to its message. A mailbox name may be a
/// literal as well; that one does not stream.
pub fn begin_streamed(parser: &mut Parser<'_>, literal: Literal, core: &mut Core) -> Option<Box<dyn Run>> {
    parser.space().ok()?;
    let (name, flags, date) = head(parser).ok()?;
    let closes = core.enabled.utf8() && parser.eat_word("UTF8");
    if closes {
        parser.space().and_then(|()| parser.byte(b'(', "UTF8 needs parentheses")).ok()?;
    }
    // A message with NUL comes as `literal8` (RFC 3516 §4.4); others may.
    parser.eat(b'~');
    let marker = parser.rest();
    let whole = marker.starts_with(b"{") && marker.iter().filter(|byte| **byte == b'{').count() == 1;
    whole.then(|| -> Box<dyn Run> {
        Box::new(Append { name, flags, date, literal, closes, left: literal.size, at: At::Begin })
    })
}

/// `mailbox SP [flag-list SP] [date-time SP]`
fn head(parser: &mut Parser<'_>) -> Parsed<(String, FlagList, Option<Time>)> {
    let name = parser.mailbox()?;
    parser.space()?;
    let mut flags = FlagList::default();
    if parser.peek() == Some(b'(') {
        flags = flag_list(parser)?;
        parser.space()?;
    }
    let mut date = None;
    if parser.peek() == Some(b'"') {
        date = Some(date_time(parser)?);
        parser.space()?;
    }
    Ok((name, flags, date))
}

impl Run for Append {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match (&self.at, answer) {
            (At::Begin, _) => self.begin(desk),
            (At::Begun, Some(Answer::Done(Ok(())))) => {
                if self.literal.synchronizing {
                    say(desk.out, "+ Ready for the message\r\n");
                }
                self.at = At::Bytes;
                self.bytes(desk)
            }
            (At::Begun, Some(Answer::Done(Err(refused)))) if self.literal.synchronizing => {
                Next::Done(refused.or_try_create())
            }
            (At::Begun | At::Bytes, Some(Answer::Done(Err(refused)))) => self.pass(refused.or_try_create(), desk),
            (At::Begun | At::Bytes, _) => self.bytes(desk),
            (At::LineEnd, _) => self.line_end(desk),
            (At::End, Some(Answer::Appended(Ok(appended)))) => Next::Done(
                Reply::ok("APPEND completed").code(format!("APPENDUID {} {}", appended.uid_validity, appended.uid)),
            ),
            (At::End, Some(Answer::Appended(Err(refused)))) => Next::Done(refused.or_try_create()),
            (At::End, _) => Next::Done(Reply::no("SERVERBUG", "Message was not kept")),
            (At::Pass(reply), _) => {
                let reply = reply.clone();
                self.pass(reply, desk)
            }
        }
    }
}

impl Append {
    fn begin(&mut self, desk: &mut Desk<'_>) -> Next {
        let refused = match self.literal.size {
            0 => Some(Reply::no("CANNOT", "Message is empty")),
            size if size > desk.core.rules.message_bytes_max => Some(Reply::no("TOOBIG", "Message is too big")),
            _ => None,
        };
        if let Some(reply) = refused {
            return if self.literal.synchronizing { Next::Done(reply) } else { self.pass(reply, desk) };
        }
        self.at = At::Begun;
        let name = std::mem::take(&mut self.name);
        Next::Ask(Question::AppendBegin { account: desk.core.account(), name, size: self.literal.size })
    }

    /// Hands on what is there.
    fn bytes(&mut self, desk: &mut Desk<'_>) -> Next {
        let there = desk.input.bytes();
        let count = self.left.min(there.len().min(PIECE_BYTES_MAX) as u64) as usize;
        if count > 0 {
            let piece = there[..count].to_vec();
            desk.input.take(count);
            self.left -= count as u64;
            return Next::Ask(Question::AppendBytes(piece));
        }
        if self.left > 0 {
            return Next::Read;
        }
        self.at = At::LineEnd;
        self.line_end(desk)
    }

    fn line_end(&mut self, desk: &mut Desk<'_>) -> Next {
        let bytes = desk.input.bytes();
        let (bytes, closed) = match (self.closes, bytes) {
            (true, [b')', rest @ ..]) => (rest, 1),
            (false, bytes) | (true, bytes @ []) => (bytes, 0),
            (true, _) => (b" ".as_slice(), 0),
        };
        let count = match bytes {
            [b'\n', ..] => closed + 1,
            [b'\r', b'\n', ..] => closed + 2,
            [] | [b'\r'] => return Next::Read,
            _ => {
                self.at = At::Pass(Reply::bad("Unexpected extra arguments"));
                return Next::Ask(Question::AppendDrop);
            }
        };
        desk.input.take(count);
        self.at = At::End;
        Next::Ask(Question::AppendEnd { flags: std::mem::take(&mut self.flags), date: self.date })
    }

    /// Passes over what is left of the message, leaves the rest of the line to the frame.
    fn pass(&mut self, reply: Reply, desk: &mut Desk<'_>) -> Next {
        let count = self.left.min(desk.input.bytes().len() as u64);
        desk.input.take(count as usize);
        self.left -= count;
        if self.left > 0 {
            self.at = At::Pass(reply);
            return Next::Read;
        }
        desk.frame.pass();
        Next::Done(reply)
    }
}
