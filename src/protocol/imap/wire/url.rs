//! IMAP URLs (RFC 5092) that name a message or a part of one: absolute, beginning with a mailbox, or relative to
//! the selected mailbox; with an authorization (RFC 4467). Nothing is looked up here.

use mailstead_storage::Time;

use super::{Parser, Partial, Section, SectionText};

/// Longest URL, bytes.
pub const URL_BYTES_MAX: usize = 4096;

const SCHEME: &str = "imap://";

/// A URL of a message or of a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// The server, when the URL is absolute.
    pub server: Option<Server>,
    /// The mailbox; `None` stands for the selected one.
    pub mailbox: Option<String>,
    /// UIDVALIDITY that the mailbox must have.
    pub uid_validity: Option<u32>,
    /// The message.
    pub uid: u32,
    /// Its part.
    pub section: Section,
    /// Some bytes of that.
    pub partial: Option<Partial>,
    /// Who may fetch it, other than who has the mailbox.
    pub grant: Option<Grant>,
}

/// The server of an absolute URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// Whose mailbox it is.
    pub user: Option<String>,
    /// Host, and port when one is given.
    pub host: String,
}

/// Who may fetch what a URL names (RFC 4467 §2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The last moment.
    pub expire: Option<Time>,
    /// Who.
    pub access: Access,
    /// Bytes of the URL that are authorized: all before the verifier.
    pub rump_bytes: usize,
    /// What shows that it was granted; a URL that is to be authorized has none.
    pub verifier: Option<Verifier>,
}

/// An access identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// `submit+NAME`: a submission server on behalf of this user.
    Submit(String),
    /// `user+NAME`: this user.
    User(String),
    /// `authuser`: whoever has logged in.
    AuthUser,
    /// `anonymous`: anyone.
    Anonymous,
}

/// `:INTERNAL:91354a473744909de610943775f92038`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier {
    /// The mechanism that made the token.
    pub mechanism: String,
    /// The token.
    pub token: String,
}

impl Url {
    /// Reads a URL; `None` when it is none of a message, or not written as one.
    pub fn parse(text: &str) -> Option<Url> {
        if text.len() > URL_BYTES_MAX || !text.bytes().all(is_url_byte) {
            return None;
        }
        let absolute = text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
        let (server, path) = match absolute {
            true => {
                let (server, path) = text[SCHEME.len()..].split_once('/')?;
                (Some(Server::parse(server)?), path)
            }
            false => match text.strip_prefix('/') {
                Some(path) => (None, path),
                None if text.starts_with(';') => (None, text),
                None => return None,
            },
        };
        let mut parameters = Parameters { rest: path };
        let mailbox = parameters.mailbox()?;
        if mailbox.is_none() && (absolute || text.starts_with('/')) {
            return None;
        }
        let uid_validity = parameters.take("UIDVALIDITY").map(number).map_or(Some(None), |number| number.map(Some))?;
        let uid = number(parameters.take("UID")?)?;
        let section = parameters.take("SECTION").map_or(Some(whole()), section)?;
        let partial = parameters.take("PARTIAL").map(partial).map_or(Some(None), |partial| partial.map(Some))?;
        let grant = Grant::parse(&mut parameters, text.len())?;
        parameters.rest.is_empty().then_some(Url { server, mailbox, uid_validity, uid, section, partial, grant })
    }
}

impl Server {
    /// `user;AUTH=*@host:143`
    fn parse(text: &str) -> Option<Server> {
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (user.split_once(';').map_or(user, |(user, _)| user), host),
            None => ("", text),
        };
        let user = (!user.is_empty()).then(|| decoded(user)).map_or(Some(None), |user| user.map(Some))?;
        (!host.is_empty()).then(|| Server { user, host: host.to_ascii_lowercase() })
    }
}

impl Grant {
    /// `;EXPIRE=2030-01-01T00:00:00Z;URLAUTH=user+fred:INTERNAL:…` up to the end. `Some(None)` when there is none.
    fn parse(parameters: &mut Parameters<'_>, url_bytes: usize) -> Option<Option<Grant>> {
        let expire = parameters.take("EXPIRE").map(moment).map_or(Some(None), |moment| moment.map(Some))?;
        let Some(granted) = parameters.take("URLAUTH") else { return expire.is_none().then_some(None) };
        let (access, verifier) = match granted.split_once(':') {
            Some((access, verifier)) => (access, Some(Verifier::parse(verifier)?)),
            None => (granted, None),
        };
        let rump_bytes = url_bytes - (granted.len() - access.len());
        Some(Some(Grant { expire, access: Access::parse(access)?, rump_bytes, verifier }))
    }
}

