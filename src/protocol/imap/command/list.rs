//! LIST (RFC 3501 §6.3.8) with CHILDREN (3348), SPECIAL-USE (6154), LIST-EXTENDED (5258), LIST-STATUS (5819),
//! LIST-MYRIGHTS (8440) and LIST-METADATA (9590).

use std::collections::{HashMap, HashSet};

use mailstead_storage::{Annotation, Mailbox, Rights, SpecialUse};

use super::status::{Items, items};
use super::{Desk, Next, Run, metadata, rights};
use crate::protocol::imap::question::{Answer, Listing, Looks, MailboxStatus, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::tree::{Level, Pattern, levels_above, levels_of};
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, Wanted, mailbox_name, metadata_wanted};

/// Most patterns of one LIST.
const PATTERNS_MAX: usize = 16;

/// Which names are told of those that match the patterns, and what of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Options {
    /// Only what is subscribed to.
    only_subscribed: bool,
    /// Only what has a special use.
    only_special_use: bool,
    /// And names above those, told apart by CHILDINFO.
    recursive: bool,
    /// Tell `\Subscribed`.
    tell_subscribed: bool,
    /// Tell STATUS too, of what may be read.
    status: Option<Items>,
    /// Tell MYRIGHTS too.
    rights: bool,
    /// Tell METADATA too.
    metadata: Option<Wanted>,
}

struct List {
    patterns: Vec<Pattern>,
    options: Options,
    /// What there is, while annotations are waited for.
    listing: Option<Listing>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut options = Options::default();
    parser.space()?;
    if parser.peek() == Some(b'(') {
        selection_options(parser, &mut options)?;
        parser.space()?;
    }
    let patterns = patterns(parser)?;
    if parser.eat(b' ') && parser.peek().is_some() {
        if !parser.eat_word("RETURN") {
            return Err(Syntax("Expected RETURN"));
        }
        parser.space()?;
        return_options(parser, &mut options)?;
    }
    parser.end()?;
    core.enabled.condstore |= options.status.as_ref().is_some_and(Items::names_modseq);
    Ok(Box::new(List { patterns, options, listing: None }))
}

/// Reads reference and pattern of LSUB. `None` when only the delimiter is asked for.
pub fn pattern(parser: &mut Parser<'_>) -> Parsed<Option<Pattern>> {
    parser.space()?;
    let reference = parser.mailbox()?;
    parser.space()?;
    let pattern = parser.list_mailbox()?;
    parser.end()?;
    Ok((!pattern.is_empty()).then(|| Pattern::new(&format!("{reference}{pattern}"))))
}

/// Reads reference and patterns. None at all when only the delimiter is asked for.
fn patterns(parser: &mut Parser<'_>) -> Parsed<Vec<Pattern>> {
    let reference = parser.mailbox()?;
    parser.space()?;
    let texts = match parser.peek() {
        Some(b'(') => parser.list(Parser::list_mailbox)?,
        _ => vec![parser.list_mailbox()?],
    };
    if texts.len() > PATTERNS_MAX {
        return Err(Syntax("Too many patterns"));
    }
    let named = texts.iter().filter(|text| !text.is_empty());
    Ok(named.map(|text| Pattern::new(&format!("{reference}{text}"))).collect())
}

/// A list of options, perhaps empty.
fn each_option<'a>(parser: &mut Parser<'a>, mut option: impl FnMut(&mut Parser<'a>, &str) -> Parsed<()>) -> Parsed<()> {
    if parser.rest().starts_with(b"()") {
        parser.eat(b'(');
        parser.eat(b')');
        return Ok(());
    }
    parser.list(|parser| {
        let name = parser.atom()?.to_ascii_uppercase();
        option(parser, &name)
    })?;
    Ok(())
}

fn selection_options(parser: &mut Parser<'_>, options: &mut Options) -> Parsed<()> {
    each_option(parser, |_, name| {
        match name {
            "SUBSCRIBED" => (options.only_subscribed, options.tell_subscribed) = (true, true),
            "SPECIAL-USE" => options.only_special_use = true,
            "RECURSIVEMATCH" => options.recursive = true,
            // There are no mailboxes elsewhere to add.
            "REMOTE" => {}
            _ => return Err(Syntax("Unknown selection option")),
        }
        Ok(())
    })?;
    match options.recursive && !options.only_subscribed && !options.only_special_use {
        true => Err(Syntax("RECURSIVEMATCH needs another selection option")),
        false => Ok(()),
    }
}

fn return_options(parser: &mut Parser<'_>, options: &mut Options) -> Parsed<()> {
    each_option(parser, |parser, name| {
        match name {
            "SUBSCRIBED" => options.tell_subscribed = true,
            // Told anyway.
            "CHILDREN" | "SPECIAL-USE" => {}
            "MYRIGHTS" => options.rights = true,
            "METADATA" => {
                parser.space()?;
                options.metadata = Some(metadata_wanted(parser, |_| Ok(()))?.1);
            }
            "STATUS" => {
                parser.space()?;
                options.status = Some(items(parser)?);
            }
            _ => return Err(Syntax("Unknown return option")),
        }
        Ok(())
    })
}

