//! Rules at delivery: a script of fifty rules, compiled, and run for an ordinary message.

use divan::{Bencher, black_box};
use mailstead_benches::messages::Messages;
use mailstead_core::clock::Time;
use mailstead_core::message::{Outline, Range};
use mailstead_core::sieve::{Mail, Script, Surroundings};
use mailstead_storage::Result;

/// Rules of a script.
const RULES: usize = 50;

fn main() {
    divan::main();
}

/// A script of which every rule is tried and none holds, with the tests that people use.
fn script() -> String {
    let mut script =
        "require [\"fileinto\", \"imap4flags\", \"envelope\", \"subaddress\", \"variables\"];\r\n".to_owned();
    for n in 0..RULES {
        let test = match n % 5 {
            0 => format!("header :contains \"subject\" [\"[project-{n}]\", \"build {n}\"]"),
            1 => format!("address :is :domain [\"from\", \"sender\"] \"shop-{n}.example\""),
            2 => format!("anyof (header :contains \"list-id\" \"<list-{n}.example>\", exists \"x-rule-{n}\")"),
            3 => format!("header :matches [\"subject\", \"x-topic\"] \"*ticket #{n}*: *\""),
            _ => format!("allof (envelope :detail \"to\" \"box{n}\", not size :over 1M)"),
        };
        script += &format!("if {test} {{ addflag \"rule{n}\"; fileinto \"Rules/{n}\"; stop; }}\r\n");
    }
    script
}

fn message() -> Vec<u8> {
    Messages::new("100:4k".parse().expect("a mix"), 1).message(1, "u0@example.test")
}

fn outline(message: &[u8]) -> Outline<'static> {
    Outline::of(message)
}

struct Nothing;

impl Surroundings for Nothing {
    fn read(&self, _: Range) -> Result<Vec<u8>> {
        Ok(Vec::new())
    }

    fn has_mailbox(&self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn has_special_use(&self, _: Option<&str>, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn remembers(&self, _: &str) -> Result<bool> {
        Ok(false)
    }
}

#[divan::bench]
fn compile_50_rules(bencher: Bencher) {
    let script = script();
    bencher.bench(|| Script::compile(black_box(&script)).is_ok());
}

#[divan::bench]
fn run_50_rules(bencher: Bencher) {
    let (script, message) = (Script::compile(&script()).expect("a script"), message());
    let outline = outline(&message);
    let mail = Mail {
        reverse_path: "sender@remote.example",
        recipient: "u0+news@example.test",
        header: outline.root.header.of(&message),
        outline: &outline,
        size: message.len() as u64,
        now: Time(1_800_000_000_000),
        zone: &jiff::tz::TimeZone::UTC,
    };
    bencher.bench(|| script.run(black_box(&mail), &Nothing).map(|plan| plan.filings.len()));
}
