//! What a document of the index is made of.

use tantivy::schema::{self, FAST, INDEXED, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};

/// The tokenizer that takes words as they are: what stands between spaces.
const AS_IT_IS: &str = "whitespace";

/// A text of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Field {
    /// The subject.
    Subject,
    /// Who wrote it: names, and addresses in parts and as a whole.
    From,
    /// To whom.
    To,
    /// To whom in copy.
    Cc,
    /// To whom in blind copy.
    Bcc,
    /// The mailing list.
    List,
    /// Other fields of the header.
    Header,
    /// What people read.
    Body,
    /// What is in attachments.
    Attachment,
    /// The names of attachments.
    Name,
    /// Other forms of the subject's words.
    SubjectStem,
    /// Other forms of the words that people read, attachments included.
    Stem,
    /// The languages that the text may be in.
    Language,
    /// What kinds of things there are: `attachment`, `pdf`, `image`, …
    Kind,
}

impl Field {
    /// All of them, in the order of their numbers.
    pub const ALL: [Field; 14] = [
        Field::Subject,
        Field::From,
        Field::To,
        Field::Cc,
        Field::Bcc,
        Field::List,
        Field::Header,
        Field::Body,
        Field::Attachment,
        Field::Name,
        Field::SubjectStem,
        Field::Stem,
        Field::Language,
        Field::Kind,
    ];

    fn name(self) -> &'static str {
        match self {
            Field::Subject => "subject",
            Field::From => "from",
            Field::To => "to",
            Field::Cc => "cc",
            Field::Bcc => "bcc",
            Field::List => "list",
            Field::Header => "header",
            Field::Body => "body",
            Field::Attachment => "attachment",
            Field::Name => "name",
            Field::SubjectStem => "subject_stem",
            Field::Stem => "stem",
            Field::Language => "language",
            Field::Kind => "kind",
        }
    }

    /// Whether the order of words is kept, so that phrases can be found.
    pub(super) fn has_positions(self) -> bool {
        !matches!(self, Field::SubjectStem | Field::Stem | Field::Language | Field::Kind | Field::Header)
    }
}

/// What is indexed of a message for each of its owners.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Texts whose words stand between spaces, ready to be compared. A field may come several times.
    pub texts: Vec<(Field, String)>,
}

/// The index's own names of the fields.
pub(super) struct Columns {
    pub(super) owner: schema::Field,
    pub(super) blob: schema::Field,
    texts: Vec<schema::Field>,
}

impl Columns {
    pub(super) fn text(&self, field: Field) -> schema::Field {
        self.texts[field as usize]
    }
}

pub(super) fn schema() -> (Schema, Columns) {
    let mut schema = Schema::builder();
    let owner = schema.add_u64_field("owner", INDEXED | FAST);
    let blob = schema.add_u64_field("blob", INDEXED | FAST);
    let texts = Field::ALL.map(|field| {
        let positions = field.has_positions();
        let record = if positions { IndexRecordOption::WithFreqsAndPositions } else { IndexRecordOption::Basic };
        let indexing = TextFieldIndexing::default().set_tokenizer(AS_IT_IS).set_index_option(record);
        let options = TextOptions::default().set_indexing_options(indexing.set_fieldnorms(positions));
        schema.add_text_field(field.name(), options)
    });
    (schema.build(), Columns { owner, blob, texts: texts.to_vec() })
}
