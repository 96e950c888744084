//! The states of one connection. Pure: bytes and answers in, turns out. The commands themselves are in
//! [`super::command`].

use std::sync::Arc;

use mailstead_storage::{BodyKind, Envelope, EnvelopeRecipient};

use super::body::LineEnds;
use super::command::{self, auth, bdat, data, mail, rcpt};
use super::frame::{Frame, Framer};
use super::question::{Answer, Question};
use super::replies::{self, Reply};
use super::wire::MailParameters;
use super::{Role, Service, SmtpSettings};
use crate::clock::Time;
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Peer, Session, Status, Turn};
use crate::people::Login;
use crate::people::sasl::{ChannelBindings, Offers, Step};

/// Longest line of an AUTH exchange (RFC 4954 §4), its end included.
const AUTH_LINE_BYTES_MAX: usize = 12_288;

/// What every session of a service is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Which service it is.
    pub service: Service,
    /// The name of this host.
    pub hostname: String,
    /// Biggest message, bytes.
    pub message_bytes_max: u64,
    /// The service's settings.
    pub settings: SmtpSettings,
}

/// What a command leads to: the turn to take, or `None` to go on with the next line.
pub(super) type Next = Option<Turn<Question>>;

/// One connection.
pub struct SmtpSession {
    pub(super) rules: Arc<Rules>,
    pub(super) peer: Peer,
    pub(super) tls: Option<&'static str>,
    pub(super) offers: Offers,
    pub(super) now: Time,
    pub(super) hello: Option<Hello>,
    pub(super) login: Option<Login>,
    pub(super) transaction: Option<Transaction>,
    pub(super) phase: Phase,
    pub(super) auth_failures: u32,
    framer: Framer,
    errors: u32,
    recipients_refused: u32,
}

/// How the client has introduced itself.
pub(super) struct Hello {
    pub name: String,
    /// By EHLO.
    pub extended: bool,
}

/// A message on its way, from MAIL to its end.
pub(super) struct Transaction {
    pub envelope: Envelope,
    /// The size announced, bytes.
    pub size: u64,
    /// Memory that the recipients take, bytes.
    pub recipients_bytes: usize,
    /// Has a RCPT been refused?
    pub refused_any: bool,
    /// Has its body begun to come?
    pub begun: bool,
    /// Of what came in chunks.
    pub line_ends: LineEnds,
}

/// What is heard, or waited for.
pub(super) enum Phase {
    /// The greeting is not said yet.
    Greeting,
    /// A command is heard.
    Command,
    /// A response of AUTH is heard.
    Response(auth::Dialogue),
    /// The empty response to the server's last message is heard.
    LastResponse(Login),
    /// The exchange has taken a step.
    Step(auth::Dialogue, Step),
    /// The answer to `Verifier` or `Token` is waited for.
    Verifying(auth::Dialogue),
    /// The answer to `Password` or `Admit` is waited for; the server's last message comes then.
    LoggingIn(Vec<u8>),
    /// The answer to `Sender` is waited for.
    Sender(Box<Transaction>),
    /// The answer to `Recipient` is waited for.
    Recipient(EnvelopeRecipient),
    /// The answer to `Begin` is waited for, before 354 is said.
    Begin,
    /// The answer to `Begin` is waited for, before this chunk is heard.
    BeginChunk(bdat::Chunk),
    /// The message is heard.
    Data(data::Data),
    /// A chunk is heard.
    Chunk(bdat::Chunk),
    /// The answer to `Accept` is waited for.
    Accept,
    /// All is said.
    Closing,
}

impl SmtpSession {
    /// A session that has not said its greeting.
    pub fn new(rules: Arc<Rules>, peer: Peer) -> SmtpSession {
        SmtpSession {
            rules,
            tls: peer.tls,
            offers: Offers::default(),
            peer,
            now: Time::default(),
            hello: None,
            login: None,
            transaction: None,
            phase: Phase::Greeting,
            auth_failures: 0,
            framer: Framer::default(),
            errors: 0,
            recipients_refused: 0,
        }
    }

    /// As it is, and tokens are taken as well as passwords when `tokens` is true.
    pub fn taking_tokens(mut self, tokens: bool) -> SmtpSession {
        self.offers.tokens = tokens;
        self
    }

