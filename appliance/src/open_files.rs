//! The limit of open files that the operating system puts on this process: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides connections: the store's, the log's, listeners, the runtime's own, and
/// connections that are being turned away.
const FILES_BESIDES: u64 = 200;

/// Raises the limit as far as it may be raised. Returns how many connections fit then.
pub fn room_for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    fitting(if raised.is_ok() { maximum } else { current })
}

fn fitting(files_max: Option<u64>) -> usize {
    let connections = files_max.map_or(u64::MAX, |files| files.saturating_sub(FILES_BESIDES).max(1));
    usize::try_from(connections).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised() {
        let room = room_for_connections();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!((current, room), (maximum, fitting(maximum)));
    }

    #[test]
    fn what_fits() {
        for (files_max, expected) in [(None, usize::MAX), (Some(1024), 824), (Some(100), 1)] {
            assert_eq!(fitting(files_max), expected, "{files_max:?}");
        }
    }
}
