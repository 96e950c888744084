//! RETURN of SEARCH and SORT: what is told and kept of a result (RFC 4731, SAVE RFC 5182, PARTIAL
//! RFC 9394, UPDATE RFC 5267, RELEVANCY RFC 6203).

use mailstead_storage::{UidRange, UidSet};

use crate::protocol::imap::context::Updating;
use crate::protocol::imap::fuzzy::Scores;
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::uids::at_places;
use crate::protocol::imap::wire::{FetchItem, Parsed, Parser, Places, SearchKey, Syntax, fetch_items};

/// What is to be told of the result (RFC 4731 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Returns {
    /// The first.
    pub min: bool,
    /// The last.
    pub max: bool,
    /// All of it.
    pub all: bool,
    /// How many.
    pub count: bool,
    /// How well each message fits, of those at the places or else of all.
    pub relevancy: bool,
    /// What is at these places.
    pub partial: Option<Places>,
    /// Keep it for `$`.
    pub save: bool,
    /// Tell its changes from now on, and these items of new messages that join it.
    pub update: Option<Vec<FetchItem>>,
}

impl Returns {
    /// All of it, as when nothing is said.
    pub fn all() -> Returns {
        Returns { all: true, ..Returns::default() }
    }

    /// Reads `RETURN (MIN COUNT) ` when it stands here.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<Option<Returns>> {
        if !parser.eat_word("RETURN") {
            return Ok(None);
        }
        parser.space()?;
        let (mut returns, mut context) = (Returns::default(), false);
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
                    "RELEVANCY" => returns.relevancy = true,
                    "SAVE" => returns.save = true,
                    // A hint that is not needed (RFC 5267 §4.2).
                    "CONTEXT" => context = true,
                    "UPDATE" if returns.update.is_none() => returns.update = Some(items(parser)?),
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
        if !context && returns == Returns::default() {
            returns.all = true;
        }
        parser.space()?;
        Ok(Some(returns))
    }

    /// Is nothing told of it?
    pub fn only_saves(&self) -> bool {
        *self == Returns { save: true, ..Returns::default() }
    }

    /// How well each message of a result fits, in the order of the result.
    pub fn scores(&self, found: &UidSet, scores: &Scores) -> Vec<u8> {
        match self.partial {
            _ if !self.relevancy => Vec::new(),
            Some(places) => at_places(found.clone(), places).iter().map(|uid| scores.of(uid)).collect(),
            None => found.iter().map(|uid| scores.of(uid)).collect(),
        }
    }

    /// What is kept of the result: with MIN, MAX or PARTIAL alone, only what they tell (RFC 5182 §2.4, RFC 9394
    /// §3.2).
    pub fn kept(&self, found: &UidSet) -> UidSet {
        if self.all || self.count || !(self.min || self.max || self.partial.is_some()) {
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

/// `RELEVANCY (4 99 42)` (RFC 6203 §4)
pub fn tell_scores(scores: &[u8], out: &mut Vec<u8>) {
    if !scores.is_empty() {
        let scores: Vec<String> = scores.iter().map(u8::to_string).collect();
        say(out, &format!(" RELEVANCY ({})", scores.join(" ")));
    }
}

/// What may stand behind `UPDATE`: `(UID BODY.PEEK[HEADER])` (RFC 5465 §7).
fn items(parser: &mut Parser<'_>) -> Parsed<Vec<FetchItem>> {
    let mut ahead = *parser;
    if ahead.eat(b' ') && ahead.peek() == Some(b'(') {
        parser.space()?;
        return fetch_items(parser);
    }
    Ok(Vec::new())
}

/// What becomes a context, when UPDATE is asked for.
pub fn updating(returns: Option<&mut Returns>, by_uid: bool, keys: &SearchKey, core: &mut Core) -> Option<Updating> {
    let items = returns?.update.take()?;
    Some(Updating::new(by_uid, keys, items, core.mailbox()))
}
