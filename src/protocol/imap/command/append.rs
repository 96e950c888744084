//! APPEND (RFC 3501 §6.3.11) of one message or several (MULTIAPPEND, RFC 3502), with UTF8 (RFC 6855 §4). Messages
//! stream: they go to the intake as they come.

use mailstead_storage::{AppendedAll, MailboxId, Time, Uid};

use super::{Desk, Next, Run};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::frame::{LINE_BYTES_MAX, Literal, announced};
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{FlagList, Parsed, Parser, Reply, Syntax, date_time, flag_list, print_uids};

/// Most bytes handed on at once.
const PIECE_BYTES_MAX: usize = OUTPUT_BYTES;

/// Most messages of one APPEND.
const MESSAGES_MAX: usize = 1000;

struct Append {
    name: String,
    /// The message that goes when this one comes (REPLACE).
    replaces: Option<(MailboxId, Uid)>,
    message: Message,
    /// Bytes of the message that are still to come.
    left: u64,
    /// Messages so far.
    count: usize,
    at: At,
}

/// What is said of one message.
struct Message {
    flags: FlagList,
    date: Option<Time>,
    /// Is it within `UTF8 (…)`?
    closes: bool,
    literal: Literal,
}

/// What comes next.
enum At {
    Begin,
    /// The answer whether it may begin.
    Begun,
    /// The message's bytes.
    Bytes,
    /// The end of the command's line, or another message.
    LineEnd,
    /// The answer of storage.
    End,
    /// Everything up to the end of the command is passed over, then this is said.
    Pass(Reply),
    /// This is said.
    Refuse(Reply),
}

/// Without a literal at its end the command holds no message.
pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    parser.mailbox()?;
    parser.space()?;
    head(parser, core.enabled.utf8())?;
    Err(Syntax("The message must be a literal"))
}

/// Begins when what was said so far is a whole APPEND up to its message. A mailbox name may be a
/// literal as well; that one does not stream.
pub fn begin_streamed(
    parser: &mut Parser<'_>,
    literal: Literal,
    replaces: Option<(MailboxId, Uid)>,
    core: &Core,
) -> Option<Box<dyn Run>> {
    parser.space().ok()?;
    let name = parser.mailbox().ok()?;
    parser.space().ok()?;
    let message = message(parser, literal, core)?;
    Some(Box::new(Append { name, replaces, message, left: literal.size, count: 1, at: At::Begin }))
}

/// A message's own arguments up to its literal, which ends what was said so far.
fn message(parser: &mut Parser<'_>, literal: Literal, core: &Core) -> Option<Message> {
    let (flags, date, closes) = head(parser, core.enabled.utf8()).ok()?;
    let marker = parser.rest();
    let whole = marker.starts_with(b"{") && marker.iter().filter(|byte| **byte == b'{').count() == 1;
    whole.then_some(Message { flags, date, closes, literal })
}

/// `[flag-list SP] [date-time SP] ["UTF8" SP "("] ["~"]`
fn head(parser: &mut Parser<'_>, utf8: bool) -> Parsed<(FlagList, Option<Time>, bool)> {
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
    let closes = utf8 && parser.eat_word("UTF8");
    if closes {
        parser.space()?;
        parser.byte(b'(', "UTF8 needs parentheses")?;
    }
    // A message with NUL comes as `literal8` (RFC 3516 §4.4); others may.
    parser.eat(b'~');
    Ok((flags, date, closes))
}

impl Run for Append {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match (&self.at, answer) {
            (At::Begin, _) => self.begin(desk),
            (At::Begun, Some(Answer::Done(Ok(())))) => {
                if self.message.literal.synchronizing {
                    say(desk.out, "+ Ready for the message\r\n");
                }
                self.at = At::Bytes;
                self.bytes(desk)
            }
            (At::Begun, Some(Answer::Done(Err(refused)))) if self.message.literal.synchronizing => {
                Next::Done(refused.or_try_create())
            }
            (At::Begun | At::Bytes, Some(Answer::Done(Err(refused)))) => self.pass(refused.or_try_create(), desk),
            (At::Begun | At::Bytes, _) => self.bytes(desk),
            (At::LineEnd, _) => self.line_end(desk),
            (At::End, Some(Answer::Appended(Ok(appended)))) => self.ended(&appended, desk),
            (At::End, Some(Answer::Appended(Err(refused)))) => Next::Done(refused.or_try_create()),
            (At::End, _) => Next::Done(Reply::no("SERVERBUG", "Message was not kept")),
            (At::Pass(reply), _) => {
                let reply = reply.clone();
                self.pass(reply, desk)
            }
            (At::Refuse(reply), _) => Next::Done(reply.clone()),
        }
    }
}

