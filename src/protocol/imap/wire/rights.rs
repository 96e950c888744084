//! Rights as letters (RFC 4314 §2.1). Those of RFC 2086 are told too, for clients that know no others (§2.1.1).

use mailstead_storage::{Rights, RightsChange};

use super::{Parsed, Parser, Syntax};

/// `c` stands for the right to make or to remove mailboxes, `d` for that to remove messages.
const OBSOLETE: [(char, Rights); 2] =
    [('c', Rights::CREATE.with(Rights::DELETE_MAILBOX)), ('d', Rights::DELETE_MESSAGES.with(Rights::EXPUNGE))];

/// The letters of these rights.
pub fn letters(rights: Rights) -> String {
    let mut letters = rights.without(Rights::ADMINISTER).to_string();
    letters.extend(OBSOLETE.iter().filter(|(_, any)| rights.has_any(*any)).map(|(letter, _)| *letter));
    letters.push_str(&rights.among(Rights::ADMINISTER).to_string());
    letters
}

/// Reads `mod-rights`: letters, perhaps with `+` or `-` before them.
pub fn rights_change(parser: &mut Parser<'_>) -> Parsed<RightsChange> {
    let text = parser.astring_text()?;
    let (change, letters): (fn(Rights) -> RightsChange, _) = match text.split_at_checked(1) {
        Some(("+", letters)) => (RightsChange::Add, letters),
        Some(("-", letters)) => (RightsChange::Remove, letters),
        _ => (RightsChange::Replace, text.as_str()),
    };
    letters.parse().map(change).map_err(|_| Syntax("Unknown right"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn old_letters_are_told_too() {
        for (rights, told) in
            [("", ""), ("lr", "lr"), ("lka", "lkca"), ("te", "ted"), ("lrswipkxtea", "lrswipkxtecda"), ("x", "xc")]
        {
            assert_eq!(letters(rights.parse().expect("rights")), told);
        }
    }

    proptest! {
        #[test]
        fn what_is_told_is_read(bits in prop::collection::vec(0..11_usize, 0..11)) {
            let all: Vec<char> = Rights::ALL.to_string().chars().collect();
            let rights: Rights = bits.iter().map(|bit| all[*bit]).collect::<String>().parse().expect("rights");
            let told = letters(rights);
            let text = if told.is_empty() { "\"\"" } else { &told };
            let read = rights_change(&mut Parser::new(text.as_bytes()));
            // The old letters stand for more than one right each.
            let RightsChange::Replace(read) = read.expect("reads") else { panic!("replaces") };
            prop_assert!(read.has(rights));
            prop_assert_eq!(read.among(Rights::OWNER), rights.among(Rights::OWNER));
        }

        #[test]
        fn nothing_breaks_it(text: Vec<u8>) {
            let _ = rights_change(&mut Parser::new(&text));
        }
    }

    #[test]
    fn changes() {
        fn check(text: &str, expected: Option<RightsChange>) {
            assert_eq!(rights_change(&mut Parser::new(text.as_bytes())).ok(), expected, "{text}");
        }
        let rights = |letters: &str| letters.parse().expect("rights");
        check("lr", Some(RightsChange::Replace(rights("lr"))));
        check("\"\"", Some(RightsChange::Replace(Rights::NONE)));
        check("+d", Some(RightsChange::Add(rights("te"))));
        check("-c", Some(RightsChange::Remove(rights("kx"))));
        check("-", Some(RightsChange::Remove(Rights::NONE)));
        check("lrz", None);
        check("LR", None);
        check("ü", None);
    }
}
