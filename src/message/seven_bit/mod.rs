//! Makes a message 7-bit for a server that takes nothing else (RFC 6152 §3): what has 8-bit content is encoded part by
//! part, at the offsets that the stored outline knows. What is 7-bit already stays as it stands, byte for byte.
//!
//! First a [`Survey`] of the bytes, then a [`Recoding`], then as often as needed a [`Recoder`], all of them piece by
//! piece, so that the message is never whole in memory.
//!
//! Never touches what somebody has signed part by part (RFC 1847), and never changes what a part says once it is decoded.

mod header;
mod recoder;
mod survey;
#[cfg(test)]
mod tests;

use super::{Kind, Outline, Part, Range};

pub use recoder::Recoder;
pub use survey::Survey;

/// Text of which at most one byte in so many is 8-bit stays legible as quoted-printable; other is shorter in base64.
const LEGIBLE_SHARE: u32 = 6;

/// Why a message cannot be made 7-bit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// 8-bit text in a header: without SMTPUTF8 there is no form for it.
    Header,
    /// 8-bit content in `multipart/signed`: the signature covers the bytes as they are.
    Signed,
    /// 8-bit content in a part of a type that may not be encoded (RFC 2045 §6.4), or in an encoding that is not known.
    Sealed,
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unfit::Header => "its header has 8-bit text",
            Unfit::Signed => "a part with 8-bit text is signed, and the signature would break",
            Unfit::Sealed => "a part with 8-bit content is of a type that must not be encoded",
        })
    }
}

/// What becomes of each byte of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recoding {
    steps: Vec<Step>,
}

/// Up to `end`, this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Step {
    end: u32,
    act: Act,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// It stays.
    Keep,
    /// What nobody is to read, between parts, or what decoders pass over: a question mark for each 8-bit byte.
    Mask,
    /// Quoted-printable that holds 8-bit bytes all the same: these are escaped.
    Escape,
    /// A header whose Content-Transfer-Encoding becomes this one.
    Header { encoding: &'static str, of_message: bool },
    /// Content that is encoded.
    QuotedPrintable,
    /// Content that is encoded; with a line end after it when nothing follows.
    Base64 { ends_message: bool },
}

impl Recoding {
    /// How the message becomes 7-bit; `None` when it is.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn plan(outline: &Outline, survey: &Survey) -> Result<Option<Recoding>, Unfit> {
        let mut plan = Plan { survey, steps: Vec::new() };
        plan.part(&outline.root, true)?;
        let mut steps = plan.steps;
        if let Some(Step { act: Act::Base64 { ends_message }, .. }) = steps.last_mut() {
            *ends_message = true;
        }
        // What only claims to be 8-bit stays as it is, and with it whatever is signed.
        let changes = steps.iter().any(|step| !matches!(step.act, Act::Keep | Act::Header { .. }));
        Ok(changes.then_some(Recoding { steps }))
    }
}

struct Plan<'a> {
    survey: &'a Survey,
    steps: Vec<Step>,
}

impl Plan<'_> {
    fn part(&mut self, part: &Part, of_message: bool) -> Result<(), Unfit> {
        self.until(part.header.start, Act::Mask);
        if self.survey.count(part.header) > 0 {
            return Err(Unfit::Header);
        }
        match &part.kind {
            Kind::Leaf => {
                let content = self.leaf(part)?;
                self.header(part, of_message, content);
                self.until(part.body.end, content.act());
            }
            Kind::Multipart(_) if is(part, b"multipart", b"signed") && self.survey.count(part.body) > 0 => {
                return Err(Unfit::Signed);
            }
            Kind::Multipart(parts) => {
                self.header(part, of_message, relabelled(part));
                parts.iter().try_for_each(|part| self.part(part, false))?;
                self.until(part.body.end, Act::Mask);
            }
            Kind::Message { root, .. } => {
                self.header(part, of_message, relabelled(part));
                self.part(root, true)?;
                self.until(part.body.end, Act::Mask);
            }
        }
        Ok(())
    }

    /// What the content of a leaf becomes.
    fn leaf(&self, part: &Part) -> Result<Content, Unfit> {
        let eight_bit = self.survey.count(part.body);
        let is_identity = matches!(&*part.encoding, b"7bit" | b"8bit" | b"binary");
        let is_binary = *part.encoding == *b"binary" && !part.body.is_empty();
        Ok(match &*part.encoding {
            _ if eight_bit == 0 && !is_binary => relabelled(part),
            b"base64" => Content::Masked,
            b"quoted-printable" => Content::Escaped,
            _ if !is_identity || *part.media_type == *b"message" => return Err(Unfit::Sealed),
            _ if *part.media_type == *b"text" && eight_bit.saturating_mul(LEGIBLE_SHARE) <= part.body.len() as u32 => {
                Content::QuotedPrintable
            }
            _ => Content::Base64,
        })
    }

    fn header(&mut self, part: &Part, of_message: bool, content: Content) {
        let act = match content {
            Content::Kept | Content::Masked | Content::Escaped => Act::Keep,
            Content::Relabelled => Act::Header { encoding: "7bit", of_message },
            Content::QuotedPrintable => Act::Header { encoding: "quoted-printable", of_message },
            Content::Base64 => Act::Header { encoding: "base64", of_message },
        };
        // A part may have no header until now.
        if matches!(act, Act::Header { .. }) {
            self.steps.push(Step { end: part.header.end, act });
        } else {
            self.until(part.header.end, act);
        }
    }

    fn until(&mut self, end: u32, act: Act) {
        let from = self.steps.last().map_or(0, |step| step.end);
        if end > from {
            let act =
                if act == Act::Mask && self.survey.count(Range { start: from, end }) == 0 { Act::Keep } else { act };
            self.steps.push(Step { end, act });
        }
    }
}

/// What becomes of a part's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Kept,
    /// It is 7-bit, although its header says otherwise.
    Relabelled,
    Masked,
    Escaped,
    QuotedPrintable,
    Base64,
}

impl Content {
    fn act(self) -> Act {
        match self {
            Content::Kept | Content::Relabelled => Act::Keep,
            Content::Masked => Act::Mask,
            Content::Escaped => Act::Escape,
            Content::QuotedPrintable => Act::QuotedPrintable,
            Content::Base64 => Act::Base64 { ends_message: false },
        }
    }
}

/// A part whose bytes stay, or whose parts are looked at each by itself.
fn relabelled(part: &Part) -> Content {
    let says_more = matches!(&*part.encoding, b"8bit" | b"binary") && !part.body.is_empty();
    if says_more { Content::Relabelled } else { Content::Kept }
}

fn is(part: &Part, media_type: &[u8], media_subtype: &[u8]) -> bool {
    *part.media_type == *media_type && *part.media_subtype == *media_subtype
}
