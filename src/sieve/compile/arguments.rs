//! The arguments of one call: tags by name, the others by place. What is taken is checked; what is left over is a fault.

use std::collections::VecDeque;

use super::super::compare::{Comparator, MatchType, Matching, Relation};
use super::super::fault::{Fault, Position};
use super::super::parse::{Argument, Call, Value};
use super::super::tree::{AddressPart, Index, Text};
use super::{Compiler, strings, template};

/// What follows a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Follows {
    /// Nothing.
    Nothing,
    /// An argument of any kind; whoever takes it checks which.
    Argument,
}

/// A tag: its name, what follows it, and the extension it belongs to (empty for none).
pub(super) type Tag = (&'static str, Follows, &'static str);

/// Match types and comparators (RFC 5228 §2.7).
pub(super) const MATCHING: [Tag; 6] = [
    ("is", Follows::Nothing, ""),
    ("contains", Follows::Nothing, ""),
    ("matches", Follows::Nothing, ""),
    ("value", Follows::Argument, "relational"),
    ("count", Follows::Argument, "relational"),
    ("comparator", Follows::Argument, ""),
];

/// Parts of addresses.
pub(super) const PARTS: [Tag; 5] = [
    ("all", Follows::Nothing, ""),
    ("localpart", Follows::Nothing, ""),
    ("domain", Follows::Nothing, ""),
    ("user", Follows::Nothing, "subaddress"),
    ("detail", Follows::Nothing, "subaddress"),
];

/// Which field of several.
pub(super) const INDEX: [Tag; 2] = [("index", Follows::Argument, "index"), ("last", Follows::Nothing, "index")];

/// The arguments that have not been taken yet.
pub(super) struct Arguments<'c> {
    compiler: &'c Compiler,
    name: &'c str,
    at: Position,
    tags: Vec<(&'c str, Position, Option<&'c Argument>)>,
    others: VecDeque<&'c Argument>,
}

