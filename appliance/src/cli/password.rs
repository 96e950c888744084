//! Where a password comes from: standard input or a question without echo, never the command line.

use std::io::{BufRead, IsTerminal, stdin};

use clap::Args;

use super::Failure;

/// How the password is given.
#[derive(Args)]
pub struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,
}

impl PasswordSource {
    /// The new password of `whom`.
    pub fn get(&self, whom: &str) -> Result<String, Failure> {
        if self.password_stdin { from_stdin() } else { asked(whom) }
    }
}

fn from_stdin() -> Result<String, Failure> {
    let mut line = String::new();
    stdin().lock().read_line(&mut line).map_err(|e| Failure::Refused(format!("cannot read the password: {e}")))?;
    let password = line.trim_end_matches(['\n', '\r']);
    match password.is_empty() {
        true => Err(Failure::Usage("there is no password on standard input; give it as the first line".into())),
        false => Ok(password.into()),
    }
}

fn asked(whom: &str) -> Result<String, Failure> {
    if !stdin().is_terminal() {
        let advice = "there is no terminal to ask for the password; pipe it in and add --password-stdin";
        return Err(Failure::Usage(advice.into()));
    }
    let ask = |question: String| {
        rpassword::prompt_password(question).map_err(|e| Failure::Refused(format!("cannot read the password: {e}")))
    };
    let first = ask(format!("Password for {whom}: "))?;
    let second = ask("The same again: ".into())?;
    match first == second {
        true => Ok(first),
        false => Err(Failure::Refused("the two passwords differ; nothing was changed".into())),
    }
}
