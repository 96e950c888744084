//! ESEARCH (MULTISEARCH, RFC 7377): a search in several mailboxes. Each is opened, searched and told in its turn.

use std::collections::VecDeque;

use mailstead_storage::UidSet;

use super::finding::{Finding, Sought, bad_charset, charset, numbers_refused};
use super::returns::{Returns, updating};
use super::search::{relevancy_allowed, tell_extended};
use super::{Desk, Next, Run, now};
use crate::protocol::imap::context::{Context, Sequence, Updating};
use crate::protocol::imap::filter::{Filter, subscribed};
use crate::protocol::imap::question::{Answer, Listing, Looks, Question};
use crate::protocol::imap::selected::{Selected, say};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SearchKey, Syntax, mailbox_name, quoted, search_keys};

/// Most filters of one ESEARCH.
const SOURCES_MAX: usize = 100;

struct MultiSearch {
    sources: Sources,
    returns: Returns,
    keys: SearchKey,
    updating: Option<Updating>,
    /// Mailboxes that are still to be searched, by name; `None` while they are not known.
    names: Option<VecDeque<String>>,
    /// The mailbox that is searched, when it is not the selected one.
    other: Option<Box<Selected>>,
    /// The search of a mailbox.
    finding: Option<Finding>,
}

/// Where is searched.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Sources {
    selected: bool,
    filters: Vec<Filter>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let sources = Sources::parse(parser)?;
    let mut returns = Returns::parse(parser)?.unwrap_or_else(Returns::all);
    if parser.eat_word("CHARSET") {
        parser.space()?;
        if !charset(parser)? {
            return Ok(now(|_| bad_charset()));
        }
        parser.space()?;
    }
    let keys = search_keys(parser)?;
    sources.allow(&returns, &keys, core)?;
    relevancy_allowed(Some(&returns), &keys)?;
    if let Some(refused) = numbers_refused(&keys, core) {
        return Ok(refused);
    }
    core.enabled.condstore |= keys.names_modseq();
    let updating = updating(Some(&mut returns), true, &keys, core);
    Ok(Box::new(MultiSearch { sources, returns, keys, updating, names: None, other: None, finding: None }))
}

impl Sources {
    /// `IN (mailboxes "folder1" subtree-one (a b)) `, when it stands here.
    fn parse(parser: &mut Parser<'_>) -> Parsed<Sources> {
        if !parser.eat_word("IN") {
            return Ok(Sources { selected: true, filters: Vec::new() });
        }
        parser.space()?;
        let mut sources = Sources::default();
        parser.list(|parser| {
            let name = parser.atom()?.to_string();
            if name.eq_ignore_ascii_case("selected") {
                sources.selected = true;
            } else {
                sources.filters.push(Filter::parse(&name, parser)?.ok_or(Syntax("Unknown source of a search"))?);
            }
            if sources.filters.len() > SOURCES_MAX { Err(Syntax("Too many sources")) } else { Ok(()) }
        })?;
        parser.space()?;
        Ok(sources)
    }

    /// May that be asked of these (RFC 7377 §2.2)?
    fn allow(&self, returns: &Returns, keys: &SearchKey, core: &Core) -> Parsed<()> {
        if self.selected && core.selected.is_none() {
            return Err(Syntax("Select a mailbox first"));
        }
        let alone = self.selected && self.filters.is_empty();
        if !alone && (returns.save || returns.update.is_some()) {
            return Err(Syntax("SAVE and UPDATE are of the selected mailbox alone"));
        }
        match !alone && (keys.names_numbers() || keys.names_saved()) {
            true => Err(Syntax("Numbers and $ are of the selected mailbox alone")),
            false => Ok(()),
        }
    }

    /// The mailboxes meant, each once.
    fn names(&self, listing: &Listing, selected: Option<&Selected>) -> VecDeque<String> {
        let subscribed = subscribed(listing);
        let selected = selected.filter(|_| self.selected).map(|mailbox| mailbox.id);
        let meant = listing.mailboxes.iter().filter(|mailbox| {
            selected == Some(mailbox.id) || self.filters.iter().any(|filter| filter.matches(&mailbox.name, &subscribed))
        });
        meant.map(|mailbox| mailbox.name.clone()).collect()
    }
}

