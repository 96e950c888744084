//! NOTIFY (RFC 5465).

use super::update::Update;
use super::{Desk, Next, Run, now};
use crate::bell::Watch;
use crate::protocol::imap::notify::{Differences, EVENTS, Groups, Notify, Request, Snapshot, View};
use crate::protocol::imap::question::{Answer, Looks, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct Set {
    status: bool,
    groups: Groups,
    /// Tells what has happened so far, whatever was wanted of it: as NOOP does (RFC 5465 §3.1).
    update: Option<Update>,
    watch: Option<Watch>,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let request = Request::parse(parser)?;
    parser.end()?;
    Ok(match request {
        Request::None => now(|desk| {
            desk.core.notify = Some(Box::default());
            Reply::ok("NOTIFY completed")
        }),
        Request::Unsupported => {
            now(|_| Reply::no("CANNOT", "There are no such events").code(format!("BADEVENT ({EVENTS})")))
        }
        Request::Set { status, groups } => {
            Box::new(Set { status, groups, update: Some(Update::new(true)), watch: None })
        }
    })
}

impl Run for Set {
    fn step(&mut self, mut answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if let Some(update) = &mut self.update {
            match update.step(answer.take(), desk) {
                Next::Done(_) => self.update = None,
                next => return next,
            }
        }
        let account = desk.core.account();
        match answer {
            Some(Answer::Watch(watch)) => {
                self.watch = Some(watch);
                Next::Ask(Question::List { account, looks: Looks::default() })
            }
            Some(Answer::Listing(Ok(listing))) => {
                let (Some(known), Some(watch)) = (Snapshot::of(&listing), self.watch.take()) else {
                    return Next::Done(Reply::no("NOTIFICATIONOVERFLOW", "Too many mailboxes to be watched"));
                };
                if self.status {
                    Differences::new(&known, &listing, &self.groups, View::of(desk.core)).tell_all(desk.out);
                }
                set(Notify::of_all(std::mem::take(&mut self.groups), known, watch), desk)
            }
            Some(Answer::Listing(Err(refused))) => Next::Done(refused),
            _ if self.groups.others.is_empty() => set(Notify::of_selected(std::mem::take(&mut self.groups)), desk),
            _ => Next::Ask(Question::Watch(account)),
        }
    }
}

fn set(notify: Notify, desk: &mut Desk<'_>) -> Next {
    desk.core.notify = Some(Box::new(notify));
    Next::Done(Reply::ok("NOTIFY completed"))
}
