//! `mailstead-bench`: parses the command line, runs one load, prints its figures as JSON.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use mailstead_benches::load::{deliver, fill, grow, idle, mailbox, read, receive, search, send, soak};
use tokio::task::LocalSet;

/// Loads a mail server over SMTP, IMAP and POP3, meters what it uses, and prints one JSON object
#[derive(Parser)]
#[command(version)]
struct CommandLine {
    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    /// Send by SMTP: messages accepted
    Receive(receive::Options),
    /// Send by SMTP until IMAP shows all of it: messages delivered
    Deliver(deliver::Options),
    /// Submit by SMTP for elsewhere until a server of its own has taken all: messages sent
    Send(send::Options),
    /// A mix of IMAP commands, or fetching by POP3, on mailboxes that have been filled
    Read(read::Options),
    /// Connections that idle: memory of each, time until it is told of new mail
    Idle(idle::Options),
    /// SEARCH in one large mailbox
    Search(search::Options),
    /// One mailbox of 100,000 messages: opened, listed, searched, changed
    Mailbox(mailbox::Options),
    /// APPEND messages
    Fill(fill::Options),
    /// A part of the full load for a long time: does the server grow?
    Soak(soak::Options),
    /// Fill a store step by step: does a message cost more in a large store? How long does a restart take?
    Grow(grow::Options),
}

fn main() -> ExitCode {
    let load = CommandLine::parse().load;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let figures = match &runtime {
        Ok(runtime) => LocalSet::new().block_on(runtime, run(load)),
        Err(error) => return failed(&error.to_string()),
    };
    match figures {
        Ok(figures) => {
            println!("{figures:#}");
            ExitCode::SUCCESS
        }
        Err(trouble) => failed(&trouble.to_string()),
    }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("mailstead-bench: {why}");
    ExitCode::FAILURE
}

async fn run(load: Load) -> mailstead_benches::trouble::Result<serde_json::Value> {
    match load {
        Load::Receive(options) => receive::run(options).await,
        Load::Deliver(options) => deliver::run(options).await,
        Load::Send(options) => send::run(options).await,
        Load::Read(options) => read::run(options).await,
        Load::Idle(options) => idle::run(options).await,
        Load::Search(options) => search::run(options).await,
        Load::Mailbox(options) => mailbox::run(options).await,
        Load::Fill(options) => fill::run(options).await,
        Load::Soak(options) => soak::run(options).await,
        Load::Grow(options) => grow::run(options).await,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::CommandLine::command().debug_assert();
    }
}
