//! POP3 (RFC 1939).

use super::Connection;
use crate::options::Server;
use crate::trouble::{Result, Trouble};

/// A session.
pub struct Pop3(Connection);

impl Pop3 {
    /// Connects and hears the greeting.
    ///
    /// # Errors
    /// `Refused`, or trouble of the connection.
    pub async fn connect(server: &Server) -> Result<Pop3> {
        let mut pop3 = Pop3(Connection::open(server, server.pop3).await?);
        pop3.status().await?;
        Ok(pop3)
    }

    /// Logs in with USER and PASS.
    ///
    /// # Errors
    /// As [`command`](Pop3::command).
    pub async fn login(&mut self, server: &Server, user: &str) -> Result<()> {
        self.command(&format!("USER {user}")).await?;
        self.command(&format!("PASS {}", server.password)).await?;
        Ok(())
    }

    /// Sends a command with an answer of one line, and gives what follows `+OK`.
    ///
    /// # Errors
    /// `Refused` (-ERR), or trouble of the connection.
    pub async fn command(&mut self, command: &str) -> Result<String> {
        self.0.send(format!("{command}\r\n").as_bytes()).await?;
        self.status().await
    }

    /// Sends a command whose answer goes on until a line with a dot, and gives the bytes of those lines.
    ///
    /// # Errors
    /// As [`command`](Pop3::command).
    pub async fn lines(&mut self, command: &str) -> Result<u64> {
        self.command(command).await?;
        let mut bytes = 0;
        loop {
            let line = self.0.line().await?;
            if line == "." {
                return Ok(bytes);
            }
            bytes += line.len() as u64 + 2;
        }
    }

    /// The number of messages.
    ///
    /// # Errors
    /// As [`command`](Pop3::command); `Nonsense`.
    pub async fn count(&mut self) -> Result<u64> {
        let status = self.command("STAT").await?;
        let count = status.split_ascii_whitespace().next().and_then(|count| count.parse().ok());
        count.ok_or(Trouble::Nonsense(status))
    }

    async fn status(&mut self) -> Result<String> {
        let line = self.0.line().await?;
        match line.strip_prefix("+OK") {
            Some(rest) => Ok(rest.trim().to_owned()),
            None => Err(Trouble::Refused { code: "-ERR".to_owned(), line: line.to_owned() }),
        }
    }
}
