//! Where work runs that must not run on an async worker.

/// Runs storage reads (which may wait for the disk) on a thread that may block.
///
/// # Panics
/// With the panic of `read`, if it panics.
pub async fn read<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => result,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}

/// Runs computation on the rayon pool, which has one thread for each core.
///
/// # Panics
/// If `compute` panics.
pub async fn compute<T: Send + 'static>(compute: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    rayon::spawn(move || {
        let _ = sender.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(compute)));
    });
    match receiver.await {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(_) => unreachable!("the job always answers"),
    }
}
