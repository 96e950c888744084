//! The answer to a write, there once the write is durable.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::{Error, Result, Word};

/// A result that comes when its transaction is durable. Await it, or [`wait`](Pending::wait) on a
/// thread of your own. Dropping it does not take the write back.
#[must_use = "the write may fail; wait for it"]
pub struct Pending<T>(oneshot::AsyncReceiver<Result<T>>);

/// The writer's end of a [`Pending`].
pub(crate) struct Promise<T>(oneshot::Sender<Result<T>>);

impl<T> Pending<T> {
    /// A promise and what waits for it.
    pub(crate) fn new() -> (Promise<T>, Pending<T>) {
        let (sender, receiver) = oneshot::async_channel();
        (Promise(sender), Pending(receiver))
    }

    /// Blocks this thread until the result is there. Never call it on an async worker.
    ///
    /// # Errors
    /// Those of the write itself, or `Closed` when the store went away first.
    pub fn wait(self) -> Result<T> {
        struct Parked(std::thread::Thread);
        impl std::task::Wake for Parked {
            fn wake(self: std::sync::Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = std::sync::Arc::new(Parked(std::thread::current())).into();
        let mut context = Context::from_waker(&waker);
        let mut pending = std::pin::pin!(self);
        loop {
            if let Poll::Ready(result) = pending.as_mut().poll(&mut context) {
                return result;
            }
            std::thread::park();
        }
    }
}

impl<T> Promise<T> {
    /// Keeps the promise. Nobody may be waiting any more.
    pub(crate) fn keep(self, result: Result<T>) {
        let _ = self.0.send(result);
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<T>> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|result| result.unwrap_or_else(|_| Err(Error::new(Word::Closed, "the store is closing"))))
    }
}
