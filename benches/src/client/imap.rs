//! IMAP4rev1 (RFC 3501) with IDLE (RFC 2177) and MOVE (RFC 6851).

use std::time::Duration;

use super::Connection;
use crate::options::Server;
use crate::trouble::{Result, Trouble};

/// A session.
pub struct Imap {
    connection: Connection,
    commands: u64,
    /// What the server has told of the selected mailbox.
    pub count: Count,
    /// HIGHESTMODSEQ as it was last told (RFC 7162 §3.1.2.1), 0 before.
    pub modseq: u64,
}

/// What a server tells of the number of messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// Messages in the mailbox.
    pub exists: u64,
    /// How many have been announced as more than before, ever.
    pub arrived: u64,
}

/// What a command was answered.
#[derive(Debug, Default)]
pub struct Answer {
    /// The numbers that SEARCH found.
    pub found: Vec<u64>,
    /// Bytes of all answer lines and literals.
    pub bytes: u64,
}

impl Imap {
    /// Connects and hears the greeting.
    ///
    /// # Errors
    /// `Refused`, or trouble of the connection.
    pub async fn connect(server: &Server) -> Result<Imap> {
        let mut connection = match server.imap_tls {
            true => Connection::open_tls(server, server.imap).await?,
            false => Connection::open(server, server.imap).await?,
        };
        let greeting = connection.line().await?;
        if !greeting.starts_with("* OK") {
            return Err(refused("BYE", greeting));
        }
        Ok(Imap { connection, commands: 0, count: Count::default(), modseq: 0 })
    }

    /// Connects and logs in.
    ///
    /// # Errors
    /// `Refused`, or trouble of the connection.
    pub async fn login(server: &Server, user: &str) -> Result<Imap> {
        let mut imap = Imap::connect(server).await?;
        imap.command(&login(server, user)).await?;
        Ok(imap)
    }

    /// Sends a command and hears its answer to the end.
    ///
    /// # Errors
    /// `Refused` (NO or BAD), or trouble of the connection.
    pub async fn command(&mut self, command: &str) -> Result<Answer> {
        let tag = self.next_tag();
        self.connection.send(format!("{tag} {command}\r\n").as_bytes()).await?;
        self.answer(&tag).await
    }

    /// Appends a message with a synchronizing literal.
    ///
    /// # Errors
    /// As [`command`](Imap::command).
    pub async fn append(&mut self, mailbox: &str, message: &[u8]) -> Result<Answer> {
        let tag = self.next_tag();
        self.connection.send(format!("{tag} APPEND {mailbox} {{{}}}\r\n", message.len()).as_bytes()).await?;
        if let Some(refusal) = self.go_ahead(&tag).await? {
            return Err(refusal);
        }
        self.connection.send(message).await?;
        self.connection.send(b"\r\n").await?;
        self.answer(&tag).await
    }

    /// Begins to idle.
    ///
    /// # Errors
    /// As [`command`](Imap::command).
    pub async fn idle(&mut self) -> Result<()> {
        let tag = self.next_tag();
        self.connection.send(format!("{tag} IDLE\r\n").as_bytes()).await?;
        self.go_ahead(&tag).await?.map_or(Ok(()), Err)
    }

    /// Waits, while it idles, until the server tells of a change in the number of messages.
    ///
    /// # Errors
    /// `TimedOut`, or trouble of the connection.
    pub async fn wait_for_news(&mut self, patience: Duration) -> Result<()> {
        loop {
            let before = self.count;
            self.count.note(self.connection.line_within(patience).await?);
            if self.count != before {
                return Ok(());
            }
        }
    }

    /// Stops idling.
    ///
    /// # Errors
    /// As [`command`](Imap::command).
    pub async fn done(&mut self) -> Result<()> {
        self.connection.send(b"DONE\r\n").await?;
        let tag = self.tag();
        self.answer(&tag).await.map(|_| ())
    }

    fn next_tag(&mut self) -> String {
        self.commands += 1;
        self.tag()
    }