impl Run for MultiSearch {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if answer.is_none() && self.names.is_none() {
            return self.first(desk);
        }
        let mut answer = answer;
        match answer.take() {
            Some(Answer::Listing(Ok(listing))) => {
                self.names = Some(self.sources.names(&listing, desk.core.selected.as_deref()));
            }
            Some(Answer::Opened(Ok(opened))) => {
                let mailbox = Box::new(Selected::new(*opened, true, desk.core.enabled));
                self.finding = Some(Finding::in_mailbox(&self.keys, &mailbox, desk.now));
                self.other = Some(mailbox);
            }
            // It has gone since.
            Some(Answer::Opened(Err(_))) => {}
            Some(Answer::Listing(Err(refused))) => return Next::Done(refused),
            other => answer = other,
        }
        self.go(answer, desk)
    }
}

impl MultiSearch {
    fn first(&mut self, desk: &mut Desk<'_>) -> Next {
        if self.updating.is_some() && desk.core.mailbox().has_context(desk.tag) {
            return Next::Done(Reply::bad("Tag is in use for updates"));
        }
        if self.sources.filters.is_empty() {
            self.names = Some(VecDeque::new());
            self.finding = Some(Finding::new(&self.keys, desk.core));
            return self.go(None, desk);
        }
        Next::Ask(Question::List { account: desk.core.account(), looks: Looks::default() })
    }

    /// Goes on with the mailbox that is searched, then with the next.
    fn go(&mut self, mut answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if let Some(finding) = &mut self.finding {
            let searched = self.other.as_deref().or(desk.core.selected.as_deref()).map(|mailbox| mailbox.id);
            let Some(searched) = searched else { return Next::Done(Reply::ok("ESEARCH completed")) };
            match finding.step_in(searched, answer.take(), desk) {
                Ok(Sought::Ask(question)) => return Next::Ask(question),
                Ok(Sought::Flush) => return Next::Flush,
                Ok(Sought::All) => self.tell(desk),
                Err(refused) => {
                    if let Some(mailbox) = desk.core.selected.as_mut().filter(|_| self.returns.save) {
                        mailbox.saved = UidSet::default();
                    }
                    return Next::Done(refused);
                }
            }
        }
        match self.names.as_mut().and_then(VecDeque::pop_front) {
            Some(name) => {
                Next::Ask(Question::Open { account: desk.core.account(), name, takes_recent: false, known: None })
            }
            None => Next::Done(Reply::ok("ESEARCH completed")),
        }
    }

    /// Tells what was found in one mailbox; nothing when that is nothing (RFC 7377 §2.1).
    fn tell(&mut self, desk: &mut Desk<'_>) {
        let (Some(finding), other) = (self.finding.take(), self.other.take()) else { return };
        let Some(searched) = other.as_deref().or(desk.core.selected.as_deref()) else { return };
        let found = finding.found_in(searched);
        let modseq = self.keys.names_modseq().then_some(finding.modseq());
        if !found.is_empty() && !self.returns.only_saves() {
            say(desk.out, "* ESEARCH (TAG ");
            quoted(desk.tag.as_bytes(), desk.out);
            say(desk.out, " MAILBOX ");
            mailbox_name(&searched.name, desk.core.enabled.utf8(), desk.out);
            say(desk.out, &format!(" UIDVALIDITY {}) UID", searched.uid_validity));
            let scores = self.returns.scores(&found, finding.scores());
            tell_extended(&self.returns, found.clone(), &scores, modseq, desk.out);
        }
        if other.is_some() {
            return;
        }
        let Some(mailbox) = desk.core.selected.as_mut() else { return };
        if self.returns.save {
            mailbox.saved = self.returns.kept(&found);
        }
        if let Some(updating) = self.updating.take()
            && !mailbox.keep_context(Context::new(desk.tag, updating, Sequence::Mailbox(found)))
        {
            Context::tell_refused(desk.tag, desk.out);
        }
    }
}