    pub(super) fn role(&self) -> Role {
        self.rules.service.role()
    }

    /// Says a reply. Errors are counted: a client that makes nothing else is sent away.
    pub(super) fn say(&mut self, reply: Reply, out: &mut Vec<u8>) {
        self.errors += u32::from(reply.code() >= 500);
        reply.write(out);
    }

    /// Says that a recipient is refused, which is no error of the client's but counted as well: who asks
    /// for many wants to find out who is here. A recipient too many is neither.
    pub(super) fn say_recipient_refused(&mut self, reply: Reply, out: &mut Vec<u8>) {
        self.recipients_refused += u32::from(reply.code() >= 500);
        reply.write(out);
    }

    /// A message has come: all is forgiven.
    pub(super) fn forgive(&mut self) {
        self.errors = 0;
        self.recipients_refused = 0;
    }

    /// Forgets the message that was begun.
    pub(super) fn reset(&mut self) -> Next {
        let begun = self.transaction.take().is_some_and(|transaction| transaction.begun);
        begun.then_some(Turn::Ask(Question::Discard(None)))
    }

    /// Refuses the message whose bytes have come.
    pub(super) fn refuse_message(&mut self, reply: Reply, out: &mut Vec<u8>) -> Next {
        self.say(reply, out);
        self.transaction = None;
        self.phase = Phase::Command;
        Some(Turn::Ask(Question::Discard(Some(reply))))
    }

    /// Waits for more bytes.
    pub(super) fn read(&self) -> Next {
        let settings = &self.rules.settings;
        let patience = match self.phase {
            Phase::Data(_) | Phase::Chunk(_) => settings.data_patience(),
            _ => settings.command_patience(),
        };
        Some(Turn::Read { patience })
    }

    /// Says why it ends, and ends.
    pub(super) fn close(&mut self, reply: Reply, out: &mut Vec<u8>) -> Next {
        reply.write(out);
        self.phase = Phase::Closing;
        Some(Turn::HangUp)
    }

    /// One step. `None`: another one can be taken at once.
    fn step(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Next {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Greeting => {
                out.extend_from_slice(format!("220 {} ESMTP Mailstead\r\n", self.rules.hostname).as_bytes());
                None
            }
            phase @ (Phase::Command | Phase::Response(_) | Phase::LastResponse(_)) => {
                self.phase = phase;
                self.line(input, out)
            }
            Phase::Step(dialogue, step) => auth::step(self, dialogue, step, out),
            Phase::Data(data) => data::hear(self, data, input, out),
            Phase::Chunk(chunk) => bdat::hear(self, chunk, input, out),
            // A turn without the answer that was asked for: whoever drives this session is broken.
            _ => {
                self.phase = Phase::Closing;
                Some(Turn::HangUp)
            }
        }
    }

    /// Hears a line, a command or a response of AUTH.
    fn line(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Next {
        if let Some(reply) = self.out_of_patience() {
            return self.close(reply, out);
        }
        let (frame, taken) = self.framer.next(input.bytes(), self.line_bytes_max(input.bytes()));
        let next = match frame {
            Frame::Partial => None,
            Frame::Fault(reply) => {
                self.phase = Phase::Command;
                self.say(reply, out);
                input.take(taken);
                return None;
            }
            Frame::Line(line) => match std::mem::replace(&mut self.phase, Phase::Command) {
                Phase::Response(dialogue) => Some(auth::hear(self, dialogue, line, out)),
                Phase::LastResponse(login) => Some(auth::hear_last(self, login, line, out)),
                _ => Some(command::run(self, line, out)),
            },
        };
        input.take(taken);
        next.unwrap_or_else(|| self.read())
    }

    fn out_of_patience(&self) -> Option<Reply> {
        let settings = &self.rules.settings;
        if self.auth_failures >= settings.auth_failures_max {
            return Some(replies::TOO_MANY_FAILURES);
        }
        let tired = self.errors >= settings.errors_max || self.recipients_refused >= settings.recipients_refused_max;
        tired.then_some(replies::TOO_MANY_ERRORS)
    }

    fn line_bytes_max(&self, bytes: &[u8]) -> usize {
        let is_auth = bytes.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
        match self.phase {
            Phase::Response(_) | Phase::LastResponse(_) => AUTH_LINE_BYTES_MAX,
            _ if is_auth => AUTH_LINE_BYTES_MAX,
            _ => self.rules.settings.command_bytes_max,
        }
    }
}

impl Transaction {
    /// A message from this reverse-path, empty for `<>`.
    pub fn new(reverse_path: String, parameters: MailParameters) -> Transaction {
        Transaction {
            envelope: Envelope {
                reverse_path,
                recipients: Vec::new(),
                ret: parameters.ret,
                envelope_id: parameters.envelope_id,
                body: parameters.body,
                smtputf8: parameters.smtputf8,
                require_tls: parameters.require_tls,
            },
            size: parameters.size.unwrap_or(0),
            recipients_bytes: 0,
            refused_any: false,
            begun: false,
            line_ends: LineEnds::default(),
        }
    }

