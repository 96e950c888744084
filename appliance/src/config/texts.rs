//! The texts of the console, all that a translation may hold: the console's own, and those of the settings and the rules
//! against abuse, which stand where they are described.

use std::collections::BTreeSet;
use std::fmt::Write;

use mailstead_core::guard::Rule;
use mailstead_web::texts::{ENGLISH, rule_key, setting_key, unit_key};

use super::Config;
use super::overrides::full_name;

impl Config {
    /// The texts, as a Fluent file in English.
    pub fn texts() -> String {
        let mut texts = String::from(ENGLISH);
        texts.push_str("\n\n## The settings\n\n");
        let mut units = BTreeSet::new();
        for table in Config::default().described() {
            units.extend(table.settings.iter().map(|setting| setting.unit));
            put(&setting_key(table.name), table.about, &mut texts);
            for setting in table.settings {
                put(&setting_key(&full_name(table.name, setting)), setting.doc, &mut texts);
            }
        }
        units.into_iter().filter(|unit| !unit.is_empty()).for_each(|unit| put(&unit_key(unit), unit, &mut texts));
        texts.push_str("\n\n## The rules against abuse\n\n");
        for rule in Rule::ALL {
            let (name, definition) = (rule.name(), rule.definition());
            for (part, text) in
                [("title", definition.title), ("about", definition.description), ("unit", definition.unit)]
            {
                put(&rule_key(&name, part), text, &mut texts);
            }
        }
        texts
    }
}

/// Fluent takes braces for values, unless they stand in a literal.
fn put(key: &str, text: &str, texts: &mut String) {
    if text.is_empty() {
        return;
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    write!(texts, "{key} = ").expect("a String takes all");
    for character in words.join(" ").chars() {
        match character {
            '{' | '}' => write!(texts, "{{ \"{character}\" }}").expect("a String takes all"),
            _ => texts.push(character),
        }
    }
    texts.push('\n');
}
