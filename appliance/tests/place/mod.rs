//! A folder for the real binary to run in.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A folder with a configuration of its own.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        Place(tempfile::tempdir().expect("a directory"))
    }

    /// A box with the domain example.test and its administrator.
    pub fn furnished() -> Place {
        let place = Place::new();
        let made = place.run(
            "init --hostname mx.example.test --domain example.test --admin admin@example.test --password-stdin",
            "secret\n",
        );
        made.succeeds();
        place
    }

    /// A command to start in the folder.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mailstead"));
        command.args(arguments.split_whitespace()).current_dir(self.path());
        command.env_remove("MAILSTEAD_CONFIG").env("TZ", "UTC");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs a command with this on its standard input.
    pub fn run(&self, arguments: &str, input: &str) -> Told {
        let mut child = self.command(arguments).spawn().expect("the binary runs");
        // A command that asks for nothing may be gone before it could read.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        Told(child.wait_with_output().expect("it ends"))
    }
}

/// What a command said.
pub struct Told(Output);

impl Told {
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    pub fn ends(&self, code: i32) -> &Told {
        assert_eq!(self.0.status.code(), Some(code), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }

    #[track_caller]
    pub fn succeeds(&self) -> &Told {
        self.ends(0)
    }

    #[track_caller]
    pub fn says(&self, text: &str) -> &Told {
        assert!(self.out().contains(text), "{text:?} is not in: {}", self.out());
        self
    }

    #[track_caller]
    pub fn complains(&self, text: &str) -> &Told {
        assert!(self.err().contains(text), "{text:?} is not in: {}", self.err());
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out()).expect("JSON")
    }
}
