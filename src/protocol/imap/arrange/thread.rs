//! Threads of messages (RFC 5256 §3: ORDEREDSUBJECT and REFERENCES). Nothing here recurses: how deep a thread is
//! says who writes the messages.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};

use mailstead_storage::{Record, Uid};

use super::Token;
use super::sort::sent;
use super::subject::{Base, base_of};
use crate::message::Outline;

/// Most references of one message that are followed, the last ones.
const REFERENCES_MAX: usize = 50;

/// Deepest thread that is built; what would lie deeper begins a thread of its own.
const DEPTH_MAX: usize = 1000;

/// What threading must know of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    uid: Uid,
    sent: i64,
    subject: Base,
    id: Option<Id>,
    /// What came before it, the oldest first.
    references: Vec<Id>,
}

/// A Message-ID, hashed: long ones cost no more than short ones.
type Id = u64;

impl Letter {
    pub fn new(record: &Record, outline: Option<&Outline<'_>>) -> Letter {
        let envelope = outline.map(|outline| &outline.envelope);
        let field = |text: Option<&[u8]>| message_ids(text.unwrap_or_default());
        let id = field(envelope.and_then(|envelope| envelope.message_id.as_deref())).into_iter().next();
        let mut references = field(outline.and_then(|outline| outline.references.as_deref()));
        if references.is_empty() {
            references = field(envelope.and_then(|envelope| envelope.in_reply_to.as_deref()));
            references.truncate(1);
        }
        references.drain(..references.len().saturating_sub(REFERENCES_MAX));
        let subject = base_of(envelope.and_then(|envelope| envelope.subject.as_deref()));
        Letter { uid: record.uid, sent: sent(record, outline), subject, id, references }
    }
}

/// The `<…>` of a field.
fn message_ids(text: &[u8]) -> Vec<Id> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'<', rest) {
        rest = &rest[start + 1..];
        let Some(end) = memchr::memchr2(b'>', b'<', rest) else { break };
        if rest[end] == b'>' && end > 0 {
            ids.push(hashed(&rest[..end]));
        }
        rest = &rest[end..];
    }
    ids
}

fn hashed(id: &[u8]) -> Id {
    let mut hasher = DefaultHasher::new();
    hasher.write(id);
    hasher.finish()
}

/// Threads of one base subject: all are children of the first.
pub fn by_subject(mut letters: Vec<Letter>) -> Vec<Token> {
    letters.sort_by(|a, b| (&a.subject.text, a.sent, a.uid).cmp(&(&b.subject.text, b.sent, b.uid)));
    let mut threads: Vec<&[Letter]> = letters.chunk_by(|a, b| a.subject.text == b.subject.text).collect();
    threads.sort_by_key(|thread| (thread[0].sent, thread[0].uid));
    let mut tokens = Vec::new();
    for thread in threads {
        tokens.extend([Token::Open, Token::Message(thread[0].uid)]);
        match &thread[1..] {
            [only] => tokens.push(Token::Message(only.uid)),
            rest => rest.iter().for_each(|letter| {
                tokens.extend([Token::Open, Token::Message(letter.uid), Token::Close]);
            }),
        }
        tokens.push(Token::Close);
    }
    tokens
}

/// Threads of messages that refer to each other.
pub fn by_references(letters: Vec<Letter>) -> Vec<Token> {
    let mut forest = Forest::default();
    forest.link(letters);
    let mut roots = forest.pruned();
    forest.sort(&mut roots);
    let mut roots = forest.gathered(roots);
    forest.sort(&mut roots);
    forest.tokens(&roots)
}

/// A message in its place, or the place of one that is missing.
#[derive(Debug, Default)]
struct Node {
    letter: Option<Letter>,
    parent: Option<usize>,
    children: Vec<usize>,
    /// When it, or the first below it, was sent.
    order: (i64, Uid),
}

#[derive(Debug, Default)]
struct Forest(Vec<Node>);

impl Forest {
    fn add(&mut self, letter: Option<Letter>) -> usize {
        self.0.push(Node { letter, ..Node::default() });
        self.0.len() - 1
    }

    /// Step 1: each message below the last that it refers to.
    fn link(&mut self, letters: Vec<Letter>) {
        let mut by_id: HashMap<Id, usize> = HashMap::new();
        for mut letter in letters {
            let references = std::mem::take(&mut letter.references);
            let known = letter.id.and_then(|id| by_id.get(&id).copied());
            let this = match (known, letter.id) {
                (Some(place), _) if self.0[place].letter.is_none() => {
                    self.0[place].letter = Some(letter);
                    place
                }
                // A second message with this id, or one without, has a place that nothing refers to.
                (Some(_), _) | (None, None) => self.add(Some(letter)),
                (None, Some(id)) => {
                    let place = self.add(Some(letter));
                    by_id.insert(id, place);
                    place
                }
            };
            let mut last = None;
            for id in references {
                let next = *by_id.entry(id).or_insert_with(|| {
                    self.0.push(Node::default());
                    self.0.len() - 1
                });
                if let Some(last) = last.filter(|_| self.0[next].parent.is_none()) {
                    self.put(next, last);
                }
                last = Some(next);
            }
            self.0[this].parent = None;
            if let Some(last) = last {
                self.put(this, last);
            }
        }
    }

