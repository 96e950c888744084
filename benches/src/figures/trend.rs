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
}

/// Whether a trend is taken for growth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// What it is about.
    pub trend: Trend,
    /// Growth on the line that is still taken for noise.
    pub noise: f64,
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
        Some(Trend { mean, per_hour: slope * 3600.0, growth: slope * seconds })
    }
}

impl Verdict {
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
        let flat = |growth| Verdict { trend: Trend { mean: 100.0, per_hour: 0.0, growth }, noise: 2.0 }.is_flat();
        assert_eq!([flat(-50.0), flat(2.0), flat(2.1)], [true, true, false]);
    }
}
