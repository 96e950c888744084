//! The command line through the real binary, without a server: outputs and exit codes.

mod place;

use place::Place;

#[test]
fn from_nothing_to_a_box_with_users() {
    let place = Place::furnished();
    place.run("user add alice@example.test --name Alice --quota 2G --password-stdin", "x\n").succeeds();
    place.run("user list", "").succeeds().says("alice@example.test").says("2.0 GB").says("system administrator");
    let users = place.run("user list --json", "");
    let alice = users.succeeds().json()["users"][1].clone();
    assert_eq!((&alice["address"], &alice["name"]), (&"alice@example.test".into(), &"Alice".into()));
    assert_eq!((&alice["quota_bytes"], &alice["enabled"]), (&(2u64 << 30).into(), &true.into()));
    place.run("alias add team@example.test alice@example.test admin@example.test", "").succeeds();
    place.run("alias list", "").succeeds().says("team@example.test").says("alice@example.test, admin@example.test");
    place.run("domain list", "").succeeds().says("example.test");
    place.run("spool list", "").succeeds().says("The spool is empty.");
    place.run("verify", "").succeeds().says("all is well");
}

#[test]
fn users_change() {
    let place = Place::furnished();
    let enabled = || place.run("user list --json", "").json()["users"][0]["enabled"].clone();
    place.run("user disable admin@example.test", "").succeeds().says("can no longer log in");
    assert_eq!(enabled(), false);
    place.run("user enable Admin@Example.Test", "").succeeds();
    assert_eq!(enabled(), true);
    place.run("user quota admin@example.test 500M", "").succeeds().says("500.0 MB");
    place.run("user quota admin@example.test 0 --messages 9", "").succeeds().says("9 messages");
    place.run("user password admin@example.test --password-stdin", "new\n").succeeds();
    place.run("user remove admin@example.test", "").succeeds();
    place.run("user list", "").succeeds().says("There are no users yet");
    place.run("domain remove example.test", "").succeeds();
    place.run("domain list", "").succeeds().says("There are no domains yet");
}

#[test]
fn shared_mailboxes_come_and_go() {
    let place = Place::furnished();
    place.run("shared list", "").succeeds().says("There are no shared mailboxes yet");
    place.run("shared add example.test Team/News", "").succeeds().says("example.test/Team/News");
    place.run("shared grant example.test Team/News anyone lr", "").succeeds();
    place.run("shared grant example.test Team/News -admin@example.test r", "").succeeds();
    place.run("shared list", "").succeeds().says("Team/News").says("-admin@example.test r, anyone lr");
    place.run("shared revoke example.test Team/News -admin@example.test", "").succeeds();
    place.run("shared quota example.test 5M --messages 3", "").succeeds().says("5.0 MB").says("0 of 3 messages");
    place.run("shared rename example.test Team/News Paper", "").succeeds();
    place.run("domain remove example.test", "").ends(1).complains("has accounts");
    place.run("shared grant example.test Paper nobody@example.test lr", "").ends(1).complains("there is no user");
    place.run("shared grant example.test Paper anyone q", "").ends(1).complains("are no rights");
    place.run("shared remove example.test News", "").ends(1).complains("there is no shared mailbox");
    place.run("shared remove example.test Paper", "").succeeds();
    place.run("verify", "").succeeds().says("all is well");
}

#[test]
fn refusals_say_what_to_do() {
    let place = Place::furnished();
    let check = |arguments: &str, input: &str, code: i32, complaint: &str| {
        place.run(arguments, input).ends(code).complains(complaint);
    };
    check("user add alice@elsewhere.test --password-stdin", "x\n", 1, "mailstead domain add elsewhere.test");
    check("user add alice --password-stdin", "x\n", 1, "is not a mail address");
    check("user add admin@example.test --password-stdin", "x\n", 1, "exists already");
    check("user add alice@example.test --password-stdin", "\n", 2, "no password on standard input");
    check("user add alice@example.test", "x\n", 2, "--password-stdin");
    check("user add alice@example.test --quota many --password-stdin", "x\n", 2, "like 500M or 2G");
    check("user remove nobody@example.test", "", 1, "there is no user nobody@example.test");
    check("domain add example.test", "", 1, "example.test");
    check("domain add -- -.test", "", 1, "is not a domain name");
    check("domain remove example.test", "", 1, "example.test");
    check("alias add team@example.test team@example.test", "", 1, "alias of itself");
    check("alias remove team@example.test", "", 1, "team@example.test");
    check("spool show 3x", "", 1, "3x");
    check("spool show uuuu", "", 1, "not a message id");
    check("session list", "", 1, "the server is not running");
    check("service stop gopher", "", 1, "there is no service \"gopher\"");
    check("init --password-stdin", "x\n", 1, "is there already");
    check("frobnicate", "", 2, "unrecognized");
    check("--config nowhere.toml user list", "", 2, "cannot read nowhere.toml");
}

