//! `mailstead user forward|vacation|sieve …`

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use mailstead_web::api::rules::{ActiveScript, Forward, ScriptText, Scripts, Vacation};
use mailstead_web::segment;

use super::table::{Table, moment, say, yes};
use super::{Context, Failure};
use crate::client::Client;

/// `user forward`
#[derive(Args)]
pub struct ForwardOptions {
    /// The user's address
    address: String,
    /// Where the mail is sent on to; without any, what is set now is shown
    #[arg(value_name = "TO")]
    to: Vec<String>,
    /// Keep the mail here too
    #[arg(long, requires = "to")]
    keep: bool,
    /// Send nothing on any more
    #[arg(long, conflicts_with = "to")]
    off: bool,
}

/// `user vacation`
#[derive(Args)]
pub struct VacationOptions {
    /// The user's address
    address: String,
    /// What senders are answered; without it, what is set now is shown
    #[arg(long)]
    text: Option<String>,
    /// The answer's subject; without it, it is made of the message's
    #[arg(long, default_value = "", hide_default_value = true, requires = "text")]
    subject: String,
    /// Answer from this day or moment on, like 2026-12-24
    #[arg(long, value_name = "DATE", requires = "text")]
    from: Option<String>,
    /// The first day or moment that is not answered any more
    #[arg(long, value_name = "DATE", requires = "text")]
    until: Option<String>,
    /// The same sender is not answered again for so many days
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// Answer nobody any more
    #[arg(long, conflicts_with = "text")]
    off: bool,
}

/// `user sieve`
#[derive(Subcommand)]
pub enum SieveCommand {
    /// List a user's scripts
    List {
        /// The user's address
        address: String,
    },
    /// Print a script
    Show {
        /// The user's address
        address: String,
        /// The script's name
        name: String,
    },
    /// Check a script and store it
    Put {
        /// The user's address
        address: String,
        /// The script's name
        name: String,
        /// The file it is in; "-" is the standard input
        file: PathBuf,
        /// Let it run from now on
        #[arg(long)]
        activate: bool,
    },
    /// Let a script run for all new mail, instead of the one that runs now
    Activate {
        /// The user's address
        address: String,
        /// The script's name
        name: String,
    },
    /// Let no script run
    Deactivate {
        /// The user's address
        address: String,
    },
    /// Remove a script
    Remove {
        /// The user's address
        address: String,
        /// The script's name
        name: String,
    },
}

pub async fn forward(options: ForwardOptions, client: &Client, context: Context) -> Result<(), Failure> {
    let ForwardOptions { address, to, keep, off } = options;
    let place = place(&address, "forward");
    if to.is_empty() && !off {
        context.show(client.get(&place).await?, |forward: Forward| match forward.addresses.as_slice() {
            [] => say(&format!("The mail of {address} is not sent on.")),
            addresses => {
                let keep = if forward.keep { "and kept here too" } else { "and not kept here" };
                say(&format!("The mail of {address} is sent on to {}, {keep}.", addresses.join(", ")));
            }
        });
        return Ok(());
    }
    let done = if off { "is kept here".into() } else { format!("is sent on to {}", to.join(", ")) };
    client.put(&place, &Forward { addresses: to, keep }).await?;
    context.done(&format!("new mail of {address} {done}"));
    Ok(())
}

pub async fn vacation(options: VacationOptions, client: &Client, context: Context) -> Result<(), Failure> {
    let VacationOptions { address, text, subject, from, until, days, off } = options;
    let place = place(&address, "vacation");
    match text {
        Some(text) => {
            client.put(&place, &Vacation { text, subject, from, until, days }).await?;
            context.done(&format!("who writes to {address} is answered"));
        }
        None if off => {
            let () = client.delete(&place).await?;
            context.done(&format!("{address} answers nobody"));
        }
        None => context.show(client.get(&place).await?, |vacation: Option<Vacation>| match vacation {
            None => say(&format!("{address} answers nobody.")),
            Some(vacation) => print_vacation(&address, &vacation),
        }),
    }
    Ok(())
}

fn print_vacation(address: &str, vacation: &Vacation) {
    let from = vacation.from.as_deref().map(|from| format!(" from {}", moment(from))).unwrap_or_default();
    let until = vacation.until.as_deref().map(|until| format!(" until {}", moment(until))).unwrap_or_default();
    say(&format!("{address} answers{from}{until}, each sender once in {} days:\n", vacation.days));
    if !vacation.subject.is_empty() {
        say(&format!("Subject: {}\n", vacation.subject));
    }
    say(&vacation.text);
}

impl SieveCommand {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            SieveCommand::List { address } => {
                context.show(client.get(&place(&address, "scripts")).await?, print);
            }
            SieveCommand::Show { address, name } => {
                let script = client.get(&script_place(&address, &name)).await?;
                context.show(script, |script: ScriptText| say(script.text.trim_end()));
            }
            SieveCommand::Put { address, name, file, activate } => {
                let text = read(&file)?;
                client.put(&script_place(&address, &name), &ScriptText { text }).await?;
                if activate {
                    set_active(client, &address, Some(name.clone())).await?;
                }
                context.done(&format!("{address} has the script {name} now"));
            }
            SieveCommand::Activate { address, name } => {
                set_active(client, &address, Some(name.clone())).await?;
                context.done(&format!("{name} runs for new mail of {address}"));
            }
            SieveCommand::Deactivate { address } => {
                set_active(client, &address, None).await?;
                context.done(&format!("no script runs for new mail of {address}"));
            }
            SieveCommand::Remove { address, name } => {
                let () = client.delete(&script_place(&address, &name)).await?;
                context.done(&format!("the script {name} of {address} is removed"));
            }
        }
        Ok(())
    }
}

async fn set_active(client: &Client, address: &str, name: Option<String>) -> Result<(), Failure> {
    client.put(&place(address, "active-script"), &ActiveScript { name }).await
}

fn place(address: &str, what: &str) -> String {
    format!("/users/{}/{what}", segment(address))
}

fn script_place(address: &str, name: &str) -> String {
    format!("{}/{}", place(address, "scripts"), segment(name))
}

fn read(file: &Path) -> Result<String, Failure> {
    let wrong = |error| Failure::Usage(format!("{} cannot be read: {error}", file.display()));
    if file != Path::new("-") {
        return std::fs::read_to_string(file).map_err(wrong);
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}

fn print(list: Scripts) {
    let mut table = Table::new(&["name", "active"]);
    for script in list.scripts {
        table.row([script.name, yes(script.active)]);
    }
    table.print("There are no scripts; store one with `mailstead user sieve put`.");
}
