//! The limit of open files that the operating system puts on this process: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open besides connections: the store's, the log's, listeners, the runtime's own.
const FILES_BESIDES: u64 = 200;

/// Raises the limit as far as it may be raised.
///
/// # Errors
/// A sentence for a person, when so many connections do not fit even then. The box works with fewer.
pub fn make_room(connections_max: usize) -> Result<(), String> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    match limit {
        Some(limit) if limit < connections_max as u64 + FILES_BESIDES => Err(format!(
            "{limit} open files are allowed (LimitNOFILE=, ulimit -Hn), too few for connections_max = {connections_max}"
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_and_what_does_not_fit_is_told() {
        assert_eq!(make_room(1), Ok(()));
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert_eq!(make_room(usize::MAX / 2).is_err(), maximum.is_some());
    }
}
