//! What a word is: the same for what is indexed and for what is looked for.
//!
//! Words are runs of letters and digits in lower case and without accents. Scripts that put no spaces between words (and
//! Korean, where they stand between phrases) are cut into pairs of neighbouring characters; the last character of a run
//! stands by itself too, so that one alone is found as a beginning.

use icu_normalizer::{DecomposingNormalizer, DecomposingNormalizerBorrowed};

const NORMALIZER: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();

/// Longest word, in bytes; the rest of a longer one is not looked at.
pub const WORD_BYTES_MAX: usize = 64;

/// One word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word<'a> {
    /// In lower case, with its accents: what a stemmer wants.
    pub lower: &'a str,
    /// In lower case and without accents: what is compared.
    pub folded: &'a str,
    /// Where it stands in the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// Is it one of the overlapping pieces of a script without spaces?
    pub is_piece: bool,
}

impl Word<'_> {
    /// Numbers have no other forms, nor have the shortest words and pieces of scripts without spaces.
    pub fn has_forms(&self) -> bool {
        !self.is_piece && self.lower.len() > 2 && !self.lower.bytes().any(|byte| byte.is_ascii_digit())
    }
}

/// Gives the words of a text in their order.
pub fn each(text: &str, mut word: impl FnMut(Word)) {
    let mut splitter = Splitter::default();
    let mut at = 0;
    while let Some(start) = begin_of_word(text, at) {
        at = match plain_end(text, start) {
            Some(end) => {
                let lower = splitter.plain(&text[start..end]);
                word(Word { lower, folded: lower, start, end, is_piece: false });
                end
            }
            None => splitter.other(text, start, &mut word),
        };
    }
}

/// What a byte is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Between words.
    Between,
    /// A letter or digit as it is compared.
    Lower,
    /// A capital letter.
    Upper,
    /// A part of a character that is not ASCII.
    Other,
}

const SORTS: [Sort; 256] = {
    let (mut sorts, mut byte) = ([Sort::Other; 256], 0);
    while byte < 128 {
        sorts[byte] = match byte as u8 {
            b'a'..=b'z' | b'0'..=b'9' => Sort::Lower,
            b'A'..=b'Z' => Sort::Upper,
            _ => Sort::Between,
        };
        byte += 1;
    }
    sorts
};

/// Where the next byte stands that may begin a word.
fn begin_of_word(text: &str, from: usize) -> Option<usize> {
    text.as_bytes()[from..].iter().position(|byte| SORTS[usize::from(*byte)] != Sort::Between).map(|at| from + at)
}

/// Where the run of ASCII letters and digits ends that begins here, when there is one and nothing but ASCII follows it.
fn plain_end(text: &str, start: usize) -> Option<usize> {
    let rest = &text.as_bytes()[start..];
    let is_end = |byte: &u8| matches!(SORTS[usize::from(*byte)], Sort::Between | Sort::Other);
    let length = rest.iter().position(is_end).unwrap_or(rest.len());
    let is_plain = length > 0 && rest.get(length).is_none_or(u8::is_ascii);
    is_plain.then_some(start + length)
}

/// The words of a text as an index takes them: each followed by a space.
#[cfg(test)]
pub fn joined(text: &str) -> String {
    let mut joined = String::new();
    each(text, |word| {
        joined.push_str(word.folded);
        joined.push(' ');
    });
    joined
}

/// A text without case and accents, all its characters kept.
pub fn fold(text: &str, to: &mut String) {
    if text.is_ascii() {
        to.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
        return;
    }
    for character in NORMALIZER.normalize_iter(text.chars()).filter(|character| !is_accent(*character)) {
        for lower in character.to_lowercase().filter(|lower| !is_accent(*lower)) {
            match spelled(lower) {
                Some(letters) => to.push_str(letters),
                None => to.push(lower),
            }
        }
    }
}

#[derive(Default)]
struct Splitter {
    lower: String,
    folded: String,
}

impl Splitter {
    /// A word of ASCII letters and digits as it is compared: most are as they stand.
    fn plain<'w>(&'w mut self, word: &'w str) -> &'w str {
        let word = &word[..word.len().min(WORD_BYTES_MAX)];
        if word.bytes().all(|byte| SORTS[usize::from(byte)] == Sort::Lower) {
            return word;
        }
        self.lower.clear();
        self.lower.push_str(word);
        self.lower.make_ascii_lowercase();
        &self.lower
    }

    /// Takes what begins here character by character: a word, a run of pieces, or something between words. Returns where
    /// it ends.
    fn other(&mut self, text: &str, start: usize, word: &mut impl FnMut(Word)) -> usize {
        let mut characters = text[start..].char_indices().map(|(at, character)| (start + at, character)).peekable();
        let Some((start, character)) = characters.next() else { return text.len() };
        let mut end = start + character.len_utf8();
        match class(character) {
            Class::Letter => {
                self.begin(character);
                while let Some((at, next)) = characters.next_if(|(_, next)| class(*next) == Class::Letter) {
                    self.push(next);
                    end = at + next.len_utf8();
                }
                self.finish(start, end, word);
            }
            Class::Piece => {
                let mut last = (start, character);
                while let Some(next) = characters.next_if(|(_, next)| class(*next) == Class::Piece) {
                    self.piece(&[last.1, next.1], last.0, word);
                    last = next;
                }
                self.piece(&[last.1], last.0, word);
                end = last.0 + last.1.len_utf8();
            }
            Class::Other => {}
        }
        end
    }

