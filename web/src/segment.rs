//! Text within an address.

/// Text as one segment of a path or one value of a query (RFC 3986 §2.3).
pub fn segment(text: &str) -> String {
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => segment.push(byte as char),
            _ => segment.push_str(&format!("%{byte:02X}")),
        }
    }
    segment
}

#[cfg(test)]
mod tests {
    #[test]
    fn segments() {
        let check = |text, expected: &str| assert_eq!(super::segment(text), expected);
        check("alice@example.test", "alice%40example.test");
        check("a/b?c#d%", "a%2Fb%3Fc%23d%25");
        check("jürgen", "j%C3%BCrgen");
    }
}
