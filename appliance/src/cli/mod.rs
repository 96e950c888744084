//! The command line: one file for each family of commands. Every command but `serve`, `demo` and
//! `config` is a request to the API; see [`crate::client`].

mod alias;
mod archive;
mod block;
mod domain;
mod failure;
mod import;
mod indexing;
mod init;
mod log;
mod mailing;
mod network;
mod password;
mod password_policy;
mod progress;
mod rule;
mod rules;
mod serve;
mod service;
mod session;
mod settings;
mod shared;
mod spool;
mod table;
mod token;
mod trace;
mod user;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::config::Config;
use crate::demo;
pub use failure::Failure;
pub use progress::Progress;
pub use table::{Table, say};

/// The environment variable that names the configuration file.
const CONFIG_VARIABLE: &str = "MAILSTEAD_CONFIG";

/// What is left running on the runtime after a command gets so long to end.
const RUNTIME_PATIENCE: Duration = Duration::from_millis(500);

/// A complete mail server in one binary
#[derive(Parser)]
#[command(name = "mailstead", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 done, 1 refused or failed, 2 wrong usage or configuration, \
    3 no server answers and the store cannot be opened.")]
struct Cli {
    /// Configuration file; without it $MAILSTEAD_CONFIG, ./mailstead.toml, /etc/mailstead/mailstead.toml or the
    /// defaults
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print listings as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    Serve,
    /// Run a complete box on loopback with sample mail, to try everything out
    Demo(demo::Options),
    /// Make a configuration, the data directory, the first domain and its administrator
    Init(init::Options),
    /// Domains whose mail is kept here
    #[command(subcommand)]
    Domain(domain::Command),
    /// Users and their mailboxes
    #[command(subcommand)]
    User(user::Command),
    /// Other addresses for users
    #[command(subcommand)]
    Alias(alias::Command),
    /// Mailboxes that belong to domains, and who may use them
    #[command(subcommand)]
    Shared(shared::Command),
    /// Messages to many users at once
    #[command(subcommand)]
    Mailing(mailing::Command),
    /// Tokens that programs use the API with
    #[command(subcommand)]
    Token(token::Command),
    /// Messages that wait for delivery
    #[command(subcommand)]
    Spool(spool::Command),
    /// Who is connected
    #[command(subcommand)]
    Session(session::Command),
    /// Addresses that rules have blocked, and users whose messages are held
    #[command(subcommand)]
    Block(block::Command),
    /// The rules that detect abuse
    #[command(subcommand)]
    Rule(rule::Command),
    /// Networks that are never let in
    #[command(subcommand)]
    Blacklist(network::Command),
    /// Networks that are never shut out
    #[command(subcommand)]
    Allowlist(network::Command),
    /// What runs
    #[command(subcommand)]
    Service(service::Command),
    /// The index by which messages are found
    #[command(subcommand)]
    Indexing(indexing::Command),
    /// Find a user's messages
    Search(indexing::Search),
    /// Check the whole store: references, checksums, counters; or prove the archive
    Verify(verify::Options),
    /// Archived mail: searching, exporting, rules, legal holds
    #[command(subcommand)]
    Archive(archive::Command),
    /// What passwords have to be like, and whose are not
    #[command(subcommand)]
    Policy(password_policy::Command),
    /// What was logged
    #[command(subcommand)]
    Log(log::Command),
    /// Find out where a mail is: its way from the session that brought it to the mailbox
    Trace(trace::Trace),
    /// List what administrators did
    Audit(trace::Audit),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Add many users from a CSV file
    Import(import::Options),
}

#[derive(Subcommand)]
enum ConfigCommand {
    /// Print every setting with its doc, unit, default and value, as a configuration file
    Print {
        /// Print the defaults instead of the values in use
        #[arg(long)]
        defaults: bool,
    },
    /// Print the texts of the console, for a translation to begin with
    Texts,
    /// List what was set in place of the configuration file
    List,
    /// Set a setting in place of what the configuration file says
    Set {
        /// Its name, as log.level
        name: String,
        /// Its value, as in the configuration file
        value: String,
    },
    /// Let the configuration file count again
    Unset {
        /// Its name
        name: String,
    },
}

