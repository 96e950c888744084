//! The layout of everything on disk: each table's key and value, in one place. `rows.rs` reads and
//! writes the values. All integers are little-endian unless a key (redb orders those itself).
//!
//! Two kinds of files hold these tables: `segments/NNNNN.redb` and `meta.redb`.

use redb::TableDefinition;

/// A table of redb, by its key and value.
pub(crate) type Definition<K, V> = TableDefinition<'static, K, V>;

/// Version of the layout of all tables together; `migration.rs` brings older ones up to it.
pub(crate) const SCHEMA: u64 = 4;

/// The tables of a segment file. Rows are only ever added; a file is unlinked as a whole.
pub(crate) mod segment {
    use super::Definition;

    /// `(blob id, piece number)` → bytes of the message. `pieces.rs` says how they are cut. The short
    /// rests have the highest bit of the id set, so that they stand together.
    pub(crate) const BLOB: Definition<(u64, u32), &[u8]> = Definition::new("blob");

    /// Journal sequence (from 1, without gaps, over all segments of a lane; the highest bit is set in the
    /// second lane) → what was accepted:
    /// version 1, blob id u64, size u64, blake3 of the bytes 32 B, then an *arrival* (see `rows.rs`), then the outline
    /// as the rest; version 3 has the copies that the archive takes before the arrival.
    ///
    /// Or what was appended: version 2, mailbox u32, save date u64 (ms), the message that it replaces as mailbox u32 and
    /// uid u32 (0 none), count, and for each message: blob id u64, segment u32 (of the last one nothing: it is in this
    /// segment), size u64, blake3 32 B, flags u64, internal date u64 (ms), keywords as texts behind their count, outline.
    ///
    /// Or another change of mailboxes: version 4, its kind u8, then what `mailbox/redo.rs` has of each.
    pub(crate) const JOURNAL: Definition<u64, &[u8]> = Definition::new("journal");
}

/// The tables of `meta.redb`.
pub(crate) mod meta {
    use super::Definition;

    /// Single numbers by name:
    /// `schema`; `journal_pos` and `journal_pos_2`: all journal rows of each lane up to this one are applied; `account_next`,
    /// `mailbox_next`, `script_next`, `blob_next`: lowest ids never used (`blob_next` as of the last
    /// sealing or close); `uid_validity`: the last one given; `clean`: 1 when the store was closed;
    /// `archive_chain_next`, `archive_rule_next`, `archive_hold_next`: as those; `archive_holds_changed`: counts changes of
    /// holds;
    /// `index_log_next`: the next sequence in `index_log`; `index_log_floor`: up to here it was dropped unread.
    pub(crate) const STATE: Definition<&str, u64> = Definition::new("state");

    /// Journal sequence above its lane's position that is applied already → nothing.
    pub(crate) const APPLIED: Definition<u64, ()> = Definition::new("applied");

    /// Blob id → version 1, segment u32, size u64, references u32, blake3 32 B. References are the
    /// mailbox records, plus one for a spool row, plus one for each archive record; at zero the row goes.
    pub(crate) const BLOB: Definition<u64, &[u8]> = Definition::new("blob");

    /// Blob id → outline as it was given. Lives exactly as long as the row in `blob`.
    pub(crate) const OUTLINE: Definition<u64, &[u8]> = Definition::new("outline");

    /// Blob id → what tells quickly that a text is not in the message, as whoever searches made it. Only of messages that
    /// were searched; made anew when it is missing.
    pub(crate) const TEXT_FILTER: Definition<u64, &[u8]> = Definition::new("text_filter");

    /// Segment number → version 1, state u8 (0 open, 1 sealed), live bytes u64, written bytes u64,
    /// last journal sequence u64. Live bytes are those of the messages that have a row in `blob`;
    /// the last two are as of the last sealing or close.
    pub(crate) const SEGMENT: Definition<u32, &[u8]> = Definition::new("segment");

