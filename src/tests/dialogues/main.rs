//! Plays the dialogues in `tests/dialogues`: text files that say what a client sends and how the
//! server's answers begin. Each file has a box of its own, with real storage and real sockets.
//! `README.md` beside them tells how they are written.

mod client;
mod fixture;
mod scram;
mod script;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use script::Script;

/// The dialogues of one folder, each played; all failures are told at the end.
fn play(folder: &str, least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/dialogues");
    let only = std::env::var("DIALOGUE").unwrap_or_default();
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join(folder))
        .expect("the folder of the dialogues")
        .map(|entry| entry.expect("entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    assert!(files.len() >= least, "{} dialogues in {folder}, there were {least}", files.len());
    files.retain(|path| path.to_string_lossy().contains(&only));
    files.sort();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = Script::read(file, folder).and_then(|script| script.play(&root.join("messages")));
                    if let Err(why) = played {
                        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        failures.lock().expect("no panic").push(format!("{folder}/{name}: {why}"));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    println!("{folder}: {} dialogues, {} failed", files.len(), failures.len());
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

#[test]
fn smtp() {
    play("smtp", 0);
}

#[test]
fn submission() {
    play("submission", 0);
}

#[test]
fn imap() {
    play("imap", 117);
}

#[test]
fn sieve() {
    play("sieve", 20);
}

#[test]
fn pop3() {
    play("pop3", 25);
}
