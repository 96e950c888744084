//! LOGIN (RFC 3501 §6.2.3), and what every login ends with.

use super::{Desk, Next, Run, now};
use crate::people::Login;
use crate::protocol::imap::capability::capabilities;
use crate::protocol::imap::question::{Answer, Question};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply};

struct LogIn {
    question: Option<Question>,
}

pub fn begin(parser: &mut Parser<'_>, core: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let user = parser.astring_text()?;
    parser.space()?;
    let password = parser.astring_text()?;
    parser.end()?;
    if !core.allows_passwords() {
        return Ok(now(|_| Reply::no("PRIVACYREQUIRED", "Passwords are not taken without TLS")));
    }
    Ok(Box::new(LogIn { question: Some(Question::LogIn { user, password }) }))
}

impl Run for LogIn {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match (self.question.take(), answer) {
            (Some(question), _) => Next::Ask(question),
            (None, Some(Answer::Login(login))) => Next::Done(logged_in(login, desk)),
            _ => Next::Done(Reply::no("SERVERBUG", "Login was not checked")),
        }
    }
}

/// Lets in, or counts the failure.
pub fn logged_in(login: Result<Login, Reply>, desk: &mut Desk<'_>) -> Reply {
    match login {
        Ok(login) => {
            desk.core.login = Some(login);
            Reply::ok("Logged in").code(format!("CAPABILITY {}", capabilities(desk.core)))
        }
        Err(refused) => {
            desk.core.failed_logins += 1;
            if desk.core.failed_logins >= desk.core.rules.settings.failed_logins_max {
                say(desk.out, "* BYE Too many failed logins\r\n");
                desk.core.leaving = true;
            }
            refused
        }
    }
}