    /// Mailbox id → version 1, special use u8 (0 none), 2 B spare, owner u32, uid validity u32,
    /// uid next u32, exists u32, unseen u32, deleted u32, recent from u32, bytes u64, modseq u64,
    /// vanished floor u64, vanished rows u32, 20 B spare (80 B so far), the name as the rest.
    pub(crate) const MAILBOX: Definition<u32, &[u8]> = Definition::new("mailbox");

    /// `(owner, mailbox name)` → mailbox id. The owner is an account, or the number that a domain has for its
    /// shared mailboxes (`Domain::mailboxes`).
    pub(crate) const MAILBOX_NAME: Definition<(u32, &str), u32> = Definition::new("mailbox_name");

    /// Mailbox id → version 1, count, entries as identifier text and rights number (the letters of
    /// `sharing.rs` as bits). Without a row it is the owner's alone.
    pub(crate) const ACL: Definition<u32, &[u8]> = Definition::new("acl");

    /// `(identifier, mailbox)` → nothing, one for each entry in `acl`.
    pub(crate) const SHARED: Definition<(&str, u32), ()> = Definition::new("shared");

    /// `(mailbox, account, entry)` → version 1, value as the rest. Mailbox 0 is the server; account 0
    /// has the shared entries.
    pub(crate) const METADATA: Definition<(u32, u32, &str), &[u8]> = Definition::new("metadata");

    /// `(account, name subscribed to)` → nothing.
    pub(crate) const SUBSCRIPTION: Definition<(u32, &str), ()> = Definition::new("subscription");

    /// Mailbox id → version 1, count, keywords as texts: the n-th is bit 5 + n.
    pub(crate) const KEYWORD: Definition<u32, &[u8]> = Definition::new("keyword");

    /// Mailbox id → version 1, 32 B: the key that its URLs are authorized with (RFC 4467). Lives no longer than
    /// the mailbox.
    pub(crate) const ACCESS_KEY: Definition<u32, &[u8]> = Definition::new("access_key");

    /// `mailbox << 32 | uid & !63` → highest modseq u64, then up to 64 records of 40 B by uid: uid
    /// u32, flags u64, modseq u64, blob id u64, size u32, internal date u32, save date u32. The one
    /// row without a version byte: `schema` stands for it.
    pub(crate) const MESSAGE: Definition<u64, &[u8]> = Definition::new("message");

    /// `mailbox << 64 | modseq` → version 1, count, ranges of expunged uids as first u32, last u32.
    pub(crate) const VANISHED: Definition<u128, &[u8]> = Definition::new("vanished");

    /// Mailbox id whose name and rows are gone but whose messages are not yet → nothing.
    pub(crate) const DOOMED_MAILBOX: Definition<u32, ()> = Definition::new("doomed_mailbox");

    /// Blob id → version 2, priority u8, next attempt u64 (ms), attempts u32, size u64, the queue it waits
    /// in, an *arrival*, the recipients' states in the order of the envelope, since when the calendar counts
    /// u64 (ms). Version 1 had no queue, and ended before the last.
    pub(crate) const SPOOL: Definition<u64, &[u8]> = Definition::new("spool");

    /// `priority << 120 | next attempt (ms) << 64 | blob id` → the queue, one for each row in `spool`.
    pub(crate) const DUE: Definition<u128, &str> = Definition::new("due");

    /// Blob id of a message that was taken out of the spool while it was leased → nothing.
    pub(crate) const DOOMED_MESSAGE: Definition<u64, ()> = Definition::new("doomed_message");

    /// `removed at (ms) << 64 | blob id` → the row of `spool` of a message that was taken out of the spool
    /// and may be put back for a while. It keeps its reference.
    pub(crate) const REMOVED: Definition<u128, &[u8]> = Definition::new("removed");

    /// Account id → version 1, JSON of [`crate::Account`].
    pub(crate) const ACCOUNT: Definition<u32, &[u8]> = Definition::new("account");

    /// Address → account id, one for each row in `account`. Since layout 3.
    pub(crate) const ACCOUNT_ADDRESS: Definition<&str, u32> = Definition::new("account_address");

    /// Account id, or the number of a domain's mailboxes → version 1, bytes u64, messages u64.
    pub(crate) const USAGE: Definition<u32, &[u8]> = Definition::new("usage");

