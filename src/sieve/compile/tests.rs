//! What is refused, where and in which words.

use super::*;

fn check(script: &str, expected: Result<(), &str>) {
    let compiled = Script::compile(script).map(drop).map_err(|fault| fault.to_string());
    assert_eq!(compiled, expected.map_err(str::to_owned), "{script}");
}

#[test]
fn scripts_that_are_right() {
    for script in [
        "",
        "# nothing",
        "require [\"fileinto\", \"copy\"]; fileinto :copy \"a\";",
        "require \"fileinto\"; require \"mailbox\"; if true { fileinto :create \"a\"; } elsif false { stop; } else { keep; }",
        "if header :comparator \"i;octet\" :is \"a\" \"b\" { discard; }",
        "require [\"relational\", \"comparator-i;ascii-numeric\"];
         if header :value \"ge\" :comparator \"i;ascii-numeric\" \"x-spam\" \"5\" { discard; }",
        "require \"vacation-seconds\"; vacation :seconds 600 \"away\";",
        "require \"vacation\"; vacation :days 3 :subject \"x\" :addresses [\"a@b\"] :handle \"h\" :mime \"away\";",
        "require [\"imap4flags\", \"variables\"]; addflag \"list\" \"\\\\Seen\"; keep :flags \"${list}\";",
        "require [\"date\", \"index\"]; if date :index 2 :last :zone \"+0100\" \"received\" \"hour\" \"09\" { keep; }",
        "require \"duplicate\"; if duplicate :header \"X-Id\" :handle \"h\" :seconds 60 :last { discard; }",
        "require \"editheader\"; addheader :last \"X-A\" \"b\"; deleteheader :index 1 :contains \"Subject\" \"x\";",
        "require [\"special-use\", \"fileinto\"]; if specialuse_exists \"\\\\Junk\" { fileinto :specialuse \"\\\\Junk\" \"Spam\"; }",
    ] {
        check(script, Ok(()));
    }
}

#[test]
fn scripts_that_are_wrong() {
    for (script, expected) in [
        ("require \"foo\";", "line 1, column 1: the extension \"foo\" is not known here"),
        ("keep; require \"copy\";", "line 1, column 7: \"require\" stands before everything else"),
        ("keep;\nfrob;", "line 2, column 1: the command \"frob\" is not known here"),
        ("if frob { }", "line 1, column 4: the test \"frob\" is not known here"),
        ("fileinto \"a\";", "line 1, column 1: this needs `require \"fileinto\";` at the start of the script"),
        (
            "require \"fileinto\"; fileinto :copy \"a\";",
            "line 1, column 30: this needs `require \"copy\";` at the start of the script",
        ),
        ("keep :foo;", "line 1, column 6: \"keep\" does not know \":foo\""),
        ("else { }", "line 1, column 1: \"else\" without an \"if\" before it"),
        ("if true { } keep; else { }", "line 1, column 19: \"else\" without an \"if\" before it"),
        ("if true { } else { } elsif true { }", "line 1, column 22: \"elsif\" without an \"if\" before it"),
        ("if true;", "line 1, column 1: \"if\" needs a block in braces"),
        ("if { keep; }", "line 1, column 1: \"if\" needs one test"),
        ("keep { stop; }", "line 1, column 1: \"keep\" takes no block in braces"),
        ("stop true;", "line 1, column 6: \"stop\" takes no test"),
        ("if not (true, false) { }", "line 1, column 4: \"not\" needs one test"),
        ("if allof { }", "line 1, column 4: \"allof\" needs tests"),
        ("if size 100 { }", "line 1, column 4: \"size\" needs \":over\" or \":under\""),
        ("if size :over \"1\" { }", "line 1, column 15: a number is needed here"),
        ("if header :is :contains \"a\" \"b\" { }", "line 1, column 4: \":is\" and \":contains\" exclude each other"),
        ("if header :is :is \"a\" \"b\" { }", "line 1, column 15: \":is\" is there twice"),
        ("if header \"a\" { }", "line 1, column 4: \"header\" needs what to look for"),
        ("if header \"a\" \"b\" \"c\" { }", "line 1, column 19: this is too much for \"header\""),
        ("if header :comparator \"x\" \"a\" \"b\" { }", "line 1, column 4: the comparator \"x\" is not known here"),
        ("if header \"a\" 3 { }", "line 1, column 15: a string or a list of strings is needed here"),
        ("redirect [\"a@b\"];", "line 1, column 10: a string is needed here"),
        ("redirect \"nobody\";", "line 1, column 1: \"nobody\" is no mail address"),
        ("redirect :copy;", "line 1, column 10: this needs `require \"copy\";` at the start of the script"),
        (
            "require \"envelope\"; if envelope \"auth\" \"x\" { }",
            "line 1, column 24: the envelope has \"from\" and \"to\", but no \"auth\"",
        ),
        (
            "require [\"relational\"]; if header :count \"xx\" \"a\" \"1\" { }",
            "line 1, column 28: \":count\" compares by gt, ge, lt, le, eq or ne",
        ),
        (
            "require [\"date\"]; if currentdate :zone \"x\" \"hour\" \"1\" { }",
            "line 1, column 22: a zone is written like \"+0200\"",
        ),
        ("require \"variables\"; set \"a.b\" \"x\";", "line 1, column 22: \"a.b\" is no name of a variable"),
        (
            "require \"variables\"; redirect \"${a.b}\";",
            "line 1, column 31: the variable \"a.b\" belongs to an extension that is not known here",
        ),
        (
            "require [\"index\"]; if header :last \"a\" \"b\" { }",
            "line 1, column 23: \":last\" goes with \":index\" only",
        ),
        (
            "require [\"comparator-i;ascii-numeric\"]; if header :contains :comparator \"i;ascii-numeric\" \"a\" \"1\" { }",
            "line 1, column 44: \"i;ascii-numeric\" compares whole numbers only",
        ),
        ("require \"editheader\"; addheader \"a b\" \"x\";", "line 1, column 23: this is no name of a field"),
    ] {
        check(script, Err(expected));
    }
    let long = format!("#{}", "x".repeat(SCRIPT_BYTES_MAX));
    check(&long, Err("line 1, column 1: a script may have 65536 bytes at most"));
}
