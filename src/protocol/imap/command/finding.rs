//! Looking for messages, in pieces, so that other sessions get their turn.

use std::sync::Arc;

use mailstead_storage::{Modseq, Time, UidSet};

use super::Desk;
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
    found: Found,
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
        Finding { uids: program.candidates(mailbox), program: Arc::new(program), found: Found::default() }
    }

    /// Takes the last answer in. What is to be asked next; `None` when all is found.
    ///
    /// # Errors
    /// The reply that the search ends with.
    pub fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Result<Option<Question>, Reply> {
        self.step_in(answer, desk.core.mailbox())
    }

    /// As [`step`](Finding::step), in this mailbox.
    pub fn step_in(&mut self, answer: Option<Answer>, mailbox: &Selected) -> Result<Option<Question>, Reply> {
        if let Some(Answer::Found(found)) = answer {
            let found = found?;
            self.found.uids.0.extend(found.uids.0);
            self.found.modseq = self.found.modseq.max(found.modseq);
        }
        if self.uids.is_empty() {
            return Ok(None);
        }
        let uids = take_first(&mut self.uids, self.program.chunk_messages());
        let (mailbox, program) = (mailbox.id, Arc::clone(&self.program));
        Ok(Some(Question::Search { mailbox, uids, program }))
    }

    /// What was found, of the messages that the client knows.
    pub fn found(&self, desk: &mut Desk<'_>) -> UidSet {
        self.found_in(desk.core.mailbox())
    }

    /// As [`found`](Finding::found), in this mailbox.
    pub fn found_in(&self, mailbox: &Selected) -> UidSet {
        mailbox.uids.known(&self.found.uids.0.iter().copied().collect())
    }

    /// The highest modseq of what was found.
    pub fn modseq(&self) -> Modseq {
        self.found.modseq
    }
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
