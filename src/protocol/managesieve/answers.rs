//! Answers a session's questions: the only part of ManageSieve with handles to the house.

use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{AccountId, Error, Pending, ScriptEntry, Word};

use super::House;
use super::session::{Answer, ManageSieveSession, No, Question, Why};
use crate::log::{Event, Kind, Level};
use crate::net::{Answers, Peer};
use crate::people::sessions::SessionId;
use crate::people::{Denied, Login};
use crate::sieve::Script;
use crate::work;

/// What logs and last logins call this protocol.
const PROTOCOL: &str = "sieve";

/// Who has logged in on one connection.
pub struct ManageSieveAnswers {
    house: House,
    session: SessionId,
    client: IpAddr,
    account: Option<AccountId>,
}

impl ManageSieveAnswers {
    pub(super) fn new(house: House, peer: &Peer) -> ManageSieveAnswers {
        ManageSieveAnswers { house, session: peer.id, client: peer.address.ip(), account: None }
    }

    fn logged_in(&mut self, user: String, login: Result<Login, Denied>) -> Result<Arc<str>, Denied> {
        match login {
            Ok(login) => {
                self.account = Some(login.account);
                self.log("logged in", |event| event.with("user", login.address.to_string()));
                Ok(login.address)
            }
            Err(denied) => {
                let event = Event::new(Kind::Sieve, Level::Warning, "login failed").session(self.session);
                let client = self.client.to_canonical().to_string();
                self.house.log.write(event.with("user", user).with("client", client));
                Err(denied)
            }
        }
    }

    /// # Errors
    /// When nobody has logged in, which the session sees to.
    fn account(&self) -> Result<AccountId, No> {
        self.account.ok_or_else(|| No { why: Why::Wrong, text: "Log in first".into() })
    }

    async fn list(&self) -> Result<Vec<ScriptEntry>, No> {
        let (store, account) = (self.house.store.clone(), self.account()?);
        Ok(work::read(move || store.scripts(account)).await?)
    }

    async fn get(&self, name: String) -> Result<String, No> {
        let (store, account, wanted) = (self.house.store.clone(), self.account()?, name.clone());
        let text = work::read(move || store.script(account, &wanted)).await?;
        text.ok_or_else(|| No { why: Why::NonExistent, text: format!("There is no script {name:?}") })
    }

    async fn put(&self, name: &str, text: String) -> Result<(), No> {
        let account = self.account()?;
        // First what costs nothing: a script that is too long is not looked at.
        self.house.store.check_script_room(account, name, text.len()).await?;
        let text = check(text).await?;
        self.change("script stored", name, self.house.store.put_script(account, name, text)).await
    }

    async fn set_active(&self, name: Option<&str>) -> Result<(), No> {
        let activated = self.house.store.activate_script(self.account()?, name);
        self.change("script activated", name.unwrap_or_default(), activated).await
    }

    async fn delete(&self, name: &str) -> Result<(), No> {
        let removed = self.house.store.remove_script(self.account()?, name);
        self.change("script removed", name, removed).await
    }

    async fn rename(&self, from: &str, to: &str) -> Result<(), No> {
        let renamed = self.house.store.rename_script(self.account()?, from, to);
        self.change("script renamed", to, renamed).await
    }

    async fn have_space(&self, name: &str, bytes: usize) -> Result<(), No> {
        Ok(self.house.store.check_script_room(self.account()?, name, bytes).await?)
    }

    async fn change(&self, what: &'static str, name: &str, change: Pending<()>) -> Result<(), No> {
        change.await?;
        self.log(what, |event| event.with("name", name.to_owned()));
        Ok(())
    }

    fn log(&self, what: &'static str, fill: impl FnOnce(Event) -> Event) {
        if self.house.log.lets_through(Kind::Sieve, Level::Info) {
            self.house.log.write(fill(Event::new(Kind::Sieve, Level::Info, what).session(self.session)));
        }
    }
}

impl Answers<ManageSieveSession> for ManageSieveAnswers {
    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::LogIn { user, password } => {
                let login = self.house.people.log_in(&user, &password.0, PROTOCOL, self.client).await;
                Answer::LoggedIn(self.logged_in(user, login))
            }
            Question::Verifier { user } => Answer::Verifier(self.house.people.scram_verifier(&user)),
            Question::Admit { user } => {
                let login = self.house.people.admit_by_scram(&user, PROTOCOL, self.client).await;
                Answer::LoggedIn(self.logged_in(user, login))
            }
            Question::ProofWrong { user } => {
                self.house.people.proof_was_wrong(&user, PROTOCOL, self.client);
                Answer::LoggedIn(self.logged_in(user, Err(Denied::Wrong)))
            }
            Question::List => Answer::Scripts(self.list().await),
            Question::Get { name } => Answer::Script(self.get(name).await),
            Question::Check { text } => Answer::Done(check(text).await.map(drop)),
            Question::Put { name, text } => Answer::Done(self.put(&name, text).await),
            Question::HaveSpace { name, bytes } => Answer::Done(self.have_space(&name, bytes).await),
            Question::SetActive { name } => Answer::Done(self.set_active(name.as_deref()).await),
            Question::Delete { name } => Answer::Done(self.delete(&name).await),
            Question::Rename { from, to } => Answer::Done(self.rename(&from, &to).await),
        }
    }
}

/// Compiles a script, and gives it back if it can be run.
async fn check(text: String) -> Result<String, No> {
    work::compute(move || match Script::compile(&text) {
        Ok(_) => Ok(text),
        Err(fault) => Err(No { why: Why::Wrong, text: fault.to_string() }),
    })
    .await
}

impl From<Error> for No {
    fn from(error: Error) -> No {
        let why = match error.word {
            Word::NotFound => Why::NonExistent,
            Word::Exists => Why::AlreadyExists,
            Word::NotAllowed => Why::Active,
            Word::OverQuota => Why::TooBig,
            Word::Limit => Why::TooMany,
            Word::Invalid => Why::Wrong,
            _ => Why::Unavailable,
        };
        No { why, text: error.detail }
    }
}
