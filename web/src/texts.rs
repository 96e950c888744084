//! What the console says. All of it stands in `texts/en.ftl`, a Fluent file (projectfluent.org), by keys that begin like
//! the text. A translation is another such file; what it lacks is said in English.
//!
//! Knows nothing of what the command line and the logs say, nor of what programs look for in answers of the API: all that
//! is English. Where a page shows some of it, [`say_or`] asks a translation first.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::sync::{LazyLock, OnceLock};

use askama::filters::{Escaper, Html, HtmlSafe};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentError, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::text;

/// The texts in English, for translators to begin with.
pub const ENGLISH: &str = include_str!("../texts/en.ftl");

/// Bytes of a translation at most.
const TRANSLATION_BYTES_MAX: u64 = 1 << 20;

/// Where the first of the values that are markup stands while the others are escaped: characters of private use, which
/// no text has.
const MARKUP: char = '\u{e000}';

static IN_ENGLISH: LazyLock<Texts> =
    LazyLock::new(|| Texts::new("en", ENGLISH).unwrap_or_else(|wrong| panic!("the console's own texts: {wrong}")));

static TRANSLATED: OnceLock<Texts> = OnceLock::new();

/// The texts in one language.
struct Texts {
    language: String,
    bundle: FluentBundle<FluentResource>,
}

impl Texts {
    fn new(language: &str, file: &str) -> Result<Texts, String> {
        let parsed: LanguageIdentifier =
            language.parse().map_err(|_| format!("{language:?} is no language; name the file like de.ftl"))?;
        let resource = FluentResource::try_new(file.into()).map_err(|(_, wrong)| match wrong.first() {
            Some(error) => format!("line {}: {error}", line_at(file, error.pos.start)),
            None => "it cannot be read".into(),
        })?;
        let mut bundle = FluentBundle::new_concurrent(vec![parsed]);
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => Some(text::number(number.value as u64)),
            _ => None,
        }));
        bundle
            .add_resource(resource)
            .map_err(|wrong| wrong.first().map_or_else(String::new, FluentError::to_string))?;
        Ok(Texts { language: language.into(), bundle })
    }

    /// Nothing when the text names a value that it does not get.
    fn text(&self, key: &str, values: &FluentArgs) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut wrong = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(values), &mut wrong).into_owned();
        wrong.is_empty().then_some(text)
    }
}

fn line_at(file: &str, position: usize) -> usize {
    file.as_bytes()[..position.min(file.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Says from now on what stands in this file instead of the English texts. Its name is its language: `de.ftl`, `pt-BR.ftl`.
/// Only the first one counts.
///
/// # Errors
/// What is wrong with the file, in words.
pub fn translate(file: &Path) -> Result<(), String> {
    let told = |wrong: String| format!("{}: {wrong}", file.display());
    let size = file.metadata().map_err(|error| told(error.to_string()))?.len();
    if size > TRANSLATION_BYTES_MAX {
        return Err(told(format!("a translation has at most {TRANSLATION_BYTES_MAX} bytes")));
    }
    let texts = std::fs::read_to_string(file).map_err(|error| told(error.to_string()))?;
    let language = file.file_stem().unwrap_or_default().to_string_lossy();
    let texts = Texts::new(&language, &texts).map_err(told)?;
    let _ = TRANSLATED.set(texts);
    Ok(())
}

/// The language of the texts (RFC 5646).
pub(crate) fn language() -> &'static str {
    TRANSLATED.get().map_or("en", |texts| &texts.language)
}

/// The text with this key.
pub(crate) fn say(key: &'static str) -> Said {
    Said { key: key.into(), values: FluentArgs::new() }
}

/// What a translation has for this key, or else what is said in English everywhere.
pub(crate) fn say_or(key: &str, english: &str) -> String {
    let translated = TRANSLATED.get().and_then(|texts| texts.text(key, &FluentArgs::new()));
    translated.unwrap_or_else(|| english.into())
}

/// What a service is for.
pub(crate) fn service_about(name: &str, english: &str) -> String {
    say_or(&format!("service-{name}"), english)
}

/// A word of the API, as `too short`, for the state that something is in.
pub(crate) fn state(word: &str) -> String {
    say_or(&format!("state-{}", word.replace(' ', "-")), word)
}

/// The key of what a setting does, or, by the name of a table, what its settings are about.
pub fn setting_key(name: &str) -> String {
    format!("setting-{}", if name.is_empty() { "box".into() } else { name.replace('.', "-") })
}

/// The key of a unit of settings.
pub fn unit_key(unit: &str) -> String {
    format!("unit-{}", unit.replace(['/', ':', ' '], "-"))
}

/// The key of a part of what a rule against abuse says: its `title`, `about` or `unit`.
pub fn rule_key(name: &str, part: &str) -> String {
    format!("rule-{}-{part}", name.replace('.', "-"))
}

/// As many of something: `1 message`, `3 messages`. The key is that of one of them, `n-message`.
pub(crate) fn count(count: impl text::Count, one: &str) -> String {
    Said { key: format!("n-{one}").into(), values: FluentArgs::new() }.number("count", count).to_string()
}

/// The key of a text, where it is named long before it is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) &'static str);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        say(self.0).fmt(f)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> String {
        key.to_string()
    }
}

