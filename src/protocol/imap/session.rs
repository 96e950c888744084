//! The states of one connection (RFC 3501 §3). Pure: it hears bytes and answers, and says in turns
//! what it wants next. What a command does is in [`super::command`].

use std::sync::Arc;
use std::time::Duration;

use mailstead_storage::AccountId;

use super::capability::capabilities;
use super::command::{self, Desk, Next, Row, Run, Tells};
use super::frame::{Frame, Heard, Literal};
use super::notify::Notify;
use super::question::{Answer, Question};
use super::selected::{Selected, say};
use super::wire::{Parser, Reply, Status as ReplyStatus};
use super::{Rules, Service};
use crate::bell::Watch;
use crate::clock::Time;
use crate::net::{Goodbye, Input, OUTPUT_BYTES, Peer, Session, Status, Turn};
use crate::people::Login;
use crate::people::sasl::{ChannelBindings, Mechanism, Offers};

/// Largest command literal before the login, bytes: user, password or mechanism.
const STRANGER_LITERAL_BYTES_MAX: u64 = 4096;

/// Largest command, all its lines and literals together, bytes.
const COMMAND_BYTES_MAX: usize = 256 * 1024;

/// Extensions that change what is told once the client has asked for them (RFC 5161).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enabled {
    /// It knows modseqs (RFC 7162 §3.1).
    pub condstore: bool,
    /// It is told VANISHED instead of EXPUNGE (RFC 7162 §3.2).
    pub qresync: bool,
    /// It takes UTF-8 everywhere (RFC 6855).
    pub utf8_accept: bool,
    /// It speaks IMAP4rev2: nothing is recent, and SEARCH is answered with ESEARCH (RFC 9051 Appendix E).
    pub rev2: bool,
    /// It knows messages by their UIDs alone, and is told UIDFETCH and VANISHED (RFC 9586).
    pub uid_only: bool,
}

impl Enabled {
    /// Is it told VANISHED instead of EXPUNGE?
    pub fn vanished(self) -> bool {
        self.qresync || self.uid_only
    }

    /// Are mailbox names UTF-8 on both sides, not modified UTF-7?
    pub fn utf8(self) -> bool {
        self.utf8_accept || self.rev2
    }
}

/// What commands see and change.
pub struct Core {
    /// Settings and limits.
    pub rules: Arc<Rules>,
    /// Who is at the other end.
    pub peer: Peer,
    /// The TLS version, once encrypted.
    pub tls: Option<&'static str>,
    /// What a login may stand on.
    pub offers: Offers,
    /// Is the connection compressed?
    pub compressed: bool,
    /// Who has logged in.
    pub login: Option<Login>,
    /// The selected mailbox.
    pub selected: Option<Box<Selected>>,
    /// What it is notified of, when it has said so.
    pub notify: Option<Box<Notify>>,
    /// What the client has shown that it knows.
    pub enabled: Enabled,
    /// The time of the turn.
    pub now: Time,
    /// Logins that failed.
    pub failed_logins: u32,
    /// The connection ends after what is said.
    pub leaving: bool,
}

impl Core {
    /// Whose session it is. The command table lets only those here who have logged in.
    pub fn account(&self) -> AccountId {
        self.login.as_ref().expect("has logged in").account
    }

    /// The selected mailbox. The command table lets only those here who have selected one.
    pub fn mailbox(&mut self) -> &mut Selected {
        self.selected.as_mut().expect("a mailbox is selected")
    }

    /// Is the client told what happens in the selected mailbox?
    pub fn is_told_of_selected(&self) -> bool {
        self.notify.as_ref().is_none_or(|notify| notify.selected().is_some())
    }

    /// May a password be sent on this connection?
    pub fn allows_passwords(&self) -> bool {
        self.rules.settings.plaintext_auth.allows(self.tls.is_some(), self.peer.address.ip())
    }

    /// May this mechanism be used on this connection?
    pub fn allows(&self, mechanism: Mechanism) -> bool {
        !mechanism.is_plaintext() || self.allows_passwords()
    }

    /// Is STARTTLS possible now?
    pub fn may_start_tls(&self) -> bool {
        self.rules.service == Service::Imap && self.tls.is_none() && self.login.is_none() && !self.compressed
    }

    /// May this literal become part of a command of which so many bytes are there?
    pub fn takes_literal(&self, literal: Literal, text_bytes: usize) -> bool {
        let limit = match self.login {
            None => STRANGER_LITERAL_BYTES_MAX,
            Some(_) => self.rules.settings.literal_bytes_max as u64,
        };
        literal.size <= limit && text_bytes as u64 + literal.size <= COMMAND_BYTES_MAX as u64
    }

    fn patience(&self) -> Duration {
        let settings = &self.rules.settings;
        Duration::from_secs(match self.login {
            None => settings.login_seconds_max,
            Some(_) => settings.silent_seconds_max,
        })
    }
}

/// A command under way.
struct Running {
    /// Nothing, when what runs was not asked for by a command.
    tag: Box<str>,
    row: &'static Row,
    run: Box<dyn Run>,
    /// Changes by others are told, then this.
    ending: Option<Reply>,
}

