//! Any text as a script, and any script on any message: the first two bytes say where the text ends and the message begins.

use mailstead_core::clock::Time;
use mailstead_core::message::{Outline, Range};
use mailstead_core::sieve::{Mail, Script, Surroundings};
use mailstead_storage::Result;

/// Runs one case.
pub fn run(data: &[u8]) {
    let Some((length, rest)) = data.split_first_chunk::<2>() else { return };
    let end = usize::from(u16::from_le_bytes(*length)).min(rest.len());
    let (script, message) = rest.split_at(end);
    let Some(script) = std::str::from_utf8(script).ok().and_then(|text| Script::compile(text).ok()) else { return };
    let outline = Outline::of(message);
    let mail = Mail {
        reverse_path: "bob+x@remote.test",
        recipient: "alice+news@example.test",
        header: outline.root.header.of(message),
        outline: &outline,
        size: message.len() as u64,
        now: Time(1_057_056_757_123),
        zone: &jiff::tz::TimeZone::UTC,
    };
    let _ = script.run(&mail, &Room(message));
}

/// Knows every second thing it is asked about.
struct Room<'m>(&'m [u8]);

impl Surroundings for Room<'_> {
    fn read(&self, range: Range) -> Result<Vec<u8>> {
        Ok(range.of(self.0).to_vec())
    }

    fn has_mailbox(&self, name: &str) -> Result<bool> {
        Ok(name.len().is_multiple_of(2))
    }

    fn has_special_use(&self, mailbox: Option<&str>, special_use: &str) -> Result<bool> {
        Ok(mailbox.is_some() == special_use.len().is_multiple_of(2))
    }

    fn remembers(&self, key: &str) -> Result<bool> {
        Ok(key.len().is_multiple_of(2))
    }
}