/// A text, with the values that it names.
pub(crate) struct Said {
    key: Cow<'static, str>,
    values: FluentArgs<'static>,
}

impl Said {
    /// The same, with this value.
    pub(crate) fn with(mut self, name: &'static str, value: impl fmt::Display) -> Said {
        self.values.set(name, value.to_string());
        self
    }

    /// The same, with a number by which a language may choose its words.
    pub(crate) fn number(mut self, name: &'static str, value: impl text::Count) -> Said {
        self.values.set(name, value.value());
        self
    }

    /// The same for a page, with a value that is markup.
    pub(crate) fn html(self, name: &'static str, value: impl HtmlSafe) -> Marked {
        Marked { said: self, markup: Vec::new() }.html(name, value)
    }

    /// The same for a page, with a link from `$link` to `$end`.
    pub(crate) fn link(self, address: impl fmt::Display) -> Marked {
        Marked { said: self, markup: Vec::new() }.link(address)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let translated = TRANSLATED.get().and_then(|texts| texts.text(&self.key, &self.values));
        let text = translated.or_else(|| IN_ENGLISH.text(&self.key, &self.values));
        debug_assert!(text.is_some(), "there is no text {:?}, or not all of its values", self.key);
        f.write_str(text.as_deref().unwrap_or(&self.key))
    }
}

impl From<Said> for String {
    fn from(said: Said) -> String {
        said.to_string()
    }
}

/// A text of a page in which some values are markup.
pub(crate) struct Marked {
    said: Said,
    markup: Vec<String>,
}

impl Marked {
    /// See [`Said::with`].
    pub(crate) fn with(self, name: &'static str, value: impl fmt::Display) -> Marked {
        Marked { said: self.said.with(name, value), ..self }
    }

    /// See [`Said::html`].
    pub(crate) fn html(self, name: &'static str, value: impl HtmlSafe) -> Marked {
        self.markup(name, value.to_string())
    }

    /// See [`Said::link`].
    pub(crate) fn link(self, address: impl fmt::Display) -> Marked {
        let begin = format!("<a href=\"{}\">", escaped(&address.to_string()));
        self.markup("link", begin).markup("end", "</a>".into())
    }

    fn markup(mut self, name: &'static str, markup: String) -> Marked {
        let place = char::from_u32(MARKUP as u32 + self.markup.len() as u32).unwrap_or(MARKUP);
        self.markup.push(markup);
        Marked { said: self.said.with(name, place), ..self }
    }
}

impl HtmlSafe for Marked {}

