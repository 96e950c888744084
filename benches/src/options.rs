//! Options that several loads share.

use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;

use clap::Args;

use crate::messages::{Messages, Mix};
use crate::trouble::{Result, Trouble};

/// Sizes of the mail of an office: 33 KB on average.
pub const MIX: &str = "70:4k,25:40k,5:400k";

/// The server, and who its users are.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Server")]
pub struct Server {
    /// Where SMTP is spoken
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:12025")]
    pub smtp: SocketAddr,
    /// Where IMAP is spoken
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:12143")]
    pub imap: SocketAddr,
    /// IMAP is spoken inside TLS; any certificate will do
    #[arg(long)]
    pub imap_tls: bool,
    /// Where POP3 is spoken
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:12110")]
    pub pop3: SocketAddr,
    /// How many users the load is spread over: u0, u1, …
    #[arg(long, short = 'u', value_name = "COUNT", default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    pub users: u64,
    /// The number of the first user
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub first_user: u64,
    /// The users' domain
    #[arg(long, default_value = "example.test")]
    pub domain: String,
    /// The users' password
    #[arg(long, default_value = "secret")]
    pub password: String,
    /// Connect from so many addresses of 127.0.0.0/8, for servers that limit connections by address
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub sources: u32,
}

impl Server {
    /// The address of a user; numbers beyond the last user begin again with the first.
    pub fn user(&self, number: u64) -> String {
        format!("u{}@{}", self.first_user + number % self.users, self.domain)
    }

    /// The address that the `number`-th connection comes from, when it matters.
    pub fn source(&self, number: u32) -> Option<Ipv4Addr> {
        let number = number % self.sources;
        (self.sources > 1).then(|| Ipv4Addr::new(127, 1, (number / 250) as u8, (number % 250 + 1) as u8))
    }
}

/// Which messages, and how many at a time.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Load")]
pub struct Sending {
    /// How many messages
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 2000)]
    pub messages: u64,
    /// Sessions at once
    #[arg(long, short = 'c', value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub sessions: u64,
    /// Messages in one connection
    #[arg(long, value_name = "COUNT", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    pub messages_per_connection: u64,
    /// Which messages.
    #[command(flatten)]
    pub choice: Choice,
}

/// Which messages.
#[derive(Args, Debug, Clone)]
#[command(next_help_heading = "Load")]
pub struct Choice {
    /// Sizes of the messages and their shares
    #[arg(long, value_name = "PERCENT:SIZE,…", default_value = MIX)]
    pub mix: String,
    /// Messages of one seed are the same everywhere
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Choice {
    /// The messages.
    ///
    /// # Errors
    /// `Unfit` when the mix cannot be read.
    pub fn messages(&self) -> Result<Rc<Messages>> {
        let mix: Mix = self.mix.parse().map_err(|why| Trouble::Unfit(format!("--mix: {why}")))?;
        Ok(Rc::new(Messages::new(mix, self.seed)))
    }
}
