//! The states of one connection to a server. Pure: bytes and pieces of the message in, turns out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::auth::{self, Credentials, Exchange};
use super::reply::{Malformed, Reply, ReplyReader, answer};
use super::stuffing::Stuffer;
use super::{Extensions, Mail};
use crate::net::Input;

/// Commands of a group that is sent before its replies are read. More could fill the buffers of both sides.
const GROUP_COMMANDS_MAX: usize = 100;

/// What every connection to a destination is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// The name that EHLO says.
    pub hello: String,
    /// Whether TLS is wanted.
    pub tls: Tls,
    /// Who we are, for servers that want to know.
    pub credentials: Option<Credentials>,
    /// How long to wait for what.
    pub patience: Patience,
}

/// Whether TLS is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Never.
    Off,
    /// When the server offers it.
    IfOffered,
    /// Nothing is sent without it.
    Required,
    /// The connection has been encrypted since its beginning.
    Implicit,
}

/// How long to wait for a server (RFC 5321 §4.5.3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// The greeting.
    pub greeting: Duration,
    /// The reply to MAIL, RCPT and the other commands.
    pub command: Duration,
    /// The reply to DATA.
    pub data: Duration,
    /// The reply to a message's end.
    pub end: Duration,
}

/// What the session wants next. What is in `out` is sent first.
#[derive(Debug)]
pub enum Turn {
    /// Hear more bytes, and give up after `patience`.
    Read {
        /// How long to wait.
        patience: Duration,
    },
    /// Shake hands for TLS, then call [`ClientSession::secured`].
    StartTls,
    /// Hand over the next piece of the message with [`ClientSession::piece`].
    Piece,
    /// All is ready for [`ClientSession::begin`].
    Ready,
    /// This became of the message; more may follow unless `is_over`.
    Done(Report),
    /// Nothing can be done on this connection, and no message was begun.
    Failed(Failure),
}

/// What became of a message: one answer for each recipient, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// As `250 2.0.0 text`, `4…` when it may work later, `5…` when it never will.
    pub answers: Vec<String>,
    /// Has the server taken over the duty to notify (RFC 3461 §5.2.2)?
    pub dsn: bool,
    /// Is the connection of no more use?
    pub is_over: bool,
}

/// Why a connection is of no use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The server said so.
    Refused(Reply),
    /// TLS is required and not offered.
    NoTls,
    /// TLS is required, offered, and refused when asked for.
    TlsRefused(Reply),
    /// There is no way to log in that both know.
    NoMechanism,
    /// The login was refused.
    LoginRefused(Reply),
    /// What the server says makes no sense.
    Nonsense(String),
}

