//! APPEND (RFC 3501 §6.3.11) of one message or several (MULTIAPPEND, RFC 3502), whole or catenated of texts and of
//! parts of other messages (CATENATE, RFC 4469), with UTF8 (RFC 6855 §4). Messages stream: they go to the intake as
//! they come, whether from the client or out of storage.

mod segment;

use std::collections::VecDeque;

use mailstead_storage::{Appended, MailboxId, Time, Uid};

use self::segment::{Segments, Step, Stop};
use super::{Desk, Next, Run};
use crate::message::{Outline, Range};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::frame::{Heard, Literal};
use crate::protocol::imap::header::HeaderFilter;
use crate::protocol::imap::question::{Answer, Located, Owner, Question, Span};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{FlagList, Parsed, Parser, Partial, Reply, SectionText, Syntax, Url, print_uids};

/// Most bytes handed on at once.
const PIECE_BYTES_MAX: usize = OUTPUT_BYTES;

/// Most messages of one APPEND.
const MESSAGES_MAX: usize = 1000;

struct Append {
    name: String,
    /// The message that goes when this one comes (REPLACE).
    replaces: Option<(MailboxId, Uid)>,
    segments: Segments,
    /// What is heard and not yet done.
    steps: VecDeque<Step>,
    /// The literal that the last segment ends with, until it is taken.
    announced: Option<Literal>,
    /// Flags and date of the message under way, and its bytes so far.
    message: Option<(FlagList, Option<Time>, u64)>,
    /// Messages so far.
    count: usize,
    at: At,
}

/// What comes next.
enum At {
    /// The next step, or the next segment when there is none.
    Steps,
    /// The answer whether the message may begin.
    Begun,
    /// So many bytes of a literal.
    Bytes(u64),
    /// Where the bytes are that this URL names.
    Located(String, Box<Url>),
    /// These bytes of another message, picked out when they are of a header.
    Copy(Span, Option<Box<Picked>>),
    /// The answer of storage.
    End,
    /// All is dropped, then this is said.
    Refused(Reply),
    /// So many bytes are passed over, then the rest of the command; then this is said.
    Pass(u64, Reply),
}

/// Fields that are picked out of a header.
struct Picked {
    filter: HeaderFilter,
    /// What of them is wanted.
    partial: Option<Partial>,
}

/// The whole command is there: it holds no message's bytes, so all is catenated of URLs.
pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    begin_with(parser, None, core)
}

/// As [`begin`], for a message that takes the place of another.
pub fn begin_with(parser: &mut Parser<'_>, replaces: Option<(MailboxId, Uid)>, core: &Core) -> Parsed<Box<dyn Run>> {
    match read(parser, None, replaces, core) {
        Ok(append) => Ok(append),
        Err(Stop::Wrong(syntax)) => Err(syntax),
        Err(Stop::Literal) => Err(Syntax("Literal is not there")),
    }
}

/// Begins when what was said so far is an APPEND up to bytes of a message. A mailbox name or a URL may be a literal
/// as well; those do not stream.
pub fn begin_streamed(
    parser: &mut Parser<'_>,
    literal: Literal,
    replaces: Option<(MailboxId, Uid)>,
    core: &Core,
) -> Option<Box<dyn Run>> {
    read(parser, Some(literal), replaces, core).ok()
}

fn read(
    parser: &mut Parser<'_>,
    announced: Option<Literal>,
    replaces: Option<(MailboxId, Uid)>,
    core: &Core,
) -> Result<Box<dyn Run>, Stop> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.space()?;
    let mut segments = Segments::new(replaces.is_none(), core.enabled.utf8());
    let steps = segments.read(parser, announced)?.into();
    Ok(Box::new(Append { name, replaces, segments, steps, announced, message: None, count: 0, at: At::Steps }))
}