impl Verifier {
    fn parse(text: &str) -> Option<Verifier> {
        let (mechanism, token) = text.split_once(':')?;
        let named = !mechanism.is_empty()
            && mechanism.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
        let hexadecimal = token.len() >= 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        (named && hexadecimal)
            .then(|| Verifier { mechanism: mechanism.to_ascii_uppercase(), token: token.to_ascii_lowercase() })
    }
}

impl Access {
    fn parse(text: &str) -> Option<Access> {
        let (kind, user) = text.split_once('+').unwrap_or((text, ""));
        let user = decoded(user)?;
        match (kind.to_ascii_lowercase().as_str(), user.is_empty()) {
            ("submit", false) => Some(Access::Submit(user)),
            ("user", false) => Some(Access::User(user)),
            ("authuser", true) => Some(Access::AuthUser),
            ("anonymous", true) => Some(Access::Anonymous),
            _ => None,
        }
    }
}

/// What stands behind the server: a mailbox, then `;NAME=value` in their one order, each perhaps behind a slash.
struct Parameters<'a> {
    rest: &'a str,
}

impl<'a> Parameters<'a> {
    fn mailbox(&mut self) -> Option<Option<String>> {
        let (name, rest) = self.rest.split_at(self.rest.find(';')?);
        self.rest = rest;
        let name = name.strip_suffix('/').unwrap_or(name);
        if name.is_empty() {
            return Some(None);
        }
        super::parser::mailbox_text(decoded(name)?.as_bytes(), true).ok().map(Some)
    }

    fn take(&mut self, name: &str) -> Option<&'a str> {
        let rest = self.rest.strip_prefix(';')?;
        let (found, value) = rest.split_once('=')?;
        if !found.eq_ignore_ascii_case(name) {
            return None;
        }
        let end = value.find(';');
        let (value, rest) = value.split_at(end.unwrap_or(value.len()));
        self.rest = rest;
        Some(if end.is_some() { value.strip_suffix('/').unwrap_or(value) } else { value })
    }
}

/// May it stand in a URL? Everything else is written as `%XX`.
fn is_url_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$'()*+,&=:@/;%".contains(&byte)
}

/// Undoes `%XX`.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.chars().any(char::is_control))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|digit| digit as u8)
}

/// `nz-number`
fn number(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number > 0)
}

fn whole() -> Section {
    Section { path: Vec::new(), text: SectionText::Whole }
}

fn section(text: &str) -> Option<Section> {
    let bracketed = format!("[{}]", decoded(text)?);
    let mut parser = Parser::new(bracketed.as_bytes());
    Section::parse(&mut parser).ok().filter(|_| parser.rest().is_empty())
}

/// `1024.4096`; without a length, all from there on.
fn partial(text: &str) -> Option<Partial> {
    let (first, count) = match text.split_once('.') {
        Some((first, count)) => (first, number(count)?),
        None => (text, u32::MAX),
    };
    let digits = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    first.parse().ok().filter(|_| digits).map(|first| Partial { first, count })
}

