//! A dialogue file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::client::Client;
use crate::fixture::House;
use crate::scram;

/// What one line of the file does, on the connection of that name.
struct Step {
    line: usize,
    connection: String,
    service: Option<String>,
    action: Action,
}

enum Action {
    /// Send these bytes.
    Send(Vec<u8>),
    /// Send the contents of a message file.
    SendFile(String),
    /// The next line is like this.
    Expect(Pattern),
    /// Lines are skipped until one begins like this.
    Skip(String),
    /// So many bytes are read and forgotten.
    Swallow(usize),
    /// Exactly these bytes come next.
    Exactly(Vec<u8>),
    /// A TLS handshake.
    Tls,
    /// Both ways are compressed from now on.
    Deflate,
    /// Send this line compressed, on a connection that is to be.
    SendDeflated(Vec<u8>),
    /// The client's messages of SCRAM: flag, user, password.
    Scram(String, String, String),
    /// The server has closed the connection.
    Closed,
    Wait(Duration),
    /// The spool is empty.
    Delivered,
    Indexed,
}

enum Pattern {
    Begins(String),
    Equals(String),
    Contains(String),
    BeginsNot(String),
    Glob(String),
}

/// A dialogue.
pub struct Script {
    service: String,
    /// Address and message file of the mail that is there before.
    mail: Vec<(String, String)>,
    /// Is there an identity provider?
    tokens: bool,
    steps: Vec<Step>,
}

impl Script {
    pub fn read(file: &Path, folder: &str) -> Result<Script, String> {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let mut script = Script { service: folder.to_string(), mail: Vec::new(), tokens: false, steps: Vec::new() };
        for (number, line) in text.lines().enumerate() {
            script.line(number + 1, line).map_err(|why| format!("line {}: {why}", number + 1))?;
        }
        Ok(script)
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        if line.trim().is_empty() || line.starts_with('#') {
            return Ok(());
        }
        if let Some(directive) = line.strip_prefix("@ ") {
            let words: Vec<&str> = directive.split_whitespace().collect();
            match words[..] {
                ["service", service] => self.service = service.to_string(),
                ["tokens"] => self.tokens = true,
                ["mail", address, file] => self.mail.push((address.to_string(), file.to_string())),
                _ => return Err(format!("unknown directive {directive:?}")),
            }
            return Ok(());
        }
        let (connection, service, rest) = match line.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            Some((name, rest)) => match name.split_once(' ') {
                Some((name, service)) => (name.to_string(), Some(service.to_string()), rest),
                None => (name.to_string(), None, rest),
            },
            None => (String::new(), None, line),
        };
        self.steps.push(Step { line: number, connection, service, action: Action::read(rest)? });
        Ok(())
    }

    /// Plays the dialogue against a box of its own.
    pub fn play(&self, messages: &Path) -> Result<(), String> {
        let house = House::open(self.tokens);
        for (address, file) in &self.mail {
            house.deliver(address, &message(messages, file)?);
        }
        let mut connections: BTreeMap<&str, Client> = BTreeMap::new();
        for step in &self.steps {
            let at = |why: String| format!("line {}: {why}", step.line);
            if !connections.contains_key(step.connection.as_str()) {
                let service = step.service.as_ref().unwrap_or(&self.service);
                let address = house.address(service).map_err(at)?;
                connections.insert(&step.connection, Client::connect(address, service.ends_with('s')));
            }
            let client = connections.get_mut(step.connection.as_str()).expect("just connected");
            step.action.run(client, &house, messages).map_err(at)?;
        }
        Ok(())
    }
}

