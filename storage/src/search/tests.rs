//! The index by itself.

use proptest::prelude::*;
use tantivy::postings::Postings;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocSet, TERMINATED, TantivyDocument};

use super::*;
use crate::{AccountId, BlobId};

const ALICE: AccountId = AccountId(1);
const BOB: AccountId = AccountId(2);

fn document(body: &str) -> Document {
    Document { texts: vec![(Field::Body, body.to_owned()), (Field::Stem, "hous".to_owned())] }
}

fn word(field: Field, word: &str) -> Query {
    Query::Word { fields: vec![field, Field::Subject], word: word.to_owned() }
}

fn found(index: &Index, owner: AccountId, query: &Query) -> Vec<u64> {
    let mut found: Vec<u64> = index.find(owner, query).unwrap().into_iter().map(|blob| blob.0).collect();
    found.sort_unstable();
    let mut ranked: Vec<u64> = index.rank(owner, query).unwrap().into_iter().map(|hit| hit.blob.0).collect();
    ranked.sort_unstable();
    assert_eq!(found, ranked);
    found
}

#[test]
fn documents_are_found_by_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::open(folder.path()).unwrap();
    let mut writer = index.writer().unwrap();
    assert!(index.writer().is_err_and(|error| error.word == Word::Locked));
    for (owner, blob, text) in
        [(ALICE, 1, "one two three"), (BOB, 1, "one two three"), (ALICE, 2, "three two one"), (BOB, 3, "twofold four")]
    {
        assert!(!writer.has(owner, BlobId(blob)).unwrap());
        writer.add(owner, BlobId(blob), &document(text)).unwrap();
        assert!(writer.has(owner, BlobId(blob)).unwrap());
    }
    assert!(found(&index, ALICE, &Query::Everything).is_empty());
    let progress = Progress::begin(7, vec![BOB]);
    writer.commit(&progress).unwrap();
    assert_eq!(index.progress().unwrap(), progress);
    assert!(writer.has(BOB, BlobId(3)).unwrap() && !writer.has(ALICE, BlobId(3)).unwrap());

    let check = |query: &Query, alice: &[u64], bob: &[u64]| {
        assert_eq!(found(&index, ALICE, query), alice, "{query:?}");
        assert_eq!(found(&index, BOB, query), bob, "{query:?}");
    };
    let phrase = |words: &[&str], unfinished| Query::Phrase {
        fields: vec![Field::Body],
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        unfinished,
    };
    let prefix = |prefix: &str| Query::Prefix { fields: vec![Field::Body, Field::Name], prefix: prefix.to_owned() };
    check(&Query::Everything, &[1, 2], &[1, 3]);
    check(&word(Field::Body, "one"), &[1, 2], &[1]);
    check(&word(Field::Body, "on"), &[], &[]);
    check(&word(Field::Stem, "hous"), &[1, 2], &[1, 3]);
    check(&prefix("two"), &[1, 2], &[1, 3]);
    check(&prefix("twof"), &[], &[3]);
    check(&prefix("z"), &[], &[]);
    check(&phrase(&["one", "two"], false), &[1], &[1]);
    check(&phrase(&["two", "thr"], true), &[1], &[1]);
    check(&phrase(&["two", "thr"], false), &[], &[]);
    check(&phrase(&["thr"], true), &[1, 2], &[1]);
    check(&Query::Any(vec![word(Field::Body, "four"), phrase(&["three", "two"], false)]), &[2], &[3]);
    check(&Query::All(vec![word(Field::Body, "one"), prefix("thr")]), &[1, 2], &[1]);
    check(&Query::All(Vec::new()), &[1, 2], &[1, 3]);
    check(&Query::Any(Vec::new()), &[], &[]);
    check(&Query::Weighed(Box::new(word(Field::Body, "four")), 3.0), &[], &[3]);

    writer.add(ALICE, BlobId(5), &document("gone at once")).unwrap();
    writer.remove(BlobId(1));
    writer.remove(BlobId(5));
    writer.remove_owner(BOB).unwrap();
    writer.commit(&progress).unwrap();
    writer.add(BOB, BlobId(4), &document("new")).unwrap();
    writer.commit(&progress).unwrap();
    assert_eq!(found(&index, ALICE, &Query::Everything), [2]);
    assert_eq!(found(&index, BOB, &Query::Everything), [4]);
    writer.remove_all().unwrap();
    writer.commit(&progress).unwrap();
    assert_eq!(index.documents(), 0);
}

