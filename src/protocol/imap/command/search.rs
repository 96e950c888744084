//! SEARCH (RFC 3501 §6.4.4) with RETURN (RFC 4731), SAVE (RFC 5182), PARTIAL (RFC 9394) and MODSEQ (RFC 7162
//! §3.1.5).

use std::sync::Arc;

use mailstead_storage::{Modseq, UidRange, UidSet};

use super::{Desk, Next, Run, now};
use crate::protocol::imap::question::{Answer, Found, Question};
use crate::protocol::imap::search::Program;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::{at_places, take_first};
use crate::protocol::imap::wire::{Parsed, Parser, Places, Reply, Syntax, print_uids, quoted, search_keys};

/// What is to be told of the result (RFC 4731 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Returns {
    min: bool,
    max: bool,
    all: bool,
    count: bool,
    partial: Option<Places>,
    /// Keep it for `$`.
    save: bool,
}

struct Search {
    by_uid: bool,
    returns: Option<Returns>,
    program: Arc<Program>,
    /// Is the highest modseq told?
    modseq: bool,
    /// Messages not yet looked at.
    uids: UidSet,
    found: Found,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let mut returns = returns(parser)?;
    if core.enabled.rev2 {
        // SEARCH itself is no longer told (RFC 9051 §6.4.4).
        returns.get_or_insert(Returns { all: true, ..Returns::default() });
    }
    if core.enabled.utf8_accept && parser.peek_word("CHARSET") {
        return Err(Syntax("With UTF8=ACCEPT, searches are in UTF-8"));
    }
    if !charset(parser)? {
        return Ok(now(|_| Reply::no("BADCHARSET (US-ASCII UTF-8)", "Charset is not supported")));
    }
    let keys = search_keys(parser)?;
    let modseq = keys.names_modseq();
    core.enabled.condstore |= modseq;
    let now = core.now;
    let mailbox = core.mailbox();
    let program = Program::compile(&keys, mailbox, now);
    Ok(Box::new(Search {
        by_uid,
        returns,
        uids: program.candidates(mailbox),
        program: Arc::new(program),
        modseq,
        found: Found::default(),
    }))
}

/// `RETURN (MIN COUNT) `
fn returns(parser: &mut Parser<'_>) -> Parsed<Option<Returns>> {
    if !parser.eat_word("RETURN") {
        return Ok(None);
    }
    parser.space()?;
    let mut returns = Returns::default();
    if parser.rest().starts_with(b"()") {
        parser.eat(b'(');
        parser.eat(b')');
    } else {
        parser.list(|parser| {
            let option = parser.atom()?.to_ascii_uppercase();
            match option.as_str() {
                "MIN" => returns.min = true,
                "MAX" => returns.max = true,
                "ALL" => returns.all = true,
                "COUNT" => returns.count = true,
                "SAVE" => returns.save = true,
                "PARTIAL" if returns.partial.is_none() => {
                    parser.space()?;
                    returns.partial = Some(Places::parse(parser)?);
                }
                _ => return Err(Syntax("Unknown return option")),
            }
            Ok(())
        })?;
    }
    if returns.all && returns.partial.is_some() {
        return Err(Syntax("Either ALL or PARTIAL"));
    }
    if returns == Returns::default() {
        returns.all = true;
    }
    parser.space()?;
    Ok(Some(returns))
}

/// `CHARSET UTF-8 `: is it one that we know?
fn charset(parser: &mut Parser<'_>) -> Parsed<bool> {
    if !parser.eat_word("CHARSET") {
        return Ok(true);
    }
    parser.space()?;
    let name = parser.astring_text()?;
    parser.space()?;
    Ok(["UTF-8", "US-ASCII"].iter().any(|known| known.eq_ignore_ascii_case(&name)))
}

impl Run for Search {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Found(Ok(found))) => {
                self.found.uids.0.extend(found.uids.0);
                self.found.modseq = self.found.modseq.max(found.modseq);
            }
            Some(Answer::Found(Err(refused))) => {
                // Nothing is kept when it fails (RFC 5182 §2.1).
                if self.returns.is_some_and(|returns| returns.save) {
                    desk.core.mailbox().saved = UidSet::default();
                }
                return Next::Done(refused);
            }
            _ => {}
        }
        if !self.uids.is_empty() {
            let uids = take_first(&mut self.uids, self.program.chunk_messages());
            let (mailbox, program) = (desk.core.mailbox().id, Arc::clone(&self.program));
            return Next::Ask(Question::Search { mailbox, uids, program });
        }
        self.tell(desk);
        Next::Done(Reply::ok("SEARCH completed"))
    }
}

impl Search {
    fn tell(&mut self, desk: &mut Desk<'_>) {
        let mailbox = desk.core.mailbox();
        let found = mailbox.uids.known(&self.found.uids.0.iter().copied().collect());
        let modseq = (self.modseq && !found.is_empty()).then_some(self.found.modseq);
        if let Some(returns) = self.returns.filter(|returns| returns.save) {
            mailbox.saved = returns.kept(&found);
        }
        let numbers = match self.by_uid {
            true => found,
            false => found.iter().filter_map(|uid| mailbox.uids.sequence_of(uid)).collect(),
        };
        match self.returns {
            None => tell(&numbers, modseq, desk.out),
            Some(returns) if returns.only_saves() => {}
            Some(returns) => {
                say(desk.out, "* ESEARCH (TAG ");
                quoted(desk.tag.as_bytes(), desk.out);
                say(desk.out, if self.by_uid { ") UID" } else { ")" });
                tell_extended(returns, numbers, modseq, desk.out);
            }
        }
    }
}

impl Returns {
    fn only_saves(self) -> bool {
        self == Returns { save: true, ..Returns::default() }
    }

    /// What is kept of the result: with MIN, MAX or PARTIAL alone, only what they tell (RFC 5182 §2.4, RFC 9394
    /// §3.2).
    fn kept(self, found: &UidSet) -> UidSet {
        if self.all || self.count || self.only_saves() {
            return found.clone();
        }
        let ends =
            [(self.min, found.0.first().map(|range| range.first)), (self.max, found.0.last().map(|range| range.last))];
        let ends = ends.into_iter().filter_map(|(wanted, uid)| uid.filter(|_| wanted));
        let ends = ends.map(|uid| UidRange { first: uid, last: uid });
        let places = self.partial.map(|places| at_places(found.clone(), places));
        ends.chain(places.into_iter().flat_map(|uids| uids.0)).collect()
    }
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
fn tell_extended(returns: Returns, numbers: UidSet, modseq: Option<Modseq>, out: &mut Vec<u8>) {
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
    if let Some(modseq) = modseq {
        say(out, &format!(" MODSEQ {modseq}"));
    }
    say(out, "\r\n");
}