impl Failure {
    /// As an answer in the spool's form.
    pub fn answer(&self) -> String {
        match self {
            Failure::Refused(reply) | Failure::TlsRefused(reply) => refused(reply),
            Failure::NoTls => answer(451, "4.7.10", "the next server offers no TLS, which is required"),
            Failure::NoMechanism => answer(451, "4.7.0", "there is no way to log in to the next server that both know"),
            // Credentials can be set right while the message waits.
            Failure::LoginRefused(reply) => answer(451, "4.7.8", &format!("the login was refused: {}", reply.answer())),
            Failure::Nonsense(why) => answer(451, "4.5.0", why),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub struct ClientSession {
    terms: Arc<Terms>,
    reader: ReplyReader,
    extensions: Extensions,
    server_name: String,
    phase: Phase,
    is_secure: bool,
    /// Must RSET come before the next message?
    is_stale: bool,
}

#[derive(Debug)]
enum Phase {
    Greeting,
    Ehlo,
    Helo,
    StartTls,
    Auth(Exchange),
    Ready,
    Message(Box<Message>),
    Over,
}

/// A message on its way.
#[derive(Debug)]
struct Message {
    mail: Mail,
    answers: Vec<Option<String>>,
    /// Commands not yet sent.
    commands: VecDeque<Expected>,
    /// Commands whose replies are awaited.
    awaited: VecDeque<Expected>,
    mail_refused: bool,
    body: Body,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    Reset,
    Mail,
    Rcpt(usize),
    Data,
    End,
}

#[derive(Debug)]
enum Body {
    Untold,
    Stuffed(Stuffer),
    Chunk,
    Sent,
}

impl ClientSession {
    /// A session that has not heard the greeting.
    pub fn new(terms: Arc<Terms>) -> ClientSession {
        let is_secure = terms.tls == Tls::Implicit;
        let (reader, extensions) = (ReplyReader::default(), Extensions::default());
        let server_name = String::new();
        ClientSession { terms, reader, extensions, server_name, phase: Phase::Greeting, is_secure, is_stale: false }
    }

    /// What the server offers, once the session is ready.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The name that the server has given itself, once the session is ready.
    pub fn server_name(&self) -> &str {
        &self.server_name
    }

    /// The connection is encrypted now. What was offered before is forgotten.
    pub fn secured(&mut self, out: &mut Vec<u8>) {
        self.is_secure = true;
        self.reader = ReplyReader::default();
        self.ehlo(out);
    }

    /// Begins a message. The session must be ready.
    ///
    /// # Errors
    /// The answer for all its recipients when the server's offers say that it cannot take the message.
    pub fn begin(&mut self, mail: Mail, out: &mut Vec<u8>) -> Result<(), String> {
        if let Some(refusal) = self.extensions.refusal(&mail) {
            return Err(refusal);
        }
        let reset = std::mem::take(&mut self.is_stale).then_some(Expected::Reset);
        let recipients = (0..mail.recipients.len()).map(Expected::Rcpt);
        let commands = reset.into_iter().chain([Expected::Mail]).chain(recipients).collect();
        let answers = vec![None; mail.recipients.len()];
        let (awaited, mail_refused, body) = (VecDeque::new(), false, Body::Untold);
        let mut message = Box::new(Message { mail, answers, commands, awaited, mail_refused, body });
        message.send_group(&self.extensions, out);
        self.phase = Phase::Message(message);
        Ok(())
    }

    /// Takes the next piece of the message; `is_last` ends it. An empty last piece is good.
    pub fn piece(&mut self, piece: &[u8], is_last: bool, out: &mut Vec<u8>) {
        let Phase::Message(message) = &mut self.phase else { return };
        match &mut message.body {
            Body::Stuffed(stuffer) => stuffer.write(piece, out),
            Body::Chunk => out.extend_from_slice(piece),
            Body::Untold | Body::Sent => return,
        }
        if is_last {
            if let Body::Stuffed(stuffer) = std::mem::replace(&mut message.body, Body::Sent) {
                stuffer.finish(out);
            }
            message.awaited.push_back(Expected::End);
        }
    }

    /// Says goodbye; the reply is not waited for.
    pub fn quit(&mut self, out: &mut Vec<u8>) {
        self.phase = Phase::Over;
        out.extend_from_slice(b"QUIT\r\n");
    }

    /// The connection is gone: what that means for the message under way, if there is one.
    pub fn lost(&mut self, why: &str) -> Option<Report> {
        let Phase::Message(message) = std::mem::replace(&mut self.phase, Phase::Over) else { return None };
        Some(message.give_up(&answer(451, "4.4.2", why)))
    }

    /// Goes on as far as it can with what was heard.
    pub fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Turn {
        loop {
            if let Some(turn) = self.speak() {
                return turn;
            }
            match self.reader.next(input) {
                Ok(None) => return Turn::Read { patience: self.patience() },
                Ok(Some(reply)) => {
                    if let Some(turn) = self.hear(reply, out) {
                        return turn;
                    }
                }
                Err(malformed) => return self.nonsense(malformed),
            }
        }
    }

    /// What is next without anything being heard.
    fn speak(&mut self) -> Option<Turn> {
        match &mut self.phase {
            Phase::Ready => Some(Turn::Ready),
            Phase::Over => Some(Turn::Failed(Failure::Nonsense("the connection is over".into()))),
            Phase::Message(message) => match message.body {
                Body::Stuffed(_) | Body::Chunk if message.awaited.is_empty() => Some(Turn::Piece),
                _ => None,
            },
            _ => None,
        }
    }

    fn patience(&self) -> Duration {
        let patience = &self.terms.patience;
        match &self.phase {
            Phase::Greeting => patience.greeting,
            Phase::Message(message) => match message.awaited.front() {
                Some(Expected::Data) => patience.data,
                Some(Expected::End) => patience.end,
                _ => patience.command,
            },
            _ => patience.command,
        }
    }

    fn nonsense(&mut self, malformed: Malformed) -> Turn {
        let why = format!("the next server cannot be understood: {malformed}");
        match self.lost(&why) {
            Some(report) => Turn::Done(report),
            None => Turn::Failed(Failure::Nonsense(why)),
        }
    }

    fn fail(&mut self, failure: Failure) -> Option<Turn> {
        self.phase = Phase::Over;
        Some(Turn::Failed(failure))
    }

    fn ehlo(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("EHLO {}\r\n", self.terms.hello).as_bytes());
        self.phase = Phase::Ehlo;
    }

    fn hear(&mut self, reply: Reply, out: &mut Vec<u8>) -> Option<Turn> {
        match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::Message(message) => return self.hear_message(message, &reply, out),
            _ if reply.code == 421 => return self.fail(Failure::Refused(reply)),
            Phase::Greeting if reply.code == 220 => self.ehlo(out),
            Phase::Ehlo if reply.is_positive() => {
                let name = reply.lines.first().and_then(|line| line.split_ascii_whitespace().next());
                self.server_name = name.unwrap_or_default().to_string();
                self.extensions = Extensions::read(&reply);
                return self.introduced(out);
            }
            // Servers that do not know EHLO (RFC 5321 §4.1.4). With TLS or a login in sight they are of no use.
            Phase::Ehlo if reply.is_permanent() && !self.is_secure => {
                out.extend_from_slice(format!("HELO {}\r\n", self.terms.hello).as_bytes());
                self.phase = Phase::Helo;
            }
            Phase::Helo if reply.is_positive() => {
                self.extensions = Extensions::default();
                return self.introduced(out);
            }
            Phase::StartTls if reply.code == 220 => return Some(Turn::StartTls),
            Phase::StartTls if self.terms.tls == Tls::Required => return self.fail(Failure::TlsRefused(reply)),
            Phase::StartTls => return self.log_in(out),
            Phase::Auth(exchange) => return self.hear_auth(exchange, reply, out),
            Phase::Greeting | Phase::Ehlo | Phase::Helo | Phase::Ready | Phase::Over => {
                return self.fail(Failure::Refused(reply));
            }
        }
        None
    }

    /// Both know each other: TLS, then the login.
    fn introduced(&mut self, out: &mut Vec<u8>) -> Option<Turn> {
        if !self.is_secure && self.terms.tls != Tls::Off {
            if self.extensions.start_tls {
                out.extend_from_slice(b"STARTTLS\r\n");
                self.phase = Phase::StartTls;
                return None;
            }
            if self.terms.tls == Tls::Required {
                return self.fail(Failure::NoTls);
            }
        }
        self.log_in(out)
    }

    fn log_in(&mut self, out: &mut Vec<u8>) -> Option<Turn> {
        let Some(credentials) = &self.terms.credentials else {
            self.phase = Phase::Ready;
            return None;
        };
        if !self.is_secure {
            return self.fail(Failure::NoTls);
        }
        let Some((command, exchange)) = auth::begin(&self.extensions, credentials) else {
            return self.fail(Failure::NoMechanism);
        };
        out.extend_from_slice(command.as_bytes());
        self.phase = Phase::Auth(exchange);
        None
    }

    fn hear_auth(&mut self, exchange: Exchange, reply: Reply, out: &mut Vec<u8>) -> Option<Turn> {
        let Some(credentials) = &self.terms.credentials else { return self.fail(Failure::Refused(reply)) };
        match reply.code {
            235 if exchange.is_complete() => self.phase = Phase::Ready,
            // The server's last message may come with its success (RFC 4954 §4 forbids it; some do).
            235 => {
                return self.fail(Failure::Nonsense("the next server did not prove that it knows the password".into()));
            }
            334 => match exchange.respond(reply.lines.first().map_or("", String::as_str), credentials) {
                Some((response, exchange)) => {
                    out.extend_from_slice(response.as_bytes());
                    self.phase = Phase::Auth(exchange);
                }
                None => return self.fail(Failure::Nonsense("the next server's login makes no sense".into())),
            },
            _ => return self.fail(Failure::LoginRefused(reply)),
        }
        None
    }

    fn hear_message(&mut self, mut message: Box<Message>, reply: &Reply, out: &mut Vec<u8>) -> Option<Turn> {
        if reply.code == 421 {
            return Some(Turn::Done(message.give_up(&reply.answer())));
        }
        let Some(expected) = message.awaited.pop_front() else {
            return Some(Turn::Done(message.give_up(&answer(451, "4.5.0", "the next server speaks unasked"))));
        };
        if message.hear(expected, reply) {
            // The server waits for a message that nobody is left to get, or has refused to hear it.
            self.is_stale = true;
            return self.done(*message);
        }
        if message.awaited.is_empty() && matches!(message.body, Body::Untold) {
            if message.commands.is_empty() && !message.is_wanted() {
                self.is_stale = true;
                return self.done(*message);
            }
            message.send_group(&self.extensions, out);
        }
        if matches!(expected, Expected::End) {
            return self.done(*message);
        }
        self.phase = Phase::Message(message);
        None
    }

    fn done(&mut self, message: Message) -> Option<Turn> {
        self.phase = Phase::Ready;
        let missing = || answer(451, "4.5.0", "the next server gave no answer");
        let answers = message.answers.into_iter().map(|given| given.unwrap_or_else(missing)).collect();
        Some(Turn::Done(Report { answers, dsn: self.extensions.dsn, is_over: false }))
    }
}

impl Message {
    /// Sends the next commands: a group when the server hears groups, else one.
    fn send_group(&mut self, extensions: &Extensions, out: &mut Vec<u8>) {
        if self.commands.is_empty() {
            return self.send_body(extensions, out);
        }
        let group = if extensions.pipelining { GROUP_COMMANDS_MAX } else { 1 };
        for expected in self.commands.drain(..group.min(self.commands.len())) {
            match expected {
                Expected::Reset => out.extend_from_slice(b"RSET\r\n"),
                Expected::Mail => out.extend_from_slice(extensions.mail_command(&self.mail).as_bytes()),
                Expected::Rcpt(index) => {
                    out.extend_from_slice(extensions.rcpt_command(&self.mail.recipients[index]).as_bytes());
                }
                Expected::Data | Expected::End => {}
            }
            self.awaited.push_back(expected);
        }
    }

