//! The control socket: the whole API on a Unix socket in the data directory, for whoever may open
//! the files of the box anyway (mode 0600). It lives as long as the box and cannot be stopped by
//! itself.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use mailstead_core::service::Stop;
use tokio::net::{UnixListener, UnixStream};

use crate::{House, listen, routes};

/// Its file in the data directory.
pub const SOCKET_FILE: &str = "control.sock";

/// Most commands at once.
const CONNECTIONS_MAX: usize = 64;

/// A control socket that is bound.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
}

impl Control {
    /// Binds the socket in this data directory. One that nobody answers on is left over from a crash
    /// and replaced.
    ///
    /// # Errors
    /// `AddrInUse` when somebody answers on it; what the system says about making it.
    pub async fn bind(data: &Path) -> io::Result<Control> {
        let path = data.join(SOCKET_FILE);
        if UnixStream::connect(&path).await.is_ok() {
            return Err(io::Error::new(io::ErrorKind::AddrInUse, format!("a server answers on {}", path.display())));
        }
        // Nobody may connect between bind and chmod: the name appears only when the mode is right.
        let unfinished = data.join(format!("{SOCKET_FILE}.new"));
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&unfinished)?;
        fs::set_permissions(&unfinished, Permissions::from_mode(0o600))?;
        fs::rename(&unfinished, &path)?;
        Ok(Control { listener, path })
    }

    /// Serves the API until `stop`, then removes the socket.
    pub async fn serve(self, house: House, stop: Stop) {
        listen::serve(self.listener, routes::for_owner(house), CONNECTIONS_MAX, stop).await;
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_stale_socket_is_replaced_and_a_living_one_respected() {
        let data = tempfile::tempdir().expect("a directory");
        drop(std::os::unix::net::UnixListener::bind(data.path().join(SOCKET_FILE)).expect("bound"));
        let control = Control::bind(data.path()).await.expect("the stale socket is replaced");
        let mode = fs::metadata(&control.path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let second = Control::bind(data.path()).await.err().expect("the first one answers");
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse);
    }
}
