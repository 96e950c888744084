//! THREAD (RFC 5256).

use super::arranged::{Arranged, Teller};
use super::finding::{Finding, bad_charset, charset, numbers_refused};
use super::{Desk, Run, now};
use crate::protocol::imap::arrange::{Arrangement, Token};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Syntax, search_keys};

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, false)
}

pub fn begin_uid(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parse(parser, core, true)
}

fn parse(parser: &mut Parser<'_>, core: &mut Core, by_uid: bool) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let arrangement = match parser.atom()?.to_ascii_uppercase().as_str() {
        "ORDEREDSUBJECT" => Arrangement::Subjects,
        "REFERENCES" => Arrangement::References,
        _ => return Err(Syntax("Unknown threading algorithm")),
    };
    parser.space()?;
    if !charset(parser)? {
        return Ok(now(|_| bad_charset()));
    }
    parser.space()?;
    let sought = search_keys(parser)?;
    if let Some(refused) = numbers_refused(&sought, core) {
        return Ok(refused);
    }
    let finding = Finding::new(&sought, core);
    let teller: Teller = Box::new(move |tokens, _, desk| tell(by_uid, tokens, desk));
    Ok(Box::new(Arranged::new(finding, arrangement, teller, "THREAD completed")))
}

/// `* THREAD (2)(3 6 (4 23)(44 7 96))`
fn tell(by_uid: bool, tokens: &[Token], desk: &mut Desk<'_>) {
    let mailbox = desk.core.mailbox();
    say(desk.out, "* THREAD");
    let mut last = None;
    for token in tokens {
        let separator = match (last, token) {
            (None, _) => " ",
            (Some(Token::Message(_)), Token::Open | Token::Message(_)) => " ",
            _ => "",
        };
        say(desk.out, separator);
        match token {
            Token::Open => say(desk.out, "("),
            Token::Close => say(desk.out, ")"),
            Token::Message(uid) if by_uid => say(desk.out, &uid.to_string()),
            Token::Message(uid) => {
                let number = mailbox.uids.sequence_of(*uid).unwrap_or_default();
                say(desk.out, &number.to_string());
            }
        }
        last = Some(*token);
    }
    say(desk.out, "\r\n");
}
