//! The signals of the operating system that the box obeys.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::Failure;

/// What the machine wants of the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Reload,
}

/// The signals that the box obeys.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> Result<Signals, Failure> {
        let on = |kind| signal(kind).map_err(|error| Failure::Refused(format!("cannot listen for signals: {error}")));
        Ok(Signals {
            terminate: on(SignalKind::terminate())?,
            interrupt: on(SignalKind::interrupt())?,
            hangup: on(SignalKind::hangup())?,
        })
    }

    /// Resolves when the box is to stop.
    pub async fn stop(&mut self) {
        while self.next().await != Wish::Stop {}
    }

    /// The next wish.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.terminate.recv() => Wish::Stop,
            _ = self.interrupt.recv() => Wish::Stop,
            _ = self.hangup.recv() => Wish::Reload,
        }
    }
}