    fn begin(&mut self, character: char) {
        self.lower.clear();
        self.push(character);
    }

    fn push(&mut self, character: char) {
        if self.lower.len() >= WORD_BYTES_MAX {
        } else if character.is_ascii() {
            self.lower.push(character.to_ascii_lowercase());
        } else {
            self.lower.extend(character.to_lowercase());
        }
    }

    fn finish(&mut self, start: usize, end: usize, word: &mut impl FnMut(Word)) {
        if self.lower.is_ascii() {
            word(Word { lower: &self.lower, folded: &self.lower, start, end, is_piece: false });
            return;
        }
        self.folded.clear();
        fold(&self.lower, &mut self.folded);
        // A few ligatures are whole sentences.
        self.folded.retain(|character| !character.is_whitespace());
        if !self.folded.is_empty() {
            word(Word { lower: &self.lower, folded: &self.folded, start, end, is_piece: false });
        }
    }

    fn piece(&mut self, characters: &[char], start: usize, word: &mut impl FnMut(Word)) {
        self.lower.clear();
        self.lower.extend(characters);
        let end = start + self.lower.len();
        word(Word { lower: &self.lower, folded: &self.lower, start, end, is_piece: true });
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Piece,
    Other,
}

fn class(character: char) -> Class {
    if character.is_ascii() {
        return if character.is_ascii_alphanumeric() { Class::Letter } else { Class::Other };
    }
    if is_unspaced(character) {
        Class::Piece
    } else if character.is_alphanumeric() || is_accent(character) || is_indic_sign(character) {
        Class::Letter
    } else {
        Class::Other
    }
}

/// Thai, Lao, Burmese, Khmer, Kana, Hangul, Han.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' | '\u{e81}'..='\u{ece}' | '\u{1000}'..='\u{1049}' | '\u{1780}'..='\u{17d3}'
        | '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{3096}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30fe}'
        | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
}

/// Marks that are put on letters, in scripts whose words are found without them.
fn is_accent(character: char) -> bool {
    matches!(character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{6d6}'..='\u{6dc}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Signs within the words of Indic scripts that are no letters by themselves.
fn is_indic_sign(character: char) -> bool {
    matches!(character, '\u{900}'..='\u{963}' | '\u{966}'..='\u{df3}')
}

/// Letters that people write in others.
fn spelled(character: char) -> Option<&'static str> {
    Some(match character {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ł' => "l",
        'ħ' => "h",
        'ı' => "i",
        'ŋ' => "n",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words() {
        let check = |text: &str, expected: &str| assert_eq!(joined(text).trim_end(), expected, "{text}");
        check("", "");
        check("Hello, World! 2026-11", "hello world 2026 11");
        check("don't foo_bar a@b.test", "don t foo bar a b test");
        check("Größe ÉCOLE naïve Łódź Smørrebrød", "grosse ecole naive lodz smorrebrod");
        check("I\u{307}stanbul İZMİR ısı", "istanbul izmir isi");
        check("cafe\u{301}", "cafe");
        check("ΟΔΟΣ οδος", "οδοσ οδοσ");
        check("Привет ёлка", "привет елка");
        check("日本語", "日本 本語 語");
        check("猫", "猫");
        check("東京Tower", "東京 京 tower");
        check("안녕 하세요", "안녕 녕 하세 세요 요");
        check("हिन्दी में", "हिन्दी में");
        check("شَعر", "شعر");
        check("ﬁne x²", "fine x2");
    }

    #[test]
    fn long_words_are_cut_and_places_are_told() {
        let long = "x".repeat(1000);
        assert_eq!(joined(&long).len(), WORD_BYTES_MAX + 1);
        let text = "a Grüße 日本";
        let mut places = Vec::new();
        each(text, |word| places.push(&text[word.start..word.end]));
        assert_eq!(places, ["a", "Grüße", "日本", "本"]);
    }

    proptest! {
        #[test]
        fn words_are_words_of_themselves(text in "\\PC{0,40}") {
            let mut folded = Vec::new();
            each(&text, |word| {
                assert!(!word.folded.is_empty() && !word.folded.contains(char::is_whitespace));
                assert!(text.is_char_boundary(word.start) && text.is_char_boundary(word.end) && word.start < word.end);
                assert!(word.folded.len() <= 8 * WORD_BYTES_MAX);
                folded.push((word.folded.to_owned(), word.is_piece));
            });
            // Whoever looks for the text finds the text: case does not matter.
            prop_assert_eq!(joined(&text.to_lowercase()), joined(&text.to_lowercase().to_lowercase()));
        }
    }
}
