//! Mail addresses as SMTP says them.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::punycode;

/// Most bytes of a local part as sent. RFC 5321 §4.5.3.1.1 asks that at least 64 be taken; senders that write addresses
/// into addresses (VERP, SRS) need more.
pub const LOCAL_PART_BYTES_MAX: usize = 128;
/// Most bytes of a domain (RFC 5321 §4.5.3.1.2).
pub const DOMAIN_BYTES_MAX: usize = 255;
/// Most bytes of an address: a path of 256 without its brackets (RFC 5321 §4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Most bytes of one label of a domain (RFC 1035 §2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;

/// A mail address in parts (RFC 5321 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Local part, quoting removed, case as given.
    pub local: String,
    /// Domain in lower case, or an address literal with its brackets. Empty only for `<postmaster>`.
    pub domain: String,
}

impl Address {
    /// Reads `local@domain`, `"quoted local"@domain`, `local@[127.0.0.1]`, and `postmaster`
    /// (RFC 5321 §4.1.2, lengths of §4.5.3.1, UTF-8 of RFC 6531).
    pub fn parse(text: &str) -> Option<Address> {
        if text.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        if text.eq_ignore_ascii_case("postmaster") {
            return Some(Address { local: text.to_string(), domain: String::new() });
        }
        // No domain holds an `@`, a quoted local part may.
        let (local, domain) = text.rsplit_once('@')?;
        if local.len() > LOCAL_PART_BYTES_MAX || domain.len() > DOMAIN_BYTES_MAX {
            return None;
        }
        let local = match local.strip_prefix('"') {
            Some(rest) => unquoted(rest.strip_suffix('"')?)?,
            None if is_dot_string(local) => local.to_string(),
            None => return None,
        };
        Some(Address { local, domain: domain_of(domain)? })
    }

    /// The form in which the directory keeps addresses: all lower case, no quoting.
    pub fn key(&self) -> String {
        let mut key = self.local.to_lowercase();
        if !self.domain.is_empty() {
            key.push('@');
            key.push_str(&self.domain);
        }
        key
    }
}

impl Address {
    /// The same address with the A-labels of its domain as U-labels, when it has any.
    pub(super) fn in_unicode(&self) -> Option<Address> {
        let domain = punycode::to_unicode(&self.domain)?;
        Some(Address { local: self.local.clone(), domain })
    }
}

impl std::fmt::Display for Address {
    /// As SMTP says it, the local part quoted where it must be.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if is_dot_string(&self.local) {
            f.write_str(&self.local)?;
        } else {
            write!(f, "\"{}\"", self.local.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        if self.domain.is_empty() { Ok(()) } else { write!(f, "@{}", self.domain) }
    }
}

/// Dot-string: atoms joined by single dots.
fn is_dot_string(local: &str) -> bool {
    local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atom_char))
}

/// atext (RFC 5322 §3.2.3) with the UTF-8 of RFC 6531 §3.3.
fn is_atom_char(char: char) -> bool {
    match char {
        '\0'..='\x7f' => char.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(char),
        _ => is_visible(char),
    }
}

/// A character outside of ASCII that is neither a control character nor white space.
fn is_visible(char: char) -> bool {
    !char.is_ascii() && !char.is_control() && !char.is_whitespace()
}

/// The inside of a Quoted-string with its quoted pairs resolved.
fn unquoted(inside: &str) -> Option<String> {
    let mut local = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => return None,
            '\\' => local.push(chars.next().filter(|next| matches!(next, ' '..='~'))?),
            ' '..='~' => local.push(char),
            _ if is_visible(char) => local.push(char),
            _ => return None,
        }
    }
    Some(local)
}

/// A domain in lower case, or an address literal in the form of its RFC.
fn domain_of(domain: &str) -> Option<String> {
    match domain.strip_prefix('[') {
        Some(rest) => literal(rest.strip_suffix(']')?),
        None => domain.split('.').all(is_label).then(|| domain.to_lowercase()),
    }
}

/// sub-domain: letters, digits and inner hyphens, or a U-label.
fn is_label(label: &str) -> bool {
    let inner = |char: char| char == '-' || char.is_ascii_alphanumeric() || is_visible(char);
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(inner)
}