impl Run for List {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let done = Next::Done(Reply::ok("LIST completed"));
        if self.patterns.is_empty() {
            say(desk.out, "* LIST (\\Noselect) \"/\" \"\"\r\n");
            return done;
        }
        match answer {
            Some(Answer::Listing(Ok(listing))) => {
                if let Some(wanted) = self.options.metadata.clone() {
                    let rights = listing.looked.iter().map(|looked| looked.rights);
                    let mailboxes = listing.mailboxes.iter().map(|mailbox| mailbox.id).zip(rights).collect();
                    self.listing = Some(listing);
                    return Next::Ask(Question::ListedMetadata { account: desk.core.account(), mailboxes, wanted });
                }
                self.tell_all(&listing, &[], desk.core, desk.out);
                done
            }
            Some(Answer::ListedMetadata(Ok(annotations))) => {
                let listing = self.listing.take().unwrap_or_default();
                let longest = self.tell_all(&listing, &annotations, desk.core, desk.out);
                match longest {
                    Some(size) => Next::Done(Reply::ok("LIST completed").code(format!("METADATA LONGENTRIES {size}"))),
                    None => done,
                }
            }
            Some(Answer::Listing(Err(refused)) | Answer::ListedMetadata(Err(refused))) => Next::Done(refused),
            _ => {
                let options = &self.options;
                let looks = options.status.as_ref().map(Items::looks).unwrap_or_default();
                let rights = options.status.is_some() || options.rights || options.metadata.is_some();
                let looks = Looks { rights, ..looks };
                Next::Ask(Question::List { account: desk.core.account(), looks })
            }
        }
    }
}

/// A name and what is known of it.
struct Found<'a> {
    level: Level<'a>,
    mailbox: Option<&'a Mailbox>,
    subscribed: bool,
    /// Does one below it meet the selection options?
    below: bool,
}

impl List {
    /// Tells what is asked for of each; `annotations` of each mailbox when they were. Returns the size of the longest
    /// annotation that was too long to be told.
    fn tell_all(
        &self,
        listing: &Listing,
        annotations: &[Option<Vec<Annotation>>],
        core: &Core,
        out: &mut Vec<u8>,
    ) -> Option<usize> {
        let mut longest = None;
        let mailboxes: HashMap<&str, usize> =
            listing.mailboxes.iter().enumerate().map(|(at, mailbox)| (mailbox.name.as_str(), at)).collect();
        let subscribed: HashSet<&str> = listing.subscriptions.iter().map(String::as_str).collect();
        let missing = subscribed.iter().filter(|_| self.options.only_subscribed);
        let levels = levels_of(mailboxes.keys().chain(missing).copied());
        let mailbox = |name: &str| mailboxes.get(name).map(|at| &listing.mailboxes[*at]);
        let is_chosen = |name: &str| self.is_chosen(mailbox(name), subscribed.contains(name));
        let recursive = levels.iter().filter(|level| self.options.recursive && is_chosen(level.name));
        let above: HashSet<&str> = recursive.flat_map(|level| levels_above(level.name)).collect();
        for level in levels {
            let (name, below) = (level.name, above.contains(level.name));
            let matches = self.patterns.iter().any(|pattern| pattern.matches(name));
            if !matches || !(below || is_chosen(name)) {
                continue;
            }
            self.tell(
                &Found { mailbox: mailbox(name), subscribed: subscribed.contains(name), below, level },
                core.enabled.utf8(),
                out,
            );
            let Some(at) = mailboxes.get(name) else { continue };
            let looked = listing.looked.get(*at).copied().unwrap_or_default();
            if self.options.rights {
                rights::tell(name, looked.rights, core, out);
            }
            if let Some(items) = self.options.status.as_ref().filter(|_| looked.rights.has(Rights::READ)) {
                items.tell(&MailboxStatus { mailbox: listing.mailboxes[*at].clone(), looked }, core, out);
            }
            if let (Some(wanted), Some(Some(found))) = (&self.options.metadata, annotations.get(*at)) {
                longest = longest.max(metadata::tell(name, wanted, found, core.enabled.utf8(), out));
            }
        }
        longest
    }

    /// Does it meet the selection options?
    fn is_chosen(&self, mailbox: Option<&Mailbox>, subscribed: bool) -> bool {
        let special_use = mailbox.is_some_and(|mailbox| mailbox.special_use.is_some());
        (subscribed || !self.options.only_subscribed) && (special_use || !self.options.only_special_use)
    }

    fn tell(&self, found: &Found<'_>, utf8: bool, out: &mut Vec<u8>) {
        say(out, "* LIST (");
        say(out, if found.level.has_children { "\\HasChildren" } else { "\\HasNoChildren" });
        match found.mailbox {
            // RFC 5258 §3: it implies \Noselect.
            None if self.options.only_subscribed => say(out, " \\NonExistent"),
            None => say(out, " \\Noselect"),
            Some(mailbox) => mailbox.special_use.iter().for_each(|special_use| {
                say(out, " ");
                say(out, attribute(*special_use));
            }),
        }
        if found.subscribed && self.options.tell_subscribed {
            say(out, " \\Subscribed");
        }
        say(out, ") \"/\" ");
        mailbox_name(found.level.name, utf8, out);
        if found.below {
            say(
                out,
                if self.options.only_subscribed {
                    " (CHILDINFO (\"SUBSCRIBED\"))"
                } else {
                    " (CHILDINFO (\"SPECIAL-USE\"))"
                },
            );
        }
        say(out, "\r\n");
    }
}

/// The attribute of a use (RFC 6154 §2).
pub fn attribute(special_use: SpecialUse) -> &'static str {
    match special_use {
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Trash => "\\Trash",
        SpecialUse::Archive => "\\Archive",
        SpecialUse::Flagged => "\\Flagged",
        SpecialUse::All => "\\All",
    }
}
