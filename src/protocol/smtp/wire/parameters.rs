//! The parameters of MAIL and RCPT (RFC 5321 §4.1.1.11), each from the RFC of its extension.

use mailstead_storage::{BodyKind, Notify, Ret};

use super::{number, xtext};
use crate::protocol::smtp::replies::{self, Reply};

/// Longest ENVID after decoding (RFC 3461 §4.4).
const ENVELOPE_ID_BYTES_MAX: usize = 100;
/// Longest ORCPT (RFC 3461 §4.2).
const ORIGINAL_RECIPIENT_BYTES_MAX: usize = 500;

/// The parameters of MAIL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// SIZE (RFC 1870): what the client thinks the message has, bytes.
    pub size: Option<u64>,
    /// BODY (RFC 6152, 3030).
    pub body: BodyKind,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// REQUIRETLS (RFC 8689).
    pub require_tls: bool,
    /// RET (RFC 3461).
    pub ret: Option<Ret>,
    /// ENVID (RFC 3461), decoded.
    pub envelope_id: Option<String>,
}

/// The parameters of RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RcptParameters {
    /// NOTIFY (RFC 3461).
    pub notify: Notify,
    /// ORCPT (RFC 3461): type, `;` and the decoded address.
    pub original: Option<String>,
}

impl MailParameters {
    /// Reads what follows the reverse-path.
    ///
    /// # Errors
    /// The reply to give.
    pub fn parse(text: &str) -> Result<MailParameters, Reply> {
        let mut parameters = MailParameters::default();
        for (keyword, value) in split(text)? {
            match keyword.as_str() {
                "SIZE" => parameters.size = Some(number(value).ok_or(replies::WRONG_PARAMETER)?),
                "BODY" => parameters.body = body(value)?,
                "SMTPUTF8" if value.is_empty() => parameters.smtputf8 = true,
                "REQUIRETLS" if value.is_empty() => parameters.require_tls = true,
                "RET" => parameters.ret = Some(ret(value)?),
                "ENVID" => parameters.envelope_id = Some(envelope_id(value)?),
                // Who vouches for the sender (RFC 4954 §5): nobody here trusts another's word.
                "AUTH" => drop(xtext::decode(value).ok_or(replies::WRONG_PARAMETER)?),
                "SMTPUTF8" | "REQUIRETLS" => return Err(replies::WRONG_PARAMETER),
                _ => return Err(replies::UNKNOWN_PARAMETER),
            }
        }
        Ok(parameters)
    }
}

impl RcptParameters {
    /// Reads what follows the forward-path.
    ///
    /// # Errors
    /// The reply to give.
    pub fn parse(text: &str) -> Result<RcptParameters, Reply> {
        let mut parameters = RcptParameters { notify: Notify::DEFAULT, original: None };
        for (keyword, value) in split(text)? {
            match keyword.as_str() {
                "NOTIFY" => parameters.notify = notify(value)?,
                "ORCPT" => parameters.original = Some(original_recipient(value).ok_or(replies::WRONG_PARAMETER)?),
                _ => return Err(replies::UNKNOWN_PARAMETER),
            }
        }
        Ok(parameters)
    }
}

/// Parts into keywords, in upper case, and values (empty when there is none). None comes twice.
fn split(text: &str) -> Result<Vec<(String, &str)>, Reply> {
    let mut parameters: Vec<(String, &str)> = Vec::new();
    for parameter in text.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (keyword, value) = match parameter.split_once('=') {
            Some((_, "")) => return Err(replies::WRONG_PARAMETER),
            Some((keyword, value)) => (keyword, value),
            None => (parameter, ""),
        };
        let well_formed = keyword.starts_with(|first: char| first.is_ascii_alphanumeric())
            && keyword.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !value.contains(['=', '\t']);
        let keyword = keyword.to_ascii_uppercase();
        if !well_formed || parameters.iter().any(|(other, _)| *other == keyword) {
            return Err(replies::WRONG_PARAMETER);
        }
        parameters.push((keyword, value));
    }
    Ok(parameters)
}

fn body(value: &str) -> Result<BodyKind, Reply> {
    match value.to_ascii_uppercase().as_str() {
        "7BIT" => Ok(BodyKind::SevenBit),
        "8BITMIME" => Ok(BodyKind::EightBit),
        "BINARYMIME" => Ok(BodyKind::Binary),
        _ => Err(replies::WRONG_PARAMETER),
    }
}

