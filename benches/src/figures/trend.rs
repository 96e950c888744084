//! Whether a quantity grows with time.

use serde_json::{Value, json};

use super::round;

/// The straight line that is nearest to measurements over time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// The measurements' mean.
    pub mean: f64,
    /// Growth in an hour.
    pub per_hour: f64,
    /// Growth from the first to the last measurement, on the line.
    pub growth: f64,
    /// Standard deviation of the measurements from the line.
    pub scatter: f64,
}

/// A line through a sawtooth rises or falls by chance, depending on where it is cut: growth that is not larger
/// than so many standard deviations is noise.
const SCATTERS_MAX: f64 = 2.0;

/// Whether a trend is taken for growth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    trend: Trend,
    /// Growth on the line that is still taken for noise.
    noise: f64,
}

impl Trend {
    /// The trend of measurements (seconds, value); `None` of fewer than three, or of one moment.
    pub fn of(points: &[(f64, f64)]) -> Option<Trend> {
        let count = points.len() as f64;
        let mean_of = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / count;
        let (time, mean) = (mean_of(|point| point.0), mean_of(|point| point.1));
        let spread: f64 = points.iter().map(|point| (point.0 - time).powi(2)).sum();
        if points.len() < 3 || spread == 0.0 {
            return None;
        }
        let slope = points.iter().map(|point| (point.0 - time) * (point.1 - mean)).sum::<f64>() / spread;
        let seconds = points[points.len() - 1].0 - points[0].0;
        let off_line = |point: &(f64, f64)| point.1 - mean - slope * (point.0 - time);
        let scatter = (points.iter().map(|point| off_line(point).powi(2)).sum::<f64>() / count).sqrt();
        Some(Trend { mean, per_hour: slope * 3600.0, growth: slope * seconds, scatter })
    }
}

impl Verdict {
    /// Of a trend. `noise` is growth that is none, however straight the line.
    pub fn new(trend: Trend, noise: f64) -> Verdict {
        Verdict { trend, noise: noise.max(trend.scatter * SCATTERS_MAX) }
    }

    /// Does it stay as it is? Shrinking is no growth.
    pub fn is_flat(&self) -> bool {
        self.trend.growth <= self.noise
    }

    /// The figures behind it.
    pub fn json(&self) -> Value {
        json!({
            "flat": self.is_flat(),
            "mean": round(self.trend.mean),
            "growth": round(self.trend.growth),
            "noise": round(self.noise),
            "scatter": round(self.trend.scatter),
            "per_hour": round(self.trend.per_hour),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn growth(values: &[f64]) -> Option<f64> {
        let points: Vec<(f64, f64)> = values.iter().enumerate().map(|(at, value)| (at as f64 * 60.0, *value)).collect();
        Trend::of(&points).map(|trend| round(trend.growth))
    }

    #[test]
    fn growth_of_the_nearest_line() {
        assert_eq!(growth(&[1.0, 2.0, 3.0, 4.0]), Some(3.0));
        assert_eq!(growth(&[4.0, 3.0, 2.0, 1.0]), Some(-3.0));
        assert_eq!(growth(&[5.0, 5.0, 5.0]), Some(0.0));
        assert_eq!(growth(&[5.0, 7.0, 5.0, 7.0, 5.0]), Some(0.0));
        assert_eq!(growth(&[5.0, 7.0]), None);
        assert_eq!(growth(&[]), None);
        assert_eq!(Trend::of(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }

    #[test]
    fn an_hour_has_sixty_minutes() {
        let trend = Trend::of(&[(0.0, 10.0), (60.0, 11.0), (120.0, 12.0)]).unwrap();
        assert_eq!((round(trend.per_hour), trend.mean), (60.0, 11.0));
    }

    #[test]
    fn noise_and_shrinking_are_flat() {
        let flat = |growth, scatter| Verdict::new(Trend { mean: 100.0, per_hour: 0.0, growth, scatter }, 2.0).is_flat();
        assert_eq!([flat(-50.0, 0.0), flat(2.0, 0.0), flat(2.1, 0.0)], [true, true, false]);
        assert_eq!([flat(10.0, 5.0), flat(10.1, 5.0)], [true, false]);
    }

    #[test]
    fn a_sawtooth_is_flat_and_one_that_climbs_is_not() {
        let verdict = |climb: f64| {
            let value = |at: u32| f64::from(at % 11) * 10.0 + f64::from(at) * climb;
            let points: Vec<(f64, f64)> = (0..60).map(|at| (f64::from(at), value(at))).collect();
            Verdict::new(Trend::of(&points).unwrap(), 0.0).is_flat()
        };
        assert!(verdict(0.0));
        assert!(!verdict(2.0));
    }
}