#[test]
fn an_index_survives_and_a_damaged_one_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let progress = Progress::begin(9, Vec::new());
    {
        let index = Index::open(folder.path()).unwrap();
        assert!(!index.progress().unwrap().is_begun());
        let mut writer = index.writer().unwrap();
        writer.add(ALICE, BlobId(1), &document("kept")).unwrap();
        writer.commit(&progress).unwrap();
        writer.add(ALICE, BlobId(2), &document("lost")).unwrap();
    }
    let index = Index::open(folder.path()).unwrap();
    assert_eq!(index.progress().unwrap(), progress);
    assert_eq!(found(&index, ALICE, &Query::Everything), [1]);
    drop(index);
    std::fs::write(folder.path().join("meta.json"), b"{\"x").unwrap();
    let index = Index::open(folder.path()).unwrap();
    assert!(!index.progress().unwrap().is_begun());
    assert_eq!(index.documents(), 0);
}

/// Everything that the segments of an index say of their documents.
fn said(index: &tantivy::Index, columns: &Columns) -> Vec<String> {
    let mut said = Vec::new();
    let searcher = index.reader().unwrap().searcher();
    for segment in searcher.segment_readers() {
        let value = |name, id| segment.fast_fields().u64(name).unwrap().first(id);
        said.extend((0..segment.max_doc()).map(|id| format!("{id} {:?} {:?}", value("owner", id), value("blob", id))));
        for field in Field::ALL.map(|field| columns.text(field)).into_iter().chain([columns.owner, columns.blob]) {
            let inverted = segment.inverted_index(field).unwrap();
            said.push(format!("{field:?} of {} words", inverted.total_num_tokens()));
            if let Ok(norms) = segment.get_fieldnorms_reader(field) {
                said.extend((0..segment.max_doc()).map(|id| format!("{field:?} {id} {}", norms.fieldnorm(id))));
            }
            let mut terms = inverted.terms().stream().unwrap();
            while terms.advance() {
                let option = IndexRecordOption::WithFreqsAndPositions;
                let mut postings = inverted.read_postings_from_terminfo(terms.value(), option).unwrap();
                while postings.doc() != TERMINATED {
                    let (mut places, document) = (Vec::new(), postings.doc());
                    postings.positions(&mut places);
                    said.push(format!("{field:?} {:?} {document} {} {places:?}", terms.key(), postings.term_freq()));
                    postings.advance();
                }
            }
        }
    }
    said
}

fn documents() -> impl Strategy<Value = Vec<Document>> {
    let field = proptest::sample::select(Field::ALL.as_slice());
    let text = proptest::collection::vec("[a-c]{1,2}|longer[a-c]{0,3}|é|日本|[a-z0-9]{1,9}", 1..40)
        .prop_map(|words| words.join(" "));
    let document = proptest::collection::vec((field, text), 0..6).prop_map(|texts| Document { texts });
    proptest::collection::vec(document, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn segments_are_as_tantivy_makes_them(documents in documents()) {
        let folder = tempfile::tempdir().unwrap();
        let ours = Index::open(folder.path()).unwrap();
        let mut writer = ours.writer().unwrap();
        let (schema, columns) = fields::schema();
        let theirs = tantivy::Index::create_in_ram(schema);
        let mut their_writer = theirs.writer_with_num_threads(1, 15 << 20).unwrap();
        for (document, blob) in documents.iter().zip(0_u64..) {
            writer.add(AccountId(blob as u32 % 3), BlobId(blob), document).unwrap();
            let mut row = TantivyDocument::new();
            row.add_u64(columns.owner, blob % 3);
            row.add_u64(columns.blob, blob);
            document.texts.iter().for_each(|(field, text)| row.add_text(columns.text(*field), text));
            their_writer.add_document(row).unwrap();
        }
        writer.commit(&Progress::default()).unwrap();
        their_writer.commit().unwrap();
        prop_assert_eq!(said(&ours.index, &ours.columns), said(&theirs, &columns));
    }
}