/// One connection.
pub struct ImapSession {
    core: Core,
    frame: Frame,
    running: Option<Running>,
    answer: Option<Answer>,
    /// What is said once a command that was not taken has passed.
    passing: Option<Box<(String, Reply)>>,
    /// When the last command ended.
    heard: Time,
    greeted: bool,
    bad_commands: u32,
}

impl ImapSession {
    /// A session for this client.
    pub fn new(rules: Arc<Rules>, peer: &Peer) -> ImapSession {
        ImapSession {
            core: Core {
                rules,
                peer: peer.clone(),
                tls: peer.tls,
                offers: Offers::default(),
                compressed: false,
                login: None,
                selected: None,
                notify: None,
                enabled: Enabled::default(),
                now: Time::default(),
                failed_logins: 0,
                leaving: false,
            },
            frame: Frame::default(),
            running: None,
            answer: None,
            passing: None,
            heard: Time::default(),
            greeted: false,
            bad_commands: 0,
        }
    }

    /// As it is, and tokens are taken as well as passwords when `tokens` is true.
    pub fn taking_tokens(mut self, tokens: bool) -> ImapSession {
        self.core.offers.tokens = tokens;
        self
    }

    /// One step; `None` when the next can be taken at once.
    fn advance(&mut self, input: &mut Input, out: &mut Vec<u8>, now: Time) -> Option<Turn<Question>> {
        if let Some(running) = self.running.take() {
            return self.run(running, input, out, now);
        }
        if self.core.leaving {
            return Some(Turn::HangUp);
        }
        if out.len() >= OUTPUT_BYTES {
            return Some(Turn::Flush);
        }
        match self.frame.next(input) {
            Heard::More if input.is_closed() => return Some(Turn::HangUp),
            Heard::More if self.is_between_commands(input) && self.core.notify.is_some() => return self.notify(),
            Heard::More => return Some(Turn::Read { patience: self.core.patience() }),
            Heard::Command(text) => self.begin(&text, out),
            Heard::Announced(literal) => self.announced(literal, out),
            Heard::TooLong => {
                let tag = tag_of(if self.frame.text().is_empty() { input.bytes() } else { self.frame.text() });
                self.frame.pass();
                self.passing = Some(Box::new((tag, Reply::bad("Line is too long").code("TOOBIG"))));
            }
            Heard::Passed => {
                if let Some(passed) = self.passing.take() {
                    self.say_reply(&passed.0, &passed.1, out);
                }
            }
        }
        None
    }

    /// Has the client sent nothing of the next command?
    fn is_between_commands(&self, input: &Input) -> bool {
        self.frame.text().is_empty() && input.bytes().is_empty()
    }

    /// Tells what NOTIFY asks for, then waits for more of it, or for a command.
    fn notify(&mut self) -> Option<Turn<Question>> {
        let of_selected = self.core.notify.as_ref().and_then(|notify| notify.selected());
        let may_expunge = of_selected.is_some_and(|selected| !selected.delayed);
        if command::Tell::is_wanted(&mut self.core, may_expunge) {
            let run = Box::new(command::Tell::new(may_expunge));
            self.running = Some(Running { tag: "".into(), row: &command::TELLING, run, ending: None });
            return None;
        }
        let silent = Duration::from_millis(self.core.now.millis_since(self.heard));
        Some(Turn::Idle { patience: self.core.patience().saturating_sub(silent) })
    }

    /// Begins a command.
    fn begin(&mut self, text: &[u8], out: &mut Vec<u8>) {
        match command::begin(text, &mut self.core) {
            Ok(begun) => {
                let (tag, row, run) = begun;
                self.running = Some(Running { tag, row, run, ending: None });
            }
            Err(reply) => self.say_reply(&tag_of(text), &reply, out),
        }
    }

    /// A literal is announced: a message's own bytes go to the command that wants them, others become
    /// part of the command when they are small enough.
    fn announced(&mut self, literal: Literal, out: &mut Vec<u8>) {
        if let Some((tag, row, run)) = command::begin_streamed(self.frame.text(), literal, &mut self.core) {
            self.frame.split();
            self.running = Some(Running { tag, row, run, ending: None });
            return;
        }
        if self.core.takes_literal(literal, self.frame.text().len()) {
            self.frame.take_literal();
            if literal.synchronizing {
                say(out, "+ OK\r\n");
            }
            return;
        }
        let (tag, reply) = (tag_of(self.frame.text()), Reply::bad("Literal is too big").code("TOOBIG"));
        if self.frame.refuse() {
            self.say_reply(&tag, &reply, out);
        } else {
            self.passing = Some(Box::new((tag, reply)));
        }
    }

