//! EHLO and HELO (RFC 5321 §4.1.1.1).

use super::auth;
use crate::protocol::smtp::replies;
use crate::protocol::smtp::session::{Hello, Next, SmtpSession};

/// Longest host name.
const HOST_NAME_BYTES_MAX: usize = 255;

/// An extension that EHLO tells of.
struct Extension {
    keyword: &'static str,
    /// Its parameters, `None` when it is not offered now.
    parameters: fn(&SmtpSession) -> Option<String>,
}

const EXTENSIONS: [Extension; 13] = [
    Extension { keyword: "PIPELINING", parameters: always },
    Extension { keyword: "SIZE", parameters: |session| Some(session.rules.message_bytes_max.to_string()) },
    Extension { keyword: "8BITMIME", parameters: always },
    Extension { keyword: "SMTPUTF8", parameters: always },
    Extension { keyword: "CHUNKING", parameters: always },
    Extension { keyword: "BINARYMIME", parameters: always },
    Extension { keyword: "ENHANCEDSTATUSCODES", parameters: always },
    Extension { keyword: "DSN", parameters: always },
    Extension { keyword: "REQUIRETLS", parameters: |session| session.tls.map(|_| String::new()) },
    Extension { keyword: "LIMITS", parameters: limits },
    Extension { keyword: "STARTTLS", parameters: |session| session.tls.is_none().then(String::new) },
    Extension { keyword: "AUTH", parameters: auth::offered },
    Extension { keyword: "HELP", parameters: always },
];

pub(super) fn ehlo(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let next = greet(session, argument, true, out)?;
    let mut lines = vec![welcome(session)];
    for extension in &EXTENSIONS {
        if let Some(parameters) = (extension.parameters)(session) {
            let gap = if parameters.is_empty() { "" } else { " " };
            lines.push(format!("{}{gap}{parameters}", extension.keyword));
        }
    }
    replies::write_lines(out, 250, &lines);
    next
}

pub(super) fn helo(session: &mut SmtpSession, argument: &str, out: &mut Vec<u8>) -> Next {
    let next = greet(session, argument, false, out)?;
    replies::write_lines(out, 250, &[welcome(session)]);
    next
}

/// Takes the name; a second greeting is a RSET as well. `None` when the name is refused.
fn greet(session: &mut SmtpSession, name: &str, extended: bool, out: &mut Vec<u8>) -> Option<Next> {
    if !is_host_name(name) {
        session.say(replies::WRONG_HOST_NAME, out);
        return None;
    }
    session.hello = Some(Hello { name: name.to_owned(), extended });
    Some(session.reset())
}

/// Anything that looks like a host name or an address literal. Whether it is true is not asked (RFC 5321
/// §4.1.4), but it goes into the Received field and must not break it.
fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= HOST_NAME_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
}

fn welcome(session: &SmtpSession) -> String {
    format!("{} greets {}", session.rules.hostname, session.peer.address.ip().to_canonical())
}

fn always(_: &SmtpSession) -> Option<String> {
    Some(String::new())
}

/// RFC 9422.
fn limits(session: &SmtpSession) -> Option<String> {
    Some(format!("RCPTMAX={}", session.rules.settings.recipients_max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names() {
        for good in ["localhost", "mx.example.test", "[127.0.0.1]", "[IPv6:::1]", "my_pc", "xn--exmple-cua.test"] {
            assert!(is_host_name(good), "{good}");
        }
        let long = "a".repeat(HOST_NAME_BYTES_MAX + 1);
        for bad in ["", "a b", "a(b)", "a;b", "bücher.test", "<a>", long.as_str()] {
            assert!(!is_host_name(bad), "{bad}");
        }
    }
}