impl<'c> Arguments<'c> {
    /// Those of a call that knows these groups of tags.
    pub(super) fn of(compiler: &'c Compiler, call: &'c Call, known: &[&[Tag]]) -> Result<Arguments<'c>, Fault> {
        let mut arguments =
            Arguments { compiler, name: &call.name, at: call.at, tags: Vec::new(), others: VecDeque::new() };
        let mut given = call.arguments.iter();
        while let Some(argument) = given.next() {
            let Value::Tag(name) = &argument.value else {
                arguments.others.push_back(argument);
                continue;
            };
            let tag = known.iter().flat_map(|tags| tags.iter()).find(|(tag, ..)| tag == name);
            let unknown = || Fault::new(argument.at, format!("\"{}\" does not know \":{name}\"", call.name));
            let (_, follows, extension) = tag.ok_or_else(unknown)?;
            compiler.needs(extension, argument.at)?;
            if arguments.tags.iter().any(|(tag, ..)| tag == name) {
                return Err(Fault::new(argument.at, format!("\":{name}\" is there twice")));
            }
            let value = match follows {
                Follows::Nothing => None,
                Follows::Argument => {
                    let missing = || Fault::new(argument.at, format!("something is missing after \":{name}\""));
                    Some(given.next().ok_or_else(missing)?)
                }
            };
            arguments.tags.push((name, argument.at, value));
        }
        Ok(arguments)
    }

    fn fault<T>(&self, what: impl Into<String>) -> Result<T, Fault> {
        Err(Fault::new(self.at, what))
    }

    // ---- tags ----------------------------------------------------------------------------

    /// Is this tag there?
    pub(super) fn has(&self, name: &str) -> bool {
        self.tags.iter().any(|(tag, ..)| *tag == name)
    }

    /// What follows this tag, when it is there.
    fn after(&self, name: &str) -> Option<&'c Argument> {
        self.tags.iter().find(|(tag, ..)| *tag == name).and_then(|(.., value)| *value)
    }

    /// The string after this tag.
    pub(super) fn text_after(&self, name: &str) -> Result<Option<Text>, Fault> {
        self.after(name).map(|argument| self.text_of(argument)).transpose()
    }

    /// The strings after this tag.
    pub(super) fn texts_after(&self, name: &str) -> Result<Option<Vec<Text>>, Fault> {
        self.after(name).map(|argument| self.texts_of(argument)).transpose()
    }

    /// The number after this tag.
    pub(super) fn number_after(&self, name: &str) -> Result<Option<u64>, Fault> {
        self.after(name).map(number_of).transpose()
    }

    /// The string without variables after this tag.
    pub(super) fn constant_after(&self, name: &str) -> Result<Option<&'c str>, Fault> {
        self.after(name).map(constant_of).transpose()
    }

    /// Which of these tags is there, at most one.
    pub(super) fn one_of(&self, names: &[&'static str]) -> Result<Option<&'static str>, Fault> {
        let mut found = names.iter().filter(|name| self.has(name));
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => self.fault(format!("\":{one}\" and \":{other}\" exclude each other")),
            (one, _) => Ok(one.copied()),
        }
    }

    /// Match type and comparator.
    pub(super) fn matching(&self) -> Result<Matching, Fault> {
        let comparator = self.comparator()?;
        let relation = |name| -> Result<Relation, Fault> {
            let word = self.constant_after(name)?.unwrap_or_default();
            let wrong = || Fault::new(self.at, format!("\":{name}\" compares by gt, ge, lt, le, eq or ne"));
            Relation::named(&word.to_ascii_lowercase()).ok_or_else(wrong)
        };
        let kind = match self.one_of(&["is", "contains", "matches", "value", "count"])? {
            Some("contains") => MatchType::Contains,
            Some("matches") => MatchType::Matches,
            Some("value") => MatchType::Value(relation("value")?),
            Some("count") => MatchType::Count(relation("count")?),
            _ => MatchType::Is,
        };
        if matches!(kind, MatchType::Contains | MatchType::Matches) && !comparator.knows_substrings() {
            return self.fault("\"i;ascii-numeric\" compares whole numbers only");
        }
        Ok(Matching { comparator, kind })
    }

    fn comparator(&self) -> Result<Comparator, Fault> {
        let Some(name) = self.constant_after("comparator")? else { return Ok(Comparator::default()) };
        let Some(comparator) = Comparator::named(name) else {
            return self.fault(format!("the comparator \"{name}\" is not known here"));
        };
        if !matches!(comparator, Comparator::Octet | Comparator::AsciiCasemap) {
            self.compiler.needs(&format!("comparator-{name}"), self.at)?;
        }
        Ok(comparator)
    }

    /// The part of an address.
    pub(super) fn address_part(&self) -> Result<AddressPart, Fault> {
        Ok(match self.one_of(&["all", "localpart", "domain", "user", "detail"])? {
            Some("localpart") => AddressPart::LocalPart,
            Some("domain") => AddressPart::Domain,
            Some("user") => AddressPart::User,
            Some("detail") => AddressPart::Detail,
            _ => AddressPart::All,
        })
    }

    /// `:index` and `:last`.
    pub(super) fn index(&self) -> Result<Option<Index>, Fault> {
        let last = self.has("last");
        match self.number_after("index")? {
            Some(0) => self.fault("\":index\" counts from 1"),
            Some(number) => Ok(Some(Index { number: usize::try_from(number).unwrap_or(usize::MAX), last })),
            None if last => self.fault("\":last\" goes with \":index\" only"),
            None => Ok(None),
        }
    }

    // ---- by place ------------------------------------------------------------------------

    /// How many there are left.
    pub(super) fn left(&self) -> usize {
        self.others.len()
    }

    fn take(&mut self, what: &str) -> Result<&'c Argument, Fault> {
        match self.others.pop_front() {
            Some(argument) => Ok(argument),
            None => self.fault(format!("\"{}\" needs {what}", self.name)),
        }
    }

    /// The next, a string.
    pub(super) fn text(&mut self, what: &str) -> Result<Text, Fault> {
        let argument = self.take(what)?;
        self.text_of(argument)
    }

    /// The next, a string or a list of strings.
    pub(super) fn texts(&mut self, what: &str) -> Result<Vec<Text>, Fault> {
        let argument = self.take(what)?;
        self.texts_of(argument)
    }

    /// The next, a number.
    pub(super) fn number(&mut self, what: &str) -> Result<u64, Fault> {
        number_of(self.take(what)?)
    }

    /// The next, a string without variables.
    pub(super) fn constant(&mut self, what: &str) -> Result<&'c str, Fault> {
        constant_of(self.take(what)?)
    }

    /// The next, strings without variables.
    pub(super) fn constants(&mut self, what: &str) -> Result<&'c [String], Fault> {
        let argument = self.take(what)?;
        strings(&argument.value).ok_or_else(|| Fault::new(argument.at, "a string or a list of strings is needed here"))
    }

    /// # Errors
    /// When something is left.
    pub(super) fn end(self) -> Result<(), Fault> {
        match self.others.front() {
            None => Ok(()),
            Some(argument) => Err(Fault::new(argument.at, format!("this is too much for \"{}\"", self.name))),
        }
    }

    fn text_of(&self, argument: &'c Argument) -> Result<Text, Fault> {
        template::read(self.compiler, constant_of(argument)?, argument.at)
    }

    fn texts_of(&self, argument: &'c Argument) -> Result<Vec<Text>, Fault> {
        let needed = || Fault::new(argument.at, "a string or a list of strings is needed here");
        let texts = strings(&argument.value).ok_or_else(needed)?;
        texts.iter().map(|text| template::read(self.compiler, text, argument.at)).collect()
    }
}

fn number_of(argument: &Argument) -> Result<u64, Fault> {
    match argument.value {
        Value::Number(number) => Ok(number),
        _ => Err(Fault::new(argument.at, "a number is needed here")),
    }
}

fn constant_of(argument: &Argument) -> Result<&str, Fault> {
    match &argument.value {
        Value::Text(text) => Ok(text),
        _ => Err(Fault::new(argument.at, "a string is needed here")),
    }
}
