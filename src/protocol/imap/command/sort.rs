//! SORT (RFC 5256, DISPLAYFROM and DISPLAYTO RFC 5957, RELEVANCY RFC 6203) with RETURN (RFC 5267 §3).

use super::arranged::{Arranged, Teller};
use super::finding::{Finding, bad_charset, charset, numbers_refused};
use super::returns::{Returns, tell_scores, updating};
use super::search::relevancy_allowed;
use super::{Desk, Run, now};
use crate::protocol::imap::arrange::{Arrangement, Criterion, SortKey, Token};
use crate::protocol::imap::fuzzy::Scores;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Syntax, begin_extended, search_keys};

/// Most criteria of one SORT.
const KEYS_MAX: usize = 32;

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let mut returns = Returns::parse(parser)?;
    if returns.as_ref().is_some_and(|returns| returns.save) {
        return Err(Syntax("SORT does not save"));
    }
    let keys = parser.list(sort_key)?;
    if keys.len() > KEYS_MAX {
        return Err(Syntax("Too many sort criteria"));
    }
    parser.space()?;
    if !charset(parser)? {
        return Ok(now(|_| bad_charset()));
    }
    parser.space()?;
    let searched = search_keys(parser)?;
    relevancy_allowed(returns.as_ref(), &searched)?;
    if keys.iter().any(|key| key.criterion == Criterion::Relevancy) && !searched.names_fuzzy() {
        return Err(Syntax("RELEVANCY goes with FUZZY"));
    }
    if let Some(refused) = numbers_refused(&searched, core) {
        return Ok(refused);
    }
    let updating = updating(returns.as_mut(), by_uid, &searched, core);
    let finding = Finding::new(&searched, core);
    let teller: Teller = Box::new(move |tokens, scores, desk| tell(returns.as_ref(), by_uid, tokens, scores, desk));
    Ok(Box::new(
        Arranged::new(finding, Arrangement::Sort(keys, Scores::default()), teller, "SORT completed").updating(updating),
    ))
}

/// `REVERSE DATE`
fn sort_key(parser: &mut Parser<'_>) -> Parsed<SortKey> {
    let reverse = parser.eat_word("REVERSE");
    if reverse {
        parser.space()?;
    }
    let criterion = Criterion::by_name(parser.atom()?).ok_or(Syntax("Unknown sort criterion"))?;
    Ok(SortKey { criterion, reverse })
}

fn tell(returns: Option<&Returns>, by_uid: bool, tokens: &[Token], scores: &Scores, desk: &mut Desk<'_>) {
    let mailbox = desk.core.mailbox();
    let number = |token: &Token| match token {
        Token::Message(uid) if by_uid => Some(*uid),
        Token::Message(uid) => mailbox.uids.sequence_of(*uid),
        _ => None,
    };
    let numbers: Vec<u32> = tokens.iter().filter_map(number).collect();
    match returns {
        Some(returns) => {
            begin_extended(desk.tag, by_uid, desk.out);
            tell_extended(returns, &numbers, desk.out);
            if returns.relevancy {
                tell_scores(&told_scores(returns, tokens, scores), desk.out);
            }
        }
        None => {
            say(desk.out, "* SORT");
            numbers.iter().for_each(|number| say(desk.out, &format!(" {number}")));
        }
    }
    say(desk.out, "\r\n");
}

/// How well each message fits, in the order of the sort.
fn told_scores(returns: &Returns, tokens: &[Token], scores: &Scores) -> Vec<u8> {
    let score = |token: &Token| if let Token::Message(uid) = token { Some(scores.of(*uid)) } else { None };
    let all: Vec<u8> = tokens.iter().filter_map(score).collect();
    let Some(places) = returns.partial else { return all };
    let places = places.of(u32::try_from(all.len()).unwrap_or(u32::MAX));
    places.iter().filter_map(|place| all.get(place as usize - 1).copied()).collect()
}

/// As for SEARCH, but in the order of the sort.
fn tell_extended(returns: &Returns, numbers: &[u32], out: &mut Vec<u8>) {
    if let (true, Some(first)) = (returns.min, numbers.first()) {
        say(out, &format!(" MIN {first}"));
    }
    if let (true, Some(last)) = (returns.max, numbers.last()) {
        say(out, &format!(" MAX {last}"));
    }
    if returns.all && !numbers.is_empty() {
        say(out, " ALL ");
        print_in_order(numbers.iter().copied(), out);
    }
    if returns.count {
        say(out, &format!(" COUNT {}", numbers.len()));
    }
    if let Some(places) = returns.partial {
        say(out, &format!(" PARTIAL ({places} "));
        let places = places.of(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
        match places.is_empty() {
            true => say(out, "NIL"),
            false => print_in_order(places.iter().filter_map(|place| numbers.get(place as usize - 1).copied()), out),
        }
        say(out, ")");
    }
}

/// Writes numbers in their order; what ascends one by one is a range.
fn print_in_order(numbers: impl Iterator<Item = u32>, out: &mut Vec<u8>) {
    let mut numbers = numbers.peekable();
    let mut separator = "";
    while let Some(first) = numbers.next() {
        let mut last = first;
        while let Some(next) = numbers.next_if(|next| next.checked_sub(1) == Some(last)) {
            last = next;
        }
        say(out, &if first == last { format!("{separator}{first}") } else { format!("{separator}{first}:{last}") });
        separator = ",";
    }
}
