//! All that the server says, in one place: reply code (RFC 5321 §4.2), status (RFC 3463) and a
//! sentence that tells a person what to do.

use mailstead_storage::BlobId;

use crate::authenticity::Reason;
use crate::intake::Refusal;
use crate::net::Goodbye;
use crate::people::Denied;

/// One reply of one line. Without status where RFC 2034 §4 asks for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    status: &'static str,
    text: &'static str,
}

const fn reply(code: u16, status: &'static str, text: &'static str) -> Reply {
    Reply { code, status, text }
}

pub const OK: Reply = reply(250, "2.0.0", "OK");
pub const SENDER_OK: Reply = reply(250, "2.1.0", "Sender OK");
pub const RECIPIENT_OK: Reply = reply(250, "2.1.5", "Recipient OK");
pub const CHUNK_OK: Reply = reply(250, "2.0.0", "Chunk received");
pub const SEND_MESSAGE: Reply = reply(354, "", "Send the message, and end it with a line that holds only a dot");
pub const BYE: Reply = reply(221, "2.0.0", "Goodbye");
pub const BEGIN_TLS: Reply = reply(220, "2.0.0", "Begin TLS now");
pub const LOGGED_IN: Reply = reply(235, "2.7.0", "Logged in");
pub const CANNOT_VERIFY: Reply = reply(252, "2.5.0", "Addresses are not told; send the message and it will be tried");

pub const LINE_TOO_LONG: Reply = reply(500, "5.5.2", "The line is too long");
pub const BARE_LINE_END: Reply = reply(500, "5.5.2", "End each line with CRLF; a bare CR or LF is not allowed");
pub const CONTROL_CHARACTER: Reply = reply(500, "5.5.2", "A command holds no NUL or other control characters");
pub const NOT_UTF8: Reply = reply(500, "5.5.2", "A command is text in ASCII or UTF-8");
pub const UNKNOWN_COMMAND: Reply = reply(500, "5.5.1", "Unknown command; HELP lists what is known");
pub const NOT_HTTP: Reply = reply(421, "4.7.0", "This is a mail server and speaks no HTTP; closing the connection");
pub const NO_ARGUMENT: Reply = reply(501, "5.5.4", "This command takes no argument");
pub const ARGUMENT_MISSING: Reply = reply(501, "5.5.4", "This command needs an argument; HELP shows its form");
pub const WRONG_HOST_NAME: Reply = reply(501, "5.5.4", "Give your host name or address literal");
pub const WRONG_SENDER: Reply = reply(501, "5.1.7", "Write MAIL FROM:<address>");
pub const WRONG_RECIPIENT: Reply = reply(501, "5.1.3", "Write RCPT TO:<address>");
pub const WRONG_CHUNK: Reply = reply(501, "5.5.4", "Write BDAT and the number of bytes, then LAST with the last chunk");
pub const WRONG_PARAMETER: Reply = reply(501, "5.5.4", "A parameter has a wrong value, or comes twice");
pub const UNKNOWN_PARAMETER: Reply = reply(555, "5.5.4", "Unknown parameter; EHLO lists the extensions");
pub const NO_EXPANSION: Reply = reply(502, "5.5.1", "Lists are not expanded");
pub const HELLO_FIRST: Reply = reply(503, "5.5.1", "Say EHLO first");
pub const MAIL_FIRST: Reply = reply(503, "5.5.1", "Say MAIL first");
pub const RCPT_FIRST: Reply = reply(503, "5.5.1", "Say RCPT first");
pub const NO_RECIPIENTS: Reply = reply(554, "5.5.1", "No valid recipients");
pub const MAIL_TWICE: Reply = reply(503, "5.5.1", "A message is already begun; finish it or say RSET");
pub const NOT_IN_TRANSACTION: Reply = reply(503, "5.5.1", "Not while a message is begun; finish it or say RSET");
pub const CHUNKS_BEGUN: Reply = reply(503, "5.5.1", "This message came in chunks; go on with BDAT");
pub const BINARY_NEEDS_BDAT: Reply = reply(503, "5.5.1", "A BINARYMIME message comes by BDAT");
/// RFC 8689 §4.1 step 1.
pub const TLS_REQUIRED: Reply = reply(530, "5.7.4", "REQUIRETLS needs TLS on this connection; say STARTTLS first");
pub const TLS_ALREADY: Reply = reply(503, "5.5.1", "TLS is already in use");
pub const TOO_MANY_ERRORS: Reply = reply(421, "4.7.0", "Too many errors; closing the connection");

/// The reverse-path belongs to somebody else.
pub const SENDER_NOT_YOURS: Reply = reply(553, "5.7.1", "The sender address does not belong to your account");
pub const UTF8_NEEDS_PARAMETER: Reply =
    reply(553, "5.6.7", "An address with non-ASCII letters needs SMTPUTF8 with MAIL");
pub const UNKNOWN_RECIPIENT: Reply = reply(550, "5.1.1", "No such user here; check the address");
pub const RELAY_DENIED: Reply = reply(550, "5.7.1", "Relaying denied; log in on the submission port to send elsewhere");
/// The mailbox of the recipient is full.
pub const OVER_QUOTA: Reply = reply(452, "4.2.2", "The mailbox is full; try again later");
pub const TOO_MANY_RECIPIENTS: Reply = reply(452, "4.5.3", "Too many recipients; send the message to the rest again");
pub const DISK_FULL: Reply = reply(452, "4.3.1", "No room for the message now; try again later");
pub const TOO_BIG: Reply = reply(552, "5.3.4", "The message is bigger than EHLO's SIZE allows");
pub const BARE_IN_MESSAGE: Reply = reply(550, "5.6.11", "The message has a bare CR or LF; lines end with CRLF");
pub const LOOP: Reply = reply(554, "5.4.6", "The message has passed through too many servers; there is a mail loop");
pub const LOCAL_FAULT: Reply = reply(451, "4.3.0", "A fault on this server; try again later");

