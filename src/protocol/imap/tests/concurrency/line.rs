//! One client: a session with its answers, run step by step, and what the client knows.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::mirror::{Mirror, vanished};
use crate::bell::Watch;
use crate::clock::Clock;
use crate::net::{Answers, Input, Peer, Protocol, Session, Turn};
use crate::people::PlaintextAuth;
use crate::people::sessions::SessionId;
use crate::protocol::imap::{House, Imap, ImapAnswers, ImapSession, ImapSettings, Rules, Service};

/// What a client has enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing.
    Rev1,
    /// QRESYNC, which means CONDSTORE.
    Qresync,
    /// UIDONLY and CONDSTORE.
    UidOnly,
    /// IMAP4rev2.
    Rev2,
}

pub struct Line {
    session: ImapSession,
    answers: ImapAnswers,
    input: Input,
    /// Said by the server and not yet a whole line.
    heard: Vec<u8>,
    clock: Clock,
    pub style: Style,
    pub mirror: Mirror,
    /// The command under way: its tag and whether expunges may be told.
    running: Option<(String, bool)>,
    pub idling: bool,
    /// All that was told to be gone.
    pub vanished: BTreeSet<u32>,
    commands: u32,
}

impl Line {
    /// A client that has logged in by a token.
    pub async fn open(house: &House, style: Style) -> Line {
        let settings = ImapSettings { plaintext_auth: PlaintextAuth::Always, ..ImapSettings::default() };
        let rules = Rules { service: Service::Imap, settings, message_bytes_max: 1000 };
        let address = ([127, 0, 0, 1], 4000).into();
        let peer = Peer { id: SessionId(1), address, local: address, tls: None };
        let (session, answers) = Imap::new(rules, house.clone()).open(&peer);
        let (input, heard, clock) = (Input::default(), Vec::new(), Clock::system());
        let (mirror, running) = (Mirror::default(), None);
        let mut line = Line {
            session,
            answers,
            input,
            heard,
            clock,
            style,
            mirror,
            running,
            idling: false,
            vanished: BTreeSet::new(),
            commands: 0,
        };
        line.obey("AUTHENTICATE OAUTHBEARER biwsAWF1dGg9QmVhcmVyIHgBAQ==").await;
        match style {
            Style::Rev1 => {}
            Style::Qresync => line.obey("ENABLE QRESYNC").await,
            Style::UidOnly => line.obey("ENABLE UIDONLY CONDSTORE").await,
            Style::Rev2 => line.obey("ENABLE IMAP4rev2").await,
        }
        line
    }

    /// Begins a command. `expunges`: may expunges be told while it runs (RFC 3501 §7.4.1)?
    pub fn begin(&mut self, command: &str, expunges: bool) {
        assert!(!self.is_busy());
        self.commands += 1;
        let tag = format!("t{}", self.commands);
        self.input.push(format!("{tag} {command}\r\n").as_bytes());
        self.running = Some((tag, expunges));
    }

    /// Is a command under way? IDLE is one.
    pub fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    /// Ends IDLE, as soon as the session hears it.
    pub fn done(&mut self) {
        self.input.push(b"DONE\r\n");
        self.idling = false;
    }

    /// A command from its beginning to its end.
    pub async fn obey(&mut self, command: &str) {
        self.begin(command, true);
        self.finish().await;
    }

    /// To the end of the command under way.
    pub async fn finish(&mut self) {
        if self.idling {
            self.done();
        }
        while self.is_busy() {
            self.step().await;
        }
    }

    /// One turn of the session, as the loop of a connection takes it.
    pub async fn step(&mut self) {
        let mut out = Vec::new();
        if self.idling && self.session.watches().into_iter().flatten().any(Watch::has_changed) {
            self.session.rang();
        }
        match self.session.turn(&mut self.input, &mut out, self.clock.now()) {
            Turn::Ask(question) => {
                let answer = self.answers.answer(question).await;
                self.session.answer(answer, &mut out, self.clock.now());
            }
            Turn::Flush | Turn::Read { .. } | Turn::Idle { .. } => {}
            turn => panic!("{turn:?}", turn = std::mem::discriminant(&turn)),
        }
        self.heard.append(&mut out);
        while let Some(end) = self.heard.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.heard.drain(..=end).collect();
            self.hear(String::from_utf8_lossy(&line).trim_end());
        }
    }

    fn hear(&mut self, line: &str) {
        if line == "+ idling" {
            self.idling = true;
        }
        let Some((tag, expunges)) = &self.running else {
            return assert!(line.starts_with("* OK [CAPABILITY"), "told between commands: {line}");
        };
        self.mirror.hear(line, *expunges);
        self.vanished.extend(vanished(line));
        if let Some(reply) = line.strip_prefix(tag.as_str()) {
            // Another client may have been quicker.
            let gone = reply.contains("[EXPUNGEISSUED]") || reply.ends_with("to be replaced is gone");
            assert!(reply.starts_with(" OK") || gone, "{line}");
            self.running = None;
        }
        assert!(!line.starts_with("* BYE"), "{line}");
    }
}

/// A house on a store of its own, whose only user logs in by any token.
pub struct Place {
    pub house: House,
    _folder: tempfile::TempDir,
}

impl Place {
    pub async fn new() -> Place {
        // In memory where that is possible: each command is a commit.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
        let bell = crate::bell::Bell::default();
        let mut options = mailstead_storage::Options::new(folder.path());
        options.disk_free_bytes_min = 0;
        let store = mailstead_storage::Store::open(options, Arc::new(bell.clone())).expect("a store");
        let clock = Clock::system();
        store.add_domain("example.test", clock.now()).await.expect("a domain");
        let address = USER.to_string();
        let account = mailstead_storage::NewAccount { address, ..mailstead_storage::NewAccount::default() };
        store.add_account(account, clock.now()).await.expect("an account");
        let people = crate::people::People::new(store.clone(), clock.clone());
        people.trust(Box::new(Anyone));
        let intake = crate::intake::Intake::new(store.clone(), clock.clone(), 1000);
        let log = crate::log::Log::none();
        let parts =
            crate::search::Parts { store: store.clone(), bell: bell.clone(), clock: clock.clone(), log: log.clone() };
        let search = crate::search::Search::open(folder.path(), parts).expect("an index");
        Place { house: House { people, intake, store, search, bell, log, clock }, _folder: folder }
    }
}

const USER: &str = "alice@example.test";

struct Anyone;

impl crate::people::TokenVerifier for Anyone {
    fn verify<'a>(&'a self, _: &'a str) -> crate::people::Verifying<'a> {
        Box::pin(async { Ok(USER.to_string()) })
    }
}
