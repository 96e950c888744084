//! What the demo says when it is ready.

use super::folder::Folder;
use super::{PASSWORD, USERS};
use crate::cli::{Table, say};

/// What can be reached where: what, port, encryption.
const PORTS: [(&str, &str, &str); 9] = [
    ("SMTP (other servers)", "2525", "STARTTLS"),
    ("Submission", "2587", "STARTTLS, or none on loopback"),
    ("Submissions", "2465", "TLS"),
    ("IMAP", "2143", "STARTTLS, or none on loopback"),
    ("IMAPS", "2993", "TLS"),
    ("POP3", "2110", "STLS, or none on loopback"),
    ("POP3S", "2995", "TLS"),
    ("ManageSieve", "2190", "STARTTLS, or none on loopback"),
    ("Web", "8080", "http://127.0.0.1:8080/"),
];

/// Prints addresses, ports, logins and what to try.
pub fn print(folder: &Folder) {
    say("Mailstead's demo is ready. Everything is on 127.0.0.1.\n");
    let mut logins = Table::new(&["login", "password", "name"]);
    for (address, name, _) in USERS {
        logins.row([address.into(), PASSWORD.into(), name.into()]);
    }
    logins.print("");
    say("");
    let mut ports = Table::new(&["service", ">port", "encryption"]);
    for (service, port, encryption) in PORTS {
        ports.row([service.into(), port.into(), encryption.into()]);
    }
    ports.print("");
    say("\nTry:");
    say(&format!("  curl --user alice@example.test:{PASSWORD} 'imap://127.0.0.1:2143/INBOX;UID=1'"));
    say(&format!(
        "  swaks --server 127.0.0.1:2587 --auth-user bob@example.test --auth-password {PASSWORD} --from \
         bob@example.test --to alice@example.test"
    ));
    say("  a mail client: IMAP 127.0.0.1 port 2143, SMTP 127.0.0.1 port 2587, no encryption, user alice@example.test");
    let config = folder.config_file();
    say(&format!("\nCommands for this box: mailstead --config {} user list", config.display()));
    say("Ctrl-C stops it. Starting it again keeps the data; --fresh starts over.");
}
