//! A message through an SMTP session: bytes heard, dots undone, line ends checked, body handed over. No
//! socket, no storage: the house answers yes to everything.

use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use mailstead_benches::messages::Messages;
use mailstead_core::clock::Time;
use mailstead_core::net::{Input, Peer, Session, Turn};
use mailstead_core::people::sessions::SessionId;
use mailstead_core::protocol::smtp::{Answer, Question, Rules, Service, SmtpSession, SmtpSettings};
use mailstead_storage::BlobId;

fn main() {
    divan::main();
}

#[divan::bench(args = ["100:4k", "100:40k", "100:400k"])]
fn data(bencher: Bencher, mix: &str) {
    let message = Messages::new(mix.parse().expect("a mix"), 1).message(1, "u0@example.test");
    let mut wire = b"MAIL FROM:<a@remote.example>\r\nRCPT TO:<u0@example.test>\r\nDATA\r\n".to_vec();
    wire.extend_from_slice(&message);
    wire.extend_from_slice(b".\r\n");
    let mut talk = Talk::new();
    talk.hear(b"EHLO bench.remote.example\r\n");
    bencher.counter(BytesCount::new(wire.len())).bench_local(|| talk.hear(black_box(&wire)));
    assert!(talk.body_bytes > 0, "bodies came through");
}

/// A session and its house.
struct Talk {
    session: SmtpSession,
    input: Input,
    out: Vec<u8>,
    body_bytes: usize,
}

impl Talk {
    fn new() -> Talk {
        let rules = Rules {
            service: Service::Smtp,
            hostname: "mx.example.test".into(),
            message_bytes_max: 50 << 20,
            settings: SmtpSettings::of(Service::Smtp),
        };
        let address = "127.0.0.1:4711".parse().expect("an address");
        let peer = Peer { id: SessionId(1), address, local: address, tls: None };
        let session = SmtpSession::new(Arc::new(rules), peer);
        Talk { session, input: Input::default(), out: Vec::new(), body_bytes: 0 }
    }

    fn hear(&mut self, mut bytes: &[u8]) {
        self.go();
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.input.room()));
            self.input.push(now);
            bytes = later;
            self.go();
        }
    }

    fn go(&mut self) {
        loop {
            match self.session.turn(&mut self.input, &mut self.out, Time::default()) {
                Turn::Ask(question) => {
                    let answer = self.answer(question);
                    self.session.answer(answer, &mut self.out, Time::default());
                }
                Turn::Flush => self.out.clear(),
                Turn::Read { .. } => return self.out.clear(),
                turn => panic!("the session wants {turn:?}", turn = std::mem::discriminant(&turn)),
            }
        }
    }

    fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Sender { .. } => Answer::Sender(Ok(())),
            Question::Recipient { .. } => Answer::Recipient(Ok(())),
            Question::Begin { .. } => Answer::Begun(Ok(())),
            Question::Body(bytes) => {
                self.body_bytes += bytes.len();
                Answer::Taken(Ok(()))
            }
            Question::Accept(_) => Answer::Accepted(Ok(BlobId(1))),
            _ => Answer::Noted,
        }
    }
}
