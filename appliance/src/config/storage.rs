//! The settings of the store.

use std::path::Path;

use mailstead_storage::Options;

mailstead_core::settings! {
    /// What is kept, and how much memory and disk it may use.
    pub struct StorageSettings {
        /// Memory for the directory, mailboxes, flags and the spool.
        meta_cache_bytes: u64 = 48 << 20, "bytes";
        /// Memory for the file that new messages are written to.
        active_cache_bytes: u64 = 8 << 20, "bytes";
        /// Memory for each older file of messages that is open.
        sealed_cache_bytes: u64 = 2 << 20, "bytes";
        /// Most older files of messages open at once.
        sealed_open_max: u32 = 16, "files";
        /// A file of messages that has reached this size is sealed and a new one begun.
        segment_bytes_max: u64 = 256 << 20, "bytes";
        /// Most messages that one sync makes durable together.
        accept_batch_messages_max: u32 = 512, "messages";
        /// Most bytes that one sync makes durable together.
        accept_batch_bytes_max: u64 = 16 << 20, "bytes";
        /// New mail is refused for now (452 4.3.1) while the disk has less than this free.
        disk_free_bytes_min: u64 = 256 << 20, "bytes";
    }
}

impl StorageSettings {
    /// The same for storage, with its data directory.
    pub fn options(&self, data: &Path) -> Options {
        let bytes = |setting: u64| usize::try_from(setting).unwrap_or(usize::MAX);
        Options {
            meta_cache_bytes: bytes(self.meta_cache_bytes),
            active_cache_bytes: bytes(self.active_cache_bytes),
            sealed_cache_bytes: bytes(self.sealed_cache_bytes),
            sealed_open_max: self.sealed_open_max as usize,
            segment_bytes_max: self.segment_bytes_max,
            accept_batch_messages_max: self.accept_batch_messages_max as usize,
            accept_batch_bytes_max: bytes(self.accept_batch_bytes_max),
            disk_free_bytes_min: self.disk_free_bytes_min,
            ..Options::new(data)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_storage() {
        let (ours, theirs) = (StorageSettings::default().options(Path::new("x")), Options::new("x"));
        assert_eq!(format!("{ours:?}"), format!("{theirs:?}"));
    }
}
