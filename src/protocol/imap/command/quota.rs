//! GETQUOTA and GETQUOTAROOT (RFC 9208). The one quota root is the account, named by its address; an account
//! without a limit has none.

use super::{Desk, Next, Run};
use crate::protocol::imap::question::{Answer, Question, Quota};
use crate::protocol::imap::selected::say;
use crate::protocol::imap::session::Core;
use crate::protocol::imap::wire::{Parsed, Parser, Reply, mailbox_name, string};

/// Unit of STORAGE, bytes (RFC 9208 §5.1).
const UNIT_BYTES: u64 = 1024;

/// GETQUOTA with the name of a root.
struct GetQuota {
    root: String,
}

/// GETQUOTAROOT with a mailbox.
struct GetQuotaRoot {
    name: String,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let root = parser.astring_text()?;
    parser.end()?;
    Ok(Box::new(GetQuota { root }))
}

pub fn begin_root(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    parser.space()?;
    let name = parser.mailbox()?;
    parser.end()?;
    Ok(Box::new(GetQuotaRoot { name }))
}

impl Run for GetQuota {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let missing = Next::Done(Reply::no("NONEXISTENT", "No such quota root"));
        match answer {
            Some(Answer::Quota(Ok(Some(quota)))) => {
                tell(&quota, &self.root, desk.out);
                Next::Done(Reply::ok("GETQUOTA completed"))
            }
            Some(Answer::Quota(Err(refused))) => Next::Done(refused),
            None if *self.root == *address(desk) => {
                Next::Ask(Question::Quota { account: desk.core.account(), mailbox: None })
            }
            _ => missing,
        }
    }
}

impl Run for GetQuotaRoot {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        let quota = match answer {
            Some(Answer::Quota(Ok(quota))) => quota,
            Some(Answer::Quota(Err(refused))) => return Next::Done(refused),
            _ => {
                let (account, mailbox) = (desk.core.account(), Some(self.name.clone()));
                return Next::Ask(Question::Quota { account, mailbox });
            }
        };
        say(desk.out, "* QUOTAROOT ");
        mailbox_name(&self.name, desk.core.enabled.utf8(), desk.out);
        if let Some(quota) = quota {
            let root = address(desk);
            desk.out.push(b' ');
            string(root.as_bytes(), desk.out);
            say(desk.out, "\r\n");
            tell(&quota, &root, desk.out);
        } else {
            say(desk.out, "\r\n");
        }
        Next::Done(Reply::ok("GETQUOTAROOT completed"))
    }
}

fn address(desk: &Desk<'_>) -> String {
    desk.core.login.as_ref().map_or_else(String::new, |login| login.address.to_string())
}

fn tell(quota: &Quota, root: &str, out: &mut Vec<u8>) {
    say(out, "* QUOTA ");
    string(root.as_bytes(), out);
    let units = (quota.used_bytes.div_ceil(UNIT_BYTES), quota.limit_bytes.div_ceil(UNIT_BYTES));
    say(out, &format!(" (STORAGE {} {})\r\n", units.0, units.1));
}
