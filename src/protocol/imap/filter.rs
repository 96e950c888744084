//! Which mailboxes NOTIFY and ESEARCH mean (RFC 5465 §6, RFC 7377 §2.2). Pure.

use std::collections::HashSet;

use super::namespace::{Named, named};
use super::question::Listing;
use super::wire::{Parsed, Parser, Syntax};

/// Most names in one filter.
const NAMES_MAX: usize = 1000;

/// Some mailboxes other than the selected one as such.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// `personal`, and `inboxes`: rules may deliver into any mailbox (RFC 5465 §6.3).
    Personal,
    /// `subscribed`
    Subscribed,
    /// `subtree`: these and all below them.
    Subtree(Vec<String>),
    /// `subtree-one`: these and those one level below (RFC 7377 §2.2).
    SubtreeOne(Vec<String>),
    /// `mailboxes`: these.
    Mailboxes(Vec<String>),
}

impl Filter {
    /// Reads what stands behind the name of a filter; `None` when there is no filter of that name.
    pub fn parse(name: &str, parser: &mut Parser<'_>) -> Parsed<Option<Filter>> {
        Ok(Some(match name.to_ascii_lowercase().as_str() {
            "personal" | "inboxes" => Filter::Personal,
            "subscribed" => Filter::Subscribed,
            "subtree" => Filter::Subtree(names(parser)?),
            "subtree-one" => Filter::SubtreeOne(names(parser)?),
            "mailboxes" => Filter::Mailboxes(names(parser)?),
            _ => return Ok(None),
        }))
    }

    /// Is this mailbox among them?
    pub fn matches(&self, mailbox: &str, subscribed: &HashSet<&str>) -> bool {
        match self {
            Filter::Personal => matches!(named(mailbox), Named::Own(_)),
            Filter::Subscribed => subscribed.contains(mailbox),
            Filter::Mailboxes(names) => names.iter().any(|name| name == mailbox),
            Filter::Subtree(names) => names.iter().any(|name| name == mailbox || below(mailbox, name).is_some()),
            Filter::SubtreeOne(names) => {
                let is_child = |name| below(mailbox, name).is_some_and(|rest| !rest.contains('/'));
                names.iter().any(|name| name == mailbox || is_child(name))
            }
        }
    }
}

/// The names subscribed to.
pub fn subscribed(listing: &Listing) -> HashSet<&str> {
    listing.subscriptions.iter().map(String::as_str).collect()
}

/// What of a mailbox's name stands behind that of one above it.
fn below<'a>(mailbox: &'a str, above: &str) -> Option<&'a str> {
    mailbox.strip_prefix(above)?.strip_prefix('/')
}

/// `one-or-more-mailbox`
fn names(parser: &mut Parser<'_>) -> Parsed<Vec<String>> {
    parser.space()?;
    let names = match parser.peek() {
        Some(b'(') => parser.list(Parser::mailbox)?,
        _ => vec![parser.mailbox()?],
    };
    if names.len() > NAMES_MAX { Err(Syntax("Too many mailboxes")) } else { Ok(names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let subscribed = HashSet::from(["INBOX", "gone"]);
        for (text, mailbox, expected) in [
            ("personal", "a/b", true),
            ("INBOXES", "a", true),
            ("personal", "Shared/example.test/a", false),
            ("personal", "Other Users/bob@example.test/a", false),
            ("subscribed", "INBOX", true),
            ("subscribed", "a", false),
            ("mailboxes a", "a", true),
            ("mailboxes a", "a/b", false),
            ("mailboxes (b \"c d\")", "c d", true),
            ("mailboxes inbox", "INBOX", true),
            ("subtree a", "a", true),
            ("subtree a", "a/b/c", true),
            ("subtree a", "ab", false),
            ("subtree (x a/b)", "a", false),
            ("subtree-one a", "a", true),
            ("subtree-one a", "a/b", true),
            ("subtree-one a", "a/b/c", false),
        ] {
            let mut parser = Parser::new(text.as_bytes());
            let name = parser.atom().expect("a name").to_string();
            let filter = Filter::parse(&name, &mut parser).expect("reads").expect("is known");
            assert_eq!(filter.matches(mailbox, &subscribed), expected, "{text} {mailbox}");
        }
        assert_eq!(Filter::parse("selected", &mut Parser::new(b"")), Ok(None));
        assert!(Filter::parse("mailboxes", &mut Parser::new(b" ()")).is_err());
    }
}