impl Append {
    fn begin(&mut self, desk: &mut Desk<'_>) -> Next {
        if let Some(reply) = self.refused(desk) {
            return if self.message.literal.synchronizing { Next::Done(reply) } else { self.pass(reply, desk) };
        }
        self.at = At::Begun;
        let name = std::mem::take(&mut self.name);
        Next::Ask(Question::AppendBegin { account: desk.core.account(), name, size: self.message.literal.size })
    }

    /// Why a message of that size is not taken.
    fn refused(&self, desk: &Desk<'_>) -> Option<Reply> {
        match self.message.literal.size {
            0 => Some(Reply::no("CANNOT", "Message is empty")),
            size if size > desk.core.rules.message_bytes_max => Some(Reply::no("TOOBIG", "Message is too big")),
            _ if self.count > MESSAGES_MAX => Some(Reply::no("LIMIT", "Too many messages at once")),
            _ => None,
        }
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
        let Some(end) = memchr::memchr(b'\n', bytes) else {
            return if bytes.len() < LINE_BYTES_MAX { Next::Read } else { self.drop_and_pass() };
        };
        let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
        let rest = if self.message.closes { line.strip_prefix(b")") } else { Some(line) };
        match rest {
            Some([]) => {
                desk.input.take(end + 1);
                self.at = At::End;
                let flags = std::mem::take(&mut self.message.flags);
                Next::Ask(Question::AppendEnd { flags, date: self.message.date, replaces: self.replaces })
            }
            Some([b' ', next @ ..]) if self.replaces.is_none() => {
                let Some(literal) = announced(next) else { return self.drop_and_pass() };
                let Some(next) = message(&mut Parser::new(next), literal, desk.core) else {
                    return self.drop_and_pass();
                };
                desk.input.take(end + 1);
                self.next(next, desk)
            }
            _ => self.drop_and_pass(),
        }
    }

    /// Goes on with the next message.
    fn next(&mut self, next: Message, desk: &Desk<'_>) -> Next {
        let Message { flags, date, .. } = std::mem::replace(&mut self.message, next);
        (self.left, self.count) = (self.message.literal.size, self.count + 1);
        if let Some(reply) = self.refused(desk) {
            let waits = self.message.literal.synchronizing;
            self.at = if waits { At::Refuse(reply) } else { At::Pass(reply) };
            return Next::Ask(Question::AppendDrop);
        }
        self.at = At::Begun;
        Next::Ask(Question::AppendNext { flags, date, size: self.left })
    }

    fn drop_and_pass(&mut self) -> Next {
        self.at = At::Pass(Reply::bad("Unexpected extra arguments"));
        Next::Ask(Question::AppendDrop)
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

    fn ended(&self, appended: &AppendedAll, desk: &mut Desk<'_>) -> Next {
        let mut code = format!("APPENDUID {} ", appended.uid_validity).into_bytes();
        print_uids(&appended.uids, &mut code);
        let code = String::from_utf8_lossy(&code).into_owned();
        let Some((_, uid)) = self.replaces else {
            return Next::Done(Reply::ok("APPEND completed").code(code));
        };
        // RFC 8508 §4.3: before the expunge.
        Reply::ok("Replacement is there").code(code).print("*", desk.out);
        let enabled = desk.core.enabled;
        desk.core.mailbox().expunge(&[uid].into_iter().collect(), enabled, desk.out);
        Next::Done(Reply::ok("REPLACE completed"))
    }
}