impl Run for Append {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match (std::mem::replace(&mut self.at, At::Steps), answer) {
            (At::Refused(reply), _) => self.passes(reply, desk),
            (At::Pass(left, reply), _) => self.pass(left, reply, desk),
            (At::End, Some(Answer::Appended(Ok(appended)))) => self.ended(&appended, desk),
            (At::End, Some(Answer::Appended(Err(refused)))) => Next::Done(refused.or_try_create()),
            (At::End, _) => Next::Done(Reply::no("SERVERBUG", "Message was not kept")),
            (at, Some(Answer::Done(Err(refused)) | Answer::Located(Err(refused)) | Answer::Bytes(Err(refused)))) => {
                self.at = at;
                self.refuse(refused.or_try_create())
            }
            (At::Located(text, url), Some(Answer::Located(Ok(located)))) => self.located(&text, &url, located, desk),
            (At::Copy(span, picked), Some(Answer::Bytes(Ok(read)))) => self.copied(span, picked, read, desk),
            (At::Copy(span, picked), _) => self.copy(span, picked, desk),
            (At::Begun, _) => self.take_literal(desk),
            (At::Bytes(left), _) => self.bytes(left, desk),
            (At::Steps | At::Located(..), _) => self.go(desk),
        }
    }
}

impl Append {
    /// Does the next step.
    fn go(&mut self, desk: &mut Desk<'_>) -> Next {
        loop {
            match self.steps.pop_front() {
                Some(Step::Message { flags, date, whole }) => return self.message(flags, date, whole, desk),
                Some(Step::Text(literal)) => match self.too_big(literal.size, desk) {
                    Some(reply) => return self.refuse(reply),
                    None => return self.take_literal(desk),
                },
                Some(Step::Url(text)) => return self.locate(text, desk),
                Some(Step::Finish) => return self.finish(),
                None => {
                    if let Some(next) = self.segment(desk) {
                        return next;
                    }
                }
            }
        }
    }

    /// Hears the next segment; `None` when it is there.
    fn segment(&mut self, desk: &mut Desk<'_>) -> Option<Next> {
        let announced = match desk.frame.next(desk.input) {
            Heard::More => return Some(Next::Read),
            Heard::Command(text) => return self.read_segment(&text, None, desk),
            Heard::Announced(literal) => literal,
            Heard::TooLong | Heard::Passed => {
                desk.frame.pass();
                return Some(self.drop_all(Reply::bad("Line is too long").code("TOOBIG")));
            }
        };
        let text = desk.frame.text().to_vec();
        self.read_segment(&text, Some(announced), desk)
    }

    fn read_segment(&mut self, text: &[u8], announced: Option<Literal>, desk: &mut Desk<'_>) -> Option<Next> {
        let mut segments = self.segments;
        match segments.read(&mut Parser::new(text), announced) {
            Ok(steps) => {
                (self.segments, self.steps, self.announced) = (segments, steps.into(), announced);
                desk.frame.split();
                None
            }
            Err(Stop::Literal) if announced.is_some_and(|literal| desk.core.takes_literal(literal, text.len())) => {
                desk.frame.take_literal();
                if announced.is_some_and(|literal| literal.synchronizing) {
                    say(desk.out, "+ OK\r\n");
                }
                None
            }
            Err(stop) => {
                if announced.is_some() {
                    desk.frame.refuse();
                }
                Some(self.drop_all(match stop {
                    Stop::Literal => Reply::bad("Literal is too big").code("TOOBIG"),
                    Stop::Wrong(syntax) => syntax.into(),
                }))
            }
        }
    }

