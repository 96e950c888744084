//! What a client wants to be notified of (RFC 5465 §8). Pure.

use std::collections::HashSet;

use crate::protocol::imap::filter::Filter;
use crate::protocol::imap::wire::{FetchItem, Parsed, Parser, Syntax, fetch_items};

/// Most event groups of one NOTIFY.
const GROUPS_MAX: usize = 100;

/// The events there are, as `BADEVENT` tells them.
pub const EVENTS: &str =
    "MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange";

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Events {
    /// Messages come and go: `MessageNew` and `MessageExpunge`, which are wanted together.
    pub messages: bool,
    /// `FlagChange`
    pub flags: bool,
    /// `MailboxName`
    pub names: bool,
    /// `SubscriptionChange`
    pub subscriptions: bool,
    /// `MailboxMetadataChange`
    pub metadata: bool,
    /// `ServerMetadataChange`, whichever mailboxes it is said of.
    pub server_metadata: bool,
}

impl Events {
    /// Are there others than those of messages?
    fn has_others(self) -> bool {
        self.names || self.subscriptions || self.metadata || self.server_metadata
    }
}

/// What is wanted of the selected mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfSelected {
    /// Are expunges told only where a command allows it (RFC 5465 §6.1.2)?
    pub delayed: bool,
    /// Which events.
    pub events: Events,
    /// What is told of new messages.
    pub items: Vec<FetchItem>,
}

/// All that is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Groups {
    /// Of the selected mailbox.
    pub selected: Option<OfSelected>,
    /// Of others.
    pub others: Vec<(Filter, Events)>,
}

/// What NOTIFY asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// No events at all.
    None,
    /// These events, and a STATUS of each mailbox to begin with if `status`.
    Set {
        /// Is STATUS told first?
        status: bool,
        /// The events.
        groups: Groups,
    },
    /// Events that there are not.
    Unsupported,
}

impl Request {
    /// Reads `NONE` or `SET [STATUS] (…) (…)`.
    pub fn parse(parser: &mut Parser<'_>) -> Parsed<Request> {
        if parser.eat_word("NONE") {
            return Ok(Request::None);
        }
        if !parser.eat_word("SET") {
            return Err(Syntax("Expected SET or NONE"));
        }
        parser.space()?;
        let status = parser.eat_word("STATUS");
        if status {
            parser.space()?;
        }
        let (mut groups, mut supported) = (Groups::default(), true);
        loop {
            supported &= groups.read(parser)?;
            if groups.others.len() > GROUPS_MAX {
                return Err(Syntax("Too many event groups"));
            }
            if !parser.eat(b' ') || parser.peek().is_none() {
                break;
            }
        }
        Ok(if supported { Request::Set { status, groups } } else { Request::Unsupported })
    }
}

impl Groups {
    /// The events that are wanted of a mailbox that is not selected.
    pub fn events_of(&self, mailbox: &str, subscribed: &HashSet<&str>) -> Events {
        let matching = self.others.iter().filter(|(filter, _)| filter.matches(mailbox, subscribed));
        matching.fold(Events::default(), |all, (_, events)| Events {
            messages: all.messages | events.messages,
            flags: all.flags | events.flags,
            names: all.names | events.names,
            subscriptions: all.subscriptions | events.subscriptions,
            metadata: all.metadata | events.metadata,
            server_metadata: all.server_metadata | events.server_metadata,
        })
    }

    /// Is anything wanted of annotations: of mailboxes, of the server?
    pub fn of_metadata(&self) -> (bool, bool) {
        let any = |wanted: fn(&Events) -> bool| self.others.iter().any(|(_, events)| wanted(events));
        (any(|events| events.metadata), any(|events| events.server_metadata))
    }

    /// Reads one group: `(subtree Lists (MessageNew MessageExpunge))`. False when it has events that there are not.
    fn read(&mut self, parser: &mut Parser<'_>) -> Parsed<bool> {
        parser.byte(b'(', "Expected an event group")?;
        let name = parser.atom()?.to_string();
        let delayed = name.eq_ignore_ascii_case("selected-delayed");
        if delayed || name.eq_ignore_ascii_case("selected") {
            let read = EventList::read(parser)?;
            if read.events.has_others() {
                return Err(Syntax("Only message events are of the selected mailbox"));
            }
            let EventList { events, items, supported, .. } = read;
            if self.selected.replace(OfSelected { delayed, events, items }).is_some() {
                return Err(Syntax("The selected mailbox is there twice"));
            }
            parser.byte(b')', "Event group is not closed")?;
            return Ok(supported);
        }
        let filter = Filter::parse(&name, parser)?.ok_or(Syntax("Unknown mailbox specifier"))?;
        let EventList { events, items, supported, .. } = EventList::read(parser)?;
        if !items.is_empty() {
            return Err(Syntax("Data items are told of the selected mailbox alone"));
        }
        self.others.push((filter, events));
        parser.byte(b')', "Event group is not closed")?;
        Ok(supported)
    }
}

