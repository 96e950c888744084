//! Settings that were set at run time: kept in the store, they count in place of what the file says. They are read by the
//! same reader. What has to be known before the store is open stays in the file.

use mailstead_core::delivery::remote;
use mailstead_core::log::Log;
use mailstead_core::settings::{Applies, Changing, Register, Setting, Shown, ShownSetting, Wrong, nearest};
use mailstead_core::work;
use mailstead_storage::{Error, Store};

use super::{Config, Followers};

/// The name under which the store keeps them, as TOML.
const KEPT: &str = "settings";

/// Tables that have to be known before the store is open.
const IN_THE_FILE: [&str; 2] = ["", "storage"];

/// A setting that names where something is that has begun to be written.
const DIRECTORY: &str = "log.directory";

/// Settings that count when their service starts the next time.
const AT_SERVICE_START: [&str; 3] = ["listen", "tls_listen", "web.connections_max"];

/// Tables and settings that count when the box starts the next time: what is made of them lives as long as it does. All
/// others count as soon as they are set.
const AT_START: [&str; 12] = [
    "tls",
    "dns",
    "authenticity.held_bytes_max",
    "authenticity.sign",
    "authenticity.dmarc_reports",
    "authenticity.tls_reports",
    "delivery.trusted_certificates",
    "delivery.idle_seconds",
    "log.console",
    "log.keep_days",
    "log.directory_bytes_max",
    "web.translation",
];

/// What was set.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Overrides(toml::Table);

/// Lists and changes the settings of this box.
pub struct Desk {
    file: Config,
    store: Store,
    log: Log,
    followers: Followers,
}

impl Overrides {
    /// What the store keeps.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn kept(store: &Store) -> Result<Overrides, Wrong> {
        let text = store.setting(KEPT).map_err(|error| Wrong(error.to_string()))?.unwrap_or_default();
        text.parse().map(Overrides).map_err(|error: toml::de::Error| Wrong(error.message().to_owned()))
    }

    /// The configuration with what was set in place of what the file says; `None` when nothing was set.
    ///
    /// # Errors
    /// What is wrong.
    pub fn over(&self, file: &Config) -> Result<Option<Config>, Wrong> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut config = file.clone();
        config.read_tables(&self.0)?;
        config.log.check()?;
        remote::check(&config.delivery).map_err(Wrong)?;
        Ok(Some(config))
    }

    fn get(&self, table: &str, key: &str) -> Option<&toml::Value> {
        self.0.get(table)?.as_table()?.get(key)
    }

    fn set(&mut self, table: &str, key: &str, value: Option<toml::Value>) {
        let tables = self.0.entry(table).or_insert_with(|| toml::Table::new().into());
        if let Some(settings) = tables.as_table_mut() {
            match value {
                Some(value) => drop(settings.insert(key.into(), value)),
                None => drop(settings.remove(key)),
            }
            if settings.is_empty() {
                self.0.remove(table);
            }
        }
    }
}

impl Desk {
    /// A desk for the box with this file. Its `followers` are told of each change.
    pub fn new(file: Config, store: Store, log: Log, followers: Followers) -> Desk {
        Desk { file, store, log, followers }
    }

    /// The setting of this name, in its table, and what the file says.
    fn find(&self, name: &str) -> Result<(&'static str, Setting, toml::Value), Wrong> {
        let tables = self.file.described();
        let all = tables.into_iter().flat_map(|table| {
            table.settings.iter().zip(table.values).map(move |(setting, value)| (table.name, *setting, value))
        });
        let all: Vec<_> = all.collect();
        if let Some(found) = all.iter().find(|(table, setting, _)| full_name(table, setting) == name) {
            return Ok(found.clone());
        }
        let names: Vec<String> = all.iter().map(|(table, setting, _)| full_name(table, setting)).collect();
        Err(Wrong(match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("there is no setting {name:?}; did you mean {near:?}?"),
            None => format!("there is no setting {name:?}; `mailstead config print` lists all"),
        }))
    }

    async fn change(&self, name: &str, value: Option<toml::Value>) -> Result<(), Wrong> {
        let (table, setting, _) = self.find(name)?;
        if applies(table, &setting) == Applies::InTheFile {
            return Err(Wrong(format!("{name} can be set only in the configuration file")));
        }
        let store = self.store.clone();
        let mut set = work::read(move || Overrides::kept(&store)).await?;
        set.set(table, setting.name, value);
        let config = set.over(&self.file)?.unwrap_or_else(|| self.file.clone());
        let text = Some(set.0.to_string()).filter(|text| !text.is_empty());
        self.store.set_setting(KEPT, text).await.map_err(|error| Wrong(error.to_string()))?;
        self.followers.follow(&config);
        self.log.set_levels(&config.log)
    }
}

