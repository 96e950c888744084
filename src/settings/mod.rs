//! The settings: one TOML file, every key optional. A setting is a value that carries its own doc,
//! unit and default; the reader, the check for unknown keys and `config print` are made from the
//! same list.

mod register;
mod table;

pub use register::{Applies, Changing, Register, Shown, ShownSetting};
pub use table::{Setting, Table, Wrong, nearest};

/// A group of settings: one table of the TOML file.
pub trait Group: Default {
    /// Its settings.
    const SETTINGS: &'static [Setting];

    /// The group as TOML values, in the order of [`Self::SETTINGS`].
    fn values(&self) -> Vec<toml::Value>;

    /// Reads the keys that are there; the others keep their default.
    ///
    /// # Errors
    /// An unknown key (with the nearest known one), a value of the wrong type or out of bounds.
    fn read(table: &toml::Table, group: &str) -> Result<Self, Wrong> {
        Self::default().read_over(table, group)
    }

    /// Reads the keys that are there; the others stay as they are. For a group that is read for several
    /// services, whose defaults differ.
    ///
    /// # Errors
    /// As [`read`](Group::read).
    fn read_over(self, table: &toml::Table, group: &str) -> Result<Self, Wrong>;
}

/// Declares a group of settings.
///
/// ```
/// mailstead_core::settings! {
///     /// The parrot.
///     pub struct Parrot {
///         /// Words it knows at most.
///         words_max: u32 = 20, "words";
///     }
/// }
/// assert_eq!(Parrot::default().words_max, 20);
/// ```
#[macro_export]
macro_rules! settings {
    ($(#[doc = $about:literal])* pub struct $name:ident {
        $($(#[doc = $doc:literal])+ $field:ident : $type:ty = $default:expr, $unit:literal;)*
    }) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, PartialEq)]
        pub struct $name {
            $($(#[doc = $doc])+ pub $field: $type,)*
        }

        impl Default for $name {
            fn default() -> $name {
                $name { $($field: $default,)* }
            }
        }

        impl $crate::settings::Group for $name {
            const SETTINGS: &'static [$crate::settings::Setting] = &[
                $($crate::settings::Setting { name: stringify!($field), doc: concat!($($doc),+), unit: $unit },)*
            ];

            fn values(&self) -> Vec<toml::Value> {
                vec![$($crate::settings::Table::value(&self.$field),)*]
            }

            fn read_over(mut self, table: &toml::Table, group: &str) -> Result<$name, $crate::settings::Wrong> {
                let table = $crate::settings::Table::new(table, group, Self::SETTINGS)?;
                $(if let Some(value) = table.get(stringify!($field))? {
                    self.$field = value;
                })*
                Ok(self)
            }
        }
    };
}
