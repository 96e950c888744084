//! `mailstead init`: from nothing to a box with a domain and its administrator.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::Args;
use mailstead_storage::Role;
use mailstead_web::api::domains::NewDomain;
use mailstead_web::api::users::NewUser;

use super::password::PasswordSource;
use super::{Context, Failure};
use crate::client::Client;
use crate::config::{Config, machine_name};

#[derive(Args)]
pub struct Options {
    /// The name of this host, like mail.example.org
    #[arg(long)]
    hostname: Option<String>,
    /// The first domain, like example.org
    #[arg(long)]
    domain: Option<String>,
    /// The administrator's address
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<String>,
    /// The data directory; a relative path begins at the configuration file's folder
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    #[command(flatten)]
    password: PasswordSource,
}

/// Where the data of a box is whose configuration is in `/etc`.
const SYSTEM_DATA: &str = "/var/lib/mailstead";

/// What was asked for, complete.
struct Plan {
    hostname: String,
    domain: String,
    admin: String,
    password: String,
}

/// Makes the box.
pub async fn run(options: Options, file: Option<PathBuf>, context: Context) -> Result<(), Failure> {
    let file = file.unwrap_or_else(|| "mailstead.toml".into());
    if file.exists() {
        return Err(exists(&file));
    }
    let data = options.data.clone().unwrap_or_else(|| match file.starts_with("/etc") {
        true => SYSTEM_DATA.into(),
        false => Config::default().top.data,
    });
    let plan = Plan::make(&options)?;
    write(&file, &text(&plan.hostname, &data))?;
    let outcome = fill(&file, &plan).await;
    if outcome.is_err() {
        // The next try begins from nothing again.
        let _ = std::fs::remove_file(&file);
    }
    let config = outcome?;
    context.done(&format!(
        "{} is ready: its data is in {}.\nStart the server with `mailstead --config {} serve`.",
        plan.hostname,
        config.top.data.display(),
        file.display()
    ));
    Ok(())
}

impl Plan {
    fn make(options: &Options) -> Result<Plan, Failure> {
        let hostname = answer(options.hostname.as_deref(), "--hostname", "Name of this host", &machine_name())?;
        let parent = hostname.split_once('.').map_or(hostname.as_str(), |(_, parent)| parent);
        let of_admin = options.admin.as_deref().and_then(|admin| admin.rsplit_once('@')).map(|(_, domain)| domain);
        let domain = options.domain.as_deref().or(of_admin);
        let domain = answer(domain, "--domain", "First domain", parent)?;
        let admin =
            answer(options.admin.as_deref(), "--admin", "Address of the administrator", &format!("admin@{domain}"))?;
        let is_inside = admin.rsplit_once('@').is_some_and(|(_, of)| of.eq_ignore_ascii_case(&domain));
        if !is_inside {
            return Err(Failure::Usage(format!("the administrator {admin} needs an address of the domain {domain}")));
        }
        let password = options.password.get(&admin)?;
        Ok(Plan { hostname, domain, admin, password })
    }
}

/// The answer given on the command line, or by a person at a terminal.
fn answer(given: Option<&str>, option: &str, question: &str, suggestion: &str) -> Result<String, Failure> {
    if let Some(given) = given {
        return Ok(given.into());
    }
    if !stdin().is_terminal() {
        return Err(Failure::Usage(format!("there is no terminal to ask at; add {option}")));
    }
    let unreadable = |error| Failure::Refused(format!("cannot read the answer: {error}"));
    print!("{question} [{suggestion}]: ");
    stdout().flush().map_err(unreadable)?;
    let mut line = String::new();
    stdin().read_line(&mut line).map_err(unreadable)?;
    Ok(match line.trim() {
        "" => suggestion.into(),
        answer => answer.into(),
    })
}

fn text(hostname: &str, data: &Path) -> String {
    let mut text = String::from(
        "# Mailstead. `mailstead config print --defaults` shows every setting with its default.\n\n\
         # The name of this host, which other servers and clients are told.\n",
    );
    let (hostname, data) = (toml::Value::from(hostname), toml::Value::from(data.to_string_lossy().as_ref()));
    write!(text, "hostname = {hostname}\n\n# Everything that is kept.\ndata = {data}\n").expect("a String takes all");
    text.push_str(
        "\n# A certificate that mail clients trust. Without one a self-signed pair is made.\n\
         # [tls]\n# certificate = \"/etc/mailstead/fullchain.pem\"\n# key = \"/etc/mailstead/privkey.pem\"\n",
    );
    text
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let written = || {
        if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).open(file)?.write_all(text.as_bytes())
    };
    written().map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(file),
        _ => Failure::Refused(format!("cannot write {}: {error}", file.display())),
    })
}

fn exists(file: &Path) -> Failure {
    Failure::Refused(format!("{} is there already and is left as it is; name another with --config", file.display()))
}

/// Makes the data directory, the domain and the administrator.
async fn fill(file: &Path, plan: &Plan) -> Result<Config, Failure> {
    let config = Config::load(Some(file)).map_err(Failure::Usage)?;
    let client = Client::open(&config).await?;
    let outcome = add(&client, plan).await;
    client.close().await?;
    outcome.map(|()| config)
}

async fn add(client: &Client, plan: &Plan) -> Result<(), Failure> {
    let () = client.post("/domains", &NewDomain { name: plan.domain.clone(), catch_all: None }).await?;
    let admin = NewUser {
        address: plan.admin.clone(),
        name: String::new(),
        password: plan.password.clone(),
        role: Role::SystemAdministrator,
        quota_bytes: 0,
        quota_messages: 0,
    };
    client.post("/users", &admin).await
}
