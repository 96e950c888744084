//! A small blocking SMTP client (RFC 5321, 4954): enough to bring the sample messages in by the same
//! door that other servers and mail clients use.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How long to wait for the server.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of a reply line at most (RFC 5321 §4.5.3.1.5 asks for 512).
const REPLY_BYTES_MAX: u64 = 4096;

/// A session with the demo's own server.
pub struct Sender(BufReader<TcpStream>);

impl Sender {
    /// Connects to a port of this machine and says EHLO.
    ///
    /// # Errors
    /// What the system or the server said.
    pub fn connect(port: u16) -> Result<Sender, String> {
        let connect = || {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            stream.set_nodelay(true)?;
            Ok(stream)
        };
        let stream = connect().map_err(|error: std::io::Error| format!("cannot connect to port {port}: {error}"))?;
        let mut sender = Sender(BufReader::new(stream));
        sender.reply(2)?;
        sender.command("EHLO demo.example", 2)?;
        Ok(sender)
    }

    /// Logs in with AUTH PLAIN.
    ///
    /// # Errors
    /// As [`connect`](Sender::connect).
    pub fn log_in(&mut self, user: &str, password: &str) -> Result<(), String> {
        let response = BASE64_STANDARD.encode(format!("\0{user}\0{password}"));
        self.write(format!("AUTH PLAIN {response}\r\n").as_bytes())?;
        self.reply(2)
    }

    /// Sends a message: when this returns, the server has it.
    ///
    /// # Errors
    /// As [`connect`](Sender::connect).
    pub fn send(&mut self, reverse_path: &str, recipients: &[&str], message: &[u8]) -> Result<(), String> {
        self.command(&format!("MAIL FROM:<{reverse_path}> SIZE={}", message.len()), 2)?;
        for recipient in recipients {
            self.command(&format!("RCPT TO:<{recipient}>"), 2)?;
        }
        self.command("DATA", 3)?;
        self.write(&dot_stuffed(message))?;
        self.command(".", 2)
    }

    /// Ends the session.
    pub fn quit(mut self) {
        // The messages are the server's already: how the session ends changes nothing.
        let _ = self.command("QUIT", 2);
    }

    fn command(&mut self, line: &str, expected: u8) -> Result<(), String> {
        self.write(format!("{line}\r\n").as_bytes())?;
        self.reply(expected).map_err(|why| format!("{line}: {why}"))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.get_mut().write_all(bytes).map_err(|error| format!("the server went away: {error}"))
    }

    /// Reads a reply, whose code must begin with the digit `expected`.
    fn reply(&mut self, expected: u8) -> Result<(), String> {
        loop {
            let mut line = String::new();
            let read = std::io::Read::take(&mut self.0, REPLY_BYTES_MAX).read_line(&mut line);
            match read {
                Ok(0) => return Err("the server hung up".into()),
                Ok(_) if line.as_bytes().get(3) == Some(&b'-') => {}
                Ok(_) if line.bytes().next() == Some(b'0' + expected) => return Ok(()),
                Ok(_) => return Err(format!("the server answers: {}", line.trim_end())),
                Err(error) => return Err(format!("the server does not answer: {error}")),
            }
        }
    }
}

/// A message as DATA carries it (RFC 5321 §4.5.2), CRLF at its end, without the final dot.
fn dot_stuffed(message: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(message.len() + message.len() / 64 + 2);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.first() == Some(&b'.') {
            stuffed.push(b'.');
        }
        stuffed.extend_from_slice(line);
    }
    if !stuffed.ends_with(b"\r\n") {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed
}

#[cfg(test)]
mod tests {
    #[test]
    fn dots_are_stuffed() {
        let check = |message: &[u8], expected: &[u8]| assert_eq!(super::dot_stuffed(message), expected);
        check(b"a\r\n.\r\n..b", b"a\r\n..\r\n...b\r\n");
        check(b".", b"..\r\n");
        check(b"a.\r\n", b"a.\r\n");
    }
}
