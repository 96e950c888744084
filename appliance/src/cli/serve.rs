//! `mailstead serve`

use super::Failure;
use crate::config::Config;
use crate::house::House;
use crate::memory;
use crate::notify;
use crate::open_files;
use crate::signals::Signals;

/// Runs the box until it is told to stop.
pub async fn run(mut config: Config) -> Result<(), Failure> {
    memory::in_small_pages();
    let mut signals = Signals::listen()?;
    limit_connections(&mut config.limits.connections_max);
    let house = House::open_to_serve(&config).await?;
    let running = match house.start().await {
        Ok(running) => running,
        Err(why) => {
            house.close().await?;
            return Err(Failure::Refused(why));
        }
    };
    for (service, why) in running.failures() {
        eprintln!("mailstead: {service} does not run: {why}");
    }
    notify::ready();
    house.live_until(&mut signals).await;
    notify::stopping();
    house.stop(running).await
}

/// As many as the store leaves open files for: it must not run out of them.
fn limit_connections(connections_max: &mut usize) {
    let room = open_files::room_for_connections();
    if room < *connections_max {
        eprintln!(
            "mailstead: at most {room} connections at once, not {connections_max}: no more open files are allowed \
             (LimitNOFILE=, ulimit -Hn)"
        );
        *connections_max = room;
    }
}
