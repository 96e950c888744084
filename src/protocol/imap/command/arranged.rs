//! What SORT and THREAD have in common: messages are found, what must be known of each is gathered in pieces, and
//! all is arranged at once.

use std::sync::Arc;

use mailstead_storage::UidSet;

use super::finding::{Finding, Sought};
use super::progress::Progress;
use super::{Desk, Next, Run};
use crate::protocol::imap::arrange::{Arrangement, Row, Token};
use crate::protocol::imap::context::{Context, SORTED_MESSAGES_MAX, Sequence, Updating};
use crate::protocol::imap::fuzzy::Scores;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::uids::take_first;
use crate::protocol::imap::wire::Reply;

/// Messages looked at before other sessions get their turn.
const CHUNK_MESSAGES: usize = 1024;

/// Writes what came out.
pub type Teller = Box<dyn FnMut(&[Token], &Scores, &mut Desk<'_>) + Send>;

/// A command that arranges messages.
pub struct Arranged {
    finding: Finding,
    arrangement: Arc<Arrangement>,
    /// What was found and not yet looked at, once all is found.
    found: Option<UidSet>,
    /// Messages found.
    goal: u64,
    rows: Vec<Row>,
    progress: Progress,
    teller: Teller,
    done: &'static str,
    /// What becomes a context (RFC 5267), and its rows while the result is being arranged.
    updating: Option<Updating>,
    kept: Vec<Row>,
    /// Is the result too large to be kept?
    too_large: bool,
}

impl Arranged {
    /// Arranges what `finding` finds.
    pub fn new(finding: Finding, arrangement: Arrangement, teller: Teller, done: &'static str) -> Arranged {
        Arranged {
            finding,
            arrangement: Arc::new(arrangement),
            found: None,
            goal: 0,
            rows: Vec::new(),
            progress: Progress::default(),
            teller,
            done,
            updating: None,
            kept: Vec::new(),
            too_large: false,
        }
    }

    /// The result becomes a context.
    pub fn updating(self, updating: Option<Updating>) -> Arranged {
        Arranged { updating, ..self }
    }

    /// Keeps the result up to date, or says that it is not.
    fn keep(&mut self, desk: &mut Desk<'_>) {
        let Some(updating) = self.updating.take() else { return };
        let (arrangement, mut rows) = (Arc::clone(&self.arrangement), std::mem::take(&mut self.kept));
        rows.sort_by(|left, right| arrangement.compare(left, right));
        let context = Context::new(desk.tag, updating, Sequence::Sorted(arrangement, rows));
        if self.too_large || !desk.core.mailbox().keep_context(context) {
            Context::tell_refused(desk.tag, desk.out);
        }
    }
}

impl Run for Arranged {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if answer.is_none() && self.updating.is_some() && desk.core.mailbox().has_context(desk.tag) {
            return Next::Done(Reply::bad("Tag is in use for updates"));
        }
        let answer = match answer {
            Some(Answer::Arranged(tokens)) => {
                (self.teller)(&tokens, self.finding.scores(), desk);
                self.keep(desk);
                return Next::Done(Reply::ok(self.done));
            }
            Some(Answer::Rows(Ok(rows))) => {
                self.rows.extend(rows);
                None
            }
            Some(Answer::Rows(Err(refused))) => return Next::Done(refused),
            other => other,
        };
        if self.found.is_none() {
            match self.finding.step(answer, desk) {
                Ok(Sought::Ask(question)) => return Next::Ask(question),
                Ok(Sought::Flush) => return Next::Flush,
                Ok(Sought::All) => {
                    let found = self.finding.found(desk);
                    Arc::make_mut(&mut self.arrangement).score(self.finding.scores());
                    self.goal = found.count();
                    self.found = Some(found);
                }
                Err(refused) => return Next::Done(refused),
            }
        }
        let left = self.found.as_ref().map_or(0, UidSet::count);
        if self.progress.tell(self.goal - left, self.goal, desk) {
            return Next::Flush;
        }
        let arrangement = Arc::clone(&self.arrangement);
        Next::Ask(match self.found.as_mut().filter(|uids| !uids.is_empty()) {
            Some(uids) => {
                let (mailbox, uids) = (desk.core.mailbox().id, take_first(uids, CHUNK_MESSAGES));
                Question::Rows { mailbox, uids, arrangement }
            }
            None => {
                let rows = std::mem::take(&mut self.rows);
                self.too_large = rows.len() > SORTED_MESSAGES_MAX;
                if self.updating.is_some() && !self.too_large {
                    self.kept.clone_from(&rows);
                }
                Question::Arrange { rows, arrangement }
            }
        })
    }
}
