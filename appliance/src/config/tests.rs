use std::path::Path;

use super::Config;

fn wrong(text: &str) -> String {
    Config::parse(text).expect_err("something is wrong").to_string()
}

#[test]
fn what_is_wrong_is_named() {
    let check = |text, expected: &str| assert_eq!(wrong(text), expected);
    check("hostnam = \"x\"", "unknown setting \"hostnam\"; did you mean \"hostname\"?");
    check("[storag]", "unknown setting \"storag\"; did you mean \"storage\"?");
    check("[zzzzzzzzzzzz]", "unknown setting \"zzzzzzzzzzzz\"; `mailstead config print` lists all");
    check("storage = 3", "\"storage\" is a table; write [storage] and its settings below it");
    check(
        "[storage]\nmeta_cache_byte = 3",
        "unknown setting \"meta_cache_byte\" in [storage]; did you mean \"meta_cache_bytes\"?",
    );
    assert!(wrong("hostname = \"x\"\n\nweb = [\n").starts_with("line "), "{}", wrong("web = [\n"));
    assert!(wrong("a = 1\nb = 2\nb = 3\n").starts_with("line 3: "), "{}", wrong("a = 1\nb = 2\nb = 3\n"));
    assert!(wrong("[storage]\nmeta_cache_bytes = -1").starts_with("storage.meta_cache_bytes: "));
}

#[test]
fn what_is_printed_reads_as_what_it_was() {
    let config = Config::parse("hostname = \"mx.example.org\"\n[storage]\nsealed_open_max = 3\n").expect("right");
    assert_eq!(Config::parse(&config.print()), Ok(config));
}

#[test]
fn a_relative_data_directory_begins_at_the_file() {
    let folder = tempfile::tempdir().expect("a directory");
    let file = folder.path().join("box.toml");
    std::fs::write(&file, "data = \"mail\"").expect("written");
    let config = Config::load(Some(&file)).expect("right");
    assert_eq!(config.top.data, folder.path().join("mail"));
    assert!(!config.top.hostname.is_empty());
    let missing = Config::load(Some(Path::new("/nowhere/box.toml"))).expect_err("not there");
    assert!(missing.starts_with("cannot read /nowhere/box.toml: "), "{missing}");
}

/// The reference in the repository is what `mailstead config print --defaults` prints.
#[test]
fn the_reference_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/config-reference.toml");
    let printed = Config::default().print();
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("MAILSTEAD_REFRESH").is_some() {
        std::fs::write(path, &printed).expect("written");
    } else {
        assert_eq!(kept, printed, "run this test with MAILSTEAD_REFRESH=1 to write {path} anew");
    }
}
