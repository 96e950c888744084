//! The loads: one file for each subcommand. Each takes its options and gives its figures as JSON.

pub mod deliver;
pub mod fill;
pub mod grow;
pub mod idle;
pub mod mailbox;
mod pop3;
pub mod read;
pub mod receive;
pub mod search;
pub mod send;
mod sending;
pub mod soak;
mod supply;

use tokio::task::spawn_local;

/// Runs `count` sessions at once on this thread, and gives what each came to.
async fn sessions<T: 'static, F>(count: u64, session: impl Fn(u64) -> F) -> Vec<T>
where
    F: Future<Output = T> + 'static,
{
    let running: Vec<_> = (0..count).map(|number| spawn_local(session(number))).collect();
    let mut ended = Vec::with_capacity(running.len());
    for session in running {
        // A session that panicked has told so on standard error.
        ended.extend(session.await);
    }
    ended
}
