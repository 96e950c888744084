//! GETQUOTA, GETQUOTAROOT and SETQUOTA (RFC 9208). Each account is a quota root, named by its address, and so are
//! the shared mailboxes of each domain, named by the domain. One without a limit is no root.

use mailstead_storage::Quota as Limits;

use super::{Desk, Next, Run, now};
use crate::protocol::imap::question::{Answer, Question, Quota, QuotaOf};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, Syntax, mailbox_name, string};

/// Unit of STORAGE, bytes (RFC 9208 §5.1).
const UNIT_BYTES: u64 = 1024;

/// GETQUOTA with the name of a root, and SETQUOTA with limits too.
struct OfRoot {
    root: String,
    /// The limits to be.
    limits: Option<Limits>,
    done: &'static str,
}

/// GETQUOTAROOT with a mailbox.
struct GetQuotaRoot {
    name: String,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let root = parser.astring_text()?;
    parser.end()?;
    Ok(Box::new(OfRoot { root, limits: None, done: "GETQUOTA completed" }))
}

pub fn begin_root(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    Ok(Box::new(GetQuotaRoot { name }))
}

pub fn begin_set(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let root = parser.astring_text()?;
    parser.space()?;
    let resources = resources(parser)?;
    parser.end()?;
    // What is not named has no limit from now on (RFC 9208 §4.1.3).
    let mut limits = Limits::default();
    for (name, limit) in resources {
        let (resource, unit) = match name.as_str() {
            "STORAGE" => (&mut limits.bytes, UNIT_BYTES),
            "MESSAGE" => (&mut limits.messages, 1),
            _ => return Ok(now(|_| Reply::no("CANNOT", "There is no limit on that resource"))),
        };
        if limit == 0 {
            return Ok(now(|_| Reply::no("CANNOT", "A limit must be above 0")));
        }
        *resource = limit.saturating_mul(unit);
    }
    Ok(Box::new(OfRoot { root, limits: Some(limits), done: "SETQUOTA completed" }))
}

/// `(STORAGE 512 MESSAGE 100)`, perhaps empty.
fn resources(parser: &mut Parser<'_>) -> Parsed<Vec<(String, u64)>> {
    if parser.rest().starts_with(b"()") {
        parser.eat(b'(');
        parser.eat(b')');
        return Ok(Vec::new());
    }
    let resources = parser.list(|parser| {
        let name = parser.atom()?.to_ascii_uppercase();
        parser.space()?;
        Ok((name, parser.number64()?))
    })?;
    let mut names: Vec<_> = resources.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    match names.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err(Syntax("A resource is named twice")),
        false => Ok(resources),
    }
}

impl Run for OfRoot {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Quota(Ok(Some(quota)))) => {
                tell(&quota, desk.out);
                Next::Done(Reply::ok(self.done))
            }
            Some(Answer::Quota(Ok(None))) if self.limits.is_some() => Next::Done(Reply::ok(self.done)),
            Some(Answer::Quota(Err(refused))) if refused.code.as_deref() != Some("NONEXISTENT") => Next::Done(refused),
            Some(_) => Next::Done(Reply::no("NONEXISTENT", "No such quota root")),
            None => {
                let (account, root) = (desk.core.account(), self.root.clone());
                Next::Ask(match self.limits {
                    Some(limits) => Question::SetQuota { account, root, limits },
                    None => Question::Quota { account, of: QuotaOf::Root(root) },
                })
            }
        }
    }
}

impl Run for GetQuotaRoot {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let quota = match answer {
            Some(Answer::Quota(Ok(quota))) => quota,
            Some(Answer::Quota(Err(refused))) => return Next::Done(refused),
            _ => {
                let (account, of) = (desk.core.account(), QuotaOf::Mailbox(self.name.clone()));
                return Next::Ask(Question::Quota { account, of });
            }
        };
        say(desk.out, "* QUOTAROOT ");
        mailbox_name(&self.name, desk.core.enabled.utf8(), desk.out);
        if let Some(quota) = quota {
            desk.out.push(b' ');
            string(quota.root.as_bytes(), desk.out);
            say(desk.out, "\r\n");
            tell(&quota, desk.out);
        } else {
            say(desk.out, "\r\n");
        }
        Next::Done(Reply::ok("GETQUOTAROOT completed"))
    }
}

fn tell(quota: &Quota, out: &mut Vec<u8>) {
    say(out, "* QUOTA ");
    string(quota.root.as_bytes(), out);
    let Quota { used, limits, .. } = quota;
    let mut resources = Vec::new();
    if limits.bytes > 0 {
        let units = (used.bytes.div_ceil(UNIT_BYTES), limits.bytes.div_ceil(UNIT_BYTES));
        resources.push(format!("STORAGE {} {}", units.0, units.1));
    }
    if limits.messages > 0 {
        resources.push(format!("MESSAGE {} {}", used.messages, limits.messages));
    }
    say(out, &format!(" ({})\r\n", resources.join(" ")));
}
