//! What follows the settings while the box runs: each part holds a [`Live`] value that is made anew of a changed
//! configuration.

use std::sync::Arc;

use mailstead_core::settings::Live;

use super::Config;

/// Exchanges one part's value for that of this configuration.
type Follower = Arc<dyn Fn(&Config) + Send + Sync>;

/// All of them, in the order in which they were made.
#[derive(Clone, Default)]
pub struct Followers(Vec<Follower>);

impl Followers {
    /// A value that is `of` this configuration, and of each that comes after it.
    pub fn live<T: Send + Sync + 'static>(
        &mut self,
        config: &Config,
        of: impl Fn(&Config) -> T + Send + Sync + 'static,
    ) -> Live<T> {
        let live = Live::new(of(config));
        let follower = live.clone();
        self.0.push(Arc::new(move |config| follower.set(of(config))));
        live
    }

    /// From now on this is the configuration.
    pub fn follow(&self, config: &Config) {
        self.0.iter().for_each(|follower| follower(config));
    }
}
