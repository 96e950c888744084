//! Answers the session's questions: the only file here with handles to the house. Decides nothing of the
//! protocol, and logs what came of it.

use std::net::IpAddr;
use std::sync::Arc;

use mailstead_storage::{Account, AccountId, BlobId, Domain, Meter, Provenance};

use super::House;
use super::arriving::{Arrived, Arriving};
use super::question::{Answer, Question};
use super::replies::{self, Reply};
use super::session::SmtpSession;
use crate::authenticity::{Client, Finding, Findings};
use crate::intake::{Acceptance, Refusal, Trace};
use crate::log::{Event, Kind, Level};
use crate::net::{Answers, Peer};
use crate::people::sessions::SessionId;
use crate::people::{Address, Denied, Destination, Login};
use crate::{reports, work};

/// The name under which logins are noted.
const PROTOCOL: &str = "smtp";

/// Answers one session.
pub struct SmtpAnswers {
    house: House,
    session: SessionId,
    client: IpAddr,
    arriving: Option<Arriving>,
    /// Is mail for disabled users refused?
    refuses_disabled: bool,
    /// Has somebody logged in, or a message come?
    is_good: bool,
}

impl Answers<SmtpSession> for SmtpAnswers {
    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Password { user, password } => {
                let login = self.house.people.log_in(&user, &password, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(&user, login))
            }
            Question::Token { user, token } => {
                let (people, claimed) = (&self.house.people, user.as_deref());
                let login = people.log_in_with_token(claimed, &token, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(claimed.unwrap_or_default(), login))
            }
            Question::Verifier { user } => Answer::Verifier(self.house.people.scram_verifier(&user)),
            Question::Admit { user } => {
                let login = self.house.people.admit_by_scram(&user, PROTOCOL, self.client).await;
                Answer::Login(self.logged_in(&user, login))
            }
            Question::ProofWrong { user } => {
                self.house.people.proof_was_wrong(&user, PROTOCOL, self.client);
                let _ = self.logged_in(&user, Err(Denied::Wrong));
                Answer::Noted
            }
            Question::Sender { address, account, size } => Answer::Sender(self.sender(address.as_ref(), account, size)),
            Question::Recipient { address, account, size } => {
                let answer = self.recipient(&address, account, size).await;
                if answer == Err(replies::UNKNOWN_RECIPIENT) && account.is_none() {
                    self.house.guard.unknown_recipient(self.client);
                }
                if let Err(reply) = answer {
                    self.count_refused();
                    let refused = self.event(Level::Info, "recipient refused").with("recipient", address.to_string());
                    let refused = refused.with("client", self.client.to_string());
                    self.house.log.write(refused.with("status", reply.status()));
                }
                Answer::Recipient(answer)
            }
            Question::Begin { trace, hello } => Answer::Begun(self.begin(*trace, hello)),
            Question::Body(bytes) => Answer::Taken(self.push(bytes).await),
            Question::Accept(acceptance) => Answer::Accepted(self.accept(*acceptance).await),
            Question::Discard(reply) => {
                self.arriving = None;
                if let Some(reply) = reply {
                    self.count_refused();
                    self.house.log.write(self.event(Level::Info, "message refused").with("status", reply.status()));
                }
                Answer::Noted
            }
        }
    }

    fn over(self) {
        if !self.is_good {
            self.house.guard.session_ended_without_message(self.client);
        }
    }
}

impl SmtpAnswers {
    pub(super) fn new(house: House, peer: &Peer, refuses_disabled: bool) -> SmtpAnswers {
        SmtpAnswers {
            house,
            session: peer.id,
            client: peer.address.ip().to_canonical(),
            arriving: None,
            refuses_disabled,
            is_good: false,
        }
    }

    fn logged_in(&mut self, user: &str, login: Result<Login, Denied>) -> Result<Login, Denied> {
        let event = match &login {
            Ok(login) => self.event(Level::Info, "logged in").with("user", login.address.to_string()),
            Err(denied) => {
                let event = self.event(Level::Warning, "login failed").with("user", user.to_owned());
                event.with("client", self.client.to_string()).with("status", replies::denied(*denied).status())
            }
        };
        self.house.log.write(event);
        self.is_good |= login.is_ok();
        login
    }

