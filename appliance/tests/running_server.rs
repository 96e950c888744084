//! The command line while the server runs, and how the server starts and stops.

mod place;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use place::Place;
use serde_json::Value;

/// Every service on a port of its own.
const PORTS: &str = "
[storage]
disk_free_bytes_min = 0
[smtp]
listen = [\"127.0.0.1:0\"]
[submission]
listen = [\"127.0.0.1:0\"]
[submissions]
listen = [\"127.0.0.1:0\"]
[imap]
listen = [\"127.0.0.1:0\"]
[imaps]
listen = [\"127.0.0.1:0\"]
[pop3]
listen = [\"127.0.0.1:0\"]
[pop3s]
listen = [\"127.0.0.1:0\"]
[sieve]
listen = [\"127.0.0.1:0\"]
[web]
listen = [\"127.0.0.1:0\"]
";

/// A server that is killed with the test.
struct Server {
    process: Child,
}

impl Server {
    fn start(place: &Place) -> Server {
        let process = place.command("serve").spawn().expect("the binary runs");
        let end = Instant::now() + Duration::from_secs(20);
        while place.services().is_empty() {
            assert!(Instant::now() < end, "the server does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Server { process }
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().expect("kill runs").success());
    }

    /// Waits for its end: exit code and time.
    fn end(mut self) -> (Option<i32>, Duration) {
        let begin = Instant::now();
        let status = self.process.wait().expect("it ends");
        (status.code(), begin.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Place {
    fn with_ports() -> Place {
        let place = Place::furnished();
        let file = place.path().join("mailstead.toml");
        let text = std::fs::read_to_string(&file).expect("made by init");
        std::fs::write(&file, text + PORTS).expect("written");
        place
    }

    /// The rows of active services, none while no server answers.
    fn services(&self) -> Vec<Value> {
        if !self.path().join("mailstead-data/control.sock").exists() {
            return Vec::new();
        }
        let told = self.run("service list --json", "").json();
        let rows = told["services"].as_array().expect("rows").clone();
        if rows.iter().all(|row| row["active"] == true) { rows } else { Vec::new() }
    }

    fn connect(&self, service: &str) -> TcpStream {
        let rows = self.run("service list --json", "").json();
        let rows = rows["services"].as_array().expect("rows").clone();
        let row = rows.iter().find(|row| row["name"] == service).expect("a service");
        let address: SocketAddr = row["listening"][0].as_str().expect("listens").parse().expect("an address");
        TcpStream::connect(address).expect("connects")
    }
}

fn greeting(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("set");
    let mut bytes = [0; 512];
    let count = stream.read(&mut bytes).expect("a greeting");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

#[test]
fn commands_go_through_the_server_while_it_runs() {
    let place = Place::with_ports();
    let server = Server::start(&place);
    let socket = place.path().join("mailstead-data/control.sock");
    assert_eq!(std::fs::metadata(&socket).expect("there").permissions().mode() & 0o777, 0o600);

    place.run("user add alice@example.test --password-stdin", "x\n").succeeds();
    place.run("user list", "").succeeds().says("alice@example.test");
    let mut session = place.connect("smtp");
    assert!(greeting(&mut session).starts_with("220 "));
    place.run("session list", "").succeeds().says("smtp").says("anonymous");

    place.run("service stop pop3", "").succeeds();
    place.run("service list", "").succeeds().says("inactive");
    place.run("service start pop3", "").succeeds();
    assert!(greeting(&mut place.connect("pop3")).starts_with("+OK"));
    place.run("verify", "").succeeds().says("all is well");

    let second = place.run("serve", "");
    second.ends(3).complains("a server runs already");
    let mut page = place.connect("web");
    page.write_all(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    page.read_to_string(&mut answer).expect("read");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("ready\n"), "{answer}");

    server.signal("TERM");
    let (code, time) = server.end();
    assert_eq!(code, Some(0));
    assert!(time < Duration::from_secs(10), "{time:?}");
    assert!(greeting(&mut session).starts_with("421 "));
    assert!(!socket.exists());
    place.run("user list", "").succeeds().says("alice@example.test");
}

#[test]
fn a_killed_server_leaves_nothing_in_the_way() {
    let place = Place::with_ports();
    let server = Server::start(&place);
    server.signal("KILL");
    server.end();
    assert!(place.path().join("mailstead-data/control.sock").exists());
    place.run("user list", "").succeeds().says("admin@example.test");
    let server = Server::start(&place);
    server.signal("INT");
    assert_eq!(server.end().0, Some(0));
}
