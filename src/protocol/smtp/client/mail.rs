//! A message's envelope as it goes to one server.

use mailstead_storage::{BodyKind, Notify, Ret};

use crate::protocol::smtp::wire::xtext;

/// What is said of a message before its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The reverse-path, empty for `<>`.
    pub reverse_path: String,
    /// The recipients that this server is to take, at least one.
    pub recipients: Vec<Rcpt>,
    /// The bytes that follow.
    pub size: u64,
    /// What they are.
    pub body: BodyKind,
    /// Do addresses or headers need SMTPUTF8 (RFC 6531)?
    pub smtputf8: bool,
    /// REQUIRETLS (RFC 8689)
    pub require_tls: bool,
    /// RET (RFC 3461)
    pub ret: Option<Ret>,
    /// ENVID (RFC 3461), decoded.
    pub envelope_id: Option<String>,
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rcpt {
    /// Its address.
    pub address: String,
    /// What its sender wants to be told; goes on only to servers that offer DSN.
    pub notify: Notify,
    /// ORCPT as type, `;` and decoded address.
    pub original: Option<String>,
}

impl Mail {
    pub(super) fn dsn_parameters(&self) -> String {
        let mut parameters = match self.ret {
            Some(Ret::Full) => " RET=FULL".to_string(),
            Some(Ret::Headers) => " RET=HDRS".to_string(),
            None => String::new(),
        };
        if let Some(id) = &self.envelope_id {
            parameters += &format!(" ENVID={}", xtext::encode(id));
        }
        parameters
    }
}

impl Rcpt {
    pub(super) fn dsn_parameters(&self, utf8: bool) -> String {
        let mut parameters = String::new();
        if self.notify == Notify::NEVER {
            parameters += " NOTIFY=NEVER";
        } else if self.notify != Notify::DEFAULT {
            let Notify { success, failure, delay } = self.notify;
            let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
            let words: Vec<&str> = words.iter().filter(|(wanted, _)| *wanted).map(|(_, word)| *word).collect();
            parameters += &format!(" NOTIFY={}", words.join(","));
        }
        if let Some((kind, address)) = self.original.as_deref().and_then(|original| original.split_once(';')) {
            parameters += &match (address.is_ascii(), utf8) {
                (true, _) => format!(" ORCPT={kind};{}", xtext::encode(address)),
                (false, true) => format!(" ORCPT=utf-8;{}", xtext::encode_utf8_address(address)),
                // Its one ASCII form is for servers that know SMTPUTF8 as well (RFC 6533 §3).
                (false, false) => String::new(),
            };
        }
        parameters
    }
}
