//! The loop that joins a socket to a session.

use std::future::pending;
use std::time::Duration;

use super::deflate::is_garbled;
use super::session::{Answers, Goodbye, Session, Turn};
use super::stream::Stream;
use super::tls::Certificates;
use super::{Input, Status};
use crate::bell::Watch;
use crate::clock::Clock;
use crate::people::sessions::SessionGuard;
use crate::service::Stop;

/// A client that takes nothing for this long while we speak is cut off.
const SAY_PATIENCE: Duration = Duration::from_secs(120);

/// A connection's end is waited for so long.
const SHUT_DOWN_PATIENCE: Duration = Duration::from_secs(10);

/// A client that has sent so much at once lets others go first, as does one that much is said to: there may
/// be thousands of commands in it.
const LONG_INPUT_BYTES: usize = 4096;

/// A client that is silent for so long will be for longer: memory that it needs again is given back.
const REST: Duration = Duration::from_secs(5);

/// A transaction in flight may go on for this long after its service was told to stop.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The session hung up: all is said.
    Done,
    /// The client went away.
    Gone,
    /// The client took or sent nothing for too long, or TLS failed.
    Broken,
    /// We said goodbye.
    Dismissed(Goodbye),
}

/// One connection with all that drives it.
pub(super) struct Connection<S> {
    pub stream: Stream,
    pub session: S,
    pub guard: SessionGuard,
    pub clock: Clock,
    pub certificates: Certificates,
    pub stop: Stop,
}

/// What ended a wait.
enum Heard {
    Bytes,
    Bell,
    /// Nothing, for a while.
    Rest,
    Goodbye(Goodbye),
    Broken,
}

impl<S: Session> Connection<S> {
    /// Runs the session to its end.
    pub async fn drive(mut self, mut answers: impl Answers<S>) -> Ending {
        let mut input = Input::default();
        let mut out = Vec::new();
        let mut shown = Status::default();
        let ending = loop {
            let turn = self.session.turn(&mut input, &mut out, self.clock.now());
            self.show(&mut shown);
            let (idle, patience) = match turn {
                Turn::Ask(question) => {
                    // Boxed: it is far larger than what a waiting connection needs.
                    let answer = Box::pin(answers.answer(question)).await;
                    self.session.answer(answer, &mut out, self.clock.now());
                    continue;
                }
                Turn::Flush => match self.say(&mut out).await {
                    Ok(()) => {
                        tokio::task::yield_now().await;
                        continue;
                    }
                    Err(ending) => break ending,
                },
                Turn::StartTls => match self.start_tls(&mut input, &mut out).await {
                    Ok(()) => continue,
                    Err(ending) => break ending,
                },
                Turn::Compress => match self.say(&mut out).await {
                    Ok(()) => {
                        self.stream.compress(&mut input);
                        continue;
                    }
                    Err(ending) => break ending,
                },
                Turn::HangUp => break self.say(&mut out).await.err().unwrap_or(Ending::Done),
                Turn::Read { patience } => (false, patience),
                Turn::Idle { patience } => (true, patience),
            };
            if let Err(ending) = self.say(&mut out).await {
                break ending;
            }
            if input.is_closed() {
                break Ending::Gone;
            }
            input.relax();
            if idle {
                self.stream.relax();
            }
            match self.wait(&mut input, idle, patience).await {
                Heard::Bytes if input.bytes().len() >= LONG_INPUT_BYTES => tokio::task::yield_now().await,
                Heard::Bytes => {}
                Heard::Bell => self.session.rang(),
                Heard::Rest => self.stream.relax(),
                Heard::Broken => break Ending::Broken,
                Heard::Goodbye(why) => {
                    self.session.goodbye(why, &mut out);
                    let _ = self.say(&mut out).await;
                    break Ending::Dismissed(why);
                }
            }
        };
        answers.over();
        if ending != Ending::Broken {
            let _ = tokio::time::timeout(SHUT_DOWN_PATIENCE, self.stream.shut_down()).await;
        }
        ending
    }

    /// Keeps the list of sessions true.
    fn show(&self, shown: &mut Status) {
        let status = self.session.status();
        if status != *shown {
            self.guard.set_status(status.user.clone(), status.state);
            *shown = status;
        }
    }

    /// Sends what is to be said and gives the memory back.
    async fn say(&mut self, out: &mut Vec<u8>) -> Result<(), Ending> {
        if out.is_empty() {
            return Ok(());
        }
        let bytes = std::mem::take(out);
        tokio::select! {
            biased;
            said = tokio::time::timeout(SAY_PATIENCE, self.stream.say(&bytes)) => match said {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(Ending::Gone),
                Err(_) => Err(Ending::Broken),
            },
            // A client that takes nothing is told nothing.
            () = self.guard.ended() => Err(Ending::Dismissed(Goodbye::Ended)),
        }
    }

    /// Waits for whatever comes first.
    async fn wait(&mut self, input: &mut Input, idle: bool, patience: Duration) -> Heard {
        let busy = self.session.is_busy();
        let [first, second] = if idle { self.session.watches() } else { [None, None] };
        let rests = self.stream.is_tense();
        let rest = async {
            match rests {
                true => tokio::time::sleep(REST).await,
                false => pending().await,
            }
        };
        let stopped = async {
            self.stop.asked().await;
            if busy {
                tokio::time::sleep(STOP_GRACE).await;
            }
        };
        tokio::select! {
            biased;
            // First: a client that never stops talking can be ended, too.
            () = self.guard.ended() => Heard::Goodbye(Goodbye::Ended),
            heard = self.stream.hear(input) => match heard {
                Ok(()) => Heard::Bytes,
                Err(error) if is_garbled(&error) => Heard::Goodbye(Goodbye::Garbled),
                Err(_) => Heard::Broken,
            },
            () = rung(first) => Heard::Bell,
            () = rung(second) => Heard::Bell,
            () = rest => Heard::Rest,
            () = stopped => Heard::Goodbye(Goodbye::ServiceStops),
            () = tokio::time::sleep(patience) => Heard::Goodbye(Goodbye::Timeout),
        }
    }

    async fn start_tls(&mut self, input: &mut Input, out: &mut Vec<u8>) -> Result<(), Ending> {
        self.say(out).await?;
        // What was sent before the handshake could have been put there by anyone on the way.
        input.clear();
        self.stream.secure(self.certificates.server()).await.map_err(|_| Ending::Broken)?;
        let version = self.stream.tls_version().unwrap_or_default();
        self.guard.set_tls(version);
        self.session.bound(self.stream.bindings(&self.certificates));
        self.session.secured(version);
        Ok(())
    }
}

/// Resolves when what is watched has changed.
async fn rung(watch: Option<&Watch>) {
    match watch {
        Some(watch) => watch.changed().await,
        None => pending().await,
    }
}