pub const NO_REVERSE_NAME: Reply = reply(550, "5.7.25", "Your address has no name that leads back to it; mend its PTR");
pub const SPF_FAILED: Reply = reply(550, "5.7.23", "The sender's domain does not let your address send for it (SPF)");
pub const NO_GOOD_SIGNATURE: Reply = reply(550, "5.7.20", "None of the message's DKIM signatures is good");
pub const DMARC_FAILED: Reply =
    reply(550, "5.7.1", "The domain of From asks to refuse mail that it does not vouch for (DMARC)");

pub const LOG_IN_FIRST: Reply = reply(530, "5.7.0", "Log in with AUTH first");
pub const LOGGED_IN_ALREADY: Reply = reply(503, "5.5.1", "Already logged in");
pub const UNKNOWN_MECHANISM: Reply = reply(504, "5.5.4", "Unknown mechanism; EHLO lists them");
pub const TLS_FIRST: Reply = reply(538, "5.7.11", "Say STARTTLS first; a password must not be sent in the clear");
pub const AUTH_CANCELLED: Reply = reply(501, "5.7.0", "Login cancelled");
pub const AUTH_MALFORMED: Reply = reply(501, "5.5.2", "This response cannot be understood");
pub const WRONG_PASSWORD: Reply = reply(535, "5.7.8", "User or password is wrong");
pub const ACCOUNT_DISABLED: Reply = reply(525, "5.7.13", "The account is disabled; ask its administrator");
pub const PASSWORD_EXPIRED: Reply = reply(535, "5.7.8", "The password has expired; sign in on the web and change it");
pub const LOGIN_UNAVAILABLE: Reply = reply(454, "4.7.0", "The login cannot be checked now; try again later");
pub const TOO_MANY_FAILURES: Reply = reply(421, "4.7.0", "Too many failed logins; closing the connection");

const SILENT: Reply = reply(421, "4.4.2", "Nothing was heard for too long; closing the connection");
const STOPPING: Reply = reply(421, "4.3.2", "The service is stopping; try again later");
const ENDED: Reply = reply(421, "4.3.2", "The session was ended by an administrator");
const BLOCKED: Reply = reply(421, "4.7.0", "Your address is blocked for a while after too much abuse; try again later");
const LISTED: Reply = reply(554, "5.7.1", "Your address is on the blacklist of this server; write to its postmaster");
const CROWDED: Reply = reply(421, "4.7.0", "Too many connections; try again later");

impl Reply {
    /// The reply code.
    pub fn code(self) -> u16 {
        self.code
    }

    /// The enhanced status code, empty when there is none.
    pub fn status(self) -> &'static str {
        self.status
    }

    /// Says it.
    pub fn write(self, out: &mut Vec<u8>) {
        line(out, self.code, self.status, self.text);
    }
}

/// Says several lines under one code.
pub fn write_lines(out: &mut Vec<u8>, code: u16, lines: &[String]) {
    for (at, text) in lines.iter().enumerate() {
        let more = if at + 1 < lines.len() { '-' } else { ' ' };
        out.extend_from_slice(format!("{code}{more}{text}\r\n").as_bytes());
    }
}

/// The message is durable.
pub fn write_queued(out: &mut Vec<u8>, id: BlobId) {
    line(out, 250, "2.0.0", &format!("OK, queued as {id}"));
}

/// A challenge of AUTH, in base64.
pub fn write_challenge(out: &mut Vec<u8>, challenge: &str) {
    line(out, 334, "", challenge);
}

/// Why the message is not taken.
pub fn refusal(refusal: &Refusal) -> Reply {
    match refusal {
        Refusal::DiskFull => DISK_FULL,
        Refusal::TooBig => TOO_BIG,
        Refusal::Loop => LOOP,
        Refusal::Failed(_) => LOCAL_FAULT,
    }
}

/// Which check the message has failed.
pub fn failed_check(reason: Reason) -> Reply {
    match reason {
        Reason::Iprev => NO_REVERSE_NAME,
        Reason::Spf => SPF_FAILED,
        Reason::Dkim => NO_GOOD_SIGNATURE,
        Reason::Dmarc => DMARC_FAILED,
    }
}

/// Why nobody is logged in.
pub fn denied(denied: Denied) -> Reply {
    match denied {
        Denied::Wrong => WRONG_PASSWORD,
        Denied::Disabled => ACCOUNT_DISABLED,
        Denied::Expired => PASSWORD_EXPIRED,
        Denied::Unavailable => LOGIN_UNAVAILABLE,
    }
}

/// Why the session ends.
pub fn goodbye(why: Goodbye) -> Reply {
    match why {
        Goodbye::Timeout => SILENT,
        Goodbye::ServiceStops => STOPPING,
        // Nothing is compressed in SMTP.
        Goodbye::Ended | Goodbye::Garbled => ENDED,
        Goodbye::TooMany => CROWDED,
        Goodbye::Blocked => BLOCKED,
        Goodbye::Listed => LISTED,
    }
}

fn line(out: &mut Vec<u8>, code: u16, status: &str, text: &str) {
    let gap = if status.is_empty() { "" } else { " " };
    out.extend_from_slice(format!("{code} {status}{gap}{text}\r\n").as_bytes());
}