    /// Puts a node below another unless that makes a loop.
    fn put(&mut self, node: usize, below: usize) {
        let mut above = Some(below);
        for _ in 0..DEPTH_MAX {
            match above {
                None => {
                    self.0[node].parent = Some(below);
                    return;
                }
                Some(place) if place == node => return,
                Some(place) => above = self.0[place].parent,
            }
        }
    }

    /// Steps 2 and 3: the roots, without empty places but those that hold several roots together.
    fn pruned(&mut self) -> Vec<usize> {
        let mut roots = Vec::new();
        for place in 0..self.0.len() {
            match self.0[place].parent {
                Some(parent) => self.0[parent].children.push(place),
                None => roots.push(place),
            }
        }
        for place in self.bottom_up(&roots) {
            let children = std::mem::take(&mut self.0[place].children);
            self.0[place].children = children.into_iter().flat_map(|child| self.without_empty(child)).collect();
        }
        let kept = roots.into_iter().flat_map(|root| match (&self.0[root].letter, self.0[root].children.len()) {
            (None, 0 | 1) => self.0[root].children.clone(),
            _ => vec![root],
        });
        kept.collect()
    }

    /// A node, or the children of an empty place.
    fn without_empty(&mut self, place: usize) -> Vec<usize> {
        match self.0[place].letter {
            Some(_) => vec![place],
            None => std::mem::take(&mut self.0[place].children),
        }
    }

    /// All nodes below these and themselves, children before parents.
    fn bottom_up(&self, roots: &[usize]) -> Vec<usize> {
        let mut order = roots.to_vec();
        let mut next = 0;
        while let Some(place) = order.get(next) {
            order.extend_from_slice(&self.0[*place].children);
            next += 1;
        }
        order.reverse();
        order
    }

    /// Steps 4 and 6: siblings by when they were sent.
    fn sort(&mut self, roots: &mut [usize]) {
        for place in self.bottom_up(roots) {
            let mut children = std::mem::take(&mut self.0[place].children);
            children.sort_by_key(|child| self.0[*child].order);
            let first = children.first().map(|child| self.0[*child].order);
            let own = self.0[place].letter.as_ref().map(|letter| (letter.sent, letter.uid));
            self.0[place].order = own.or(first).unwrap_or_default();
            self.0[place].children = children;
        }
        roots.sort_by_key(|root| self.0[*root].order);
    }

    /// Step 5: threads with the same base subject become one.
    fn gathered(&mut self, roots: Vec<usize>) -> Vec<usize> {
        let mut table: HashMap<String, usize> = HashMap::new();
        for root in &roots {
            let Base { text, is_reply } = self.subject(*root);
            if text.is_empty() {
                continue;
            }
            let taken = table.get(&text).copied();
            let better = taken.is_none_or(|taken| match (&self.0[taken].letter, &self.0[*root].letter) {
                (Some(_), None) => true,
                (Some(letter), Some(_)) => letter.subject.is_reply && !is_reply,
                (None, _) => false,
            });
            if better {
                table.insert(text, *root);
            }
        }
        let mut gathered = Vec::with_capacity(roots.len());
        let mut moved = vec![false; self.0.len()];
        for root in roots {
            let Base { text, is_reply } = self.subject(root);
            let Some(target) = table.get(&text).copied().filter(|target| *target != root && !text.is_empty()) else {
                gathered.push(root);
                continue;
            };
            match (&self.0[target].letter, &self.0[root].letter) {
                (None, None) => {
                    let children = std::mem::take(&mut self.0[root].children);
                    self.0[target].children.extend(children);
                }
                (None, Some(_)) => self.0[target].children.push(root),
                (Some(letter), Some(_)) if is_reply && !letter.subject.is_reply => self.0[target].children.push(root),
                _ => {
                    let both = self.add(None);
                    self.0[both].children = vec![target, root];
                    table.insert(text, both);
                    moved[target] = true;
                    moved.push(false);
                    gathered.push(both);
                }
            }
        }
        gathered.retain(|root| !moved[*root]);
        gathered
    }