fn ret(value: &str) -> Result<Ret, Reply> {
    match value.to_ascii_uppercase().as_str() {
        "FULL" => Ok(Ret::Full),
        "HDRS" => Ok(Ret::Headers),
        _ => Err(replies::WRONG_PARAMETER),
    }
}

fn envelope_id(value: &str) -> Result<String, Reply> {
    xtext::decode(value)
        .filter(|id| !id.is_empty() && id.len() <= ENVELOPE_ID_BYTES_MAX)
        .ok_or(replies::WRONG_PARAMETER)
}

fn notify(value: &str) -> Result<Notify, Reply> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::NEVER);
    }
    let mut notify = Notify::NEVER;
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return Err(replies::WRONG_PARAMETER),
        }
    }
    Ok(notify)
}

fn original_recipient(value: &str) -> Option<String> {
    let (kind, address) = value.split_once(';').filter(|_| value.len() <= ORIGINAL_RECIPIENT_BYTES_MAX)?;
    let kind_is_atom = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let address = match kind.eq_ignore_ascii_case("utf-8") {
        true => xtext::decode_utf8_address(address)?,
        false => xtext::decode(address)?,
    };
    (kind_is_atom && !address.is_empty()).then(|| format!("{kind};{address}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(text: &str) -> Result<MailParameters, &'static str> {
        MailParameters::parse(text).map_err(Reply::status)
    }

    fn rcpt(text: &str) -> Result<RcptParameters, &'static str> {
        RcptParameters::parse(text).map_err(Reply::status)
    }

    #[test]
    fn of_mail() {
        let none = MailParameters::default;
        assert_eq!(mail(""), Ok(none()));
        assert_eq!(mail(" size=10"), Ok(MailParameters { size: Some(10), ..none() }));
        assert_eq!(mail("SIZE=99999999999999999999"), Ok(MailParameters { size: Some(u64::MAX), ..none() }));
        assert_eq!(mail("BODY=8bitmime"), Ok(MailParameters { body: BodyKind::EightBit, ..none() }));
        assert_eq!(mail("BODY=BINARYMIME"), Ok(MailParameters { body: BodyKind::Binary, ..none() }));
        assert_eq!(mail("SMTPUTF8  RET=HDRS").map(|it| (it.smtputf8, it.ret)), Ok((true, Some(Ret::Headers))));
        assert_eq!(mail("REQUIRETLS"), Ok(MailParameters { require_tls: true, ..none() }));
        assert_eq!(mail("ENVID=a+2Bb").map(|it| it.envelope_id), Ok(Some("a+b".into())));
        assert_eq!(mail("AUTH=<>"), Ok(none()));
        let wrong = [
            "SIZE",
            "SIZE=",
            "SIZE=x",
            "BODY=9BIT",
            "RET=",
            "RET=x",
            "ENVID=+0D",
            "SMTPUTF8=1",
            "REQUIRETLS=1",
            "SIZE=1 SIZE=2",
        ];
        for text in wrong.into_iter().chain(["=", "S=ä=b", "AUTH=+"]) {
            assert_eq!(mail(text), Err("5.5.4"), "{text}");
            assert_eq!(MailParameters::parse(text).map_err(Reply::code), Err(501), "{text}");
        }
        for text in ["NOTIFY=NEVER", "X-YZ=1"] {
            assert_eq!(MailParameters::parse(text).map_err(Reply::code), Err(555), "{text}");
        }
    }

    #[test]
    fn of_rcpt() {
        assert_eq!(rcpt("NOTIFY=never").map(|it| it.notify), Ok(Notify::NEVER));
        let notify = Notify { success: true, failure: false, delay: true };
        assert_eq!(rcpt("NOTIFY=SUCCESS,DELAY").map(|it| it.notify), Ok(notify));
        assert_eq!(rcpt("ORCPT=rfc822;a+2Bb@c").map(|it| it.original), Ok(Some("rfc822;a+b@c".into())));
        assert_eq!(rcpt("ORCPT=utf-8;j\\x{F6}rg@c").map(|it| it.original), Ok(Some("utf-8;jörg@c".into())));
        for text in ["NOTIFY=", "NOTIFY=NEVER,DELAY", "NOTIFY=ALL", "ORCPT=a@b", "ORCPT=;a", "ORCPT=rfc822;+0Aa@b"] {
            assert_eq!(rcpt(text), Err("5.5.4"), "{text}");
        }
        assert_eq!(RcptParameters::parse("SIZE=1").map_err(Reply::code), Err(555));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[A-Z0-9=+;, \\\\x{}-]{0,40}") {
            let _ = (mail(&text), rcpt(&text));
        }
    }
}
