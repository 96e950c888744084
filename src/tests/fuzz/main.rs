//! Replays what fuzzing begins with and what it has found, without a fuzzer.

#[path = "../../../fuzz/drivers/archive.rs"]
mod archive;
#[path = "../../../fuzz/drivers/certificate.rs"]
mod certificate;
#[path = "../../../fuzz/drivers/imap.rs"]
mod imap;
#[path = "../../../fuzz/drivers/imap_url.rs"]
mod imap_url;
#[path = "../../../fuzz/drivers/log.rs"]
mod log;
#[path = "../../../fuzz/drivers/managesieve.rs"]
mod managesieve;
#[path = "../../../fuzz/drivers/outline.rs"]
mod outline;
#[path = "../../../fuzz/drivers/pop3.rs"]
mod pop3;
#[path = "../../../fuzz/drivers/replay.rs"]
mod replay;
#[path = "../../../fuzz/drivers/reports.rs"]
mod reports;
#[path = "../../../fuzz/drivers/search_query.rs"]
mod search_query;
#[path = "../../../fuzz/drivers/seven_bit.rs"]
mod seven_bit;
#[path = "../../../fuzz/drivers/sieve.rs"]
mod sieve;
#[path = "../../../fuzz/drivers/smtp.rs"]
mod smtp;
#[path = "../../../fuzz/drivers/smtp_client.rs"]
mod smtp_client;
#[path = "../../../fuzz/drivers/text_filter.rs"]
mod text_filter;
#[path = "../../../fuzz/drivers/texts.rs"]
mod texts;
#[path = "../../../fuzz/drivers/wire.rs"]
mod wire;

use replay::replay;

#[test]
fn smtp_sessions() {
    replay("smtp", smtp::run);
}

#[test]
fn smtp_clients() {
    replay("smtp_client", smtp_client::run);
}

#[test]
fn imap_sessions() {
    replay("imap", imap::run);
}

#[test]
fn imap_urls() {
    replay("imap_url", imap_url::run);
}

#[test]
fn ends_of_certificates() {
    replay("certificate", certificate::run);
}

#[test]
fn files_of_the_log() {
    replay("log", log::run);
}

#[test]
fn pop3_sessions() {
    replay("pop3", pop3::run);
}

#[test]
fn managesieve_sessions() {
    replay("managesieve", managesieve::run);
}

#[test]
fn scripts() {
    replay("sieve", sieve::run);
}

#[test]
fn reports_of_others() {
    replay("reports", reports::run);
}

#[test]
fn texts_of_messages() {
    replay("texts", texts::run);
}

#[test]
fn filters_of_texts() {
    replay("text_filter", text_filter::run);
}

#[test]
fn rows_of_the_archive() {
    replay("archive", archive::run);
}

#[test]
fn queries() {
    replay("search_query", search_query::run);
}

#[test]
fn outlines() {
    replay("outline", outline::run);
}

#[test]
fn messages_made_7_bit() {
    replay("seven_bit", seven_bit::run);
}
