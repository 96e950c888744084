//! Where work runs that must not run on an async worker.

mod readers;

use std::sync::LazyLock;

use tokio::sync::Semaphore;

/// Runs a short storage read (which may wait for the disk) on a thread that may block.
///
/// # Panics
/// With the panic of `read`, if it panics.
pub async fn read<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    let runtime = tokio::runtime::Handle::current();
    let within = move || {
        // What finds something to do later may spawn it.
        let _runtime = runtime.enter();
        read()
    };
    answer_of(readers::spawn, within).await
}

/// Runs storage reads that may take long, searches above all, on threads of their own: no more at once than there are
/// cores.
///
/// # Panics
/// With the panic of `long`, if it panics.
pub async fn read_long<T: Send + 'static>(long: impl FnOnce() -> T + Send + 'static) -> T {
    static TURNS: LazyLock<Semaphore> =
        LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));
    // The turn is the work's, which goes on when nobody waits for it any more.
    let turn = TURNS.acquire().await;
    let work = move || {
        let _turn = turn;
        long()
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}

/// Runs computation on the rayon pool, which has one thread for each core.
///
/// # Panics
/// If `compute` panics.
pub async fn compute<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> T {
    answer_of(rayon::spawn, compute).await
}

/// What comes of work that is done elsewhere; its panic goes on here.
async fn answer_of<T: Send + 'static>(
    spawn: impl FnOnce(Box<dyn FnOnce() + Send>),
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    spawn(Box::new(move || {
        let _ = sender.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)));
    }));
    match receiver.await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => unreachable!("the job always answers"),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn long_reads_take_turns_and_short_ones_do_not() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let reads: Vec<_> = (0..3 * cores)
            .map(|_| {
                let (running, most) = (Arc::clone(&running), Arc::clone(&most));
                tokio::spawn(read_long(move || {
                    most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                    std::thread::sleep(Duration::from_millis(20));
                    running.fetch_sub(1, SeqCst);
                }))
            })
            .collect();
        read(|| tokio::spawn(async {})).await.await.expect("a read may spawn");
        for read in reads {
            read.await.expect("ends");
        }
        assert_eq!(most.load(SeqCst), cores);
    }
}
