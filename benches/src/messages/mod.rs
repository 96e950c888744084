//! Messages to load a server with: message `index` of a seed is the same bytes everywhere.
//!
//! Short ones are text; those of some ten KB are text beside HTML; longer ones carry an attachment. For
//! searches with a known answer, message `index` has `topicNNN` in its subject (modulo [`TOPICS`]),
//! `senderNNN` in From and `needleNNN` in its text (both modulo [`SENDERS`]).

mod mix;
mod text;

use std::io::Write;

pub use mix::Mix;
use text::Stretch;
pub use text::word;

use crate::random::Random;

/// How many senders there are, and how many needles.
pub const SENDERS: u64 = 200;
/// How many topics there are.
pub const TOPICS: u64 = 100;
/// Up to this size a message is one text.
const PLAIN_BYTES_MAX: u64 = 16 << 10;
/// Up to this size a message is text beside HTML, beyond it there is an attachment.
const ALTERNATIVE_BYTES_MAX: u64 = 128 << 10;
/// 2025-01-01 00:00 UTC is day 0 of the dates.
const DAYS: u64 = 28;

/// All messages of one seed.
pub struct Messages {
    mix: Mix,
    seed: u64,
    prose: Stretch,
    base64: Stretch,
}

impl Messages {
    /// The messages of a seed.
    pub fn new(mix: Mix, seed: u64) -> Messages {
        Messages { mix, seed, prose: Stretch::prose(), base64: Stretch::base64() }
    }

    /// The reverse-path of a message.
    pub fn sender(&self, index: u64) -> String {
        format!("sender{:03}@remote.example", index % SENDERS)
    }

    /// A message to `recipient`: half to one and a half times its nominal size, all lines ended by CRLF.
    pub fn message(&self, index: u64, recipient: &str) -> Vec<u8> {
        let mut random = Random::new(self.seed, index);
        let nominal = self.mix.bytes(index);
        let bytes = nominal / 2 + random.below(nominal + 1);
        let mut out = Vec::with_capacity(bytes as usize + 1024);
        self.head(index, recipient, &mut random, &mut out);
        let room = bytes.saturating_sub(out.len() as u64) as usize;
        if nominal <= PLAIN_BYTES_MAX {
            self.plain(index, room, &mut random, &mut out);
        } else if nominal <= ALTERNATIVE_BYTES_MAX {
            self.alternative(index, room, &mut random, &mut out);
        } else {
            self.attachment(index, room, &mut random, &mut out);
        }
        out
    }

    fn head(&self, index: u64, recipient: &str, random: &mut Random, out: &mut Vec<u8>) {
        let (seed, sender, topic) = (self.seed, index % SENDERS, index % TOPICS);
        let subject: Vec<String> = (0..4).map(|_| word(random.below(2000))).collect();
        let (day, hour, minute) = (1 + index % DAYS, random.below(24), random.below(60));
        put(
            out,
            format_args!(
                "Received: from relay.remote.example (relay.remote.example [192.0.2.7])\r\n\
                 \tby mx.remote.example with ESMTPS id {index:x}.{seed:x};\r\n\
                 \t{day} Jan 2025 {hour:02}:{minute:02}:00 +0000\r\n\
                 From: \"Sender {sender}\" <sender{sender:03}@remote.example>\r\n\
                 To: <{recipient}>\r\n\
                 Subject: {} topic{topic:03}\r\n\
                 Date: {day} Jan 2025 {hour:02}:{minute:02}:00 +0000\r\n\
                 Message-ID: <{index}.{seed}.{:x}@remote.example>\r\n\
                 MIME-Version: 1.0\r\n",
                subject.join(" "),
                random.number(),
            ),
        );
    }

    fn plain(&self, index: u64, room: usize, random: &mut Random, out: &mut Vec<u8>) {
        put(out, format_args!("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"));
        put(out, format_args!("needle{:03}\r\n", index % SENDERS));
        self.prose.copy(random, room.saturating_sub(100), out);
    }

    fn alternative(&self, index: u64, room: usize, random: &mut Random, out: &mut Vec<u8>) {
        let boundary = format!("=_{:x}", random.number());
        put(out, format_args!("Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"));
        self.plain(index, room / 3, random, out);
        put(
            out,
            format_args!(
                "--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n\
                 <!DOCTYPE html><html><body><p>\r\n"
            ),
        );
        self.prose.copy(random, room - room / 3, out);
        put(out, format_args!("</p></body></html>\r\n--{boundary}--\r\n"));
    }

    fn attachment(&self, index: u64, room: usize, random: &mut Random, out: &mut Vec<u8>) {
        let boundary = format!("=_{:x}", random.number());
        put(out, format_args!("Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n"));
        self.plain(index, room / 50, random, out);
        put(
            out,
            format_args!(
                "--{boundary}\r\nContent-Type: application/pdf; name=\"report {index}.pdf\"\r\n\
                 Content-Disposition: attachment; filename=\"report {index}.pdf\"\r\n\
                 Content-Transfer-Encoding: base64\r\n\r\n"
            ),
        );
        self.base64.copy(random, room - room / 50, out);
        put(out, format_args!("--{boundary}--\r\n"));
    }
}

fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes all");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(seed: u64) -> Messages {
        Messages::new("70:4k,25:40k,5:400k".parse().unwrap(), seed)
    }

    #[test]
    fn a_message_depends_on_seed_and_index_alone() {
        let message = |seed, index| messages(seed).message(index, "u0@example.test");
        assert_eq!(message(1, 5), message(1, 5));
        assert_ne!(message(1, 5), message(1, 6));
        assert_ne!(message(1, 5), message(2, 5));
    }

    #[test]
    fn sizes_are_those_of_the_mix() {
        let messages = messages(1);
        let mean = (0..1000).map(|index| messages.message(index, "u0@example.test").len()).sum::<usize>() / 1000;
        assert!((31_000..36_000).contains(&mean), "{mean}");
    }

    #[test]
    fn every_line_ends_with_crlf_and_markers_are_there() {
        let messages = messages(3);
        for index in 0..100 {
            let message = messages.message(index, "u0@example.test");
            let text = String::from_utf8(message).expect("ASCII");
            assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains(['\r', '\n']));
            assert!(text.contains(&format!("topic{index:03}\r\n")));
            assert!(text.contains(&format!("needle{index:03}\r\n")));
        }
    }
}
