//! Segments: the index grows by files of some thousand documents each, which are written once and never changed. Tantivy
//! merges them later.

use std::iter;

use tantivy::directory::TerminatingWrite;
use tantivy::fastfield::FastFieldsWriter;
use tantivy::fieldnorm::{FieldNormReaders, FieldNormsSerializer, FieldNormsWriter};
use tantivy::index::SegmentComponent;
use tantivy::postings::InvertedIndexSerializer;
use tantivy::schema::{self, IndexRecordOption, Schema};
use tantivy::store::StoreWriter;
use tantivy::tokenizer::TokenizerManager;
use tantivy::{IndexWriter, Result, Segment, TantivyDocument};

use super::fields::Columns;
use super::inversion::Inversion;
use super::{Document, Field};
use crate::{AccountId, BlobId};

/// Words between two texts of a field, so that no phrase goes from one into the other.
const GAP: u32 = 1;

/// A segment that is being made.
pub(super) struct Draft {
    schema: Schema,
    inversion: Inversion,
    norms: FieldNormsWriter,
    values: FastFieldsWriter,
    /// How many words there are, by field.
    words: Vec<u64>,
}

impl Draft {
    pub(super) fn new(schema: Schema) -> Result<Draft> {
        Ok(Draft {
            inversion: Inversion::default(),
            norms: FieldNormsWriter::for_schema(&schema),
            values: FastFieldsWriter::from_schema_and_tokenizer_manager(&schema, TokenizerManager::new())?,
            words: vec![0; schema.num_fields()],
            schema,
        })
    }

    /// Bytes of memory that it takes, about.
    pub(super) fn memory(&self) -> usize {
        self.inversion.memory() + self.norms.mem_usage() + self.values.mem_usage()
    }

    /// Are there no documents in it?
    pub(super) fn is_empty(&self) -> bool {
        self.inversion.documents() == 0
    }

    /// Adds a document.
    pub(super) fn add(&mut self, columns: &Columns, owner: AccountId, blob: BlobId, document: &Document) -> Result<()> {
        let mut row = TantivyDocument::new();
        for (field, value) in [(columns.owner, u64::from(owner.0)), (columns.blob, blob.0)] {
            row.add_u64(field, value);
            self.inversion.word(field.field_id() as u16, &value.to_be_bytes(), 0);
            self.end_field(field, 1);
        }
        self.values.add_document(&row)?;
        for field in Field::ALL {
            let texts = document.texts.iter().filter(|(of, _)| *of == field).map(|(_, text)| text.as_str());
            self.texts(columns.text(field), field.has_positions(), texts);
        }
        self.inversion.end_document();
        Ok(())
    }

    fn texts<'t>(&mut self, field: schema::Field, has_positions: bool, texts: impl Iterator<Item = &'t str>) {
        let (mut place, mut count) = (0, 0);
        for text in texts {
            for word in text.split_ascii_whitespace() {
                self.inversion.word(field.field_id() as u16, word.as_bytes(), if has_positions { place } else { 0 });
                place += 1;
                count += 1;
            }
            place += GAP;
        }
        if count > 0 {
            self.end_field(field, count);
        }
    }

    fn end_field(&mut self, field: schema::Field, words: u32) {
        self.words[field.field_id() as usize] += u64::from(words);
        if self.schema.get_field_entry(field).has_fieldnorms() {
            self.norms.record(self.inversion.documents(), field, words);
        }
    }

    /// Writes it, and adds it to what the next commit makes visible.
    pub(super) fn write(mut self, writer: &IndexWriter) -> Result<()> {
        let segment = writer.new_segment();
        let documents = self.inversion.documents();
        self.norms.fill_up_to_max_doc(documents);
        self.norms
            .serialize(FieldNormsSerializer::from_write(segment.open_write(SegmentComponent::FieldNorms)?)?, None)?;
        self.write_terms(&segment)?;
        let mut values = segment.open_write(SegmentComponent::FastFields)?;
        self.values.serialize(&mut values, None)?;
        values.terminate()?;
        self.write_stored(&segment)?;
        writer.add_segment(segment.with_max_doc(documents).meta().clone())?;
        Ok(())
    }

    fn write_terms(&self, segment: &Segment) -> Result<()> {
        let norms = FieldNormReaders::open(segment.open_read(SegmentComponent::FieldNorms)?)?;
        let mut serializer = InvertedIndexSerializer::open(segment)?;
        let ordered = self.inversion.ordered();
        let mut terms = ordered.terms().peekable();
        while let Some(field) = terms.peek().map(|term| schema::Field::from_field_id(u32::from(term.field))) {
            let (words, has_positions) = (self.words[field.field_id() as usize], self.has_positions(field));
            let mut of_field = serializer.new_field(field, words, norms.get_field(field)?)?;
            for term in iter::from_fn(|| terms.next_if(|term| u32::from(term.field) == field.field_id())) {
                of_field.new_term(term.word, if has_positions { term.documents } else { 0 }, has_positions)?;
                term.each(|document, places| match has_positions {
                    true => of_field.write_doc(document, places.len() as u32, places),
                    false => of_field.write_doc(document, 0, &[]),
                });
                of_field.close_term()?;
            }
            of_field.close()?;
        }
        drop(terms);
        serializer.close()?;
        Ok(())
    }

    fn has_positions(&self, field: schema::Field) -> bool {
        let kept = self.schema.get_field_entry(field).field_type().get_index_record_option();
        kept == Some(IndexRecordOption::WithFreqsAndPositions)
    }

    /// Nothing is stored of documents but their numbers, yet a segment must say so for each.
    fn write_stored(&self, segment: &Segment) -> Result<()> {
        let settings = segment.index().settings();
        let write = segment.open_write(SegmentComponent::Store)?;
        let mut store = StoreWriter::new(write, settings.docstore_compression, settings.docstore_blocksize, false)?;
        let nothing = TantivyDocument::new();
        for _ in 0..self.inversion.documents() {
            store.store(&nothing, &self.schema)?;
        }
        store.close()?;
        Ok(())
    }
}
