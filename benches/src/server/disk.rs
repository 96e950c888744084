//! Bytes on disk.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Bytes that are allocated to these directories and all in them. A file with several links counts once.
pub fn disk_bytes(directories: &[PathBuf]) -> u64 {
    let mut seen = HashSet::new();
    directories.iter().map(|directory| below(directory, &mut seen)).sum()
}

fn below(path: &Path, seen: &mut HashSet<(u64, u64)>) -> u64 {
    // A file may be gone since its directory was read.
    let Ok(metadata) = fs::symlink_metadata(path) else { return 0 };
    if !seen.insert((metadata.dev(), metadata.ino())) {
        return 0;
    }
    let entries = metadata.is_dir().then(|| fs::read_dir(path).ok()).flatten();
    let inside: u64 = entries.into_iter().flatten().flatten().map(|entry| below(&entry.path(), seen)).sum();
    metadata.blocks() * 512 + inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_two_links_counts_once() {
        let folder = tempfile::tempdir().unwrap();
        let empty = disk_bytes(&[folder.path().into()]);
        fs::write(folder.path().join("a"), vec![7; 100_000]).unwrap();
        fs::hard_link(folder.path().join("a"), folder.path().join("b")).unwrap();
        let grown = disk_bytes(&[folder.path().into(), folder.path().join("b")]) - empty;
        assert!((100_000..200_000).contains(&grown), "{grown}");
        assert_eq!(disk_bytes(&["/nowhere".into()]), 0);
    }
}