    fn sender(&self, address: Option<&Address>, account: Option<AccountId>, size: u64) -> Result<(), Reply> {
        if let (Some(address), Some(account)) = (address, account)
            && !self.house.people.may_send_as(account, address)
        {
            self.count_refused();
            let refused = self.event(Level::Info, "sender refused").with("sender", address.to_string());
            self.house.log.write(refused.with("status", replies::SENDER_NOT_YOURS.status()));
            return Err(replies::SENDER_NOT_YOURS);
        }
        // Without a size announced, one byte.
        if self.house.store.disk_room_bytes() < size.max(1) {
            self.house.log.write(self.event(Level::Error, "disk full"));
            return Err(replies::DISK_FULL);
        }
        Ok(())
    }

    async fn recipient(&self, address: &Address, account: Option<AccountId>, size: u64) -> Result<(), Reply> {
        match self.house.people.resolve(address) {
            Destination::Account { account, .. } if self.refuses(&account) => Err(replies::RECIPIENT_DISABLED),
            Destination::Account { account, .. } => match self.is_over_quota(&account, size).await {
                true => Err(replies::OVER_QUOTA),
                false => Ok(()),
            },
            Destination::Shared { domain, name } => self.shared(domain, name, size).await,
            Destination::Addresses(_) => self.alias(address, size).await,
            Destination::Unknown => Err(replies::UNKNOWN_RECIPIENT),
            Destination::Elsewhere if account.is_some() => Ok(()),
            Destination::Elsewhere => Err(replies::RELAY_DENIED),
        }
    }

    /// An alias is welcome when somebody behind it can take the message; what nobody can take would only
    /// come back as a bounce.
    async fn alias(&self, address: &Address, size: u64) -> Result<(), Reply> {
        let mut reply = replies::UNKNOWN_RECIPIENT;
        for destination in self.house.people.expand(address) {
            match destination {
                Destination::Unknown => {}
                Destination::Account { account, .. } if self.refuses(&account) => reply = replies::RECIPIENT_DISABLED,
                Destination::Account { account, .. } if self.is_over_quota(&account, size).await => {
                    reply = replies::OVER_QUOTA;
                }
                Destination::Shared { domain, name } => match self.shared(domain, name, size).await {
                    Ok(()) => return Ok(()),
                    Err(refused) => reply = refused,
                },
                _ => return Ok(()),
            }
        }
        Err(reply)
    }

    fn refuses(&self, account: &Account) -> bool {
        self.refuses_disabled && !account.enabled
    }

    async fn shared(&self, domain: Arc<Domain>, name: String, size: u64) -> Result<(), Reply> {
        let people = self.house.people.clone();
        let look = move || match people.shared_mailbox(&domain, &name) {
            Ok(None) => Err(replies::UNKNOWN_RECIPIENT),
            Ok(Some(_)) if people.over_shared_quota(&domain, size.max(1)) => Err(replies::OVER_QUOTA),
            // What cannot be read is found out by the delivery itself.
            _ => Ok(()),
        };
        work::read(look).await
    }

    async fn is_over_quota(&self, account: &Arc<Account>, size: u64) -> bool {
        if account.quota().is_unlimited() {
            return false;
        }
        let (people, account) = (self.house.people.clone(), Arc::clone(account));
        work::read(move || people.over_quota(&account, size.max(1))).await
    }

    fn begin(&mut self, trace: Trace, hello: Option<String>) -> Result<(), Refusal> {
        self.arriving = None;
        let check = hello.zip(self.house.checks.as_ref()).and_then(|(hello, checks)| {
            let Trace::Fields { reverse_path, .. } = &trace else { return None };
            checks.begin(Client { address: self.client, hello, reverse_path: reverse_path.clone() })
        });
        let incoming = self.house.intake.begin(trace).inspect_err(|refusal| self.log_refusal(refusal))?;
        self.arriving = Some(Arriving::new(incoming, check, self.house.intake.message_bytes_max()));
        Ok(())
    }

    async fn push(&mut self, bytes: Vec<u8>) -> Result<(), Refusal> {
        let Some(arriving) = &mut self.arriving else { return Err(nothing_begun()) };
        let pushed = arriving.push(bytes).await;
        if let Err(refusal) = &pushed {
            self.log_refusal(refusal);
            self.arriving = None;
        }
        pushed
    }