/// Events as they are read.
#[derive(Default)]
struct EventList {
    events: Events,
    items: Vec<FetchItem>,
    new: bool,
    expunge: bool,
    supported: bool,
}

impl EventList {
    /// ` NONE`, ` (MessageNew (UID) MessageExpunge)`
    fn read(parser: &mut Parser<'_>) -> Parsed<EventList> {
        parser.space()?;
        let mut read = EventList { supported: true, ..EventList::default() };
        if parser.eat_word("NONE") {
            return Ok(read);
        }
        parser.list(|parser| read.event(parser))?;
        if read.new != read.expunge || (read.events.flags && !read.new) {
            return Err(Syntax("MessageNew and MessageExpunge belong together, and FlagChange to both"));
        }
        read.events.messages = read.new;
        Ok(read)
    }

    fn event(&mut self, parser: &mut Parser<'_>) -> Parsed<()> {
        match parser.atom()?.to_ascii_lowercase().as_str() {
            "messagenew" => {
                self.new = true;
                if parser.rest().starts_with(b" (") {
                    parser.space()?;
                    self.items = fetch_items(parser)?;
                }
            }
            "messageexpunge" => self.expunge = true,
            "flagchange" => self.events.flags = true,
            "mailboxname" => self.events.names = true,
            "subscriptionchange" => self.events.subscriptions = true,
            "mailboxmetadatachange" => self.events.metadata = true,
            "servermetadatachange" => self.events.server_metadata = true,
            _ => self.supported = false,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        let mut parser = Parser::new(text.as_bytes());
        let request = match Request::parse(&mut parser).and_then(|request| parser.end().map(|()| request)) {
            Err(Syntax(why)) => return why.to_string(),
            Ok(Request::None) => return "none".into(),
            Ok(Request::Unsupported) => return "unsupported".into(),
            Ok(request) => request,
        };
        let Request::Set { status, groups } = request else { return String::new() };
        let letters = |events: Events| {
            let Events { messages, flags, names, subscriptions, metadata, server_metadata } = events;
            [(messages, 'm'), (flags, 'f'), (names, 'n'), (subscriptions, 's'), (metadata, 'a'), (server_metadata, 'b')]
                .into_iter()
                .filter_map(|(wanted, letter)| wanted.then_some(letter))
                .collect::<String>()
        };
        let selected = groups.selected.map(|selected| {
            let delayed = if selected.delayed { "delayed " } else { "" };
            format!("{delayed}selected {}{}", letters(selected.events), selected.items.len())
        });
        let others = groups.others.iter().map(|(filter, events)| format!("{filter:?} {}", letters(*events)));
        let all: Vec<String> = status.then(|| "status".to_string()).into_iter().chain(selected).chain(others).collect();
        all.join(", ")
    }

    #[test]
    fn requests() {
        let together = "MessageNew and MessageExpunge belong together, and FlagChange to both";
        for (text, expected) in [
            ("NONE", "none"),
            ("none x", "Unexpected extra arguments"),
            ("SET (selected (MessageNew (UID FLAGS) MessageExpunge))", "selected m2"),
            ("set status (Selected-Delayed (flagchange messageexpunge messagenew))", "status, delayed selected mf0"),
            ("SET (selected NONE)", "selected 0"),
            ("SET (personal (MailboxName)) (subscribed (SubscriptionChange))", "Personal n, Subscribed s"),
            ("SET (mailboxes (a b) (MessageNew MessageExpunge))", "Mailboxes([\"a\", \"b\"]) m"),
            ("SET (subtree a NONE)", "Subtree([\"a\"]) "),
            ("SET (personal (AnnotationChange))", "unsupported"),
            ("SET (personal (MailboxMetadataChange ServerMetadataChange))", "Personal ab"),
            ("SET (selected (ServerMetadataChange))", "Only message events are of the selected mailbox"),
            ("SET (personal (AnnotationChange MailboxName))", "unsupported"),
            ("SET (personal (MessageNew))", together),
            ("SET (personal (MessageExpunge))", together),
            ("SET (personal (FlagChange))", together),
            ("SET (selected (MailboxName))", "Only message events are of the selected mailbox"),
            ("SET (selected NONE) (selected-delayed NONE)", "The selected mailbox is there twice"),
            ("SET (personal (MessageNew (UID) MessageExpunge))", "Data items are told of the selected mailbox alone"),
            ("SET (everything NONE)", "Unknown mailbox specifier"),
            ("SET (personal)", "Missing argument"),
            ("SET", "Missing argument"),
            ("SET personal NONE", "Expected an event group"),
            ("", "Expected SET or NONE"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }
}