    /// The next step of the command under way.
    fn run(&mut self, mut running: Running, input: &mut Input, out: &mut Vec<u8>, now: Time) -> Option<Turn<Question>> {
        let answer = self.answer.take();
        let next = {
            let Running { tag, run, .. } = &mut running;
            let mut desk = Desk { tag, core: &mut self.core, frame: &mut self.frame, input, out, now };
            run.step(answer, &mut desk)
        };
        let turn = match next {
            Next::Ask(question) => {
                if let Some(notify) = &mut self.core.notify {
                    notify.note_own(&question);
                }
                Turn::Ask(question)
            }
            Next::Flush => Turn::Flush,
            Next::Read | Next::Idle { .. } if input.is_closed() => Turn::HangUp,
            Next::Read => Turn::Read { patience: self.core.patience() },
            Next::Idle { patience } => Turn::Idle { patience },
            Next::StartTls => {
                Reply::ok("Begin TLS now").print(&running.tag, out);
                self.frame.clear();
                return Some(Turn::StartTls);
            }
            Next::Compress => {
                Reply::ok("Compression begins").print(&running.tag, out);
                return Some(Turn::Compress);
            }
            Next::Done(reply) => {
                self.end(running, reply, out);
                return None;
            }
        };
        self.running = Some(running);
        Some(turn)
    }

    /// Ends a command: what others have changed is told first, where that is allowed.
    fn end(&mut self, mut running: Running, reply: Reply, out: &mut Vec<u8>) {
        if running.tag.is_empty() {
            return;
        }
        self.heard = self.core.now;
        let expunges = running.row.tells == Tells::All;
        let told = running.ending.is_some() || running.row.tells == Tells::Nothing;
        if !told && command::Tell::is_wanted(&mut self.core, expunges) {
            running.run = Box::new(command::Tell::new(expunges));
            running.ending = Some(reply);
            self.running = Some(running);
            return;
        }
        self.say_reply(&running.tag, running.ending.as_ref().unwrap_or(&reply), out);
    }

    fn say_reply(&mut self, tag: &str, reply: &Reply, out: &mut Vec<u8>) {
        reply.print(tag, out);
        if reply.status != ReplyStatus::Bad {
            self.bad_commands = 0;
            return;
        }
        self.bad_commands += 1;
        if self.bad_commands >= self.core.rules.settings.bad_commands_max {
            say(out, "* BYE Too many commands that cannot be understood\r\n");
            self.core.leaving = true;
        }
    }
}

/// The tag of a command, `*` when it cannot be read.
fn tag_of(text: &[u8]) -> String {
    const TAG_BYTES_MAX: usize = 256;
    match Parser::new(text).tag() {
        Ok(tag) if tag.len() <= TAG_BYTES_MAX => tag.to_string(),
        _ => "*".to_string(),
    }
}

impl Session for ImapSession {
    type Question = Question;
    type Answer = Answer;

    fn turn(&mut self, input: &mut Input, out: &mut Vec<u8>, now: Time) -> Turn<Question> {
        self.core.now = now;
        if !self.greeted {
            self.greeted = true;
            say(out, &format!("* OK [CAPABILITY {}] Mailstead ready\r\n", capabilities(&self.core)));
        }
        loop {
            if let Some(turn) = self.advance(input, out, now) {
                return turn;
            }
        }
    }

    fn answer(&mut self, answer: Answer, _out: &mut Vec<u8>, _now: Time) {
        self.answer = Some(answer);
    }

    fn bound(&mut self, bindings: ChannelBindings) {
        self.core.offers.bind(bindings);
    }

    fn secured(&mut self, version: &'static str) {
        self.core.tls = Some(version);
    }

    fn rang(&mut self) {
        if let Some(mailbox) = &mut self.core.selected {
            mailbox.ring();
        }
        if let Some(notify) = &mut self.core.notify {
            notify.ring();
        }
    }

    fn watches(&self) -> [Option<&Watch>; 2] {
        let notify = self.core.notify.as_ref().and_then(|notify| notify.watch());
        [self.core.selected.as_ref().map(|mailbox| mailbox.watch()), notify]
    }

    fn goodbye(&mut self, why: Goodbye, out: &mut Vec<u8>) {
        say(
            out,
            match why {
                Goodbye::Timeout => "* BYE Idle for too long\r\n",
                Goodbye::ServiceStops => "* BYE [UNAVAILABLE] Service is stopping\r\n",
                Goodbye::Ended => "* BYE Session was ended by the administrator\r\n",
                Goodbye::TooMany => "* BYE [LIMIT] Too many connections\r\n",
                Goodbye::Blocked => "* BYE [UNAVAILABLE] Your address is blocked for a while\r\n",
                Goodbye::Listed => "* BYE [NOPERM] Your address is on the blacklist\r\n",
                Goodbye::Garbled => "* BYE [CLIENTBUG] What you send is not DEFLATE\r\n",
            },
        );
    }

    fn is_busy(&self) -> bool {
        self.running.as_ref().is_some_and(|running| running.row.takes_messages())
    }

    fn status(&self) -> Status {
        let state = match (&self.running, &self.core) {
            (Some(running), _) => running.row.name,
            (None, Core { leaving: true, .. }) => "logout",
            (None, Core { selected: Some(_), .. }) => "selected",
            (None, Core { login: Some(_), .. }) => "authenticated",
            _ => "not authenticated",
        };
        Status { user: self.core.login.as_ref().map(|login| Arc::clone(&login.address)), state }
    }
}
