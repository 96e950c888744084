//! What tests find.

use std::borrow::Cow;

use super::super::Surroundings;
use super::super::compare::Matching;
use super::super::tree::{AddressPart, Duplicate, Index, Test, Text, Transform, Unique, Zone};
use super::header::part_of;
use super::variables::flags;
use super::{Failure, Run, body, date};

impl<S: Surroundings> Run<'_, S> {
    /// Does it hold?
    pub(super) fn test(&mut self, test: &Test) -> Result<bool, Failure> {
        self.step(1)?;
        match test {
            Test::True => Ok(true),
            Test::False => Ok(false),
            Test::Not(test) => self.test(test).map(|holds| !holds),
            Test::AllOf(tests) => {
                for test in tests {
                    if !self.test(test)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::AnyOf(tests) => {
                for test in tests {
                    if self.test(test)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Test::Size { over: true, limit } => Ok(self.mail.size > *limit),
            Test::Size { over: false, limit } => Ok(self.mail.size < *limit),
            Test::Exists(names) => Ok(self.variables.fill_all(names).iter().all(|name| self.fields.has(name))),
            Test::Header { names, index, matching, keys } => self.header(names, *index, *matching, keys),
            Test::Address { names, index, part, matching, keys } => {
                let names = self.variables.fill_all(names);
                let fields = names.iter().flat_map(|name| self.fields.named(name, *index));
                let values: Vec<String> = fields.flat_map(|field| field.addresses(*part)).collect();
                self.find(&values, *matching, keys)
            }
            Test::Envelope { fields, part, matching, keys } => {
                let fields = self.variables.fill_all(fields);
                let values: Vec<String> = fields.iter().filter_map(|field| self.envelope(field, *part)).collect();
                self.find(&values, *matching, keys)
            }
            Test::Body { transform, matching, keys } => self.body(transform, *matching, keys),
            Test::HasFlag { variables, matching, keys } => {
                let values = match variables {
                    None => self.flags.clone(),
                    Some(names) => flags(names.iter().map(|name| self.variables.get(name))),
                };
                self.find(&values, *matching, keys)
            }
            Test::String { sources, matching, keys } => {
                let values: Vec<String> = self.variables.fill_all(sources).into_iter().map(Cow::into_owned).collect();
                self.find(&values, *matching, keys)
            }
            Test::Date { header, zone, part, matching, keys } => {
                self.date(header.as_ref(), zone, part, *matching, keys)
            }
            Test::MailboxExists(names) => {
                for name in self.variables.fill_all(names) {
                    if !self.around.has_mailbox(&name)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::SpecialUseExists { mailbox, uses } => {
                let mailbox = mailbox.as_ref().map(|mailbox| self.variables.fill(mailbox));
                for special_use in self.variables.fill_all(uses) {
                    if !self.around.has_special_use(mailbox.as_deref(), &special_use)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Test::Duplicate(duplicate) => self.duplicate(duplicate),
        }
    }

    /// Does one of the values match one of the keys? Notes what wildcards stood for.
    fn find(&mut self, values: &[String], matching: Matching, keys: &[Text]) -> Result<bool, Failure> {
        let keys = self.variables.fill_all(keys);
        let mut steps = 0;
        let found = matching.find(values.iter().map(String::as_str), &keys, &mut steps);
        self.found(found, steps)
    }

    fn found(&mut self, found: Option<Vec<String>>, steps: u64) -> Result<bool, Failure> {
        self.step(steps)?;
        let holds = found.is_some();
        self.variables.note(found.unwrap_or_default());
        Ok(holds)
    }

    fn header(
        &mut self,
        names: &[Text],
        index: Option<Index>,
        matching: Matching,
        keys: &[Text],
    ) -> Result<bool, Failure> {
        let (names, keys) = (self.variables.fill_all(names), self.variables.fill_all(keys));
        let mut steps = 0;
        let fields = names.iter().flat_map(|name| self.fields.named(name, index));
        let found = matching.find(fields.map(|field| field.text()), &keys, &mut steps);
        self.found(found, steps)
    }

    fn envelope(&self, field: &str, part: AddressPart) -> Option<String> {
        let address = match field.to_ascii_lowercase().as_str() {
            "from" => self.mail.reverse_path,
            "to" => self.mail.recipient,
            _ => return None,
        };
        // The empty reverse-path is empty in all its parts (RFC 5228 §5.4).
        if address.is_empty() {
            return Some(String::new());
        }
        let (local, domain) = address.rsplit_once('@').unwrap_or((address, ""));
        part_of(local, domain, part)
    }

    fn body(&mut self, transform: &Transform, matching: Matching, keys: &[Text]) -> Result<bool, Failure> {
        let texts = match transform {
            Transform::Raw => body::raw(self.mail, self.around)?,
            Transform::Text => body::parts(self.mail, self.around, &["text"])?,
            Transform::Content(types) => {
                let types = self.variables.fill_all(types);
                let types: Vec<&str> = types.iter().map(|name| name.as_ref()).collect();
                body::parts(self.mail, self.around, &types)?
            }
        };
        let keys = self.variables.fill_all(keys);
        let mut steps = 0;
        // Wildcards here set no variables (RFC 5173 §6).
        let holds = matching.find(texts.iter().map(String::as_str), &keys, &mut steps).is_some();
        self.step(steps)?;
        Ok(holds)
    }

    fn date(
        &mut self,
        header: Option<&(Text, Option<Index>)>,
        zone: &Zone,
        part: &Text,
        matching: Matching,
        keys: &[Text],
    ) -> Result<bool, Failure> {
        let moment = match header {
            None => Some((self.mail.now.seconds() as i64, self.mail.zone.clone())),
            Some((name, index)) => {
                let name = self.variables.fill(name);
                // The first of several, unless one is named (RFC 5260 §4).
                let index = index.unwrap_or(Index { number: 1, last: false });
                self.fields.named(&name, Some(index)).next().and_then(|field| date::of_field(field.text()))
            }
        };
        let Some((seconds, own)) = moment else { return Ok(false) };
        let zone = match zone {
            Zone::Local => self.mail.zone.clone(),
            Zone::Original => own,
            Zone::Offset(minutes) => date::fixed(*minutes),
        };
        let value: Vec<String> = date::part(seconds, zone, &self.text(part)).into_iter().collect();
        self.find(&value, matching, keys)
    }

    fn duplicate(&mut self, duplicate: &Duplicate) -> Result<bool, Failure> {
        let unique = match &duplicate.unique {
            Unique::Id(id) => self.text(id),
            Unique::Header(name) => {
                let name = self.variables.fill(name);
                let first = self.fields.named(&name, None).next().map(|field| field.text().to_owned());
                // What tells nothing apart is no duplicate (RFC 7352 §3).
                let Some(value) = first.filter(|value| !value.is_empty()) else { return Ok(false) };
                format!("{}:{value}", name.to_ascii_lowercase())
            }
        };
        let handle = duplicate.handle.as_ref().map(|handle| self.text(handle)).unwrap_or_default();
        let key = format!("duplicate\0{handle}\0{unique}");
        let known = self.around.remembers(&key)?;
        if !known || duplicate.last {
            self.remember(key, duplicate.seconds);
        }
        Ok(known)
    }
}