/// How a command speaks to the person who gave it.
#[derive(Clone, Copy)]
pub struct Context {
    /// Listings as JSON.
    pub json: bool,
}

impl Context {
    /// Says that something is done.
    fn done(self, sentence: &str) {
        if !self.json {
            say(sentence);
        }
    }

    /// Shows a listing: as JSON, or as `print` does it.
    fn show<T: DeserializeOwned>(self, listing: serde_json::Value, print: impl FnOnce(T)) {
        if self.json {
            return say(&format!("{listing:#}"));
        }
        match serde_json::from_value(listing) {
            Ok(listing) => print(listing),
            Err(error) => eprintln!("mailstead: the server is of another version ({error}); use --json"),
        }
    }
}

/// Runs the command that was given.
pub fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("mailstead: {failure}");
            failure.exit_code()
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let file = cli.config.or_else(|| std::env::var_os(CONFIG_VARIABLE).map(PathBuf::from));
    let load = || Config::load(file.as_deref()).map_err(Failure::Usage);
    let context = Context { json: cli.json };
    match cli.command {
        Command::Serve => block_on(serve::run(load()?)),
        Command::Demo(options) => block_on(demo::run(options)),
        Command::Init(options) => block_on(init::run(options, file, context)),
        Command::Config(ConfigCommand::Print { defaults }) => {
            let config = if defaults { Config::default() } else { load()? };
            say(config.print().trim_end());
            Ok(())
        }
        Command::Config(ConfigCommand::Texts) => {
            say(Config::texts().trim_end());
            Ok(())
        }
        command => block_on(request(command, load()?, context)),
    }
}

/// Threads for long reads and for files, for each core. Each keeps some megabytes of the allocator's to itself.
const BLOCKING_PER_CORE: usize = 4;

fn block_on(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_PER_CORE * cores)
        .build()
        .map_err(|error| Failure::Refused(format!("cannot start: {error}")))?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_timeout(RUNTIME_PATIENCE);
    outcome
}

/// A command that is a request to the API.
async fn request(command: Command, config: Config, context: Context) -> Result<(), Failure> {
    let client = Client::open(&config).await?;
    let outcome = match command {
        Command::Domain(command) => command.run(&client, context).await,
        Command::User(command) => command.run(&client, context).await,
        Command::Alias(command) => command.run(&client, context).await,
        Command::Shared(command) => command.run(&client, context).await,
        Command::Mailing(command) => command.run(&client, context).await,
        Command::Token(command) => command.run(&client, context).await,
        Command::Spool(command) => command.run(&client, context).await,
        Command::Session(command) => command.run(&client, context).await,
        Command::Block(command) => command.run(&client, context).await,
        Command::Rule(command) => command.run(&client, context).await,
        Command::Blacklist(command) => command.run("blacklist", &client, context).await,
        Command::Allowlist(command) => command.run("allowlist", &client, context).await,
        Command::Service(command) => command.run(&client, context).await,
        Command::Indexing(command) => command.run(&client, context).await,
        Command::Search(options) => options.run(&client, context).await,
        Command::Verify(options) => options.run(&client, context).await,
        Command::Archive(command) => command.run(&client, context).await,
        Command::Import(options) => import::run(options, &client, context).await,
        Command::Policy(command) => command.run(&client, context).await,
        Command::Log(command) => command.run(&client, context).await,
        Command::Trace(trace) => trace.run(&client, context).await,
        Command::Audit(audit) => audit.run(&client, context).await,
        Command::Config(command) => settings::run(command, &client, context).await,
        Command::Serve | Command::Demo(_) | Command::Init(_) => Ok(()),
    };
    client.close().await?;
    outcome
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