impl Register for Desk {
    fn list(&self) -> Result<Vec<Shown>, Error> {
        let set = Overrides::kept(&self.store).unwrap_or_default();
        let tables = self.file.described().into_iter().zip(Config::default().described());
        let shown = tables.map(|(table, default)| {
            let values = table.settings.iter().zip(table.values).zip(default.values);
            let settings = values.map(|((setting, configured), default)| ShownSetting {
                setting: *setting,
                default,
                configured,
                set: set.get(table.name, setting.name).cloned(),
                applies: applies(table.name, setting),
            });
            Shown { name: table.name, about: table.about, settings: settings.collect() }
        });
        Ok(shown.collect())
    }

    fn understand(&self, name: &str, value: &str) -> Result<toml::Value, Wrong> {
        let (_, _, configured) = self.find(name)?;
        let value = value.trim();
        if configured.is_str() && !value.starts_with(['"', '\'']) {
            return Ok(value.into());
        }
        let line: toml::Table = format!("value = {value}").parse().map_err(|_| {
            Wrong(format!("{name}: {value:?} is no value; write it as in the configuration file, like {configured}"))
        })?;
        line.get("value")
            .filter(|_| line.len() == 1)
            .cloned()
            .ok_or_else(|| Wrong(format!("{name}: this is more than a value")))
    }

    fn set<'a>(&'a self, name: &'a str, value: Option<toml::Value>) -> Changing<'a> {
        Box::pin(self.change(name, value))
    }
}

/// The name of a setting as `log.level`.
pub(super) fn full_name(table: &str, setting: &Setting) -> String {
    if table.is_empty() { setting.name.into() } else { format!("{table}.{}", setting.name) }
}