    /// Begins a message; the one before it is complete.
    fn message(&mut self, flags: FlagList, date: Option<Time>, whole: Option<Literal>, desk: &Desk<'_>) -> Next {
        let before = self.message.replace((flags, date, 0));
        let refused = match (&before, whole) {
            (Some((_, _, 0)), _) | (_, Some(Literal { size: 0, .. })) => Some(Reply::no("CANNOT", "Message is empty")),
            _ if self.count >= MESSAGES_MAX => Some(Reply::no("LIMIT", "Too many messages at once")),
            (_, whole) => whole.and_then(|literal| self.too_big(literal.size, desk)),
        };
        if let Some(reply) = refused {
            return self.refuse(reply);
        }
        self.count += 1;
        self.at = if whole.is_some() { At::Begun } else { At::Steps };
        let size = whole.map_or(0, |literal| literal.size);
        Next::Ask(match before {
            Some((flags, date, _)) => Question::AppendNext { flags, date, size },
            None => Question::AppendBegin { account: desk.core.account(), name: std::mem::take(&mut self.name), size },
        })
    }

    /// All messages are complete.
    fn finish(&mut self) -> Next {
        match self.message.take() {
            Some((flags, date, 1..)) => {
                self.at = At::End;
                Next::Ask(Question::AppendEnd { flags, date, replaces: self.replaces })
            }
            _ => self.drop_all(Reply::no("CANNOT", "Message is empty")),
        }
    }

    /// Why so many more bytes are not taken.
    fn too_big(&self, more: u64, desk: &Desk<'_>) -> Option<Reply> {
        let bytes = self.message.as_ref().map_or(0, |(_, _, bytes)| *bytes).saturating_add(more);
        (bytes > desk.core.rules.message_bytes_max).then(|| Reply::no("TOOBIG", "Message is too big"))
    }

    /// Lets the client send the announced literal.
    fn take_literal(&mut self, desk: &mut Desk<'_>) -> Next {
        let Some(literal) = self.announced.take() else { return self.go(desk) };
        if literal.synchronizing {
            say(desk.out, "+ Ready for the message\r\n");
        }
        self.bytes(literal.size, desk)
    }

    /// Hands on what is there.
    fn bytes(&mut self, left: u64, desk: &mut Desk<'_>) -> Next {
        let there = desk.input.bytes();
        let count = left.min(there.len().min(PIECE_BYTES_MAX) as u64) as usize;
        if count > 0 {
            let piece = there[..count].to_vec();
            desk.input.take(count);
            self.at = At::Bytes(left - count as u64);
            return self.hand_on(piece);
        }
        if left > 0 {
            self.at = At::Bytes(left);
            return Next::Read;
        }
        self.go(desk)
    }

    fn hand_on(&mut self, piece: Vec<u8>) -> Next {
        if let Some((_, _, bytes)) = &mut self.message {
            *bytes += piece.len() as u64;
        }
        Next::Ask(Question::AppendBytes(piece))
    }

    // ---- parts of other messages -----------------------------------------------------------

    fn locate(&mut self, text: String, desk: &mut Desk<'_>) -> Next {
        let selected = desk.core.selected.as_ref().map(|mailbox| &mailbox.name);
        // Only what the session itself may see, so nothing absolute (RFC 4469 §3).
        let url = Url::parse(&text).filter(|url| url.server.is_none() && url.grant.is_none());
        let mailbox = url.as_ref().and_then(|url| url.mailbox.as_ref().or(selected).cloned());
        let (Some(url), Some(mailbox)) = (url, mailbox) else { return self.refuse(bad_url(&text)) };
        let question = Question::Locate {
            owner: Owner::Account(desk.core.account()),
            mailbox,
            uid_validity: url.uid_validity,
            uid: url.uid,
        };
        self.at = At::Located(text, Box::new(url));
        Next::Ask(question)
    }

    fn located(&mut self, text: &str, url: &Url, located: Option<Box<Located>>, desk: &mut Desk<'_>) -> Next {
        let Some(Located { record, outline, .. }) = located.map(|located| *located) else {
            return self.refuse(bad_url(text));
        };
        let outline = Outline::decode(&outline);
        let range = outline.as_ref().and_then(|outline| url.section.range(outline, record.size));
        let Some(range) = range else { return self.refuse(bad_url(text)) };
        let pick = |names: &[String], wanted| {
            let filter = HeaderFilter::new(names, wanted);
            Some(Box::new(Picked { filter, partial: url.partial }))
        };
        let picked = match &url.section.text {
            SectionText::Fields(names) => pick(names, true),
            SectionText::FieldsNot(names) => pick(names, false),
            _ => None,
        };
        let range = url.partial.filter(|_| picked.is_none()).map_or(range, |partial| partial.of(range));
        match self.too_big(range.len() as u64, desk).filter(|_| picked.is_none()) {
            Some(reply) => self.refuse(reply),
            None => self.copy(Span { blob: record.blob, range }, picked, desk),
        }
    }