    async fn accept(&mut self, acceptance: Acceptance) -> Result<BlobId, Reply> {
        match self.accept_checked(acceptance).await {
            Ok(accepted) => accepted,
            Err(refusal) => {
                self.log_refusal(&refusal);
                Err(replies::refusal(&refusal))
            }
        }
    }

    async fn accept_checked(&mut self, acceptance: Acceptance) -> Result<Result<BlobId, Reply>, Refusal> {
        let arriving = self.arriving.take().ok_or_else(nothing_begun)?;
        let sender = acceptance.envelope.reverse_path.clone();
        let recipients = acceptance.envelope.recipients.len() as u64;
        let Arrived { incoming, findings, report } = arriving.finish().await?;
        if let Some(reason) = findings.as_ref().and_then(|findings| findings.refusal) {
            self.count_refused();
            let reply = replies::failed_check(reason);
            let event =
                self.event(Level::Info, "message refused").with("status", reply.status()).with("sender", sender);
            self.house.log.write(with_findings(event, findings.as_ref()));
            self.log_checks(None, findings.as_ref());
            return Ok(Err(reply));
        }
        if let Provenance::Submitted(account) = acceptance.provenance {
            // First, so that what makes it too much is held itself.
            self.house.guard.submission(account, acceptance.envelope.recipients.len());
        }
        let accepted = incoming.accept(acceptance).await?;
        self.is_good = true;
        let event =
            self.event(Level::Info, "message accepted").message(accepted.id).with("client", self.client.to_string());
        let event = event.with("sender", sender).with("recipients", recipients).with("size", accepted.size);
        self.house.log.write(with_findings(event, findings.as_ref()));
        self.log_checks(Some(accepted.id), findings.as_ref());
        if let Some(message) = report {
            tokio::spawn(keep_report(self.house.clone(), message));
        }
        Ok(Ok(accepted.id))
    }

    /// A line for each check, for whoever follows the message later.
    fn log_checks(&self, message: Option<BlobId>, findings: Option<&Findings>) {
        if !self.house.log.lets_through(Kind::Smtp, Level::Info) {
            return;
        }
        for Finding { method, result, domain, selector, reason } in findings.iter().flat_map(|found| &found.checks) {
            let mut event = self.event(Level::Info, "checked").with("method", *method).with("result", *result);
            event.message = message;
            let particulars = [("domain", domain), ("selector", selector), ("reason", reason)];
            for (name, text) in particulars.into_iter().filter(|(_, text)| !text.is_empty()) {
                event = event.with(name, text.clone());
            }
            self.house.log.write(event);
        }
    }

    /// Storage's own faults; the others are the message's, and logged with the reply.
    fn log_refusal(&self, refusal: &Refusal) {
        let event = match refusal {
            Refusal::Failed(why) => self.event(Level::Error, "message failed").with("why", why.clone()),
            Refusal::DiskFull => self.event(Level::Error, "disk full"),
            Refusal::TooBig => return,
            Refusal::Loop => self.event(Level::Warning, "mail loop"),
        };
        self.house.log.write(event);
    }

    fn count_refused(&self) {
        self.house.store.count_traffic(self.house.clock.now(), &[(Meter::Refused, 1)]);
    }

    fn event(&self, level: Level, what: &'static str) -> Event {
        Event::new(Kind::Smtp, level, what).session(self.session)
    }
}

/// Keeps the report in a message, if it has one about a domain of this box. Nobody waits for it.
async fn keep_report(house: House, message: Vec<u8>) {
    let now = house.clock.now();
    let report = work::compute(move || reports::read(&message, now)).await;
    if let Some(report) = report.filter(|report| house.store.directory().domains.contains_key(&report.domain))
        && let Err(error) = house.store.keep_report(report).await
    {
        let event = Event::new(Kind::Smtp, Level::Error, "a report was not kept");
        house.log.write(event.with("error", error.to_string()));
    }
}

/// What the checks said, in a few words.
fn with_findings(event: Event, findings: Option<&Findings>) -> Event {
    let Some(findings) = findings else { return event };
    let event = event.with("spf", findings.spf.unwrap_or("unchecked"));
    match &findings.dmarc {
        Some(dmarc) => event.with("author", dmarc.author.clone()).with("dmarc", dmarc.result),
        None => event,
    }
}

fn nothing_begun() -> Refusal {
    Refusal::Failed("no message was begun".into())
}
