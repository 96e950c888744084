//! Stretches of text to cut message bodies from: prose whose words are as unevenly frequent as those of a
//! language, and base64 lines. Made once; a body is a copy of a stretch.

use crate::random::Random;

const PROSE_BYTES: usize = 2 << 20;
const BASE64_BYTES: usize = 2 << 20;
const WORDS: u64 = 8192;
const LINE_COLUMNS: usize = 72;
/// 76 characters and CRLF (RFC 2045 §6.8).
const BASE64_LINE: usize = 78;

/// Lines that end with CRLF, to be cut at any line.
pub struct Stretch {
    bytes: Vec<u8>,
}

impl Stretch {
    /// Sentences of made-up words.
    pub fn prose() -> Stretch {
        let mut random = Random::new(0, 1);
        let words: Vec<String> = (0..WORDS).map(word).collect();
        let mut bytes = Vec::with_capacity(PROSE_BYTES + LINE_COLUMNS);
        let mut column = 0;
        while bytes.len() < PROSE_BYTES {
            let word = &words[rank(&mut random)];
            if column + word.len() > LINE_COLUMNS {
                bytes.extend_from_slice(b"\r\n");
                column = 0;
            }
            bytes.extend_from_slice(word.as_bytes());
            bytes.push(if random.below(12) == 0 { b'.' } else { b' ' });
            column += word.len() + 1;
        }
        bytes.extend_from_slice(b"\r\n");
        Stretch { bytes }
    }

    /// Base64 of noise.
    pub fn base64() -> Stretch {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut random = Random::new(0, 2);
        let mut bytes = Vec::with_capacity(BASE64_BYTES + BASE64_LINE);
        while bytes.len() < BASE64_BYTES {
            bytes.extend((0..BASE64_LINE - 2).map(|_| alphabet[random.below(64) as usize]));
            bytes.extend_from_slice(b"\r\n");
        }
        Stretch { bytes }
    }

    /// Writes whole lines from somewhere, of about `count` bytes.
    pub fn copy(&self, random: &mut Random, count: usize, out: &mut Vec<u8>) {
        let mut left = count.max(1);
        while left > 0 {
            let begin = self.line_at(random.below(self.bytes.len() as u64 / 2) as usize);
            let end = self.line_at((begin + left).min(self.bytes.len()));
            out.extend_from_slice(&self.bytes[begin..end]);
            left = left.saturating_sub(end - begin);
        }
    }

    /// The beginning of the first line at or after `at`.
    fn line_at(&self, at: usize) -> usize {
        let newline = self.bytes[at..].iter().position(|byte| *byte == b'\n');
        newline.map_or(self.bytes.len(), |found| at + found + 1)
    }
}

/// The word of a rank: the frequent ones are short.
pub fn word(rank: u64) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "de", "fi", "go", "hu", "ja", "ke", "li", "mo", "nu", "pa", "re", "si", "to", "vu", "wa", "al", "en",
        "is", "or", "un", "am", "el", "ir", "os", "ut", "an", "es", "il", "on", "ur", "ta",
    ];
    let mut rest = rank;
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[(rest % 32) as usize]);
        if rest < 32 {
            return word;
        }
        rest = rest / 32 - 1;
    }
}

/// A rank whose logarithm is evenly spread, which is near Zipf's law.
fn rank(random: &mut Random) -> usize {
    let bits = random.below(u64::from(WORDS.ilog2()));
    let low = 1 << bits;
    (low - 1 + random.below(low)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_differ() {
        let words: std::collections::HashSet<String> = (0..WORDS).map(word).collect();
        assert_eq!(words.len() as u64, WORDS);
    }

    #[test]
    fn a_copy_is_whole_lines_of_about_the_size() {
        for stretch in [Stretch::prose(), Stretch::base64()] {
            for count in [0, 1, 100, 5000, 3 << 20] {
                let mut out = Vec::new();
                stretch.copy(&mut Random::new(1, 1), count, &mut out);
                assert!(out.ends_with(b"\r\n"));
                assert!(out.len() >= count && out.len() <= count + 160, "{} for {count}", out.len());
                assert!(out.split(|byte| *byte == b'\n').all(|line| line.len() < 80));
            }
        }
    }
}