    /// Asks for the next bytes.
    fn copy(&mut self, span: Span, picked: Option<Box<Picked>>, desk: &mut Desk<'_>) -> Next {
        let Range { start, end } = span.range;
        if start < end {
            let piece = Range { start, end: end.min(start.saturating_add(PIECE_BYTES_MAX as u32)) };
            self.at = At::Copy(Span { range: Range { start: piece.end, end }, ..span }, picked);
            return Next::Ask(Question::Read(vec![Span { range: piece, ..span }]));
        }
        self.at = At::Steps;
        let Some(Picked { filter, partial }) = picked.map(|picked| *picked) else { return self.go(desk) };
        let fields = filter.finish();
        let all = Range { start: 0, end: fields.len() as u32 };
        self.hand_on(partial.map_or(all, |partial| partial.of(all)).of(&fields).to_vec())
    }

    /// Takes in the bytes that were read, of which those in `span` are still to come.
    fn copied(&mut self, span: Span, picked: Option<Box<Picked>>, read: Vec<Vec<u8>>, desk: &mut Desk<'_>) -> Next {
        let piece: Vec<u8> = read.into_iter().flatten().collect();
        let Some(mut picked) = picked else {
            self.at = At::Copy(span, None);
            return self.hand_on(piece);
        };
        picked.filter.feed(&piece);
        self.copy(span, Some(picked), desk)
    }

    // ---- refusals --------------------------------------------------------------------------

    /// Drops all, while literal and line are still to come as `at` says.
    fn refuse(&mut self, reply: Reply) -> Next {
        if let At::Bytes(left) = self.at {
            self.announced = Some(Literal { size: left, synchronizing: false });
        }
        self.at = At::Refused(reply);
        Next::Ask(Question::AppendDrop)
    }

    /// Drops all; nothing of the command is still to come, or the frame passes over it.
    fn drop_all(&mut self, reply: Reply) -> Next {
        self.steps = [Step::Finish].into();
        self.announced = None;
        self.at = At::Refused(reply);
        Next::Ask(Question::AppendDrop)
    }

    /// What is still to come of the command passes, if anything.
    fn passes(&mut self, reply: Reply, desk: &mut Desk<'_>) -> Next {
        match self.announced.take() {
            Some(Literal { synchronizing: true, .. }) => Next::Done(reply),
            Some(literal) => self.pass(literal.size, reply, desk),
            None if self.steps.contains(&Step::Finish) => Next::Done(reply),
            None => self.pass(0, reply, desk),
        }
    }

    /// Passes over what is left of the literal, leaves the rest of the line to the frame.
    fn pass(&mut self, left: u64, reply: Reply, desk: &mut Desk<'_>) -> Next {
        let count = left.min(desk.input.bytes().len() as u64);
        desk.input.take(count as usize);
        if left > count {
            self.at = At::Pass(left - count, reply);
            return Next::Read;
        }
        desk.frame.pass();
        Next::Done(reply)
    }

    fn ended(&self, appended: &Appended, desk: &mut Desk<'_>) -> Next {
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

/// `BADURL` (RFC 4469 §4.1). What a code cannot hold is left out of the URL.
fn bad_url(text: &str) -> Reply {
    let url: String = text.chars().filter(|char| char.is_ascii_graphic() && *char != ']').collect();
    Reply::no("CANNOT", "URL names nothing that can be appended").code(format!("BADURL {url}"))
}