    /// The base subject of a thread: of its root, or of the first child of an empty one.
    fn subject(&self, root: usize) -> Base {
        let first = self.0[root].children.first().copied().unwrap_or(root);
        let letter = self.0[root].letter.as_ref().or(self.0[first].letter.as_ref());
        letter.map(|letter| letter.subject.clone()).unwrap_or_default()
    }

    fn tokens(&self, roots: &[usize]) -> Vec<Token> {
        let mut tokens = Vec::new();
        // What is still to be told, the next at the end; `None` closes.
        let mut waiting: Vec<Option<usize>> = Vec::new();
        for root in roots {
            waiting.push(Some(*root));
            while let Some(next) = waiting.pop() {
                let Some(mut place) = next else {
                    tokens.push(Token::Close);
                    continue;
                };
                tokens.push(Token::Open);
                waiting.push(None);
                loop {
                    let node = &self.0[place];
                    tokens.extend(node.letter.as_ref().map(|letter| Token::Message(letter.uid)));
                    match node.children.as_slice() {
                        [only] => place = *only,
                        many => {
                            waiting.extend(many.iter().rev().map(|child| Some(*child)));
                            break;
                        }
                    }
                }
            }
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A letter for each `subject|id|references`, sent in the order given.
    fn letters(list: &[&str]) -> Vec<Letter> {
        let ids = |text: &str| -> Vec<Id> { text.split_whitespace().map(|id| hashed(id.as_bytes())).collect() };
        let letter = |(at, text): (usize, &&str)| {
            let mut fields = text.split('|');
            let mut next = || fields.next().unwrap_or_default();
            let subject = base_of(Some(next().as_bytes()));
            let id = ids(next()).into_iter().next();
            Letter { uid: at as Uid + 1, sent: at as i64 + 1, subject, id, references: ids(next()) }
        };
        list.iter().enumerate().map(letter).collect()
    }

    fn text(tokens: &[Token]) -> String {
        let mut text = String::new();
        for token in tokens {
            match token {
                Token::Open => text.push('('),
                Token::Close => text.push(')'),
                Token::Message(uid) if text.ends_with('(') => text += &uid.to_string(),
                Token::Message(uid) => text += &format!(" {uid}"),
            }
        }
        text
    }

    #[test]
    fn ordered_subjects() {
        for (list, expected) in [
            (vec![], ""),
            (vec!["a"], "(1)"),
            (vec!["a", "b", "Re: a"], "(1 3)(2)"),
            (vec!["b", "a", "Re: a", "re: A"], "(1)(2(3)(4))"),
        ] {
            assert_eq!(text(&by_subject(letters(&list))), expected, "{list:?}");
        }
    }

    #[test]
    fn references() {
        for (list, expected) in [
            (vec![], ""),
            (vec!["a|1", "b|2"], "(1)(2)"),
            (vec!["a|1", "x|2|1", "y|3|1 2"], "(1 2 3)"),
            (vec!["a|1", "x|2|1", "y|3|1"], "(1(2)(3))"),
            // The message that both refer to is missing.
            (vec!["x|2|1", "y|3|1"], "((1)(2))"),
            (vec!["x|2|1", "y|3|1 2"], "(1 2)"),
            // One that is missing in between.
            (vec!["a|1", "x|3|1 2"], "(1 2)"),
            // A loop.
            (vec!["a|1|2", "b|2|1"], "(2 1)"),
            (vec!["a|1|1"], "(1)"),
            // The same id twice, and none.
            (vec!["a|1", "b|1", "c", "d|4|1"], "(1 4)(2)(3)"),
            // The same subject.
            (vec!["a|1", "Re: a|2"], "(1 2)"),
            (vec!["Re: a|1", "a|2"], "(2 1)"),
            (vec!["a|1", "a|2"], "((1)(2))"),
            (vec!["a|1", "a|2", "a|3"], "((1)(2)(3))"),
            (vec!["a|1", "a|2", "Re: a|3"], "((1)(2)(3))"),
            (vec!["a|2|1", "x|3|1", "Re: a|4"], "((1)(2)(3))"),
            (vec!["|1", "|2"], "(1)(2)"),
        ] {
            assert_eq!(text(&by_references(letters(&list))), expected, "{list:?}");
        }
    }

    #[test]
    fn a_long_chain_costs_no_stack() {
        let list: Vec<String> = (1..5000).map(|at| format!("|{}|{at}", at + 1)).collect();
        let tokens = by_references(letters(&list.iter().map(String::as_str).collect::<Vec<_>>()));
        assert_eq!(tokens.iter().filter(|token| matches!(token, Token::Message(_))).count(), list.len());
    }

    #[test]
    fn ids_of_fields() {
        let ids = message_ids(b" <a@b>\r\n\t<c d> junk <> <<e>x<f");
        assert_eq!(ids, [b"a@b".as_slice(), b"c d", b"e"].map(hashed));
    }
}