impl fmt::Display for Marked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in escaped(&self.said.to_string()).chars() {
            match (c as u32).checked_sub(MARKUP as u32).and_then(|place| self.markup.get(place as usize)) {
                Some(markup) => f.write_str(markup)?,
                None => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Markup of a page.
pub(crate) struct Element(String);

/// What is to be typed or read letter by letter.
pub(crate) fn code(text: impl fmt::Display) -> Element {
    Element(format!("<code>{}</code>", escaped(&text.to_string())))
}

/// What matters most in a sentence.
pub(crate) fn strong(text: impl fmt::Display) -> Element {
    Element(format!("<strong>{}</strong>", escaped(&text.to_string())))
}

impl HtmlSafe for Element {}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    Html.write_escaped_str(&mut escaped, text).map_or_else(|_| String::new(), |()| escaped)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn values_are_no_markup_unless_they_say_so() {
        let said = say("server-and-user-name").html("server", strong("a<b"));
        assert!(said.to_string().starts_with("Server: <strong>a&#60;b</strong>."), "{said}");
        let said = say("message-in-the-spool").link("/spool/\"x").with("id", "<i>");
        assert_eq!(said.to_string(), "<a href=\"/spool/&#34;x\">&#60;i&#62;</a>, in the spool");
    }

    #[test]
    fn languages_choose_their_words_by_numbers() {
        assert_eq!([count(1, "message"), count(2000, "message")], ["1 message", "2,000 messages"]);
        let polish = "n-message = { $count ->\n    [one] { $count } wiadomość\n    [few] { $count } wiadomości\n   *[many] { $count } wiadomości (wiele)\n}\n";
        let texts = Texts::new("pl", polish).map_err(drop).expect("reads");
        let said = |count: u32| {
            texts.text("n-message", &FluentArgs::from_iter([("count", FluentValue::from(count))])).expect("is there")
        };
        assert_eq!([said(1), said(3), said(5)], ["1 wiadomość", "3 wiadomości", "5 wiadomości (wiele)"]);
    }

    /// The keys that a source file names.
    fn keys_in(source: &str) -> Vec<String> {
        let literal = |after: &str| Some(after.trim_start().strip_prefix('"')?.split_once('"')?.0.to_owned());
        let said = ["say(", "Key(", "search_field("]
            .into_iter()
            .flat_map(|call| source.split(call).skip(1))
            .filter_map(literal);
        let counted = source.split("text::count(").skip(1).filter_map(|call| {
            let (arguments, _) = call.split_once("\")").filter(|(arguments, _)| !arguments.contains(';'))?;
            Some(format!("n-{}", arguments.rsplit('"').next()?))
        });
        said.chain(counted).collect()
    }

    fn sources(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "html") && !path.ends_with(file!()) {
                found.push(std::fs::read_to_string(&path).expect("a source"));
            }
        }
    }

    #[test]
    fn every_text_is_said_and_everything_said_is_there() {
        let mut found = Vec::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        let said: BTreeSet<String> = found.iter().flat_map(|source| keys_in(source)).collect();
        let begins = |line: &&str| line.starts_with(|c: char| c.is_ascii_lowercase());
        // What services are for, and how many there are of something, is also said by names that are computed.
        let computed = |key: &&String| ["n-", "service-", "state-"].iter().any(|kind| key.starts_with(kind));
        let written: BTreeSet<String> =
            ENGLISH.lines().filter(begins).filter_map(|line| Some(line.split_once(" =")?.0.to_owned())).collect();
        assert_eq!(said.difference(&written).collect::<Vec<_>>(), Vec::<&String>::new(), "are not in en.ftl");
        let unsaid: Vec<_> = written.difference(&said).filter(|key| !computed(key)).collect();
        assert_eq!(unsaid, Vec::<&String>::new(), "are said nowhere");
    }

    #[test]
    fn a_translation_that_is_wrong_says_where() {
        for (name, file, wrong) in [
            ("de", "save = Speichern\n\nclose Schließen\n", "line 3"),
            ("de", "save = a\nsave = b\n", "save"),
            ("d e", "save = Speichern\n", "no language"),
        ] {
            let told = Texts::new(name, file).err().expect("refused");
            assert!(told.contains(wrong), "{told}");
        }
    }
}
