//! What the words of APPEND mean, from one streamed literal to the next: flags and date of a message, then its bytes
//! as a literal, or parts of it that are catenated (RFC 4469 §5). Pure.

use mailstead_storage::Time;

use crate::protocol::imap::frame::Literal;
use crate::protocol::imap::wire::{FlagList, Parsed, Parser, Syntax, date_time, flag_list};

/// One thing to do, in the order of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A message begins, and the one before is complete.
    Message {
        /// Its flags.
        flags: FlagList,
        /// Its internal date.
        date: Option<Time>,
        /// Its bytes, when they come as one literal.
        whole: Option<Literal>,
    },
    /// Bytes of the message, as a literal.
    Text(Literal),
    /// Bytes of the message that this URL names.
    Url(String),
    /// The command is complete.
    Finish,
}

/// Why a segment cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It ends in the middle of a literal that does not stream: a URL.
    Literal,
    /// It is wrong.
    Wrong(Syntax),
}

impl From<Syntax> for Stop {
    fn from(syntax: Syntax) -> Stop {
        Stop::Wrong(syntax)
    }
}

/// Reads the command segment by segment: each but the last ends with a literal that streams.
#[derive(Debug, Clone, Copy)]
pub struct Segments {
    /// May several messages come?
    many: bool,
    /// May messages be `UTF8 (…)` (RFC 6855 §4)?
    utf8: bool,
    within: Within,
}

/// Where the last segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// Before a message's arguments.
    Arguments,
    /// Behind a message's only literal. Is a parenthesis open?
    Message(bool),
    /// Behind a part of a message. Is a parenthesis open besides that of the parts?
    Parts(bool),
}

impl Segments {
    /// At the arguments of the first message.
    pub fn new(many: bool, utf8: bool) -> Segments {
        Segments { many, utf8, within: Within::Arguments }
    }

    /// Reads one segment. `announced` is the literal that its text announces at its end.
    ///
    /// # Errors
    /// The segment is not complete, or wrong.
    pub fn read(&mut self, parser: &mut Parser<'_>, announced: Option<Literal>) -> Result<Vec<Step>, Stop> {
        let mut steps = Vec::new();
        loop {
            match self.within {
                Within::Arguments => {
                    let arguments = arguments(parser)?;
                    if self.message(arguments, parser, announced, &mut steps)? {
                        return Ok(steps);
                    }
                }
                Within::Message(open) => {
                    close(open, parser)?;
                    if self.is_last(parser, &mut steps)? {
                        return Ok(steps);
                    }
                }
                Within::Parts(open) => {
                    close(open, parser)?;
                    if parser.eat(b')') {
                        if self.is_last(parser, &mut steps)? {
                            return Ok(steps);
                        }
                        continue;
                    }
                    parser.space()?;
                    if self.part(parser, announced, &mut steps)? {
                        return Ok(steps);
                    }
                }
            }
        }
    }

    /// A message up to its literal, or up to the end of its first part. Has the segment ended?
    fn message(
        &mut self,
        (flags, date): (FlagList, Option<Time>),
        parser: &mut Parser<'_>,
        announced: Option<Literal>,
        steps: &mut Vec<Step>,
    ) -> Result<bool, Stop> {
        if parser.eat_word("CATENATE") {
            parser.space()?;
            parser.byte(b'(', "CATENATE needs a list of parts")?;
            steps.push(Step::Message { flags, date, whole: None });
            return self.part(parser, announced, steps);
        }
        let open = self.opens(parser)?;
        let literal = streamed(parser, announced).ok_or(Syntax("The message must be a literal"))?;
        steps.push(Step::Message { flags, date, whole: Some(literal) });
        self.within = Within::Message(open);
        Ok(true)
    }

    /// `TEXT {5}`, `URL "/INBOX/;UID=20"`. Has the segment ended?
    fn part(
        &mut self,
        parser: &mut Parser<'_>,
        announced: Option<Literal>,
        steps: &mut Vec<Step>,
    ) -> Result<bool, Stop> {
        if parser.eat_word("URL") {
            parser.space()?;
            if streamed(parser, announced).is_some() {
                return Err(Stop::Literal);
            }
            steps.push(Step::Url(parser.astring_text()?));
            self.within = Within::Parts(false);
            return Ok(false);
        }
        let open = if parser.eat_word("TEXT") {
            parser.space()?;
            false
        } else {
            self.opens(parser)?
        };
        let literal = streamed(parser, announced).ok_or(Syntax("Expected TEXT with a literal, or URL"))?;
        steps.push(Step::Text(literal));
        self.within = Within::Parts(open);
        Ok(true)
    }

    /// `UTF8 (`, when it stands here.
    fn opens(&self, parser: &mut Parser<'_>) -> Parsed<bool> {
        let open = self.utf8 && parser.eat_word("UTF8");
        if open {
            parser.space()?;
            parser.byte(b'(', "UTF8 needs parentheses")?;
        }
        Ok(open)
    }