    fn tag(&self) -> String {
        format!("a{}", self.commands)
    }

    /// Waits for `+`. A refusal that comes instead is given back.
    async fn go_ahead(&mut self, tag: &str) -> Result<Option<Trouble>> {
        loop {
            let line = self.connection.line().await?;
            if line.starts_with('+') {
                return Ok(None);
            }
            if let Some(outcome) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                return Ok(Some(refused(word(outcome), line)));
            }
            self.count.note(line);
        }
    }

    async fn answer(&mut self, tag: &str) -> Result<Answer> {
        let mut answer = Answer::default();
        let mut inside = false;
        loop {
            let line = self.connection.line().await?;
            answer.bytes += line.len() as u64 + 2;
            let literal = literal_bytes(line);
            if !inside {
                if let Some(outcome) = line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
                    return if word(outcome) == "OK" { Ok(answer) } else { Err(refused(word(outcome), line)) };
                }
                if line.starts_with("* BYE") && !tag.is_empty() {
                    // The answer to LOGOUT follows, or the end of the connection.
                    continue;
                }
                self.count.note(line);
                self.modseq = highest_modseq(line).unwrap_or(self.modseq);
                if let Some(found) = line.strip_prefix("* SEARCH") {
                    answer.found.extend(found.split_ascii_whitespace().filter_map(|number| number.parse::<u64>().ok()));
                }
            }
            inside = literal.is_some();
            if let Some(bytes) = literal {
                answer.bytes += bytes;
                self.connection.skip(bytes).await?;
            }
        }
    }
}

/// The LOGIN command of a user.
pub fn login(server: &Server, user: &str) -> String {
    let quoted = server.password.replace('\\', "\\\\").replace('"', "\\\"");
    format!("LOGIN {user} \"{quoted}\"")
}

fn word(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

fn refused(code: &str, line: &str) -> Trouble {
    Trouble::Refused { code: code.to_owned(), line: line.to_owned() }
}

/// The length of the literal that follows a line.
fn literal_bytes(line: &str) -> Option<u64> {
    line.strip_suffix('}')?.rsplit_once('{')?.1.parse().ok()
}

/// The number in `* OK [HIGHESTMODSEQ n] …`.
fn highest_modseq(line: &str) -> Option<u64> {
    line.strip_prefix("* OK [HIGHESTMODSEQ ")?.split_once(']')?.0.parse().ok()
}

impl Count {
    /// Follows `* n EXISTS` and `* n EXPUNGE`.
    fn note(&mut self, line: &str) {
        let Some((number, what)) = line.strip_prefix("* ").and_then(|rest| rest.split_once(' ')) else { return };
        match (number.parse::<u64>(), what) {
            (Ok(exists), "EXISTS") => {
                self.arrived += exists.saturating_sub(self.exists);
                self.exists = exists;
            }
            (Ok(1..), "EXPUNGE") => self.exists = self.exists.saturating_sub(1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_announced_at_the_end_of_a_line() {
        let check = |line, expected| assert_eq!(literal_bytes(line), expected, "{line}");
        check("* 1 FETCH (BODY[] {1234}", Some(1234));
        check("* 1 FETCH (FLAGS ())", None);
        check("* LIST () {x}", None);
        check("{5", None);
        check("}", None);
    }

    #[test]
    fn the_number_of_messages_is_followed() {
        let mut count = Count { exists: 3, arrived: 3 };
        for (line, exists, arrived) in [
            ("* 5 EXISTS", 5, 5),
            ("* 2 EXPUNGE", 4, 5),
            ("* 5 EXISTS", 5, 6),
            ("* 1 FETCH (FLAGS (EXISTS))", 5, 6),
            ("* OK 9 EXISTS", 5, 6),
            ("a1 OK done", 5, 6),
            ("* 0 EXISTS", 0, 6),
            ("* 1 EXPUNGE", 0, 6),
        ] {
            count.note(line);
            assert_eq!(count, Count { exists, arrived }, "{line}");
        }
    }
}
