//! Charts: values over time as an SVG that the server draws, with the same values as a table for whoever cannot see it.
//! The drawing stretches with the page; texts stand beside it.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::text;
use crate::texts::Key;

/// Units of the drawing: its height, and the width of one moment.
const HEIGHT: u64 = 100;
const SLOT: u64 = 10;

/// Marks under the chart at most.
const MARKS_MAX: usize = 5;

/// The colours, by their names in the style sheet.
const COLOURS: [&str; 4] = ["one", "two", "three", "four"];

/// Values of one kind, one for each moment.
pub(crate) struct Series {
    name: Key,
    values: Vec<u64>,
    colour: &'static str,
}

/// Values over time. `{{ chart }}` shows it.
pub(crate) struct Chart {
    id: &'static str,
    title: String,
    moments: Vec<String>,
    series: Vec<Series>,
    told: fn(u64) -> String,
    stacked: bool,
}

impl Chart {
    /// A chart of these moments (RFC 3339). `id` is its element's; `told` says a value in words.
    pub(crate) fn new(
        id: &'static str,
        title: impl Into<String>,
        moments: Vec<String>,
        told: fn(u64) -> String,
    ) -> Chart {
        Chart { id, title: title.into(), moments, series: Vec::new(), told, stacked: true }
    }

    /// The same, with lines instead of bars that stand on each other.
    pub(crate) fn with_lines(self) -> Chart {
        Chart { stacked: false, ..self }
    }

    /// The same, with one more series of as many values as there are moments.
    pub(crate) fn with(mut self, name: Key, values: Vec<u64>) -> Chart {
        let colour = COLOURS[self.series.len() % COLOURS.len()];
        self.series.push(Series { name, values, colour });
        self
    }

    /// The highest value, rounded up to one that reads well.
    fn most(&self) -> u64 {
        let at =
            |index: usize| self.series.iter().map(move |series| series.values.get(index).copied().unwrap_or_default());
        let highest = |index| if self.stacked { at(index).sum() } else { at(index).max().unwrap_or_default() };
        round_up((0..self.moments.len()).map(highest).max().unwrap_or_default())
    }

    fn drawing(&self) -> Drawing<'_> {
        let most = self.most();
        Drawing {
            id: self.id,
            is_empty: self.series.iter().all(|series| series.values.iter().all(|value| *value == 0)),
            title: &self.title,
            series: &self.series,
            width: (self.moments.len() as u64 * SLOT).max(SLOT),
            most,
            stacked: self.stacked,
            words: self.told,
            slots: (0..self.moments.len()).map(|index| self.slot(index, most)).collect(),
            lines: self.series.iter().map(|series| line(series, most)).collect(),
            hours: self.hours(),
        }
    }

    fn slot(&self, index: usize, most: u64) -> Slot<'_> {
        let values: Vec<u64> =
            self.series.iter().map(|series| series.values.get(index).copied().unwrap_or_default()).collect();
        let mut top = HEIGHT as f64;
        let bars = self.series.iter().zip(&values).map(|(series, value)| {
            let height = scaled(*value, most);
            top -= height;
            Bar { colour: series.colour, y: rounded(top), height: rounded(height) }
        });
        let told: Vec<String> = self
            .series
            .iter()
            .zip(&values)
            .map(|(series, value)| format!("{}: {}", series.name, (self.told)(*value)))
            .collect();
        let at = self.moments[index].as_str();
        let minute = at.get(..16).unwrap_or(at).replace('T', " ");
        Slot {
            x: index as u64 * SLOT,
            at,
            told: format!("{minute} UTC, {}", told.join(", ")),
            bars: bars.filter(|bar| bar.height > 0.0).collect(),
            values,
        }
    }

    /// Some of the moments, evenly apart, the first and the last among them.
    fn hours(&self) -> Vec<Hour<'_>> {
        let last = self.moments.len().saturating_sub(1);
        let marks = self.moments.len().min(MARKS_MAX);
        (0..marks).map(|mark| Hour(&self.moments[mark * last / (marks - 1).max(1)])).collect()
    }
}

