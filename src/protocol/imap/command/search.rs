//! SEARCH (RFC 3501 §6.4.4) with RETURN (RFC 4731), SAVE (RFC 5182), PARTIAL (RFC 9394) and MODSEQ (RFC 7162
//! §3.1.5), FUZZY and RELEVANCY (RFC 6203).

use mailstead_storage::{Modseq, UidSet};

use super::finding::{Finding, Sought, bad_charset, charset, numbers_refused};
use super::returns::{Returns, tell_scores, updating};
use super::{Desk, Next, Run, now};
use crate::protocol::imap::context::{Context, Sequence, Updating};
use crate::protocol::imap::question::Answer;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::at_places;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, SearchKey, Syntax, begin_extended, print_uids, search_keys};

struct Search {
    by_uid: bool,
    returns: Option<Returns>,
    finding: Finding,
    /// Is the highest modseq told?
    modseq: bool,
    /// What becomes a context (RFC 5267).
    updating: Option<Updating>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let mut returns = Returns::parse(parser)?;
    if core.enabled.rev2 {
        // SEARCH itself is no longer told (RFC 9051 §6.4.4).
        returns.get_or_insert(Returns { all: true, ..Returns::default() });
    }
    if parser.eat_word("CHARSET") {
        if core.enabled.utf8_accept {
            return Err(Syntax("With UTF8=ACCEPT, searches are in UTF-8"));
        }
        parser.space()?;
        if !charset(parser)? {
            return Ok(now(|_| bad_charset()));
        }
        parser.space()?;
    }
    let keys = search_keys(parser)?;
    relevancy_allowed(returns.as_ref(), &keys)?;
    if let Some(refused) = numbers_refused(&keys, core) {
        return Ok(refused);
    }
    let updating = updating(returns.as_mut(), by_uid, &keys, core);
    Ok(Box::new(Search { by_uid, returns, finding: Finding::new(&keys, core), modseq: keys.names_modseq(), updating }))
}

impl Run for Search {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        if answer.is_none() && self.updating.is_some() && desk.core.mailbox().has_context(desk.tag) {
            return Next::Done(Reply::bad("Tag is in use for updates"));
        }
        match self.finding.step(answer, desk) {
            Ok(Sought::Ask(question)) => Next::Ask(question),
            Ok(Sought::Flush) => Next::Flush,
            Ok(Sought::All) => {
                self.tell(desk);
                Next::Done(Reply::ok("SEARCH completed"))
            }
            Err(refused) => {
                // Nothing is kept when it fails (RFC 5182 §2.1).
                if self.returns.as_ref().is_some_and(|returns| returns.save) {
                    desk.core.mailbox().saved = UidSet::default();
                }
                Next::Done(refused)
            }
        }
    }
}

impl Search {
    fn tell(&mut self, desk: &mut Desk<'_>) {
        let found = self.finding.found(desk);
        let modseq = (self.modseq && !found.is_empty()).then_some(self.finding.modseq());
        let mailbox = desk.core.mailbox();
        if let Some(returns) = self.returns.as_ref().filter(|returns| returns.save) {
            mailbox.saved = returns.kept(&found);
        }
        let refused = self.updating.take().is_some_and(|updating| {
            let context = Context::new(desk.tag, updating, Sequence::Mailbox(found.clone()));
            !mailbox.keep_context(context)
        });
        let scores = self.returns.as_ref().map(|returns| returns.scores(&found, self.finding.scores()));
        let numbers = match self.by_uid {
            true => found,
            false => found.iter().filter_map(|uid| mailbox.uids.sequence_of(uid)).collect(),
        };
        match &self.returns {
            None => tell(&numbers, modseq, desk.out),
            Some(returns) if returns.only_saves() => {}
            Some(returns) => {
                begin_extended(desk.tag, self.by_uid, desk.out);
                tell_extended(returns, numbers, &scores.unwrap_or_default(), modseq, desk.out);
            }
        }
        if refused {
            Context::tell_refused(desk.tag, desk.out);
        }
    }
}

/// Scores are told of fuzzy searches only (RFC 6203 §4).
pub fn relevancy_allowed(returns: Option<&Returns>, keys: &SearchKey) -> Parsed<()> {
    let told = returns.is_some_and(|returns| returns.relevancy);
    if told && !keys.names_fuzzy() { Err(Syntax("RELEVANCY goes with FUZZY")) } else { Ok(()) }
}

/// `* SEARCH 2 3 6 (MODSEQ 917162500)`
fn tell(numbers: &UidSet, modseq: Option<Modseq>, out: &mut Vec<u8>) {
    say(out, "* SEARCH");
    for number in numbers.iter() {
        say(out, &format!(" {number}"));
    }
    if let Some(modseq) = modseq {
        say(out, &format!(" (MODSEQ {modseq})"));
    }
    say(out, "\r\n");
}

/// The results of ESEARCH. What is empty is not told, but for the count (RFC 4731 §3.1) and PARTIAL.
pub fn tell_extended(returns: &Returns, numbers: UidSet, scores: &[u8], modseq: Option<Modseq>, out: &mut Vec<u8>) {
    if let (true, Some(range)) = (returns.min, numbers.0.first()) {
        say(out, &format!(" MIN {}", range.first));
    }
    if let (true, Some(range)) = (returns.max, numbers.0.last()) {
        say(out, &format!(" MAX {}", range.last));
    }
    if returns.all && !numbers.is_empty() {
        say(out, " ALL ");
        print_uids(&numbers, out);
    }
    if returns.count {
        say(out, &format!(" COUNT {}", numbers.count()));
    }
    if let Some(places) = returns.partial {
        say(out, &format!(" PARTIAL ({places} "));
        match at_places(numbers, places) {
            none if none.is_empty() => say(out, "NIL"),
            some => print_uids(&some, out),
        }
        say(out, ")");
    }
    tell_scores(scores, out);
    if let Some(modseq) = modseq {
        say(out, &format!(" MODSEQ {modseq}"));
    }
    say(out, "\r\n");
}
