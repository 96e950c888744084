//! The configuration: one TOML file, every key optional. Adding a table is one line in the list at
//! the end of this file.

mod followers;
mod overrides;
mod print;
mod storage;
#[cfg(test)]
mod tests;
mod texts;

use std::path::{Path, PathBuf};

use mailstead_core::authenticity::AuthenticitySettings;
use mailstead_core::delivery::DeliverySettings;
use mailstead_core::dns::DnsSettings;
use mailstead_core::log::LogSettings;
use mailstead_core::net::Limits;
use mailstead_core::net::tls::TlsSettings;
use mailstead_core::protocol::imap::{self, ImapSettings};
use mailstead_core::protocol::managesieve::ManageSieveSettings;
use mailstead_core::protocol::pop3::{self, Pop3Settings};
use mailstead_core::protocol::smtp::{self, SmtpSettings};
use mailstead_core::settings::{Group, Setting, Wrong, nearest};
use mailstead_web::WebSettings;

pub use followers::Followers;
pub use overrides::{Desk, Overrides};
pub use storage::StorageSettings;

/// The file in the working directory.
const LOCAL_FILE: &str = "mailstead.toml";

/// The file of the machine.
const SYSTEM_FILE: &str = "/etc/mailstead/mailstead.toml";

mailstead_core::settings! {
    /// The keys outside of any table.
    pub struct BoxSettings {
        /// The name of this host, which other servers and clients are told. Empty: the machine's own name.
        hostname: String = String::new(), "";
        /// The data directory. A relative path begins at the folder of this file (without a file: at the
        /// working directory).
        data: PathBuf = "mailstead-data".into(), "";
    }
}

/// A table of the file, as lists of settings show it.
pub struct Described {
    name: &'static str,
    about: &'static str,
    settings: &'static [Setting],
    values: Vec<toml::Value>,
}

/// Declares [`Config`]: its tables, and what is made from their list.
macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $name:ident: $group:ty = $default:expr,)*) => {
        /// The whole configuration.
        #[derive(Debug, Clone, PartialEq)]
        pub struct Config {
            /// The keys outside of any table.
            pub top: BoxSettings,
            $($(#[doc = $doc])+ pub $name: $group,)*
        }

        impl Default for Config {
            fn default() -> Config {
                Config { top: BoxSettings::default(), $($name: $default,)* }
            }
        }

        impl Config {
            /// The names of the tables.
            const TABLES: &'static [&'static str] = &[$(stringify!($name)),*];

            fn read_tables(&mut self, file: &toml::Table) -> Result<(), Wrong> {
                $(if let Some(table) = table(file, stringify!($name))? {
                    self.$name = self.$name.clone().read_over(table, stringify!($name))?;
                })*
                Ok(())
            }

            /// Every table with its settings and their values.
            fn described(&self) -> Vec<Described> {
                vec![
                    Described { name: "", about: "", settings: BoxSettings::SETTINGS, values: self.top.values() },
                    $(Described {
                        name: stringify!($name),
                        about: concat!($($doc),+),
                        settings: <$group as Group>::SETTINGS,
                        values: self.$name.values(),
                    },)*
                ]
            }
        }
    };
}

/// A table of the file, if it is there.
fn table<'a>(file: &'a toml::Table, name: &str) -> Result<Option<&'a toml::Table>, Wrong> {
    match file.get(name) {
        None => Ok(None),
        Some(toml::Value::Table(table)) => Ok(Some(table)),
        Some(_) => Err(Wrong(format!("{name:?} is a table; write [{name}] and its settings below it"))),
    }
}

