//! The configuration as a TOML file that explains itself: every setting with doc, unit and default.

use std::fmt::Write;

use super::{Config, Described};

/// Comments are wrapped at this many columns.
const COLUMNS: usize = 100;

impl Config {
    /// The file.
    pub fn print(&self) -> String {
        let mut text = String::from("# Mailstead: all settings. Every one is optional.\n");
        let defaults = Config::default().described();
        for (table, default) in self.described().iter().zip(&defaults) {
            print_table(table, default, &mut text);
        }
        text
    }
}

fn print_table(table: &Described, default: &Described, text: &mut String) {
    if !table.name.is_empty() {
        text.push('\n');
        comment(table.about, text);
        writeln!(text, "[{}]", table.name).expect("a String takes all");
    }
    for ((setting, value), default) in table.settings.iter().zip(&table.values).zip(&default.values) {
        text.push('\n');
        comment(setting.doc, text);
        let unit = if setting.unit.is_empty() { String::new() } else { format!("Unit: {}. ", setting.unit) };
        comment(&format!("{unit}Default: {default}"), text);
        writeln!(text, "{} = {value}", setting.name).expect("a String takes all");
    }
}

fn comment(words: &str, text: &mut String) {
    let mut line = String::from("#");
    for word in words.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > COLUMNS {
            text.push_str(&line);
            text.push_str("\n#");
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
