//! The demo's folder `./demo-data`: its configuration, its data, and a note how many of the samples
//! were sent, which also marks the folder as a demo's. Nothing else is ever removed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::cli::Failure;
use crate::config::Config;

/// The folder, below the working directory.
const FOLDER: &str = "demo-data";

/// The note in it.
const MARKER: &str = "demo-samples-sent";

/// The configuration in it.
const CONFIG: &str = "mailstead.toml";

/// What the configuration says.
const CONFIG_TEXT: &str = include_str!("demo.toml");

/// The folder of a demo.
#[derive(Clone)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder that is there, or a new one. `fresh` removes an earlier demo first.
    pub fn open(fresh: bool) -> Result<Folder, Failure> {
        Folder::open_in(Path::new(""), fresh)
    }

    fn open_in(parent: &Path, fresh: bool) -> Result<Folder, Failure> {
        let folder = Folder(parent.join(FOLDER));
        if folder.0.exists() && !folder.marker().is_file() {
            let message = format!("{} is there and is not a demo's; move it away first", folder.0.display());
            return Err(Failure::Refused(message));
        }
        if folder.0.exists() && fresh {
            folder.refuse_in_use()?;
            fs::remove_dir_all(&folder.0).map_err(|error| folder.failed("remove", &error))?;
        }
        if !folder.0.exists() {
            fs::create_dir_all(&folder.0).map_err(|error| folder.failed("make", &error))?;
            folder.note_sent(0).map_err(Failure::Refused)?;
        }
        fs::write(folder.config_file(), CONFIG_TEXT).map_err(|error| folder.failed("write to", &error))?;
        Ok(folder)
    }

    /// Its configuration.
    pub fn config(&self) -> Result<Config, Failure> {
        Config::load(Some(&self.config_file())).map_err(Failure::Usage)
    }

    /// Where its configuration is.
    pub fn config_file(&self) -> PathBuf {
        self.0.join(CONFIG)
    }

    /// How many samples were sent.
    pub fn sent(&self) -> usize {
        fs::read_to_string(self.marker()).ok().and_then(|note| note.trim().parse().ok()).unwrap_or(0)
    }

    /// Notes how many samples were sent.
    pub fn note_sent(&self, number: usize) -> Result<(), String> {
        fs::write(self.marker(), format!("{number}\n"))
            .map_err(|error| format!("cannot write {}: {error}", self.marker().display()))
    }

    fn marker(&self) -> PathBuf {
        self.0.join(MARKER)
    }

    /// Refuses to remove what a running demo uses.
    fn refuse_in_use(&self) -> Result<(), Failure> {
        let socket = self.0.join(mailstead_web::control::SOCKET_FILE);
        match std::os::unix::net::UnixStream::connect(socket) {
            Ok(_) => Err(Failure::Refused("the demo is running; stop it with Ctrl-C before starting over".into())),
            Err(_) => Ok(()),
        }
    }

    fn failed(&self, what: &str, error: &std::io::Error) -> Failure {
        let why = match error.kind() {
            ErrorKind::PermissionDenied => "you may not write there".into(),
            _ => error.to_string(),
        };
        Failure::Refused(format!("cannot {what} {}: {why}", self.0.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_demo_is_removed() {
        let parent = tempfile::tempdir().expect("a directory");
        let foreign = parent.path().join(FOLDER).join("letters");
        fs::create_dir_all(&foreign).expect("made");
        for fresh in [false, true] {
            assert!(Folder::open_in(parent.path(), fresh).is_err());
        }
        assert!(foreign.exists());
        fs::remove_dir_all(parent.path().join(FOLDER)).expect("removed");

        let folder = Folder::open_in(parent.path(), false).expect("made");
        folder.note_sent(7).expect("noted");
        assert_eq!(Folder::open_in(parent.path(), false).expect("there").sent(), 7);
        assert_eq!(Folder::open_in(parent.path(), true).expect("made anew").sent(), 0);
    }

    #[test]
    fn the_configuration_is_right() {
        let parent = tempfile::tempdir().expect("a directory");
        let config = Folder::open_in(parent.path(), false).expect("made").config().expect("right");
        assert_eq!(config.smtp.listen, ["127.0.0.1:2525".parse().expect("an address")]);
        assert_eq!(config.top.data, parent.path().join(FOLDER));
    }
}
