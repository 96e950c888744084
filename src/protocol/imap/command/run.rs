//! What a command is while it runs.

use std::time::Duration;

use mailstead_storage::Time;

use crate::net::Input;
use crate::protocol::imap::frame::Frame;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::Reply;

/// What a command works with during one step.
pub struct Desk<'a> {
    /// The command's tag.
    pub tag: &'a str,
    /// The session.
    pub core: &'a mut Core,
    /// Where commands are cut.
    pub frame: &'a mut Frame,
    /// What the client has sent.
    pub input: &'a mut Input,
    /// What is to be sent.
    pub out: &'a mut Vec<u8>,
    /// The time.
    pub now: Time,
}

impl Desk<'_> {
    /// Takes the next line of the client without its line break, when it is there whole.
    pub fn line(&mut self) -> Option<Vec<u8>> {
        let bytes = self.input.bytes();
        let end = memchr::memchr(b'\n', bytes)?;
        let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]).to_vec();
        self.input.take(end + 1);
        Some(line)
    }
}

/// What a command wants next.
pub enum Next {
    /// The answer to this.
    Ask(Question),
    /// What is said to be sent first.
    Flush,
    /// More bytes of the client.
    Read,
    /// More bytes of the client, or a change of the mailbox.
    Idle {
        /// How long.
        patience: Duration,
    },
    /// TLS.
    StartTls,
    /// Compression, once it has ended well.
    Compress,
    /// Nothing more: it has ended so.
    Done(Reply),
}

/// A command under way.
pub trait Run: Send {
    /// The next step. `answer` is there when the last step asked.
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next;
}

/// A command that needs no answer.
pub fn now<F: FnMut(&mut Desk<'_>) -> Reply + Send + 'static>(act: F) -> Box<dyn Run> {
    Box::new(Now(act))
}

struct Now<F>(F);

impl<F: FnMut(&mut Desk<'_>) -> Reply + Send> Run for Now<F> {
    fn step(&mut self, _: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        Next::Done((self.0)(desk))
    }
}

/// A command that asks for one thing to be done and says so.
pub fn once(question: Question, done: &'static str) -> Box<dyn Run> {
    Box::new(Once { question: Some(question), done })
}

struct Once {
    question: Option<Question>,
    done: &'static str,
}

impl Run for Once {
    fn step(&mut self, answer: Option<Answer>, _: &mut Desk<'_>) -> Next {
        match (answer, self.question.take()) {
            (_, Some(question)) => Next::Ask(question),
            (Some(Answer::Done(Err(refused))), None) => Next::Done(refused),
            (_, None) => Next::Done(Reply::ok(self.done)),
        }
    }
}