    /// Behind a message: does the command end here?
    fn is_last(&mut self, parser: &mut Parser<'_>, steps: &mut Vec<Step>) -> Parsed<bool> {
        self.within = Within::Arguments;
        if parser.rest().is_empty() {
            steps.push(Step::Finish);
            return Ok(true);
        }
        if !self.many {
            return Err(Syntax("Unexpected extra arguments"));
        }
        parser.space()?;
        Ok(false)
    }
}

/// `[flag-list SP] [date-time SP]`
fn arguments(parser: &mut Parser<'_>) -> Parsed<(FlagList, Option<Time>)> {
    let mut flags = FlagList::default();
    if parser.peek() == Some(b'(') {
        flags = flag_list(parser)?;
        parser.space()?;
    }
    let mut date = None;
    if parser.peek() == Some(b'"') {
        date = Some(date_time(parser)?);
        parser.space()?;
    }
    Ok((flags, date))
}

fn close(open: bool, parser: &mut Parser<'_>) -> Parsed<()> {
    if open { parser.byte(b')', "UTF8 is not closed") } else { Ok(()) }
}

/// The announced literal when it is what stands here, and nothing behind it. A message with NUL comes as `literal8`
/// (RFC 3516 §4.4); others may.
fn streamed(parser: &mut Parser<'_>, announced: Option<Literal>) -> Option<Literal> {
    let rest = parser.rest();
    let marker = rest.strip_prefix(b"~").unwrap_or(rest).strip_suffix(b"\n")?;
    let alone = marker.starts_with(b"{") && !marker[1..].contains(&b'{') && !marker.contains(&b'\n');
    announced.filter(|_| alone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::imap::frame;

    /// Reads segments one after the other; what came of each, in few words.
    fn told(many: bool, texts: &[&str]) -> Vec<String> {
        let mut segments = Segments::new(many, true);
        let read = |text: &&str| {
            let announced = text.strip_suffix('\n').and_then(|text| frame::announced(text.as_bytes()));
            let steps = segments.read(&mut Parser::new(text.as_bytes()), announced);
            steps.map_or_else(|stop| format!("{stop:?}"), |steps| steps.iter().map(word).collect::<Vec<_>>().join(" "))
        };
        texts.iter().map(read).collect()
    }

    fn word(step: &Step) -> String {
        match step {
            Step::Message { whole: Some(literal), .. } => format!("message:{}", literal.size),
            Step::Message { .. } => "message".into(),
            Step::Text(literal) => format!("text:{}", literal.size),
            Step::Url(url) => format!("url:{url}"),
            Step::Finish => "finish".into(),
        }
    }

    #[test]
    fn segments() {
        let wrong = |text: &'static str| format!("{:?}", Stop::Wrong(Syntax(text)));
        let literal = format!("{:?}", Stop::Literal);
        for (many, texts, expected) in [
            (true, vec!["{5}\r\n", ""], vec!["message:5", "finish"]),
            (true, vec!["(\\Seen) ~{5+}\r\n", " {6}\r\n", ""], vec!["message:5", "message:6", "finish"]),
            (true, vec!["UTF8 (~{5}\r\n", ")"], vec!["message:5", "finish"]),
            (true, vec!["UTF8 (~{5}\r\n", ""], vec!["message:5", &wrong("UTF8 is not closed")]),
            (false, vec!["{5}\r\n", " {6}\r\n"], vec!["message:5", &wrong("Unexpected extra arguments")]),
            (true, vec!["CATENATE (URL /a URL \"b\")"], vec!["message url:/a url:b finish"]),
            (true, vec!["CATENATE (URL {2}\r\n/a)"], vec!["message url:/a finish"]),
            (true, vec!["CATENATE (URL {2}\r\n"], vec![&literal]),
            (
                true,
                vec!["CATENATE (URL /a TEXT {3}\r\n", " URL /b TEXT {4+}\r\n", ")"],
                vec!["message url:/a text:3", "url:/b text:4", "finish"],
            ),
            (true, vec!["CATENATE (UTF8 (~{3}\r\n", ") TEXT {1}\r\n", ")"], vec!["message text:3", "text:1", "finish"]),
            (
                true,
                vec!["CATENATE (TEXT {3}\r\n", ") (\\Seen) CATENATE (URL /b) {7}\r\n", ""],
                vec!["message text:3", "message url:/b message:7", "finish"],
            ),
            (true, vec!["CATENATE ()"], vec![&wrong("Expected TEXT with a literal, or URL")]),
            (true, vec!["CATENATE (TEXT abc)"], vec![&wrong("Expected TEXT with a literal, or URL")]),
            (true, vec!["CATENATE (URL /a"], vec![&wrong("Missing argument")]),
            (true, vec!["CATENATE URL /a"], vec![&wrong("CATENATE needs a list of parts")]),
            (true, vec!["abc"], vec![&wrong("The message must be a literal")]),
            (true, vec!["{5}\r\n", "x"], vec!["message:5", &wrong("Missing argument")]),
        ] {
            assert_eq!(told(many, &texts), expected, "{texts:?}");
        }
    }
}