    /// May it have bare CRs and LFs?
    pub fn is_binary(&self) -> bool {
        self.envelope.body == BodyKind::Binary
    }
}

impl Session for SmtpSession {
    type Question = Question;
    type Answer = Answer;

    fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>, now: Time) -> Turn<Question> {
        self.now = now;
        if matches!(self.phase, Phase::Closing) {
            return Turn::HangUp;
        }
        loop {
            if out.len() >= OUTPUT_BYTES {
                return Turn::Flush;
            }
            if let Some(turn) = self.step(input, out) {
                return turn;
            }
        }
    }

    fn answer(&mut self, answer: Answer, out: &mut Vec<u8>, now: Time) {
        self.now = now;
        match (std::mem::replace(&mut self.phase, Phase::Command), answer) {
            (Phase::Verifying(dialogue), Answer::Verifier(verifier)) => auth::verifier(self, dialogue, &verifier),
            (Phase::Verifying(dialogue), Answer::Login(login)) => auth::token_checked(self, dialogue, login, out),
            (Phase::LoggingIn(last), Answer::Login(login)) => auth::answered(self, login, &last, out),
            (Phase::Sender(transaction), Answer::Sender(answer)) => mail::answered(self, *transaction, answer, out),
            (Phase::Recipient(recipient), Answer::Recipient(answer)) => rcpt::answered(self, recipient, answer, out),
            (Phase::Begin, Answer::Begun(answer)) => data::begun(self, answer, out),
            (Phase::BeginChunk(chunk), Answer::Begun(answer)) => bdat::begun(self, chunk, answer),
            (Phase::Data(data), Answer::Taken(answer)) => data::taken(self, data, answer),
            (Phase::Chunk(chunk), Answer::Taken(answer)) => bdat::taken(self, chunk, answer),
            (Phase::Accept, Answer::Accepted(answer)) => data::accepted(self, answer, out),
            (phase, _) => self.phase = phase,
        }
    }

    fn bound(&mut self, bindings: ChannelBindings) {
        self.offers.bind(bindings);
    }

    fn secured(&mut self, version: &'static str) {
        self.tls = Some(version);
        self.hello = None;
        self.login = None;
        self.phase = Phase::Command;
        self.framer = Framer::default();
    }

    fn goodbye(&mut self, why: Goodbye, out: &mut Vec<u8>) {
        replies::goodbye(why).write(out);
        self.phase = Phase::Closing;
    }

    fn is_busy(&self) -> bool {
        self.transaction.is_some() || matches!(self.phase, Phase::Accept)
    }

    fn status(&self) -> Status {
        let state = match self.phase {
            Phase::Greeting => "greeting",
            Phase::Response(_)
            | Phase::LastResponse(_)
            | Phase::Step(..)
            | Phase::Verifying(_)
            | Phase::LoggingIn(_) => "login",
            Phase::Begin | Phase::Data(_) => "data",
            Phase::BeginChunk(_) | Phase::Chunk(_) => "bdat",
            Phase::Accept => "accepting",
            Phase::Closing => "closing",
            _ if self.transaction.is_some() => "envelope",
            _ => "waiting",
        };
        Status { user: self.login.as_ref().map(|login| Arc::clone(&login.address)), state }
    }
}