impl Config {
    /// Reads the file's text.
    ///
    /// # Errors
    /// What is wrong with it, and in which line if that is known.
    pub fn parse(text: &str) -> Result<Config, Wrong> {
        let file: toml::Table = text.parse().map_err(|error| syntax_error(text, &error))?;
        let known = || BoxSettings::SETTINGS.iter().map(|setting| setting.name).chain(Config::TABLES.iter().copied());
        if let Some(key) = file.keys().find(|key| known().all(|name| name != key.as_str())) {
            return Err(Wrong(match nearest(key, known()) {
                Some(near) => format!("unknown setting {key:?}; did you mean {near:?}?"),
                None => format!("unknown setting {key:?}; `mailstead config print` lists all"),
            }));
        }
        let mut top = file.clone();
        top.retain(|key, _| !Config::TABLES.contains(&key));
        let mut config = Config { top: BoxSettings::read(&top, "")?, ..Config::default() };
        config.read_tables(&file)?;
        Ok(config)
    }

    /// Reads the configuration from `file`, or from where it is expected when none is named: in the
    /// working directory, then in `/etc/mailstead`, then the defaults. The data directory's path and
    /// the host name are complete afterwards.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn load(file: Option<&Path>) -> Result<Config, String> {
        let found = file.or_else(|| [LOCAL_FILE, SYSTEM_FILE].map(Path::new).into_iter().find(|path| path.exists()));
        let mut config = match found {
            None => Config::default(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                Config::parse(&text).map_err(|wrong| format!("{}: {wrong}", path.display()))?
            }
        };
        let folder = found.and_then(Path::parent).unwrap_or(Path::new(""));
        // Collected from its components, `demo-data/.` is `demo-data`.
        config.top.data = folder.join(&config.top.data).components().collect();
        if config.top.hostname.is_empty() {
            config.top.hostname = machine_name();
        }
        Ok(config)
    }
}

/// What is wrong with the TOML itself, in which line.
fn syntax_error(text: &str, error: &toml::de::Error) -> Wrong {
    let message = error.message().trim_end().replace('\n', ", ");
    match error.span() {
        Some(span) => {
            let line = text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1;
            Wrong(format!("line {line}: {message}"))
        }
        None => Wrong(message),
    }
}

/// The machine's own name.
pub fn machine_name() -> String {
    ["/proc/sys/kernel/hostname", "/etc/hostname"]
        .iter()
        .filter_map(|file| std::fs::read_to_string(file).ok())
        .map(|name| name.trim().to_lowercase())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".into())
}

tables! {
    /// Mail from other servers.
    smtp: SmtpSettings = SmtpSettings::of(smtp::Service::Smtp),
    /// Mail from users, encrypted by STARTTLS.
    submission: SmtpSettings = SmtpSettings::of(smtp::Service::Submission),
    /// Mail from users, encrypted from the start.
    submissions: SmtpSettings = SmtpSettings::of(smtp::Service::Submissions),
    /// Reading mail, encrypted by STARTTLS.
    imap: ImapSettings = ImapSettings::of(imap::Service::Imap),
    /// Reading mail, encrypted from the start.
    imaps: ImapSettings = ImapSettings::of(imap::Service::Imaps),
    /// Fetching mail, encrypted by STLS.
    pop3: Pop3Settings = Pop3Settings::of(pop3::Service::Pop3),
    /// Fetching mail, encrypted from the start.
    pop3s: Pop3Settings = Pop3Settings::of(pop3::Service::Pop3s),
    /// Editing the rules for one's mail, encrypted by STARTTLS.
    sieve: ManageSieveSettings = ManageSieveSettings::default(),
    /// The console and the API.
    web: WebSettings = WebSettings::default(),
    /// The certificate for STARTTLS and the TLS ports.
    tls: TlsSettings = TlsSettings::default(),
    /// Limits that protect the box.
    limits: Limits = Limits::default(),
    /// The DNS: where other servers' addresses, keys and policies are looked up.
    dns: DnsSettings = DnsSettings::default(),
    /// Whether mail is from whom it says: checks of what comes in, signatures and reports on what goes out.
    authenticity: AuthenticitySettings = AuthenticitySettings::default(),
    /// The spool: how accepted mail goes on its way.
    delivery: DeliverySettings = DeliverySettings::default(),
    /// What is kept, and how much memory and disk it may use.
    storage: StorageSettings = StorageSettings::default(),
    /// The log. A line says never a password and never what a message contains.
    log: LogSettings = LogSettings::default(),
}
