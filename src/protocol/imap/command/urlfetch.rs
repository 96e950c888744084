//! URLFETCH (RFC 4467 §7) with metadata (URLAUTH=BINARY, RFC 5524): what authorized URLs name, whoever's it is.

use std::collections::VecDeque;

use super::{Desk, Next, Run};
use crate::message::Outline;
use crate::net::OUTPUT_BYTES;
use crate::protocol::imap::pieces::{Plan, Window};
use crate::protocol::imap::question::{Answer, Located, Owner, Question};
use crate::protocol::imap::session::Core;
use crate::protocol::imap::urlauth::{MECHANISM, is_token};
use crate::protocol::imap::wire::{Access, Parsed, Parser, Reply, Syntax, Url, string};

/// Most URLs of one command.
const URLS_MAX: usize = 100;

/// What is told of what a URL names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Metadata {
    /// Its structure.
    pub structure: bool,
    /// Its bytes with the transfer encoding undone.
    pub binary: bool,
    /// Its bytes.
    pub body: bool,
}

struct UrlFetch {
    /// URLs and what is told of them; nothing of those that are asked for without parameters.
    urls: VecDeque<(String, Metadata)>,
    /// The URL whose message is being looked for.
    url: Option<Box<Url>>,
    plan: Plan,
    window: Window,
    /// In the middle of a response?
    inside: bool,
}

pub fn begin(parser: &mut Parser<'_>, _: &mut Core) -> Parsed<Box<dyn Run>> {
    let mut urls = VecDeque::new();
    parser.space()?;
    loop {
        urls.push_back(match parser.eat(b'(') {
            true => extended(parser)?,
            false => (parser.astring_text()?, Metadata::default()),
        });
        if urls.len() > URLS_MAX {
            return Err(Syntax("Too many URLs"));
        }
        if !parser.eat(b' ') || parser.peek().is_none() {
            break;
        }
    }
    parser.end()?;
    let (plan, window) = (Plan::default(), Window::default());
    Ok(Box::new(UrlFetch { urls, url: None, plan, window, inside: false }))
}

/// `"imap://…" BINARY BODYPARTSTRUCTURE)`
fn extended(parser: &mut Parser<'_>) -> Parsed<(String, Metadata)> {
    let (url, mut metadata) = (parser.astring_text()?, Metadata::default());
    while !parser.eat(b')') {
        parser.space()?;
        let wanted = match parser.atom()?.to_ascii_uppercase().as_str() {
            "BODYPARTSTRUCTURE" => &mut metadata.structure,
            "BINARY" => &mut metadata.binary,
            "BODY" => &mut metadata.body,
            _ => return Err(Syntax("Unknown URLFETCH parameter")),
        };
        if std::mem::replace(wanted, true) {
            return Err(Syntax("URLFETCH parameter is there twice"));
        }
    }
    match metadata.binary && metadata.body {
        true => Err(Syntax("Either BINARY or BODY")),
        false => Ok((url, metadata)),
    }
}

impl Run for UrlFetch {
    fn step(&mut self, answer: Option<Answer>, desk: &mut Desk<'_>) -> Next {
        match answer {
            Some(Answer::Located(Ok(located))) => self.located(located.as_deref(), desk),
            Some(Answer::Bytes(Ok(bytes))) => self.window.fill(bytes),
            Some(Answer::Located(Err(refused)) | Answer::Bytes(Err(refused))) => {
                // Within a literal, only the end of the connection can tell it.
                desk.core.leaving |= self.inside;
                return Next::Done(refused);
            }
            _ => {}
        }
        loop {
            if let Some(next) = self.say(desk) {
                return next;
            }
            match self.next_url() {
                Some(question) => return Next::Ask(question),
                None if self.urls.is_empty() => return Next::Done(Reply::ok("URLFETCH completed")),
                None => self.located(None, desk),
            }
        }
    }
}

impl UrlFetch {
    /// Says what can be said; `None` when that is all.
    fn say(&mut self, desk: &mut Desk<'_>) -> Option<Next> {
        while let Some(piece) = self.plan.front() {
            self.inside = true;
            let said = self.window.say(piece, desk.out);
            if said {
                self.plan.pop();
            }
            if desk.out.len() >= OUTPUT_BYTES {
                return Some(Next::Flush);
            }
            if !said {
                return Some(Next::Ask(Question::Read(self.window.wanted(&self.plan))));
            }
        }
        self.inside = false;
        None
    }

    /// Asks for the message of the next URL; `None` when it cannot be valid.
    fn next_url(&mut self) -> Option<Question> {
        let (text, _) = self.urls.front()?;
        let url = Url::parse(text)?;
        let user = url.server.as_ref()?.user.clone()?;
        let mailbox = url.mailbox.clone()?;
        url.grant.as_ref()?.verifier.as_ref()?;
        let (uid_validity, uid) = (url.uid_validity, url.uid);
        self.url = Some(Box::new(url));
        Some(Question::Locate { owner: Owner::Address(user), mailbox, uid_validity, uid })
    }

    /// Tells what the URL names, NIL when it is not valid.
    fn located(&mut self, located: Option<&Located>, desk: &Desk<'_>) {
        let Some((text, metadata)) = self.urls.pop_front() else { return };
        let url = self.url.take().filter(|url| {
            let key = located.and_then(|located| located.access_key);
            key.is_some_and(|key| is_granted(url, &text, &key, desk.core))
        });
        let outline = located.and_then(|located| Outline::decode(&located.outline));
        let mut head = b"* URLFETCH ".to_vec();
        string(text.as_bytes(), &mut head);
        let planned = match (url, located, &outline) {
            (Some(url), Some(located), Some(outline)) => {
                self.plan.url(head.clone(), &url, metadata, &located.record, outline)
            }
            _ => false,
        };
        if !planned {
            head.extend_from_slice(b" NIL\r\n");
            self.plan.text(head);
        }
    }
}

/// Does the URL let this session fetch?
fn is_granted(url: &Url, text: &str, key: &mailstead_storage::AccessKey, core: &Core) -> bool {
    let (Some(grant), Some(login)) = (&url.grant, &core.login) else { return false };
    let Some(verifier) = &grant.verifier else { return false };
    let is_me = |user: &str| login.address.eq_ignore_ascii_case(user);
    let access = match &grant.access {
        Access::Anonymous | Access::AuthUser => true,
        Access::User(user) => is_me(user),
        Access::Submit(_) => core.rules.settings.url_submitters.iter().any(|submitter| is_me(submitter)),
    };
    access
        && grant.expire.is_none_or(|expire| core.now <= expire)
        && verifier.mechanism == MECHANISM
        && is_token(key, &text[..grant.rump_bytes], &verifier.token)
}