/// The least of 1, 2, 4, 5, 6, 8 × 10ⁿ that is not less.
fn round_up(value: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [1, 2, 4, 5, 6, 8] {
            if step * unit >= value && step * unit > 1 {
                return step * unit;
            }
        }
        match u64::checked_mul(unit, 10).filter(|unit| unit.checked_mul(8).is_some()) {
            Some(next) => unit = next,
            None => return value,
        }
    }
}

fn scaled(value: u64, most: u64) -> f64 {
    value as f64 * HEIGHT as f64 / most.max(1) as f64
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn line(series: &Series, most: u64) -> Line {
    let point = |(index, value): (usize, &u64)| {
        let x = index as u64 * SLOT + SLOT / 2;
        format!("{x},{}", rounded(HEIGHT as f64 - scaled(*value, most)))
    };
    Line { colour: series.colour, points: series.values.iter().enumerate().map(point).collect::<Vec<_>>().join(" ") }
}

struct Slot<'a> {
    x: u64,
    at: &'a str,
    told: String,
    bars: Vec<Bar>,
    values: Vec<u64>,
}

struct Bar {
    colour: &'static str,
    y: f64,
    height: f64,
}

struct Line {
    colour: &'static str,
    points: String,
}

/// A moment under a chart, of which the hour is shown.
struct Hour<'a>(&'a str);

impl HtmlSafe for Hour<'_> {}

impl std::fmt::Display for Hour<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "<time datetime=\"{}\" data-hour>{}</time>", self.0, self.0.get(11..16).unwrap_or_default())
    }
}

#[derive(Template)]
#[template(path = "frame/chart.html")]
struct Drawing<'a> {
    id: &'static str,
    /// Is there nothing to draw?
    is_empty: bool,
    title: &'a str,
    series: &'a [Series],
    width: u64,
    most: u64,
    stacked: bool,
    words: fn(u64) -> String,
    slots: Vec<Slot<'a>>,
    lines: Vec<Line>,
    hours: Vec<Hour<'a>>,
}

impl Drawing<'_> {
    fn told(&self, value: &u64) -> String {
        (self.words)(*value)
    }
}

impl HtmlSafe for Chart {}

impl std::fmt::Display for Chart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.drawing().render().map_err(|_| std::fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(values: &[u64]) -> Chart {
        let moments = (0..values.len()).map(|hour| format!("2026-11-22T{hour:02}:00:00.000Z")).collect();
        Chart::new("mail", "Mail <per> hour", moments, text::number)
            .with(Key("in"), values.to_vec())
            .with(Key("from-users"), values.iter().map(|value| value * 2).collect())
    }

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, expected) in
            [(0, 2), (1, 2), (3, 4), (7, 8), (9, 10), (11, 20), (61, 80), (4100, 5000), (u64::MAX, u64::MAX)]
        {
            assert_eq!(round_up(value), expected, "{value}");
        }
    }

    #[test]
    fn bars_stand_on_each_other() {
        let drawn = chart(&[0, 1, 10]).to_string();
        assert!(drawn.contains("<span>40</span>"), "{drawn}");
        // Of 40, the last hour's 10 in are a quarter, and its 20 out, on top of them, a half.
        assert!(drawn.contains(r#"<rect class="one" x="21" y="75" width="8" height="25"/>"#), "{drawn}");
        assert!(drawn.contains(r#"<rect class="two" x="21" y="25" width="8" height="50"/>"#), "{drawn}");
        assert!(drawn.contains("2026-11-22 02:00 UTC, In: 10, From users: 20"), "{drawn}");
        assert!(!drawn.contains("<per>"), "{drawn}");
    }

    #[test]
    fn any_number_of_moments_can_be_drawn() {
        for count in [0, 1, 2, 5, 100] {
            let values: Vec<u64> = (0..count).collect();
            let bars = chart(&values).to_string();
            let lines = chart(&values).with_lines().to_string();
            assert!(bars.contains("</figure>") && lines.contains("</figure>"));
            assert!(bars.matches("data-hour").count() <= MARKS_MAX);
        }
    }
}
