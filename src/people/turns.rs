//! Turns for the costly check of a password: few at once in all, fewer for each network. So guessing at
//! passwords leaves room for mail, and makes those wait who guess.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Most Argon2id computations at once, 19 MiB each; half of the cores when that is fewer. Further
/// logins wait in a queue.
const AT_ONCE_MAX: usize = 8;

/// Bits of an IPv6 address that name a network. A client has all addresses of one.
const NETWORK_BITS: u128 = 64;

/// The turns. Cheap to clone.
#[derive(Clone)]
pub struct Turns {
    all: Arc<Semaphore>,
    /// Of these, what one network may have.
    share: usize,
    networks: Arc<Mutex<HashMap<IpAddr, Network>>>,
}

/// A network with clients that wait or have their turn.
struct Network {
    clients: usize,
    turns: Arc<Semaphore>,
}

/// A turn; dropped, it is the next one's.
pub struct Turn {
    _all: OwnedSemaphorePermit,
    _network: Option<(OwnedSemaphorePermit, Client)>,
}

/// Somebody in a network.
struct Client {
    network: IpAddr,
    turns: Turns,
}

impl Turns {
    /// As many turns as this machine has cores for.
    pub fn new() -> Turns {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let at_once = cores.div_ceil(2).min(AT_ONCE_MAX);
        Turns { all: Arc::new(Semaphore::new(at_once)), share: at_once.div_ceil(2), networks: Arc::default() }
    }

    /// Waits for a turn; who is in no network waits for nobody in particular. It belongs to the
    /// computation, not to who waits for it: that one may go away while the work goes on.
    pub async fn take(&self, from: Option<IpAddr>) -> Option<Turn> {
        let network = match from {
            Some(from) => Some(self.take_in(network(from)).await?),
            None => None,
        };
        let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
        Some(Turn { _all: all, _network: network })
    }

    async fn take_in(&self, network: IpAddr) -> Option<(OwnedSemaphorePermit, Client)> {
        let turns = {
            let mut networks = self.networks();
            let fresh = || Network { clients: 0, turns: Arc::new(Semaphore::new(self.share)) };
            let known = networks.entry(network).or_insert_with(fresh);
            known.clients += 1;
            Arc::clone(&known.turns)
        };
        let client = Client { network, turns: self.clone() };
        Some((turns.acquire_owned().await.ok()?, client))
    }

    fn networks(&self) -> MutexGuard<'_, HashMap<IpAddr, Network>> {
        self.networks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut networks = self.turns.networks();
        if let Some(known) = networks.get_mut(&self.network) {
            known.clients -= 1;
            if known.clients == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

/// The network of an address, as its first address.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() >> NETWORK_BITS << NETWORK_BITS).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn networks() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            assert_eq!(network(ip(address)), ip(expected), "{address}");
        }
    }

    #[tokio::test]
    async fn who_has_many_waiting_makes_nobody_else_wait() {
        let turns = Turns { all: Arc::new(Semaphore::new(2)), share: 1, networks: Arc::default() };
        let (guesser, other) = (Some(ip("192.0.2.1")), Some(ip("192.0.2.2")));
        let first = turns.take(guesser).await.expect("a turn");
        let waiting: Vec<_> = (0..10)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move { turns.take(guesser).await.is_some() })
            })
            .collect();
        tokio::task::yield_now().await;
        let patience = Duration::from_secs(10);
        drop(tokio::time::timeout(patience, turns.take(other)).await.expect("no wait").expect("a turn"));
        drop(tokio::time::timeout(patience, turns.take(None)).await.expect("no wait").expect("a turn"));
        assert_eq!(waiting.iter().filter(|task| task.is_finished()).count(), 0);
        drop(first);
        for task in waiting {
            assert!(tokio::time::timeout(patience, task).await.expect("in turn").expect("joins"));
        }
        assert!(turns.networks().is_empty(), "nothing is kept of who has gone");
    }

    #[tokio::test]
    async fn who_stops_waiting_is_forgotten() {
        let turns = Turns { all: Arc::new(Semaphore::new(1)), share: 1, networks: Arc::default() };
        let turn = turns.take(Some(ip("192.0.2.1"))).await.expect("a turn");
        let given_up = tokio::time::timeout(Duration::from_millis(1), turns.take(Some(ip("192.0.2.2")))).await;
        assert!(given_up.is_err());
        assert_eq!(turns.networks().len(), 1);
        drop(turn);
        assert!(turns.take(Some(ip("192.0.2.2"))).await.is_some());
    }
}
