//! Tells what others have changed, at the end of a command and during IDLE.

use mailstead_storage::Record;

use super::refresh::Refresh;
use super::{Desk, Next, Run};
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::{Applied, Told, say};
use crate::protocol::imap::wire::Reply;

/// Asks for what has happened and tells it.
pub struct Update {
    may_expunge: bool,
    records: std::vec::IntoIter<Record>,
    refresh: Option<Box<Refresh>>,
    begun: bool,
}

impl Update {
    /// `may_expunge`: may EXPUNGE be told?
    pub fn new(may_expunge: bool) -> Update {
        Update { may_expunge, records: Vec::new().into_iter(), refresh: None, begun: false }
    }
}

impl Run for Update {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("Told"));
        let (enabled, account) = (desk.core.enabled, desk.core.login.as_ref().map(|login| login.account));
        let notified = desk.core.notify.as_ref().and_then(|notify| notify.selected());
        let (Some(mailbox), Some(account)) = (desk.core.selected.as_mut(), account) else { return done };
        let mut answer = answer;
        match answer {
            Some(Answer::Changes(Ok(changes))) => {
                let Applied { told, changed, come } = mailbox.apply(*changes, self.may_expunge, enabled, desk.out);
                let flags = notified.is_none_or(|notified| notified.events.flags);
                self.records = if flags { told } else { Vec::new() }.into_iter();
                let items = notified.map(|notified| notified.items.clone()).unwrap_or_default();
                if !mailbox.contexts.is_empty() || !items.is_empty() {
                    self.refresh = Some(Box::new(Refresh::new(changed, come, items)));
                }
                answer = None;
            }
            Some(Answer::Rights(Ok(rights))) => {
                mailbox.learn_rights(rights, desk.out);
                return Next::Ask(mailbox.changes());
            }
            Some(Answer::Changes(Err(_)) | Answer::Rights(Err(_))) => {
                // The mailbox is gone, or the right to read it: there is no other way to tell it (RFC 3501 §7.1.5).
                say(desk.out, "* BYE Selected mailbox is no longer there\r\n");
                desk.core.leaving = true;
                return done;
            }
            _ if !self.begun => {
                self.begun = true;
                answer = None;
                if mailbox.take_ring() {
                    if !mailbox.owned {
                        let mailbox = mailbox.id;
                        return Next::Ask(Question::Rights { account, mailbox });
                    }
                    return Next::Ask(mailbox.changes());
                }
                if self.may_expunge {
                    mailbox.tell_vanished(enabled, desk.out);
                }
            }
            _ => {}
        }
        let items =
            Told { uid: enabled.qresync || enabled.rev2 || notified.is_some(), flags: true, modseq: enabled.condstore };
        for record in self.records.by_ref() {
            mailbox.tell_record(&record, items, desk.out);
            if desk.out.len() >= OUTPUT_BYTES {
                return Next::Flush;
            }
        }
        match self.refresh.as_mut().and_then(|refresh| refresh.step(answer, desk)) {
            Some(next) => next,
            None => done,
        }
    }
}
