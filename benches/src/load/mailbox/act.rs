//! Commands that are measured one by one.

use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::client::imap::Imap;
use crate::figures::{per, round};
use crate::server::Meter;
use crate::trouble::Result;

/// What each command has cost.
pub struct Acts<'m> {
    meter: &'m Meter,
    repeat: u64,
    figures: Map<String, Value>,
}

impl<'m> Acts<'m> {
    /// None yet; what only reads is to be repeated so often.
    pub fn new(meter: &'m Meter, repeat: u64) -> Acts<'m> {
        Acts { meter, repeat, figures: Map::new() }
    }

    /// A command that changes something.
    pub async fn once(&mut self, name: &str, imap: &mut Imap, command: &str) -> Result<()> {
        let figure = self.run(imap, command, 1).await?;
        self.figures.insert(name.to_owned(), figure);
        Ok(())
    }

    /// A command that only reads: the first time, and the mean of the others.
    pub async fn repeated(&mut self, name: &str, imap: &mut Imap, command: &str) -> Result<()> {
        let first = self.run(imap, command, 1).await?;
        let repeated = self.run(imap, command, self.repeat).await?;
        self.figures.insert(name.to_owned(), json!({ "first": first, "repeated": repeated }));
        Ok(())
    }

    async fn run(&self, imap: &mut Imap, command: &str, times: u64) -> Result<Value> {
        let (before, begin) = (self.meter.now(), Instant::now());
        let (mut bytes, mut found) = (0, 0);
        for _ in 0..times {
            let answer = imap.command(command).await?;
            (bytes, found) = (answer.bytes, answer.found.len());
        }
        let ms = begin.elapsed().as_secs_f64() * 1000.0;
        let cpu_ms = self.meter.now().cpu_ms - before.cpu_ms;
        let found = command.starts_with("SEARCH").then_some(found);
        let mut figure = json!({ "ms": round(ms / times as f64), "cpu_ms": per(cpu_ms, times as f64), "bytes": bytes });
        if let (Some(found), Some(figure)) = (found, figure.as_object_mut()) {
            figure.insert("found".to_owned(), found.into());
        }
        Ok(figure)
    }

    /// All of them.
    pub fn json(self) -> Value {
        Value::Object(self.figures)
    }
}
