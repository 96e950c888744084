//! A report as a message: a sentence for a person, and the report itself, compressed.

use std::io::Write as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::clock::{Time, rfc5322};

/// Characters of a line of base64 (RFC 2045 §6.8).
const LINE_CHARS: usize = 76;

/// What the message says.
pub(super) struct Letter<'a> {
    /// This host.
    pub host: &'a str,
    /// Who writes.
    pub from: &'a str,
    /// To whom.
    pub to: &'a str,
    /// The domain that the report is about.
    pub domain: &'a str,
    /// The report's name.
    pub id: &'a str,
    /// Now.
    pub at: Time,
    /// A DMARC report, or one about TLS.
    pub is_dmarc: bool,
    /// First and last second.
    pub period: (u64, u64),
    /// The report, not compressed.
    pub document: &'a [u8],
}

impl Letter<'_> {
    /// The message.
    pub fn write(&self) -> Vec<u8> {
        let (from, to, domain, host, id) = (self.from, self.to, self.domain, self.host, self.id);
        let (begin, end) = self.period;
        let (kind, media, suffix, extra) = match self.is_dmarc {
            true => ("multipart/mixed", "application/gzip", "xml.gz", String::new()),
            false => (
                "multipart/report; report-type=\"tlsrpt\"",
                "application/tlsrpt+gzip",
                "json.gz",
                format!("TLS-Report-Domain: {domain}\r\nTLS-Report-Submitter: {host}\r\n"),
            ),
        };
        let boundary = format!("report.{}", self.at.0);
        let mut message = format!(
            "From: {host} <{from}>\r\nTo: <{to}>\r\nDate: {date}\r\nMessage-ID: <{id}@{host}>\r\n\
             Subject: Report Domain: {domain}\r\n Submitter: {host}\r\n Report-ID: <{id}>\r\n{extra}\
             Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: {kind};\r\n boundary=\"{boundary}\"\r\n\
             \r\n--{boundary}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\
             This is the daily report of {host} about mail of {domain}.\r\n\r\n--{boundary}\r\nContent-Type: {media}\r\n\
             Content-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment;\r\n filename=\"{host}!{domain}!{begin}!{end}.{suffix}\"\r\n\r\n",
            date = rfc5322(self.at),
        )
        .into_bytes();
        for line in BASE64_STANDARD.encode(compressed(self.document)).as_bytes().chunks(LINE_CHARS) {
            message.extend_from_slice(line);
            message.extend_from_slice(b"\r\n");
        }
        message.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        message
    }
}

fn compressed(document: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(document).and_then(|()| encoder.finish()).expect("memory takes all")
}