    /// Account id → version 1, JSON of [`crate::LastLogin`].
    pub(crate) const LOGIN: Definition<u32, &[u8]> = Definition::new("login");

    /// Domain name → version 1, JSON of [`crate::Domain`].
    pub(crate) const DOMAIN: Definition<&str, &[u8]> = Definition::new("domain");

    /// Address → version 1, JSON of [`crate::Alias`].
    pub(crate) const ALIAS: Definition<&str, &[u8]> = Definition::new("alias");

    /// `(day, what was counted)` → version 1, JSON of [`crate::Tally`]. Days since 1970 in UTC.
    pub(crate) const TALLY: Definition<(u32, &str), &[u8]> = Definition::new("tally");

    /// Arrival of a report from another server, ms since 1970, or the next free number → version 1,
    /// JSON of [`crate::Report`].
    pub(crate) const REPORT: Definition<u64, &[u8]> = Definition::new("report");
    /// `(account, script's name)` → version 1, the script as a text. Which one runs is in `account`.
    pub(crate) const SCRIPT: Definition<(u32, &str), &[u8]> = Definition::new("script");

    /// `(account, hash of what is remembered)` → version 1, until u64 (ms): who was answered by a vacation, which messages
    /// were seen.
    pub(crate) const MEMORY: Definition<(u32, u128), &[u8]> = Definition::new("memory");

    /// `(until (ms), account, hash)` → nothing, for each row in `memory`, and for some whose account is gone.
    pub(crate) const MEMORY_END: Definition<(u64, u32, u128), ()> = Definition::new("memory_end");

    /// Domain → version 1, JSON of [`crate::StsPolicy`].
    pub(crate) const MTA_STS: Definition<&str, &[u8]> = Definition::new("mta_sts");

    /// Sequence (from 1, with gaps after a crash) → version 1, then what one transaction changed for an index of
    /// messages, each as kind u8 and numbers: 1 came (owner, blob), 2 gone (blob), 3 owner gone (owner).
    pub(crate) const INDEX_LOG: Definition<u64, &[u8]> = Definition::new("index_log");

    /// Name → value of a setting that changes at run time.
    pub(crate) const SETTING: Definition<&str, &str> = Definition::new("setting");

    // ---- what lets people in ------------------------------------------------------------

    /// Number of a web session → version 1, JSON of [`crate::WebSession`].
    pub(crate) const WEB_SESSION: Definition<u64, &[u8]> = Definition::new("web_session");

    /// Number of an API token → version 1, JSON of [`crate::ApiToken`].
    pub(crate) const API_TOKEN: Definition<u64, &[u8]> = Definition::new("api_token");

    /// Number of a web session, an API token or an app password → version 1, JSON of [`crate::Use`].
    pub(crate) const CREDENTIAL_USE: Definition<u64, &[u8]> = Definition::new("credential_use");
    /// `(span, number)` → version 1, the counts in the order of [`crate::Meter`] as numbers. Span 0 is a minute, 1 an
    /// hour, numbered since 1970.
    pub(crate) const TRAFFIC: Definition<(u8, u32), &[u8]> = Definition::new("traffic");

    /// `(account, address logged in from)` → version 1, JSON of the last [`crate::LastLogin`] from there; 32 addresses
    /// at most.
    pub(crate) const LOGIN_FROM: Definition<(u32, &str), &[u8]> = Definition::new("login_from");

    /// `(network, protocol)` → version 1, JSON of [`crate::Block`].
    pub(crate) const BLOCK: Definition<(&str, &str), &[u8]> = Definition::new("block");

    /// `(list, network)` → version 1, JSON of [`crate::ListedNetwork`].
    pub(crate) const LISTED: Definition<(&str, &str), &[u8]> = Definition::new("listed");

    /// Account id → version 1, JSON of [`crate::PasswordRecord`].
    pub(crate) const PASSWORD: Definition<u32, &[u8]> = Definition::new("password");

    /// Account id → version 1, JSON of [`crate::Hold`].
    pub(crate) const HOLD: Definition<u32, &[u8]> = Definition::new("hold");