    /// Announces the body.
    fn send_body(&mut self, extensions: &Extensions, out: &mut Vec<u8>) {
        if extensions.chunking {
            out.extend_from_slice(format!("BDAT {} LAST\r\n", self.mail.size).as_bytes());
            self.body = Body::Chunk;
        } else {
            out.extend_from_slice(b"DATA\r\n");
            self.awaited.push_back(Expected::Data);
        }
    }

    /// Hears a reply; says whether the message ends here.
    fn hear(&mut self, expected: Expected, reply: &Reply) -> bool {
        match expected {
            Expected::Reset => {}
            Expected::Mail if reply.is_positive() => {}
            Expected::Mail => {
                self.mail_refused = true;
                // What was sent with it is refused as well, for a reason that says less.
                self.commands.clear();
                self.decide_rest(&refused(reply));
                return self.awaited.is_empty();
            }
            Expected::Rcpt(index) => {
                if !self.mail_refused && !reply.is_positive() {
                    self.answers[index] = Some(refused(reply));
                }
                return self.mail_refused && self.awaited.is_empty();
            }
            Expected::Data if reply.code == 354 => self.body = Body::Stuffed(Stuffer::new()),
            Expected::Data => {
                self.decide_rest(&refused(reply));
                return true;
            }
            Expected::End if reply.is_positive() => self.decide_rest(&reply.answer()),
            Expected::End => self.decide_rest(&refused(reply)),
        }
        false
    }

    /// Is there a recipient whose RCPT was taken?
    fn is_wanted(&self) -> bool {
        self.answers.iter().any(Option::is_none)
    }

    /// Answers for those who have no answer yet.
    fn decide_rest(&mut self, answer: &str) {
        for open in self.answers.iter_mut().filter(|given| given.is_none()) {
            *open = Some(answer.to_string());
        }
    }

    fn give_up(mut self, answer: &str) -> Report {
        self.decide_rest(answer);
        Report { answers: self.answers.into_iter().flatten().collect(), dsn: false, is_over: true }
    }
}

/// A reply that is no success where only success or failure makes sense.
fn refused(reply: &Reply) -> String {
    if reply.code < 400 { answer(451, "4.5.0", &format!("unexpected: {}", reply.answer())) } else { reply.answer() }
}
