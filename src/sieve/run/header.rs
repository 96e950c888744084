//! The header's fields while a script runs: found by name, decoded when first asked for, changed by editheader.

use std::cell::OnceCell;

use super::super::edit::Edit;
use super::super::tree::{AddressPart, Index};
use crate::message::{Address, Text, headers, parse_addresses, words};

/// The fields.
pub(super) struct Fields<'m>(Vec<Field<'m>>);

/// A field.
pub(super) struct Field<'m> {
    name: Text<'m>,
    value: Text<'m>,
    text: OnceCell<String>,
}

/// Fields that hold addresses (RFC 5228 §5.1). Others have none.
const ADDRESS_FIELDS: [&str; 18] = [
    "from",
    "to",
    "cc",
    "bcc",
    "sender",
    "reply-to",
    "resent-from",
    "resent-to",
    "resent-cc",
    "resent-bcc",
    "resent-sender",
    "resent-reply-to",
    "return-path",
    "delivered-to",
    "envelope-to",
    "x-original-to",
    "errors-to",
    "disposition-notification-to",
];

impl<'m> Fields<'m> {
    /// Those of a raw header.
    pub(super) fn new(header: &'m [u8]) -> Fields<'m> {
        let field = |field: headers::Field<'m>| Field {
            name: Text::Borrowed(field.name),
            value: field.value(),
            text: OnceCell::new(),
        };
        Fields(headers::fields(header).map(field).collect())
    }

    /// Is there a field of this name?
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|field| field.is(name))
    }

    /// The fields of this name, or the one that is meant of them.
    pub(super) fn named<'f>(&'f self, name: &'f str, index: Option<Index>) -> impl Iterator<Item = &'f Field<'m>> {
        let (skip, take) = match index {
            None => (0, usize::MAX),
            Some(Index { number, last: false }) => (number - 1, 1),
            Some(Index { number, last: true }) => {
                let count = self.0.iter().filter(|field| field.is(name)).count();
                (count.wrapping_sub(number), 1)
            }
        };
        self.0.iter().filter(move |field| field.is(name)).skip(skip).take(take)
    }

    /// Adds a field.
    pub(super) fn add(&mut self, name: &str, value: &str, last: bool) -> Edit {
        let (name, value) = (name.to_owned(), value.trim().to_owned());
        let field = Field {
            name: Text::Owned(name.clone().into_bytes()),
            value: Text::Owned(value.clone().into_bytes()),
            text: OnceCell::from(value.clone()),
        };
        self.0.insert(if last { self.0.len() } else { 0 }, field);
        Edit::Add { name, value, last }
    }

    /// Deletes the field of this name which stands behind `skip` others of it.
    pub(super) fn delete(&mut self, name: &str, skip: usize) -> Edit {
        let at = self.0.iter().enumerate().filter(|(_, field)| field.is(name)).nth(skip).map(|(at, _)| at);
        if let Some(at) = at {
            self.0.remove(at);
        }
        Edit::Delete { name: name.to_owned(), skip }
    }
}

impl Field<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// Its value as people read it.
    pub(super) fn text(&self) -> &str {
        self.text.get_or_init(|| words::decode(&self.value).trim().to_owned())
    }

    /// That part of each of its addresses.
    pub(super) fn addresses(&self, part: AddressPart) -> Vec<String> {
        if !ADDRESS_FIELDS.iter().any(|name| self.is(name)) {
            return Vec::new();
        }
        parse_addresses(&self.value).iter().filter_map(|address| address_part(address, part)).collect()
    }
}

/// That part of an address; `None` for the marks of a group, and for a detail that there is not.
fn address_part(address: &Address<'_>, part: AddressPart) -> Option<String> {
    let local = words::decode(address.mailbox.as_deref()?);
    let domain = words::decode(address.host.as_deref()?);
    part_of(&local, &domain, part)
}

/// That part of an address whose local part and domain are these.
pub(super) fn part_of(local: &str, domain: &str, part: AddressPart) -> Option<String> {
    let detailed = local.split_once('+');
    Some(match part {
        AddressPart::All if domain.is_empty() => local.to_owned(),
        AddressPart::All => format!("{local}@{domain}"),
        AddressPart::LocalPart => local.to_owned(),
        AddressPart::Domain => domain.to_owned(),
        AddressPart::User => detailed.map_or(local, |(user, _)| user).to_owned(),
        AddressPart::Detail => detailed?.1.to_owned(),
    })
}