fn message(messages: &Path, file: &str) -> Result<Vec<u8>, String> {
    let bytes = fs::read(messages.join(file)).map_err(|error| format!("{file}: {error}"))?;
    let mut lines = Vec::with_capacity(bytes.len() + bytes.len() / 32);
    for (at, byte) in bytes.iter().enumerate() {
        if *byte == b'\n' && (at == 0 || bytes[at - 1] != b'\r') {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    Ok(lines)
}

impl Action {
    fn read(line: &str) -> Result<Action, String> {
        match line {
            "TLS" => return Ok(Action::Tls),
            "DEFLATE" => return Ok(Action::Deflate),
            "CLOSED" => return Ok(Action::Closed),
            "DELIVERED" => return Ok(Action::Delivered),
            "INDEXED" => return Ok(Action::Indexed),
            "C:" => return Ok(Action::Send(b"\r\n".to_vec())),
            "S:" | "S=" => return Ok(Action::Expect(Pattern::Equals(String::new()))),
            _ => {}
        }
        let (word, rest) = line.split_once(' ').ok_or_else(|| format!("cannot read {line:?}"))?;
        Ok(match word {
            "C:" => Action::Send(format!("{rest}\r\n").into_bytes()),
            "C|" => Action::Send(unescape(rest)?),
            "C64:" => Action::Send(format!("{}\r\n", STANDARD.encode(unescape(rest)?)).into_bytes()),
            "C<" => Action::SendFile(rest.trim().to_string()),
            "S:" => Action::Expect(Pattern::Begins(rest.to_string())),
            "S=" => Action::Expect(Pattern::Equals(rest.to_string())),
            "S?" => Action::Expect(Pattern::Contains(rest.to_string())),
            "S!" => Action::Expect(Pattern::BeginsNot(rest.to_string())),
            "S$" => Action::Expect(Pattern::Glob(rest.to_string())),
            "S*" => Action::Skip(rest.to_string()),
            "S|" => Action::Swallow(rest.trim().parse().map_err(|_| format!("not a number: {rest:?}"))?),
            "S|=" => Action::Exactly(unescape(rest)?),
            "DEFLATED" => Action::SendDeflated(format!("{rest}\r\n").into_bytes()),
            "SCRAM" => match rest.split_whitespace().collect::<Vec<_>>()[..] {
                [flag, user, password] => Action::Scram(flag.into(), user.into(), password.into()),
                _ => return Err("SCRAM needs a flag, a user and a password".into()),
            },
            "WAIT" => Action::Wait(Duration::from_millis(rest.trim().parse().map_err(|_| "not a number")?)),
            _ => match word.strip_prefix("C*").and_then(|count| count.parse::<usize>().ok()) {
                Some(count) => Action::Send(unescape(rest)?.repeat(count)),
                None => return Err(format!("cannot read {line:?}")),
            },
        })
    }

    fn run(&self, client: &mut Client, house: &House, messages: &Path) -> Result<(), String> {
        match self {
            Action::Send(bytes) => client.send(bytes),
            Action::SendFile(file) => client.send(&message(messages, file)?),
            Action::Expect(pattern) => {
                let line = client.line()?;
                if pattern.fits(&line) { Ok(()) } else { Err(format!("expected {pattern}, heard {line:?}")) }
            }
            Action::Skip(begin) => loop {
                let line = client.line().map_err(|why| format!("no line begins with {begin:?}: {why}"))?;
                if line.starts_with(begin) {
                    return Ok(());
                }
            },
            Action::Swallow(count) => client.bytes(*count).map(drop),
            Action::Exactly(expected) => {
                let heard = client.bytes(expected.len())?;
                if heard == *expected {
                    return Ok(());
                }
                Err(format!(
                    "expected {:?}, heard {:?}",
                    String::from_utf8_lossy(expected),
                    String::from_utf8_lossy(&heard)
                ))
            }
            Action::Tls => client.secure(),
            Action::Deflate => client.compress(),
            Action::SendDeflated(bytes) => client.send_compressed(bytes),
            Action::Scram(flag, user, password) => scram::log_in(client, flag, user, password),
            Action::Closed => client.closed(),
            Action::Wait(time) => {
                std::thread::sleep(*time);
                Ok(())
            }
            Action::Delivered => house.wait_until_delivered(),
            Action::Indexed => house.wait_until_indexed(),
        }
    }
}

impl Pattern {
    fn fits(&self, line: &str) -> bool {
        match self {
            Pattern::Begins(text) => line.starts_with(text.as_str()),
            Pattern::Equals(text) => line == text,
            Pattern::Contains(text) => line.contains(text.as_str()),
            Pattern::BeginsNot(text) => !line.starts_with(text.as_str()),
            Pattern::Glob(glob) => glob_fits(glob, line),
        }
    }
}

impl std::fmt::Display for Pattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pattern::Begins(text) => write!(f, "a line that begins with {text:?}"),
            Pattern::Equals(text) => write!(f, "{text:?}"),
            Pattern::Contains(text) => write!(f, "a line with {text:?}"),
            Pattern::BeginsNot(text) => write!(f, "a line that does not begin with {text:?}"),
            Pattern::Glob(glob) => write!(f, "a line like {glob:?}"),
        }
    }
}

/// `*` in the glob stands for anything.
fn glob_fits(glob: &str, line: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            bytes.push(byte);
            continue;
        }
        match rest.next() {
            Some(b'r') => bytes.push(b'\r'),
            Some(b'n') => bytes.push(b'\n'),
            Some(b't') => bytes.push(b'\t'),
            Some(b'\\') => bytes.push(b'\\'),
            Some(b'x') => {
                let digits = [rest.next().unwrap_or(0), rest.next().unwrap_or(0)];
                let digits = std::str::from_utf8(&digits).map_err(|error| error.to_string())?;
                bytes.push(u8::from_str_radix(digits, 16).map_err(|error| error.to_string())?);
            }
            _ => return Err(format!("unknown escape in {text:?}")),
        }
    }
    Ok(bytes)
}
