//! Languages: which one a text is in, and what its words are reduced to.

use frostem::{Algorithm, Stemmer};
use whatlang::{Detector, Lang};

use super::words;

/// Bytes of a text from which its language is told.
const SAMPLE_BYTES: usize = 600;

/// The languages whose words are reduced to stems.
const LANGUAGES: [(Lang, Algorithm); 17] = [
    (Lang::Ara, Algorithm::Arabic),
    (Lang::Dan, Algorithm::Danish),
    (Lang::Deu, Algorithm::German),
    (Lang::Ell, Algorithm::Greek),
    (Lang::Eng, Algorithm::English),
    (Lang::Fin, Algorithm::Finnish),
    (Lang::Fra, Algorithm::French),
    (Lang::Hun, Algorithm::Hungarian),
    (Lang::Ita, Algorithm::Italian),
    (Lang::Nld, Algorithm::Dutch),
    (Lang::Nob, Algorithm::Norwegian),
    (Lang::Por, Algorithm::Portuguese),
    (Lang::Ron, Algorithm::Romanian),
    (Lang::Rus, Algorithm::Russian),
    (Lang::Spa, Algorithm::Spanish),
    (Lang::Swe, Algorithm::Swedish),
    (Lang::Tur, Algorithm::Turkish),
];

/// Reduces the words of one text.
pub struct Stems(Vec<Stemmer>);

impl Stems {
    /// For the language that the text is in. When that is not sure, for the likeliest one and for English.
    pub fn of(text: &str) -> Stems {
        let sample = &text[..text.floor_char_boundary(SAMPLE_BYTES)];
        let allowed = LANGUAGES.iter().map(|(language, _)| *language).collect();
        let detected = Detector::with_allowlist(allowed).detect(sample);
        let is_sure = detected.as_ref().is_some_and(whatlang::Info::is_reliable);
        let mut languages: Vec<Lang> = detected.iter().map(whatlang::Info::lang).collect();
        if !is_sure && languages != [Lang::Eng] {
            languages.push(Lang::Eng);
        }
        let known = LANGUAGES.iter().filter(|(language, _)| languages.contains(language));
        Stems(known.map(|(_, algorithm)| Stemmer::new(*algorithm)).collect())
    }

    /// The stems of a word in lower case, without accents, and without the word itself.
    pub fn each(&self, lower: &str, folded: &str) -> impl Iterator<Item = String> {
        self.0.iter().filter_map(move |stemmer| stem(*stemmer, lower, folded))
    }
}

/// What a word may be reduced to in any language, without the word itself.
pub fn stems(lower: &str, folded: &str) -> Vec<String> {
    let mut stems: Vec<String> =
        LANGUAGES.iter().filter_map(|(_, algorithm)| stem(Stemmer::new(*algorithm), lower, folded)).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

fn stem(stemmer: Stemmer, lower: &str, folded: &str) -> Option<String> {
    let stem = stemmer.stem(lower);
    let mut compared = String::with_capacity(stem.len());
    words::fold(&stem, &mut compared);
    (compared != folded && !compared.is_empty() && !compared.contains(char::is_whitespace)).then_some(compared)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GERMAN: &str = "Die Häuser der Stadt stehen an den Straßen, und die Leute gehen am Abend nach Hause.";
    const ENGLISH: &str = "The houses of the town stand along the streets, and people are walking home in the evening.";

    #[test]
    fn words_of_one_kind_meet() {
        let check = |text: &str, word: &str, expected: Option<&str>| {
            let mut folded = String::new();
            words::fold(word, &mut folded);
            let stems: Vec<String> = Stems::of(text).each(word, &folded).collect();
            assert_eq!(stems.first().map(String::as_str), expected, "{word}");
        };
        check(ENGLISH, "walking", Some("walk"));
        check(ENGLISH, "walk", None);
        check(GERMAN, "häuser", Some("haus"));
        check("", "meetings", Some("meet"));
        for (text, written, wanted) in [(ENGLISH, "houses", "house"), (GERMAN, "häuser", "haus")] {
            let stem = Stems::of(text).each(written, "").next().unwrap_or_default();
            let mut candidates = stems(wanted, wanted);
            candidates.push(wanted.to_owned());
            assert!(candidates.contains(&stem), "{wanted}: {stem} is none of {candidates:?}");
        }
    }
}
