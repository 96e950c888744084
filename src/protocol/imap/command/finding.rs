//! Looking for messages, in pieces, so that other sessions get their turn.

use std::sync::Arc;

use mailstead_storage::{MailboxId, Modseq, Time, UidSet};

use super::progress::Progress;
use super::{Desk, Run, now};
use crate::protocol::imap::fuzzy::Scores;
use crate::protocol::imap::question::{Answer, Found, Question};
use crate::protocol::imap::search::Program;
use crate::protocol::imap::selected::Selected;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::take_first;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SearchKey};

/// A search under way.
pub struct Finding {
    program: Arc<Program>,
    /// Messages not yet looked at.
    uids: UidSet,
    /// Messages to be looked at in all.
    goal: u64,
    found: Found,
    progress: Progress,
}

/// What a search wants next.
pub enum Sought {
    /// The answer to this.
    Ask(Question),
    /// What is said to be sent first.
    Flush,
    /// Nothing more: all is found.
    All,
}

impl Finding {
    /// Looks for what matches these keys.
    pub fn new(keys: &SearchKey, core: &mut Core) -> Finding {
        let now = core.now;
        core.enabled.condstore |= keys.names_modseq();
        Finding::in_mailbox(keys, core.mailbox(), now)
    }

    /// Looks in this mailbox for what matches these keys.
    pub fn in_mailbox(keys: &SearchKey, mailbox: &Selected, now: Time) -> Finding {
        let program = Program::compile(keys, mailbox, now);
        let uids = program.candidates(mailbox);
        let (goal, progress) = (uids.count(), Progress::default());
        Finding { uids, goal, program: Arc::new(program), found: Found::default(), progress }
    }

    /// Takes the last answer in.
    ///
    /// # Errors
    /// The reply that the search ends with.
    pub fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Result<Sought, Reply> {
        let mailbox = desk.core.mailbox().id;
        self.step_in(mailbox, answer, desk)
    }

    /// As [`step`](Finding::step), in this mailbox.
    pub fn step_in(
        &mut self,
        mailbox: MailboxId,
        answer: Option<Answer>,
        desk: &mut Desk<'_>,
    ) -> Result<Sought, Reply> {
        if let Some(Answer::Found(found)) = answer {
            let found = found?;
            self.found.uids.0.extend(found.uids.0);
            self.found.modseq = self.found.modseq.max(found.modseq);
            self.found.scores.append(found.scores);
        }
        if self.uids.is_empty() {
            return Ok(Sought::All);
        }
        if self.progress.tell(self.goal - self.uids.count(), self.goal, desk) {
            return Ok(Sought::Flush);
        }
        let uids = take_first(&mut self.uids, self.program.chunk_messages());
        let program = Arc::clone(&self.program);
        Ok(Sought::Ask(Question::Search { mailbox, uids, program }))
    }

    /// What was found, of the messages that the client knows.
    pub fn found(&self, desk: &mut Desk<'_>) -> UidSet {
        self.found_in(desk.core.mailbox())
    }

    /// As [`found`](Finding::found), in this mailbox.
    pub fn found_in(&self, mailbox: &Selected) -> UidSet {
        mailbox.uids.known(&self.found.uids.0.iter().copied().collect())
    }

    /// How well what was found fits.
    pub fn scores(&self) -> &Scores {
        &self.found.scores
    }

    /// The highest modseq of what was found.
    pub fn modseq(&self) -> Modseq {
        self.found.modseq
    }
}

/// The command in place of one whose keys have sequence numbers in them, when the client has renounced these (RFC
/// 9586 §3.4).
pub fn numbers_refused(keys: &SearchKey, core: &Core) -> Option<Box<dyn Run>> {
    (core.enabled.uid_only && keys.names_numbers()).then(|| now(|_| Reply::uid_required()))
}

/// The reply when a charset is not known.
pub fn bad_charset() -> Reply {
    Reply::no("BADCHARSET (US-ASCII UTF-8)", "Charset is not supported")
}

/// Reads the name of a charset: is it one that we know?
pub fn charset(parser: &mut Parser<'_>) -> Parsed<bool> {
    let name = parser.astring_text()?;
    Ok(["UTF-8", "US-ASCII"].iter().any(|known| known.eq_ignore_ascii_case(&name)))
}