/// `date-time` of RFC 3339.
fn moment(text: &str) -> Option<Time> {
    let moment: jiff::Timestamp = decoded(text)?.parse().ok()?;
    Some(Time(u64::try_from(moment.as_millisecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A URL in few words, for the tables.
    fn told(text: &str) -> String {
        let Some(url) = Url::parse(text) else { return "none".into() };
        let server = url.server.map(|server| format!("{}@{} ", server.user.unwrap_or_default(), server.host));
        let grant = url.grant.map(|grant| {
            let verifier = grant.verifier.map(|verifier| format!(" by {}", verifier.mechanism));
            let (expire, verifier) = (grant.expire.map(|expire| expire.seconds()), verifier.unwrap_or_default());
            format!(" to {:?} until {expire:?} in {}{verifier}", grant.access, grant.rump_bytes)
        });
        let partial = url.partial.map(|partial| format!(" {}.{}", partial.first, partial.count));
        format!(
            "{}{:?} {:?} {} {}{}{}",
            server.unwrap_or_default(),
            url.mailbox.unwrap_or_default(),
            url.uid_validity.unwrap_or_default(),
            url.uid,
            url.section,
            partial.unwrap_or_default(),
            grant.unwrap_or_default()
        )
    }

    #[test]
    fn urls() {
        for (text, expected) in [
            ("/INBOX;UIDVALIDITY=7/;UID=20/;SECTION=1.2", "\"INBOX\" 7 20 [1.2]"),
            ("/inbox/;uid=20", "\"INBOX\" 0 20 []"),
            ("/INBOX;UID=20", "\"INBOX\" 0 20 []"),
            ("/a/b%20c/;UID=1/;SECTION=HEADER", "\"a/b c\" 0 1 [HEADER]"),
            ("/%C3%84/;UID=1/;section=1.MIME/;partial=0.10", "\"Ä\" 0 1 [1.MIME] 0.10"),
            ("/a/;UID=1/;PARTIAL=5", "\"a\" 0 1 [] 5.4294967295"),
            ("/a/;UID=1/;SECTION=HEADER.FIELDS%20(To)", "\"a\" 0 1 [HEADER.FIELDS (To)]"),
            (";UID=3/;SECTION=TEXT", "\"\" 0 3 [TEXT]"),
            ("imap://joe@Example.com/INBOX/;uid=20", "joe@example.com \"INBOX\" 0 20 []"),
            ("imap://joe%40x.org;AUTH=*@h:143/a/;uid=20", "joe@x.org@h:143 \"a\" 0 20 []"),
            ("imap://h/a/;uid=20;urlauth=anonymous", "@h \"a\" 0 20 [] to Anonymous until None in 36"),
            (
                "imap://j@h/a/;uid=2;expire=1970-01-01T00:00:09Z;urlauth=submit+fred:internal:91354a473744909de610943775f92038",
                "j@h \"a\" 0 2 [] to Submit(\"fred\") until Some(9) in 67 by INTERNAL",
            ),
            ("/a/;UID=1;URLAUTH=user+", "none"),
            ("/a/;UID=1;URLAUTH=nobody", "none"),
            ("/a/;UID=1;URLAUTH=authuser+x", "none"),
            ("/a/;UID=1;URLAUTH=authuser:INTERNAL:12", "none"),
            ("/a/;UID=1;EXPIRE=2030-01-01T00:00:00Z", "none"),
            ("/a/;UID=1;EXPIRE=soon;URLAUTH=authuser", "none"),
            ("/a/;UID=0", "none"),
            ("/a/;UID=+1", "none"),
            ("/a/;UID=99999999999", "none"),
            ("/a/;UID=1/;SECTION=0", "none"),
            ("/a/;UID=1/;SECTION=1]x[", "none"),
            ("/a/;UID=1/;PARTIAL=.5", "none"),
            ("/a/;UID=1/;PARTIAL=0.0", "none"),
            ("/a/;SECTION=1/;UID=1", "none"),
            ("/a/;UID=1/;UID=1", "none"),
            ("/a", "none"),
            ("/;UID=1", "none"),
            ("a/;UID=1", "none"),
            ("/%0a/;UID=1", "none"),
            ("/%ff/;UID=1", "none"),
            ("/%4/;UID=1", "none"),
            ("/a b/;UID=1", "none"),
            ("http://h/a/;UID=1", "none"),
            ("imap:///a/;UID=1", "none"),
            ("imap://h", "none"),
            ("", "none"),
        ] {
            assert_eq!(told(text), expected, "{text}");
        }
    }

    /// Writes everything but plain letters as `%XX`.
    fn encoded(text: &str) -> String {
        text.bytes().map(|byte| format!("%{byte:02X}")).collect()
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            user in "[a-z@+é]{1,10}", mailbox in "[^\\p{C}/]{1,20}", uid in 1u32.., valid in proptest::option::of(1u32..),
            path in prop::collection::vec(1u32..100, 0..4), partial in proptest::option::of((any::<u32>(), 1u32..)),
        ) {
            let validity = valid.map(|valid| format!(";UIDVALIDITY={valid}")).unwrap_or_default();
            let numbers: Vec<String> = path.iter().map(u32::to_string).collect();
            let section = if path.is_empty() { String::new() } else { format!("/;SECTION={}", numbers.join(".")) };
            let some = partial.map(|(first, count)| format!("/;PARTIAL={first}.{count}")).unwrap_or_default();
            let rump = format!(
                "imap://{}@host/{}{validity}/;UID={uid}{section}{some};URLAUTH=user+{}",
                encoded(&user), encoded(&mailbox), encoded(&user)
            );
            let url = Url::parse(&format!("{rump}:INTERNAL:{}", "ab".repeat(16))).expect("reads");
            prop_assert_eq!(url.server, Some(Server { user: Some(user.clone()), host: "host".into() }));
            let name = if mailbox.eq_ignore_ascii_case("inbox") { "INBOX".to_string() } else { mailbox };
            prop_assert_eq!(url.mailbox, Some(name));
            prop_assert_eq!((url.uid, url.uid_validity, url.section.path), (uid, valid, path));
            prop_assert_eq!(url.partial, partial.map(|(first, count)| Partial { first, count }));
            let grant = url.grant.expect("granted");
            prop_assert_eq!((grant.access, grant.rump_bytes), (Access::User(user), rump.len()));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "(imap://|/|;)?[!-~]{0,60}(;UID=[0-9]{1,3})?[!-~é]{0,60}") {
            if let Some(Url { grant: Some(grant), .. }) = Url::parse(&text) {
                prop_assert!(text.is_char_boundary(grant.rump_bytes));
            }
        }
    }
}
