//! Brings the search contexts up to date with what has changed (RFC 5267 §4.3), and tells what new messages are told
//! of (RFC 5465 §7).

use std::collections::VecDeque;
use std::sync::Arc;

use mailstead_storage::UidSet;

use super::{Desk, Next, Run, fetch};
use crate::protocol::imap::arrange::Row;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::uids::intersection;
use crate::protocol::imap::wire::FetchItem;

/// The contexts being brought up to date.
pub struct Refresh {
    /// Messages that are new or have changed.
    changed: UidSet,
    /// Those of them that are new.
    come: UidSet,
    /// The context whose turn it is.
    at: usize,
    /// What was found for it, while its rows are asked for.
    found: Option<UidSet>,
    /// What is told of new messages in the end.
    fetches: VecDeque<(UidSet, Vec<FetchItem>)>,
    fetch: Option<Box<dyn Run>>,
}

impl Refresh {
    /// After these messages have changed, of which some have come. `items` are told of each of those, when there are any.
    pub fn new(changed: UidSet, come: UidSet, items: Vec<FetchItem>) -> Refresh {
        let wanted = !items.is_empty() && !come.is_empty();
        let fetches = if wanted { [(come.clone(), items)].into() } else { VecDeque::new() };
        Refresh { changed, come, at: 0, found: None, fetches, fetch: None }
    }

    /// The next step; `None` when all is told. What cannot be read is told by a later change.
    pub fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Option<Next> {
        if self.fetch.is_some() {
            return self.tell(answer, desk);
        }
        match answer {
            Some(Answer::Found(Ok(found))) => {
                if let Some(question) = self.found(found.uids, desk) {
                    return Some(Next::Ask(question));
                }
            }
            Some(Answer::Rows(Ok(rows))) => self.settle(rows, desk),
            Some(Answer::Found(Err(_)) | Answer::Rows(Err(_))) => {
                self.found = None;
                self.at += 1;
            }
            _ => {}
        }
        let (now, mailbox) = (desk.now, desk.core.selected.as_ref()?);
        if let Some(context) = mailbox.contexts.get(self.at).filter(|_| !self.changed.is_empty()) {
            let program = Arc::new(context.program(mailbox, now));
            let uids = UidSet(intersection(&program.candidates(mailbox).0, &self.changed.0));
            return Some(Next::Ask(Question::Search { mailbox: mailbox.id, uids, program }));
        }
        self.tell(None, desk)
    }

    /// Takes in which of the changed messages match. What must be known of new members is asked.
    fn found(&mut self, found: UidSet, desk: &mut Desk<'_>) -> Option<Question> {
        let mailbox = desk.core.selected.as_ref()?;
        let context = mailbox.contexts.get(self.at)?;
        let found: UidSet = mailbox.uids.known(&found.0.into_iter().collect());
        let new = context.new_members(&found);
        let question = context.arrangement().filter(|_| !new.is_empty());
        let question = question.map(|arrangement| Question::Rows { mailbox: mailbox.id, uids: new, arrangement });
        self.found = Some(found);
        if question.is_none() {
            self.settle(Vec::new(), desk);
        }
        question
    }

    /// Tells what has left the context and what has joined it, and goes on to the next.
    fn settle(&mut self, rows: Vec<Row>, desk: &mut Desk<'_>) {
        let (Some(found), Some(mailbox)) = (self.found.take(), desk.core.selected.as_mut()) else { return };
        let (contexts, uids) = (&mut mailbox.contexts, &mailbox.uids);
        let Some(context) = contexts.get_mut(self.at) else { return };
        let new = context.new_members(&found);
        let gone = UidSet(crate::protocol::imap::uids::difference(&self.changed.0, &found.0));
        context.remove(&gone, uids, desk.out);
        context.add(&new, rows, uids, desk.out);
        let told = UidSet(intersection(&new.0, &self.come.0));
        if !context.items().is_empty() && !told.is_empty() {
            self.fetches.push_back((told, context.items().to_vec()));
        }
        if context.is_too_large() {
            context.tell_end(desk.out);
            contexts.remove(self.at);
        } else {
            self.at += 1;
        }
    }

    fn tell(&mut self, mut answer: Option<Answer>, desk: &mut Desk<'_>) -> Option<Next> {
        loop {
            if let Some(fetch) = &mut self.fetch {
                match fetch.step(answer.take(), desk) {
                    Next::Done(_) => self.fetch = None,
                    next => return Some(next),
                }
            }
            let (uids, items) = self.fetches.pop_front()?;
            let known = desk.core.selected.as_ref()?.uids.known(&uids);
            self.fetch = Some(fetch::unasked(known, items));
        }
    }
}
