//! Commands on scripts (RFC 5804 §2.5–2.12).

use super::super::session::{ManageSieveSession, Question};
use super::super::wire::Word;
use crate::net::Turn;

/// What a command on scripts comes to.
type Next = Option<Turn<Question>>;

/// `LISTSCRIPTS`
pub(super) fn list(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [] => Some(Turn::Ask(Question::List)),
        _ => session.bad("LISTSCRIPTS has no arguments", out),
    }
}

/// `GETSCRIPT "name"`
pub(super) fn get(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(name)] => Some(Turn::Ask(Question::Get { name: name.clone() })),
        _ => session.bad("GETSCRIPT needs a name", out),
    }
}

/// `CHECKSCRIPT "text"`
pub(super) fn check(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(text)] => Some(Turn::Ask(Question::Check { text: text.clone() })),
        _ => session.bad("CHECKSCRIPT needs a script", out),
    }
}

/// `HAVESPACE "name" size`
pub(super) fn have_space(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    if let [Word::Text(name), Word::Atom(size)] = arguments
        && let Ok(bytes) = size.parse()
    {
        return Some(Turn::Ask(Question::HaveSpace { name: name.clone(), bytes }));
    }
    session.bad("HAVESPACE needs a name and a size", out)
}

/// `PUTSCRIPT "name" "text"`
pub(super) fn put(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(name), Word::Text(text)] => {
            Some(Turn::Ask(Question::Put { name: name.clone(), text: text.clone() }))
        }
        _ => session.bad("PUTSCRIPT needs a name and a script", out),
    }
}

/// `SETACTIVE "name"`; the empty name is none.
pub(super) fn set_active(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(name)] => {
            let name = Some(name.clone()).filter(|name| !name.is_empty());
            Some(Turn::Ask(Question::SetActive { name }))
        }
        _ => session.bad("SETACTIVE needs a name", out),
    }
}

/// `DELETESCRIPT "name"`
pub(super) fn delete(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(name)] => Some(Turn::Ask(Question::Delete { name: name.clone() })),
        _ => session.bad("DELETESCRIPT needs a name", out),
    }
}

/// `RENAMESCRIPT "old name" "new name"`
pub(super) fn rename(session: &mut ManageSieveSession, arguments: &[Word], out: &mut Vec<u8>) -> Next {
    match arguments {
        [Word::Text(from), Word::Text(to)] => Some(Turn::Ask(Question::Rename { from: from.clone(), to: to.clone() })),
        _ => session.bad("RENAMESCRIPT needs two names", out),
    }
}
