//! Where is this mail? The way of each message that fits what is known of it, from the session that brought it to the
//! mailbox or the other server, as the log tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::directory::Day;
use super::line::Line;
use super::related::Ids;
use super::search::{Extent, Query, Reader};
use super::{Kind, Level};

/// Hits that are followed.
const HITS_MAX: usize = 500;

/// What is known of a message; what is empty is not known. Parts are enough, in any case of ASCII letters.
#[derive(Debug, Clone, Default)]
pub struct Clues {
    /// The reverse-path.
    pub sender: String,
    /// A recipient.
    pub recipient: String,
    /// What the subject says.
    pub subject: String,
    /// The Message-ID field, or the message's id here.
    pub message_id: String,
}

/// The way of one message, or of what was refused before it became one.
#[derive(Debug, Clone, PartialEq)]
pub struct Way {
    /// The message's id; `None` when it was refused.
    pub message: Option<String>,
    /// The session that brought it.
    pub session: Option<String>,
    /// All that happened, in the order of time.
    pub lines: Vec<Line>,
}

/// Ways that were found.
#[derive(Debug, Default)]
pub struct Traced {
    /// The latest first.
    pub ways: Vec<Way>,
    /// Was all of the log looked through?
    pub complete: bool,
}

impl Clues {
    /// Is nothing known?
    pub fn is_empty(&self) -> bool {
        self.searched().is_empty()
    }

    /// The text that is searched for: the one that fewest messages have.
    fn searched(&self) -> &str {
        let all = [&self.message_id, &self.recipient, &self.sender, &self.subject];
        all.into_iter().find(|clue| !clue.is_empty()).map_or("", String::as_str)
    }

    /// Does a way fit all that is known?
    fn fit(&self, way: &Way) -> bool {
        let told = |clue: &str, fields: &[&str]| {
            clue.is_empty() || way.lines.iter().any(|line| fields.iter().any(|field| contains(line.text(field), clue)))
        };
        let is_id = way.message.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(&self.message_id));
        told(&self.sender, &["from", "sender"])
            && told(&self.recipient, &["to", "recipient"])
            && told(&self.subject, &["subject"])
            && (is_id || told(&self.message_id, &["message_id"]))
    }
}

/// Is it in this text, in any case of ASCII letters?
fn contains(text: &str, part: &str) -> bool {
    super::needle::Needle::new(part).is_none_or(|part| part.find(text.as_bytes()).is_some())
}

impl Reader {
    /// The ways of the latest messages between two days that fit, at most `ways_max`. Blocks.
    ///
    /// # Errors
    /// What the system says of the directory.
    pub fn trace(
        &self,
        clues: &Clues,
        (first, last): (Day, Day),
        ways_max: usize,
        extent: &Extent,
    ) -> io::Result<Traced> {
        let kinds = vec![Kind::Smtp, Kind::Delivery];
        let query = Query { kinds, first, text: clues.searched().into(), level: Level::Info, ..Query::day(last) };
        let page = self.search(&query, None, &Extent { lines_max: HITS_MAX, ..*extent })?;
        let (messages, refusals): (Vec<&Line>, Vec<&Line>) = page.lines.iter().partition(|line| line.message.is_some());
        let near: BTreeSet<Day> = page.lines.iter().filter_map(|line| Day::by_name(line.at.get(..10)?)).collect();
        let of_messages = Ids { messages: Ids::of(messages).messages, ..Ids::default() };
        let own = self.related(&of_messages, (first, last), &near, extent)?;
        let mut sessions = Ids::of(&own.lines).sessions;
        sessions.extend(refusals.iter().filter_map(|line| line.session.clone()));
        let of_sessions = Ids { sessions, ..Ids::default() };
        let brought = self.related(&of_sessions, (first, last), &near, extent)?;
        let mut ways = ways(own.lines, &brought.lines);
        ways.retain(|way| clues.fit(way));
        ways.sort_by(|one, other| other.lines[0].at.cmp(&one.lines[0].at));
        let complete = page.next.is_none() && own.complete && brought.complete && ways.len() <= ways_max;
        ways.truncate(ways_max);
        Ok(Traced { ways, complete })
    }
}

/// The ways of the messages that these lines are about, each with what its session did for it before it became one; then
/// the sessions in which something else was refused.
fn ways(own: Vec<Line>, brought: &[Line]) -> Vec<Way> {
    let mut by_session: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in brought {
        by_session.entry(line.session.as_deref().unwrap_or_default()).or_default().push(line);
    }
    let mut by_message: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in own {
        by_message.entry(line.message.clone().unwrap_or_default()).or_default().push(line);
    }
    let (mut ways, mut claimed) = (Vec::new(), BTreeSet::new());
    for (message, mut lines) in by_message {
        let session = lines.iter().find_map(|line| line.session.clone());
        if let Some((session, of_session)) = session.as_deref().and_then(|session| by_session.get_key_value(session)) {
            for index in before(&message, of_session) {
                claimed.insert((*session, index));
                lines.push(of_session[index].clone());
            }
        }
        lines.sort_by(|one, other| one.at.cmp(&other.at));
        ways.push(Way { message: Some(message), session, lines });
    }
    for (session, lines) in by_session {
        let is_news = |(index, line): (usize, &&Line)| is_refusal(line) && !claimed.contains(&(session, index));
        if lines.iter().enumerate().any(is_news) {
            let lines = lines.into_iter().filter(|line| line.message.is_none()).cloned().collect();
            ways.push(Way { message: None, session: Some(session.into()), lines });
        }
    }
    ways
}

/// Which lines of a session, in the order of time, belong to what it did before this message was accepted. What was
/// refused before an earlier message was, is that one's.
fn before(message: &str, lines: &[&Line]) -> Vec<usize> {
    let own = lines.iter().position(|line| line.message.as_deref() == Some(message)).unwrap_or(lines.len());
    let earlier = lines[..own].iter().rposition(|line| line.message.is_some()).map_or(0, |index| index + 1);
    let is_its = |index: &usize| lines[*index].message.is_none() && (*index >= earlier || !is_refusal(lines[*index]));
    (0..own).filter(is_its).collect()
}

fn is_refusal(line: &Line) -> bool {
    line.message.is_none() && line.what.contains("refused")
}
