//! A .zip with a file for each message, in a folder for each domain, named by the record's number. `records-1.csv` and
//! so on tell what the archive knows of them: the envelope, the hashes.

use std::io::{self, Write};

use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use super::Sink;
use crate::archive::{Found, head_text};
use crate::clock::rfc3339;

/// Records of one list: it is in memory until it is written.
const LIST_RECORDS_MAX: u32 = 5_000;

const HEADING: &str = "file,archived,direction,sender,recipients,subject,bytes,blake3,before\n";

/// Writes messages into a .zip.
pub(super) struct Zipped<W: Write> {
    zip: ZipWriter<StreamWriter<W>>,
    list: String,
    listed: u32,
    lists: u32,
}

impl<W: Write> Zipped<W> {
    pub(super) fn new(to: W) -> Zipped<W> {
        Zipped { zip: ZipWriter::new_stream(to), list: String::new(), listed: 0, lists: 0 }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_list()?;
        self.zip.finish()?.into_inner().flush()
    }

    fn file(&mut self, name: String) -> io::Result<()> {
        let options = SimpleFileOptions::default().large_file(true).unix_permissions(0o600);
        Ok(self.zip.start_file(name, options)?)
    }

    fn write_list(&mut self) -> io::Result<()> {
        if self.listed > 0 || self.lists == 0 {
            self.lists += 1;
            self.file(format!("records-{}.csv", self.lists))?;
            self.zip.write_all(HEADING.as_bytes())?;
            self.zip.write_all(std::mem::take(&mut self.list).as_bytes())?;
            self.listed = 0;
        }
        Ok(())
    }
}

impl<W: Write> Sink for Zipped<W> {
    fn begin(&mut self, found: &Found) -> io::Result<()> {
        let record = &found.record;
        let name = format!("{}/{:010}.eml", record.domain, record.number);
        let hex = |hash: &[u8; 32]| head_text("", 0, hash).split_off(3);
        let fields = [
            name.clone(),
            rfc3339(record.archived),
            format!("{:?}", record.direction).to_lowercase(),
            record.sender.clone(),
            record.recipients.join(" "),
            found.subject.clone(),
            record.size.to_string(),
            hex(&record.hash),
            hex(&record.before),
        ];
        self.list.push_str(&fields.map(|field| cell(&field)).join(","));
        self.list.push('\n');
        self.listed += 1;
        self.file(name)
    }

    fn piece(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.zip.write_all(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        if self.listed >= LIST_RECORDS_MAX { self.write_list() } else { Ok(()) }
    }
}

/// A cell of a list (RFC 4180); never one that a spreadsheet would compute.
fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