/// Address literals of RFC 5321 §4.1.3. No general ones are registered, so none are known.
fn literal(inside: &str) -> Option<String> {
    const IPV6: &str = "IPv6:";
    match inside.get(..IPV6.len()) {
        Some(tag) if tag.eq_ignore_ascii_case(IPV6) => {
            inside[IPV6.len()..].parse::<Ipv6Addr>().ok().map(|ip| format!("[{IPV6}{ip}]"))
        }
        _ => inside.parse::<Ipv4Addr>().ok().map(|ip| format!("[{ip}]")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: Option<(&str, &str)>) {
        let parsed = Address::parse(text);
        let parts = parsed.as_ref().map(|address| (address.local.as_str(), address.domain.as_str()));
        assert_eq!(parts, expected, "{text:?}");
    }

    #[test]
    fn reads_what_rfc_5321_allows() {
        check("alice@example.test", Some(("alice", "example.test")));
        check("Alice.B@EXAMPLE.Test", Some(("Alice.B", "example.test")));
        check("a+b_c{d}~@x-y.test", Some(("a+b_c{d}~", "x-y.test")));
        check("\"a b\"@example.test", Some(("a b", "example.test")));
        check("\"a@b\"@example.test", Some(("a@b", "example.test")));
        check(r#""a\"b\\c\d"@example.test"#, Some((r#"a"b\cd"#, "example.test")));
        check("\"\"@example.test", Some(("", "example.test")));
        check("a@[127.0.0.1]", Some(("a", "[127.0.0.1]")));
        check("a@[ipv6:0:0::1]", Some(("a", "[IPv6:::1]")));
        check("a@localhost", Some(("a", "localhost")));
        check("a@1.2.3.4", Some(("a", "1.2.3.4")));
        check("jörg@bücher.test", Some(("jörg", "bücher.test")));
        check("a@BÜCHER.test", Some(("a", "bücher.test")));
        check("postmaster", Some(("postmaster", "")));
        check("PostMaster", Some(("PostMaster", "")));
    }

    #[test]
    fn refuses_what_it_does_not() {
        for text in [
            "",
            "@",
            "alice",
            "alice@",
            "@example.test",
            "a b@example.test",
            ".a@example.test",
            "a.@example.test",
            "a..b@example.test",
            "a@b@example.test",
            "\"a@example.test",
            "a\"@example.test",
            "\"a\"b@example.test",
            "\"a\"b\"@example.test",
            "\"a\\\"@example.test",
            "\"a\rb\"@example.test",
            "\"\\\u{e9}\"@example.test",
            "\"@example.test",
            "a@-b.test",
            "a@b-.test",
            "a@b..test",
            "a@b.test.",
            "a@.test",
            "a@b_c.test",
            "a@b c.test",
            "a@[127.0.0.1",
            "a@[127.0.0.256]",
            "a@[IPv6:127.0.0.1]",
            "a@[IPv6:1]",
            "a@[]",
            "a@[x-tag:1]",
            "a\0@example.test",
            "a\u{85}@example.test",
            "a\u{a0}b@example.test",
            "<a@example.test>",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn lengths_have_bounds() {
        let sized = |local: usize, domain: usize| {
            let labels = "d.".repeat(domain / 2) + &"d".repeat(domain % 2);
            Address::parse(&format!("{}@{}", "l".repeat(local), labels.trim_end_matches('.'))).is_some()
        };
        assert!(sized(LOCAL_PART_BYTES_MAX, 11));
        assert!(!sized(LOCAL_PART_BYTES_MAX + 1, 11));
        assert!(sized(10, ADDRESS_BYTES_MAX - 11));
        assert!(!sized(10, ADDRESS_BYTES_MAX - 9));
        let label = |bytes: usize| Address::parse(&format!("a@{}.test", "d".repeat(bytes))).is_some();
        assert!(label(LABEL_BYTES_MAX) && !label(LABEL_BYTES_MAX + 1));
    }

    #[test]
    fn prints_quotes_where_they_must_be() {
        for (text, expected) in [
            ("Alice@Example.Test", "Alice@example.test"),
            ("\"alice\"@example.test", "alice@example.test"),
            ("\"a b\"@example.test", "\"a b\"@example.test"),
            ("\"a.\"@example.test", "\"a.\"@example.test"),
            ("\"\"@example.test", "\"\"@example.test"),
            (r#""\a\"\\"@example.test"#, r#""a\"\\"@example.test"#),
            ("Postmaster", "Postmaster"),
        ] {
            assert_eq!(Address::parse(text).map(|address| address.to_string()).as_deref(), Some(expected));
        }
        let key = |text| Address::parse(text).map(|address| address.key());
        assert_eq!(key("\"A b\"@Example.TEST").as_deref(), Some("a b@example.test"));
        assert_eq!(key("JÖRG@Bücher.test").as_deref(), Some("jörg@bücher.test"));
        assert_eq!(key("Postmaster").as_deref(), Some("postmaster"));
    }

    proptest! {
        #[test]
        fn what_is_read_prints_and_reads_the_same(
            local in r#"([a-zA-Z0-9.+é]{1,8}|"[ -~é]{0,8}")"#,
            domain in r"([a-zA-Z0-9-]{1,6}(\.[a-z0-9é]{1,4}){0,2}|\[[0-9.]{7}\]|\[IPv6:[0-9a-f:]{2,8}\])",
        ) {
            if let Some(address) = Address::parse(&format!("{local}@{domain}")) {
                prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
            }
        }

        #[test]
        fn any_local_part_that_can_be_quoted_survives(local in "[ -~äλ]{0,20}") {
            let address = Address { local, domain: "example.test".into() };
            prop_assert_eq!(Address::parse(&address.to_string()), Some(address));
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}") {
            let _ = Address::parse(&text);
        }
    }
}
