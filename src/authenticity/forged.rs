//! Results of checks that somebody else wrote in this box's name: they are taken out (RFC 8601 §5).

use crate::message::headers;

/// The message without the Authentication-Results fields that claim to be of `host`.
pub(super) fn without(mut message: Vec<u8>, host: &str) -> Vec<u8> {
    let forged: Vec<_> = headers::fields(&message)
        .filter(|field| field.is("Authentication-Results") && names(&field.value(), host))
        .map(|field| field.range)
        .collect();
    for range in forged.into_iter().rev() {
        message.drain(range.start as usize..range.end as usize);
    }
    message
}

/// Does a field's value begin with this authserv-id, comments aside (RFC 8601 §2.2)?
fn names(value: &[u8], host: &str) -> bool {
    let rest = after_comments(value);
    let id: &[u8] = match rest.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|byte| *byte == b'"').next().unwrap_or_default(),
        None => rest.split(|byte| b" \t;(\r\n".contains(byte)).next().unwrap_or_default(),
    };
    id.eq_ignore_ascii_case(host.as_bytes())
}

/// What follows the white space and the comments that `value` begins with.
fn after_comments(value: &[u8]) -> &[u8] {
    let mut depth = 0u32;
    let mut escaped = false;
    for (at, byte) in value.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if depth > 0 => escaped = true,
            b'(' => depth += 1,
            b')' if depth > 0 => depth -= 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ if depth > 0 => {}
            _ => return &value[at..],
        }
    }
    b""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(message: &str, expected: &str) {
        let found = without(message.as_bytes().to_vec(), "mx.example.test");
        assert_eq!(String::from_utf8_lossy(&found), expected, "{message:?}");
    }

    #[test]
    fn only_our_own_name_is_taken_out() {
        let rest = "Subject: x\r\n\r\nAuthentication-Results: mx.example.test; body\r\n";
        for forged in [
            "mx.example.test; spf=pass",
            " MX.example.TEST;\r\n\tspf=pass",
            "(hi (there)) mx.example.test 1; none",
            "\"mx.example.test\"; none",
            "(\\)) mx.example.test",
        ] {
            check(&format!("AUTHENTICATION-results:{forged}\r\n{rest}"), rest);
            check(&format!("Authentication-Results:{forged}\r\nAuthentication-Results: {forged}\r\n{rest}"), rest);
        }
        for others in ["mx.example.test.evil; spf=pass", "other.test; x=mx.example.test", "(mx.example.test) other", ""]
        {
            let message = format!("Authentication-Results: {others}\r\n{rest}");
            check(&message, &message);
        }
    }

    proptest! {
        #[test]
        fn nothing_else_changes(value in "[ -~]{0,40}") {
            let message = format!("X-Other: {value}\r\n\r\n{value}");
            check(&message, &message);
            let _ = without(value.into_bytes(), "mx.example.test");
        }
    }
}
