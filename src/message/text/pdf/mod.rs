//! The text of a PDF file (ISO 32000-1), in about the order in which it is written. Reads what it needs and no more:
//! objects are found by looking through the file, so that damaged tables of contents do not matter; encrypted files and
//! fonts that do not tell what their letters are stay unread. Depth, objects, unpacked bytes and steps are bounded.

mod content;
mod file;
mod font;
mod glyph;
mod object;

use file::File;

/// The text of the file, as far as it can be read and up to about `bytes_max` bytes.
pub(super) fn text(file: &[u8], bytes_max: usize) -> String {
    File::open(file).map_or_else(String::new, |file| content::text(file, bytes_max))
}

#[cfg(test)]
mod tests;
