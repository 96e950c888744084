//! `mailstead serve`

use super::Failure;
use crate::config::Config;
use crate::house::House;
use crate::notify;
use crate::open_files;
use crate::signals::Signals;

/// Runs the box until it is told to stop.
pub async fn run(config: Config) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    if let Err(why) = open_files::make_room(config.limits.connections_max) {
        eprintln!("mailstead: {why}");
    }
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
