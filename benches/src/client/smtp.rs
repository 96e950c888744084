//! SMTP (RFC 5321), with PIPELINING (RFC 2920) where the server offers it.

use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Connection;
use crate::options::Server;
use crate::trouble::{Result, Trouble};

/// A session that has said EHLO.
pub struct Smtp {
    connection: Connection,
    pipelining: bool,
    auth: bool,
}

/// A reply of one or more lines.
struct Reply {
    code: u16,
    /// The last line.
    line: String,
    pipelining: bool,
    auth: bool,
}

impl Smtp {
    /// Connects and says EHLO.
    ///
    /// # Errors
    /// `Refused`, or trouble of the connection.
    pub async fn connect(server: &Server) -> Result<Smtp> {
        let connection = Connection::open(server, server.smtp).await?;
        let mut smtp = Smtp { connection, pipelining: false, auth: false };
        smtp.reply().await?.expect(220)?;
        smtp.connection.send(b"EHLO bench.remote.example\r\n").await?;
        let offered = smtp.reply().await?.expect(250)?;
        (smtp.pipelining, smtp.auth) = (offered.pipelining, offered.auth);
        Ok(smtp)
    }

    /// Logs in (RFC 4954, PLAIN) to a server that offers it.
    ///
    /// # Errors
    /// `Refused`, or trouble of the connection.
    pub async fn login_if_offered(&mut self, user: &str, password: &str) -> Result<()> {
        if self.auth {
            let response = STANDARD.encode(format!("\0{user}\0{password}"));
            self.connection.send(format!("AUTH PLAIN {response}\r\n").as_bytes()).await?;
            self.reply().await?.expect(235)?;
        }
        Ok(())
    }

    /// Sends a message to one recipient. Gives the moment at which its last byte was sent: from there to now
    /// is the time that the server took to accept it.
    ///
    /// # Errors
    /// `Refused`, after which the session goes on; or trouble of the connection.
    pub async fn send(&mut self, sender: &str, recipient: &str, message: &[u8]) -> Result<Instant> {
        let commands = [format!("MAIL FROM:<{sender}>\r\n"), format!("RCPT TO:<{recipient}>\r\n"), "DATA\r\n".into()];
        let outcome = if self.pipelining { self.begin_at_once(&commands).await } else { self.begin(&commands).await };
        if let Err(trouble) = outcome {
            if trouble.is_refusal() {
                self.connection.send(b"RSET\r\n").await?;
                self.reply().await?;
            }
            return Err(trouble);
        }
        self.connection.send(&stuffed(message)).await?;
        let sent = Instant::now();
        self.reply().await?.expect(250)?;
        Ok(sent)
    }

    /// Says QUIT and hears the answer.
    ///
    /// # Errors
    /// Trouble of the connection.
    pub async fn quit(mut self) -> Result<()> {
        self.connection.send(b"QUIT\r\n").await?;
        self.reply().await?;
        Ok(())
    }

    async fn begin(&mut self, commands: &[String; 3]) -> Result<()> {
        for (command, code) in commands.iter().zip([250, 250, 354]) {
            self.connection.send(command.as_bytes()).await?;
            self.reply().await?.expect(code)?;
        }
        Ok(())
    }

    async fn begin_at_once(&mut self, commands: &[String; 3]) -> Result<()> {
        self.connection.send(commands.concat().as_bytes()).await?;
        let mail = self.reply().await?;
        let recipient = self.reply().await?;
        let data = self.reply().await?;
        let accepted = mail.expect(250).and_then(|_| recipient.expect(250));
        if accepted.is_err() && data.code == 354 {
            // Without a recipient the message is refused, but it has to be ended (RFC 2920 §3.1).
            self.connection.send(b".\r\n").await?;
            self.reply().await?;
        }
        accepted?;
        data.expect(354)?;
        Ok(())
    }

    async fn reply(&mut self) -> Result<Reply> {
        let (mut pipelining, mut auth) = (false, false);
        loop {
            let line = self.connection.line().await?;
            let code = line.get(..3).and_then(|code| code.parse().ok());
            let code = code.ok_or_else(|| Trouble::Nonsense(line.to_owned()))?;
            let mut words = line.get(4..).unwrap_or_default().split(' ');
            let keyword = words.next().unwrap_or_default();
            pipelining |= keyword.eq_ignore_ascii_case("PIPELINING");
            auth |= keyword.eq_ignore_ascii_case("AUTH") && words.any(|word| word.eq_ignore_ascii_case("PLAIN"));
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(Reply { code, line: line.to_owned(), pipelining, auth });
            }
        }
    }
}

impl Reply {
    fn expect(self, code: u16) -> Result<Reply> {
        match self.code == code {
            true => Ok(self),
            false => Err(Trouble::Refused { code: self.code.to_string(), line: self.line }),
        }
    }
}

/// The message as it goes over the wire, its end included (RFC 5321 §4.5.2).
fn stuffed(message: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 8);
    for line in message.split_inclusive(|byte| *byte == b'\n') {
        if line.starts_with(b".") {
            out.push(b'.');
        }
        out.extend_from_slice(line);
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: &str) {
        assert_eq!(String::from_utf8(stuffed(message.as_bytes())).unwrap(), expected);
    }

    #[test]
    fn dots_are_doubled_at_line_starts() {
        check("a\r\nb\r\n", "a\r\nb\r\n.\r\n");
        check(".\r\n..\r\na.b\r\n", "..\r\n...\r\na.b\r\n.\r\n");
        check("a", "a\r\n.\r\n");
        check("", ".\r\n");
    }
}
