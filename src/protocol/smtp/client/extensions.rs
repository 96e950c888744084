//! What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1). Pure.

use super::reply::{Reply, answer};
use super::{Mail, Rcpt};
use mailstead_storage::BodyKind;

/// The extensions that this client uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// PIPELINING
    pub pipelining: bool,
    /// SIZE, and the limit in bytes when one is told.
    pub size: Option<Option<u64>>,
    /// 8BITMIME
    pub eight_bit: bool,
    /// BINARYMIME; says nothing without CHUNKING.
    pub binary: bool,
    /// CHUNKING
    pub chunking: bool,
    /// SMTPUTF8
    pub utf8: bool,
    /// DSN
    pub dsn: bool,
    /// STARTTLS
    pub start_tls: bool,
    /// REQUIRETLS
    pub require_tls: bool,
    /// AUTH PLAIN
    pub auth_plain: bool,
    /// AUTH LOGIN
    pub auth_login: bool,
    /// AUTH SCRAM-SHA-256
    pub auth_scram: bool,
    /// Most recipients of one message (RFC 9422), when it is told.
    pub recipients_max: Option<usize>,
}

impl Extensions {
    /// Reads the reply to EHLO. Its first line is the server's name.
    pub fn read(reply: &Reply) -> Extensions {
        let mut extensions = Extensions::default();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            let keyword = words.next().unwrap_or_default().to_ascii_uppercase();
            match keyword.as_str() {
                "PIPELINING" => extensions.pipelining = true,
                "SIZE" => {
                    extensions.size = Some(words.next().and_then(|size| size.parse().ok()).filter(|max| *max > 0))
                }
                "8BITMIME" => extensions.eight_bit = true,
                "BINARYMIME" => extensions.binary = true,
                "CHUNKING" => extensions.chunking = true,
                "SMTPUTF8" => extensions.utf8 = true,
                "DSN" => extensions.dsn = true,
                "STARTTLS" => extensions.start_tls = true,
                "REQUIRETLS" => extensions.require_tls = true,
                "AUTH" => words.for_each(|mechanism| extensions.mechanism(mechanism)),
                "LIMITS" => words.for_each(|limit| extensions.limit(limit)),
                // An old form that is still met.
                _ => keyword.strip_prefix("AUTH=").into_iter().for_each(|mechanism| extensions.mechanism(mechanism)),
            }
        }
        extensions
    }

    fn mechanism(&mut self, name: &str) {
        match name.to_ascii_uppercase().as_str() {
            "PLAIN" => self.auth_plain = true,
            "LOGIN" => self.auth_login = true,
            "SCRAM-SHA-256" => self.auth_scram = true,
            _ => {}
        }
    }

    fn limit(&mut self, limit: &str) {
        if let Some(("RCPTMAX", max)) = limit.split_once('=') {
            self.recipients_max = max.parse().ok().filter(|max| *max > 0);
        }
    }

    /// Why this server can never take this mail, as an answer of this box.
    pub fn refusal(&self, mail: &Mail) -> Option<String> {
        if mail.require_tls && !self.require_tls {
            return Some(answer(
                550,
                "5.7.30",
                "the next server does not support REQUIRETLS, which the sender asks for",
            ));
        }
        if mail.smtputf8 && !self.utf8 {
            return Some(answer(
                550,
                "5.6.7",
                "the next server does not support addresses or headers beyond ASCII (SMTPUTF8)",
            ));
        }
        match self.size {
            Some(Some(max)) if mail.size > max => {
                let text = format!("the message has {} bytes, the next server takes {max} at most", mail.size);
                Some(answer(552, "5.3.4", &text))
            }
            _ => None,
        }
    }

    /// The MAIL command for this mail.
    pub(super) fn mail_command(&self, mail: &Mail) -> String {
        let mut line = format!("MAIL FROM:<{}>", mail.reverse_path);
        if self.size.is_some() {
            line += &format!(" SIZE={}", mail.size);
        }
        match mail.body {
            BodyKind::Binary if self.binary && self.chunking => line += " BODY=BINARYMIME",
            BodyKind::EightBit if self.eight_bit => line += " BODY=8BITMIME",
            _ => {}
        }
        if mail.smtputf8 {
            line += " SMTPUTF8";
        }
        if mail.require_tls {
            line += " REQUIRETLS";
        }
        if self.dsn {
            line += &mail.dsn_parameters();
        }
        line + "\r\n"
    }

    /// The RCPT command for this recipient.
    pub(super) fn rcpt_command(&self, rcpt: &Rcpt) -> String {
        let parameters = if self.dsn { rcpt.dsn_parameters(self.utf8) } else { String::new() };
        format!("RCPT TO:<{}>{parameters}\r\n", rcpt.address)
    }
}