fn applies(table: &str, setting: &Setting) -> Applies {
    let name = full_name(table, setting);
    match name.as_str() {
        DIRECTORY => Applies::InTheFile,
        _ if IN_THE_FILE.contains(&table) => Applies::InTheFile,
        name if AT_START.contains(&name) || AT_START.contains(&table) => Applies::AtStart,
        name if AT_SERVICE_START.contains(&name) || AT_SERVICE_START.contains(&setting.name) => Applies::AtServiceStart,
        _ => Applies::AtOnce,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mailstead_core::clock::Clock;
    use mailstead_core::log::{Kind, Level, LogSettings};
    use mailstead_core::settings::Live;
    use mailstead_storage::{Options, Silent};
    use mailstead_web::WebSettings;

    use super::*;

    struct Fixture {
        desk: Desk,
        web: Live<WebSettings>,
        _data: tempfile::TempDir,
    }

    impl Fixture {
        fn new() -> Fixture {
            let data = tempfile::tempdir().expect("a directory");
            let options = Options { disk_free_bytes_min: 0, ..Options::new(data.path()) };
            let store = Store::open(options, Arc::new(Silent)).expect("the store opens");
            let settings = LogSettings { console: "off".into(), ..LogSettings::default() };
            let log = Log::open(&settings, data.path(), Clock::system()).expect("a log");
            let mut followers = Followers::default();
            let web = followers.live(&Config::default(), |config| config.web.clone());
            Fixture { desk: Desk::new(Config::default(), store, log, followers), web, _data: data }
        }

        async fn set(&self, name: &str, value: &str) -> Result<(), String> {
            let value = self.desk.understand(name, value).map_err(|wrong| wrong.0)?;
            self.desk.set(name, Some(value)).await.map_err(|wrong| wrong.0)
        }

        fn config(&self) -> Config {
            let kept = Overrides::kept(&self.desk.store).expect("readable");
            kept.over(&Config::default()).expect("right").unwrap_or_default()
        }
    }

    #[tokio::test]
    async fn what_is_set_counts_until_it_is_taken_back() {
        let fixture = Fixture::new();
        fixture.set("imap.idle_seconds", "1").await.expect_err("no such setting");
        fixture.set("web.connections_max", "7").await.expect("set");
        assert_eq!(fixture.web.get().connections_max, 7, "who holds it knows");
        fixture.set("log.level", "warning").await.expect("set");
        assert_eq!(fixture.desk.log.level(Kind::Smtp), Some(Level::Warning));
        assert_eq!((fixture.config().web.connections_max, fixture.config().log.level.as_str()), (7, "warning"));
        let shown = fixture.desk.list().expect("readable");
        let web = shown.iter().find(|table| table.name == "web").expect("there");
        let row = web.settings.iter().find(|row| row.setting.name == "connections_max").expect("there");
        assert_eq!((row.set.clone(), row.applies), (Some(toml::Value::Integer(7)), Applies::AtServiceStart));
        for name in ["web.connections_max", "log.level"] {
            fixture.desk.set(name, None).await.expect("taken back");
        }
        assert_eq!(*fixture.web.get(), WebSettings::default());
        assert_eq!(fixture.config(), Config::default());
        assert_eq!(fixture.desk.log.level(Kind::Smtp), Some(Level::Info));
        assert_eq!(fixture.desk.store.setting(KEPT).expect("readable"), None);
    }

    /// A name that no setting has would say nothing of any.
    #[test]
    fn when_a_change_counts() {
        let tables = Config::default().described();
        let all = || tables.iter().flat_map(|table| table.settings.iter().map(|setting| (table.name, setting)));
        for name in AT_START.iter().chain(&AT_SERVICE_START).chain([&DIRECTORY]) {
            let is_meant = |(table, setting): (&str, &Setting)| {
                [table, setting.name].contains(name) || full_name(table, setting) == **name
            };
            assert!(all().any(is_meant), "there is no {name}");
        }
        for (name, expected) in [
            ("hostname", Applies::InTheFile),
            ("storage.meta_cache_bytes", Applies::InTheFile),
            ("tls.certificate", Applies::AtStart),
            ("imap.listen", Applies::AtServiceStart),
            ("imap.idle_seconds_max", Applies::AtOnce),
            ("limits.connections_max", Applies::AtOnce),
            ("delivery.smart_host", Applies::AtOnce),
            ("delivery.idle_seconds", Applies::AtStart),
        ] {
            let found = all().find(|(table, setting)| full_name(table, setting) == name);
            assert_eq!(found.map(|(table, setting)| applies(table, setting)), Some(expected), "{name}");
        }
    }

    #[tokio::test]
    async fn what_is_wrong_changes_nothing() {
        let fixture = Fixture::new();
        for (name, value, expected) in [
            ("log.level", "loud", "log.level: "),
            ("log.levels", "{ smpt = \"info\" }", "log.levels: "),
            ("log.levels", "smtp", "log.levels: "),
            ("web.connections_max", "many", "web.connections_max: "),
            ("web.connections_max", "7\nx = 1", "web.connections_max: "),
            ("web.connection_max", "7", "there is no setting \"web.connection_max\"; did you mean"),
            ("delivery.smart_host", "{ host = \"relay.test:many\" }", "[delivery]: \"relay.test:many\" is no server"),
            ("hostname", "x", "hostname can be set only in the configuration file"),
            ("storage.sealed_open_max", "7", "storage.sealed_open_max can be set only"),
        ] {
            let wrong = fixture.set(name, value).await.expect_err(name);
            assert!(wrong.starts_with(expected), "{wrong}");
        }
        assert_eq!(fixture.config(), Config::default());
    }
}
