//! Searches in header fields and in what the outline knows of them.

use super::Needle;
use super::content::Viewer;
use crate::message::casemap::append_folded;
use crate::message::{Address, Text, headers, words};

/// Whether a header text, as the outline or the message has it, contains the needle once decoded.
pub fn text_contains(text: &[u8], needle: &Needle) -> bool {
    needle.is_in(&words::decode(text))
}

/// Whether one of the addresses, written as `Name <mailbox@host>`, contains the needle.
pub fn addresses_contain(addresses: &[Address], needle: &Needle) -> bool {
    addresses.iter().any(|address| needle.is_in(&written(address)))
}

fn written(address: &Address) -> String {
    let bytes = [&address.name, &address.mailbox, &address.host].into_iter().flatten().map(|text| text.len());
    let mut written = String::with_capacity(bytes.sum::<usize>() + " <@>".len());
    let push = |text: &Option<Text>, to: &mut String| text.iter().for_each(|text| words::decode_into(text, to));
    if address.name.is_some() {
        push(&address.name, &mut written);
        written += " <";
    }
    push(&address.mailbox, &mut written);
    if address.host.as_deref().is_some_and(|host| !host.is_empty()) {
        written += "@";
        push(&address.host, &mut written);
    }
    if address.name.is_some() {
        written += ">";
    }
    written
}

/// Whether the raw header block has a field of this name that contains the needle; an empty needle asks for the field
/// alone (HEADER).
pub fn header_contains(block: &[u8], name: &str, needle: &Needle) -> bool {
    headers::fields(block).any(|field| field.is(name) && (needle.is_empty() || text_contains(&field.value(), needle)))
}

/// Shows the fields of the block, written as `Name: value`, until the viewer has seen enough; says whether it has.
pub(super) fn show_fields(block: &[u8], viewer: &mut impl Viewer) -> bool {
    let (mut line, mut folded) = (String::new(), Vec::new());
    headers::fields(block).any(|field| {
        line.clear();
        line += &String::from_utf8_lossy(field.name);
        line += ": ";
        words::decode_into(&field.value(), &mut line);
        folded.clear();
        append_folded(&line, &mut folded);
        viewer.see(&folded)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::parse_addresses;

    #[test]
    fn fields() {
        let block = b"Subject: =?utf-8?q?F=C3=BCr?=\r\n Dich\r\nX-A:\r\nX-A: b\r\nList-Id: <c.d>\r\n\r\n";
        let check = |name: &str, needle: &str, expected: bool| {
            assert_eq!(header_contains(block, name, &Needle::new(needle)), expected, "{name} {needle}");
        };
        check("subject", "für dich", true);
        check("SUBJECT", "FÜR", true);
        check("Subject", "utf-8", false);
        check("x-a", "", true);
        check("x-a", "B", true);
        check("x-b", "", false);
        check("List-Id", "c.d", true);
        check("List", "c.d", false);
        assert!(show_fields(block, &mut &Needle::new("x-a: b")));
        assert!(show_fields(block, &mut &Needle::new("für Dich")));
        assert!(!show_fields(block, &mut &Needle::new("dich x-a")));
    }

    #[test]
    fn addresses() {
        let list = parse_addresses(b"=?utf-8?q?J=C3=B6rg?= Doe <j@d.test>, plain@e.test, Team: x@y;, bare");
        let check = |needle: &str, expected: bool| {
            assert_eq!(addresses_contain(&list, &Needle::new(needle)), expected, "{needle}");
        };
        check("JÖRG doe", true);
        check("Doe <j@", true);
        check("j@d.test", true);
        check("PLAIN@E.test", true);
        check("team", true);
        check("x@y", true);
        check("bare", true);
        check("bare@", false);
        check("carol", false);
        assert!(!addresses_contain(&[], &Needle::new("x")));
    }
}
