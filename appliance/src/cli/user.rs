//! `mailstead user …`

use clap::{Subcommand, ValueEnum};
use mailstead_storage::Role;
use mailstead_web::api::size::parse_size;
use mailstead_web::api::users::{NewPassword, NewUser, UserChange, Users};
use mailstead_web::segment;

use super::password::PasswordSource;
use super::table::{Table, moment, size, yes};
use super::{Context, Failure, rules};
use crate::client::Client;

#[derive(Subcommand)]
pub enum Command {
    /// Add a user with a mailbox
    Add {
        /// The address, which is also the login name
        address: String,
        /// The person's name
        #[arg(long, default_value = "", hide_default_value = true)]
        name: String,
        /// What the user may do beyond the own mailbox
        #[arg(long, value_enum, default_value_t)]
        role: RoleName,
        /// Most that the mailboxes may hold, like 500M or 2G; 0 is without limit
        #[arg(long, value_name = "SIZE", default_value = "0", value_parser = parse_quota)]
        quota: u64,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List the users
    List {
        /// Only those of this domain
        #[arg(long)]
        domain: Option<String>,
    },
    /// Remove a user with all mail
    Remove {
        /// The user's address
        address: String,
    },
    /// Let a disabled user log in again
    Enable {
        /// The user's address
        address: String,
    },
    /// Let a user no longer log in, and end the sessions that are open; mail is still received
    Disable {
        /// The user's address
        address: String,
    },
    /// Set a user's password and end the sessions that are open
    Password {
        /// The user's address
        address: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Show or set where a user's mail is sent on to
    Forward(rules::ForwardOptions),
    /// Show or set what a user's senders are answered
    Vacation(rules::VacationOptions),
    /// Scripts for a user's mail, in Sieve
    #[command(subcommand)]
    Sieve(rules::SieveCommand),
    /// Set how much a user's mailboxes may hold
    Quota {
        /// The user's address
        address: String,
        /// Like 500M or 2G; 0 is without limit
        #[arg(value_parser = parse_quota)]
        size: u64,
        /// Most messages; 0 is without limit
        #[arg(long, value_name = "NUMBER", default_value_t = 0)]
        messages: u64,
    },
}

/// What a user may do, as the command line says it.
#[derive(Clone, Copy, Default, ValueEnum)]
pub enum RoleName {
    /// A mailbox user
    #[default]
    User,
    /// Administers the domain of the address
    DomainAdministrator,
    /// Administers the whole box
    SystemAdministrator,
}

impl Command {
    pub async fn run(self, client: &Client, context: Context) -> Result<(), Failure> {
        match self {
            Command::Add { address, name, role, quota, password } => {
                let password = password.get(&address)?;
                let new = NewUser {
                    address: address.clone(),
                    name,
                    password,
                    role: role.into(),
                    quota_bytes: quota,
                    quota_messages: 0,
                };
                let () = client.post("/users", &new).await?;
                context.done(&format!("{address} has a mailbox now"));
            }
            Command::List { domain } => {
                let query = domain.map(|domain| format!("?domain={}", segment(&domain))).unwrap_or_default();
                context.show(client.get(&format!("/users{query}")).await?, print);
            }
            Command::Remove { address } => {
                let () = client.delete(&place(&address)).await?;
                context.done(&format!("{address} is removed, with all mail"));
            }
            Command::Enable { address } => {
                set(client, &address, UserChange { enabled: Some(true), ..UserChange::default() }).await?;
                context.done(&format!("{address} can log in"));
            }
            Command::Disable { address } => {
                set(client, &address, UserChange { enabled: Some(false), ..UserChange::default() }).await?;
                context.done(&format!("{address} can no longer log in"));
            }
            Command::Password { address, password } => {
                let password = password.get(&address)?;
                client.put(&format!("{}/password", place(&address)), &NewPassword { password }).await?;
                context.done(&format!("{address} has a new password"));
            }
            Command::Forward(options) => rules::forward(options, client, context).await?,
            Command::Vacation(options) => rules::vacation(options, client, context).await?,
            Command::Sieve(command) => command.run(client, context).await?,
            Command::Quota { address, size: bytes, messages } => {
                let (quota_bytes, quota_messages) = (Some(bytes), Some(messages));
                set(client, &address, UserChange { quota_bytes, quota_messages, ..UserChange::default() }).await?;
                context.done(&match (bytes, messages) {
                    (0, 0) => format!("{address} has no limit now"),
                    (bytes, 0) => format!("{address} may hold {} now", size(bytes)),
                    (0, messages) => format!("{address} may hold {messages} messages now"),
                    (bytes, messages) => format!("{address} may hold {} in {messages} messages now", size(bytes)),
                });
            }
        }
        Ok(())
    }
}

async fn set(client: &Client, address: &str, change: UserChange) -> Result<(), Failure> {
    client.patch(&place(address), &change).await
}

fn place(address: &str) -> String {
    format!("/users/{}", segment(address))
}

/// A size as the command line takes it.
pub fn parse_quota(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "write a size like 500M or 2G, or 0 for no limit".into())
}

fn print(list: Users) {
    let mut table =
        Table::new(&["address", "name", "role", "enabled", ">messages", ">used", ">quota", "last login", "by"]);
    for user in list.users {
        let (last, by) = match user.last_login {
            Some(login) => (moment(&login.at), format!("{} from {}", login.protocol, login.from)),
            None => ("never".into(), "-".into()),
        };
        table.row([
            user.address,
            user.name,
            role_words(user.role).into(),
            yes(user.enabled),
            user.messages.to_string(),
            size(user.used_bytes),
            if user.quota_bytes == 0 { "-".into() } else { size(user.quota_bytes) },
            last,
            by,
        ]);
    }
    table.print("There are no users yet; add one with `mailstead user add name@example.org`.");
}

/// A role as lists name it.
pub fn role_words(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::DomainAdministrator => "domain administrator",
        Role::SystemAdministrator => "system administrator",
    }
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Role {
        match name {
            RoleName::User => Role::User,
            RoleName::DomainAdministrator => Role::DomainAdministrator,
            RoleName::SystemAdministrator => Role::SystemAdministrator,
        }
    }
}
