//! The settings of a running box: listed with their docs, and set in place of what the file says.

use std::future::Future;
use std::pin::Pin;

use mailstead_storage::Error;

use super::{Setting, Wrong};

/// When a change of a setting counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applies {
    /// At once.
    AtOnce,
    /// When the box starts the next time.
    AtStart,
    /// It can be changed only in the file.
    InTheFile,
}

/// A table of settings.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Its name in the file; empty for the keys outside of any table.
    pub name: &'static str,
    /// What it is about.
    pub about: &'static str,
    /// Its settings.
    pub settings: Vec<ShownSetting>,
}

/// A setting and its values.
#[derive(Debug, Clone)]
pub struct ShownSetting {
    /// Name, doc and unit.
    pub setting: Setting,
    /// Its value when nothing is said.
    pub default: toml::Value,
    /// What the file says, or the default.
    pub configured: toml::Value,
    /// What was set in place of that.
    pub set: Option<toml::Value>,
    /// When a change counts.
    pub applies: Applies,
}

/// What comes of a change.
pub type Changing<'a> = Pin<Box<dyn Future<Output = Result<(), Wrong>> + Send + 'a>>;

/// Lists and changes the settings. Names are written `table.key`.
pub trait Register: Send + Sync {
    /// All of them. Blocks.
    ///
    /// # Errors
    /// Those of storage.
    fn list(&self) -> Result<Vec<Shown>, Error>;

    /// A value as a person writes it: as the file has it, a text without its quotes too.
    ///
    /// # Errors
    /// An unknown name.
    fn understand(&self, name: &str, value: &str) -> Result<toml::Value, Wrong>;

    /// Sets a setting, or takes back what was set. It is kept when this resolves.
    ///
    /// # Errors
    /// An unknown name, one that only the file may set, a value of the wrong type or out of bounds; nothing changes then.
    fn set<'a>(&'a self, name: &'a str, value: Option<toml::Value>) -> Changing<'a>;
}