    /// Number of a mass message → version 1, JSON of [`crate::Mailing`].
    pub(crate) const MAILING: Definition<u64, &[u8]> = Definition::new("mailing");

    /// Number of a mass message that is being sent → its letter and to whom it goes, opaque here.
    pub(crate) const MAILING_DRAFT: Definition<u64, &[u8]> = Definition::new("mailing_draft");

    // ---- the archive ---------------------------------------------------------------------

    /// `chain << 40 | number of its first record` → version 1, records packed up to a leaf of redb, each as kind u8 (1 a
    /// record, 2 a gap where retention removed some) and what `archive/rows.rs` says.
    pub(crate) const ARCHIVE: Definition<u64, &[u8]> = Definition::new("archive");

    /// Domain → version 1, its chain: number u32, last record u64, when that was archived u64 (ms), records kept u64,
    /// first number that may be there u64, hash of the last record 32 B, hash before the first 32 B. Outlives the domain.
    pub(crate) const ARCHIVE_CHAIN: Definition<&str, &[u8]> = Definition::new("archive_chain");

    /// `chain << 40 | number`, that of the first of 256 records → version 1, when that one was archived u64 (ms), 32,000
    /// bits: the runs of three bytes in the records' texts. Absent as long as the records are not all there.
    pub(crate) const ARCHIVE_FILTER: Definition<u64, &[u8]> = Definition::new("archive_filter");

    /// Number → version 1, JSON of [`crate::ArchiveRule`].
    pub(crate) const ARCHIVE_RULE: Definition<u32, &[u8]> = Definition::new("archive_rule");

    /// Number → version 1, JSON of [`crate::ArchiveHold`].
    pub(crate) const ARCHIVE_HOLD: Definition<u32, &[u8]> = Definition::new("archive_hold");
}

/// Set in the blob id of a rest's key.
pub(crate) const REST: u64 = 1 << 63;

/// Key of a piece of `length` bytes in a segment's `blob`.
pub(crate) fn piece_key(id: crate::BlobId, index: u32, length: usize) -> (u64, u32) {
    let region = if crate::pieces::is_rest(length) { REST } else { 0 };
    (id.0 | region, index)
}

/// Key of the row of `message` that holds this message.
pub(crate) fn message_key(mailbox: crate::MailboxId, uid: crate::Uid) -> u64 {
    u64::from(mailbox.0) << 32 | u64::from(uid & !63)
}

/// Keys of all rows of `message` of a mailbox.
pub(crate) fn message_keys(mailbox: crate::MailboxId) -> std::ops::RangeInclusive<u64> {
    let first = u64::from(mailbox.0) << 32;
    first..=first | u64::from(u32::MAX)
}

/// Key of a row of `vanished`.
pub(crate) fn vanished_key(mailbox: crate::MailboxId, modseq: crate::Modseq) -> u128 {
    u128::from(mailbox.0) << 64 | u128::from(modseq)
}

/// Key of a row of `due`. Milliseconds fit into 56 bits for two million years.
pub(crate) fn due_key(priority: crate::Priority, next_attempt: crate::Time, id: crate::BlobId) -> u128 {
    let due = next_attempt.0.min((1 << 56) - 1);
    u128::from(priority as u8) << 120 | u128::from(due) << 64 | u128::from(id.0)
}

/// Key of a row of `removed`.
pub(crate) fn removed_key(removed: crate::Time, id: crate::BlobId) -> u128 {
    u128::from(removed.0) << 64 | u128::from(id.0)
}

/// When a message was removed, and which, of a key of `removed`.
pub(crate) fn removed_parts(key: u128) -> (crate::Time, crate::BlobId) {
    (crate::Time((key >> 64) as u64), crate::BlobId(key as u64))
}

/// Next attempt and message of a key of `due`.
pub(crate) fn due_parts(key: u128) -> (crate::Time, crate::BlobId) {
    (crate::Time((key >> 64) as u64 & ((1 << 56) - 1)), crate::BlobId(key as u64))
}