#[test]
fn a_wrong_configuration_is_told() {
    let place = Place::new();
    std::fs::write(place.path().join("mailstead.toml"), "hostnam = \"x\"\n").expect("written");
    place.run("user list", "").ends(2).complains("did you mean \"hostname\"?");
}

#[test]
fn a_certificate_that_is_missing_stops_the_server_and_no_command() {
    let place = Place::furnished();
    let file = place.path().join("mailstead.toml");
    let text = std::fs::read_to_string(&file).expect("made by init");
    std::fs::write(&file, text + "[tls]\ncertificate = \"/nowhere.pem\"\nkey = \"/nowhere.key\"\n").expect("written");
    place.run("user list", "").succeeds();
    place.run("serve", "").ends(1).complains("/nowhere.pem");
}

#[test]
fn every_act_is_in_the_audit_log_and_no_password() {
    let place = Place::furnished();
    place.run("user password admin@example.test --password-stdin", "a-new-secret\n").succeeds();
    let log = place.path().join("mailstead-data/log");
    let files = std::fs::read_dir(log).expect("there").map(|entry| entry.expect("readable").path());
    let audit = files.filter(|file| file.to_string_lossy().contains("audit")).map(std::fs::read_to_string);
    let text: String = audit.map(|text| text.expect("read")).collect();
    for act in ["domain added", "user added", "password set"] {
        assert!(text.contains(act), "{act} is not in {text}");
    }
    assert!(!text.contains("secret"), "{text}");
}

#[test]
fn a_service_that_is_stopped_stays_so() {
    let place = Place::furnished();
    place.run("service stop web", "").succeeds().says("from the next start of the server on");
    let services = place.run("service list --json", "").json();
    let web = services["services"].as_array().expect("rows").iter().find(|row| row["name"] == "web").expect("listed");
    assert_eq!(web["wanted"], false);
}

#[test]
fn import_tells_of_each_bad_line_and_goes_on() {
    let place = Place::furnished();
    let file = "address,name,password,quota,role\n\
                alice@example.test,Alice,x,1G,\n\
                broken,,x,,\n\
                bob@example.test,Böb,x,,domain_administrator\n\
                carol@example.test,,,,\n\
                dave@elsewhere.test,,x,,\n\
                erin@example.test,,x,,emperor\n\
                alice@example.test,,x,,\n";
    std::fs::write(place.path().join("users.csv"), file).expect("written");
    let told = place.run("import users.csv --dry-run", "");
    told.ends(1).says("2 users would be added").complains("5 lines not taken");
    assert_eq!(place.run("user list --json", "").json()["users"].as_array().map(Vec::len), Some(1));
    let told = place.run("import users.csv", "");
    told.ends(1).says("2 users added");
    for complaint in ["users.csv:3: ", "users.csv:5: ", "users.csv:6: ", "users.csv:7: ", "users.csv:8: "] {
        told.complains(complaint);
    }
    place.run("user list", "").succeeds().says("Böb").says("domain administrator");
}

#[test]
fn the_configuration_is_printed_whole() {
    let place = Place::furnished();
    let printed = place.run("config print", "");
    printed.succeeds().says("hostname = \"mx.example.test\"").says("[storage]").says("# Unit: bytes. Default: ");
    std::fs::write(place.path().join("printed.toml"), printed.out()).expect("written");
    place.run("--config printed.toml user list", "").succeeds().says("admin@example.test");
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_as_it_is() {
    const STATE: redb::TableDefinition<&str, u64> = redb::TableDefinition::new("state");
    let place = Place::furnished();
    let file = place.path().join("mailstead-data/meta.redb");
    let database = redb::Database::open(&file).expect("opens");
    let transaction = database.begin_write().expect("begins");
    transaction.open_table(STATE).expect("opens").insert("schema", 99).expect("inserts");
    transaction.commit().expect("commits");
    drop(database);
    let before = std::fs::read(&file).expect("reads");
    for command in ["serve", "user list", "verify"] {
        place.run(command, "").ends(3).complains("layout 99").complains("use a newer one");
        assert!(std::fs::read(&file).expect("reads") == before, "{command} has changed the store");
    }
}
