//! One table of the TOML file.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// What is known of one setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// The unit of its value, empty when it has none.
    pub unit: &'static str,
}

/// What is wrong with the file, in a sentence for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong(pub String);

impl std::fmt::Display for Wrong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Wrong {}

/// A table whose keys are all known.
pub struct Table<'a> {
    values: &'a toml::Table,
    group: &'a str,
}

impl<'a> Table<'a> {
    /// Checks the keys.
    ///
    /// # Errors
    /// The first unknown key.
    pub fn new(values: &'a toml::Table, group: &'a str, known: &[Setting]) -> Result<Table<'a>, Wrong> {
        match values.keys().find(|key| known.iter().all(|setting| setting.name != key.as_str())) {
            Some(key) => Err(unknown(key, group, known.iter().map(|setting| setting.name))),
            None => Ok(Table { values, group }),
        }
    }

    /// The value of a key, when it is there.
    ///
    /// # Errors
    /// A value of the wrong type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Wrong> {
        let Some(value) = self.values.get(key) else { return Ok(None) };
        value.clone().try_into().map(Some).map_err(|error| {
            let place = if self.group.is_empty() { key.to_string() } else { format!("{}.{key}", self.group) };
            Wrong(format!("{place}: {}", error.message()))
        })
    }

    /// A setting's value as TOML.
    ///
    /// # Panics
    /// Never: every setting's type is one that TOML knows.
    pub fn value<T: Serialize>(value: &T) -> toml::Value {
        toml::Value::try_from(value).expect("a setting's type is one that TOML knows")
    }
}

/// The error for an unknown key.
fn unknown<'a>(key: &str, group: &str, known: impl Iterator<Item = &'a str>) -> Wrong {
    let place = if group.is_empty() { String::new() } else { format!(" in [{group}]") };
    match nearest(key, known) {
        Some(near) => Wrong(format!("unknown setting {key:?}{place}; did you mean {near:?}?")),
        None => Wrong(format!("unknown setting {key:?}{place}; `mailstead config print` lists all")),
    }
}

/// The known name that is most like `name`, if any is like it.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .filter(|(distance, known)| *distance <= known.len().max(name.len()) / 2)
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use crate::settings::Group;

    crate::settings! {
        /// The parrot.
        pub struct Parrot {
            /// Words it knows at most.
            words_max: u32 = 20, "words";
            /// Where it sits.
            perches: Vec<String> = vec!["oak".into()], "";
        }
    }

    fn read(text: &str) -> Result<Parrot, String> {
        Parrot::read(&text.parse().expect("TOML"), "parrot").map_err(|wrong| wrong.0)
    }

    #[test]
    fn reads_what_is_there_and_names_what_is_wrong() {
        assert_eq!(read(""), Ok(Parrot::default()));
        assert_eq!(read("words_max = 3").map(|parrot| parrot.words_max), Ok(3));
        let unknown = "unknown setting \"word_max\" in [parrot]; did you mean \"words_max\"?";
        assert_eq!(read("word_max = 3"), Err(unknown.into()));
        assert!(read("words_max = \"many\"").expect_err("wrong type").starts_with("parrot.words_max: "));
        assert!(read("zzz = 1").expect_err("unknown").contains("config print"));
    }
}
