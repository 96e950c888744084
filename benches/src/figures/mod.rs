//! What is said of many measurements. Pure.

mod acts;
mod latencies;
mod trend;

pub use acts::{Acts, Failures};
pub use latencies::Latencies;
pub use trend::{Trend, Verdict};

/// Three decimals are what a figure is worth.
pub fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// `count` for each of `units`, rounded; 0 when there is no unit.
pub fn per(count: f64, units: f64) -> f64 {
    if units > 0.0 { round(count / units) } else { 0.0 }
}
