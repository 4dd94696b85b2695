//! Charts as SVG, drawn here: bars of two series, and a line with its limits.
//!
//! The figures stand in a table beside each chart, and a pattern tells the series apart, not only a
//! colour.

/// Where the drawing is, in the units of its view box.
const LEFT: f64 = 54.0;
const TOP: f64 = 14.0;
const RIGHT: f64 = 948.0;
const BOTTOM: f64 = 252.0;

/// A line across with its number.
pub(crate) struct Tick {
    pub(crate) y: String,
    pub(crate) text_y: String,
    pub(crate) text: String,
}

/// The two bars of one slot.
pub(crate) struct Pair {
    /// For those who hover, and for screen readers.
    pub(crate) title: String,
    /// Below the axis; absent where there is no room.
    pub(crate) label: Option<String>,
    pub(crate) center: String,
    pub(crate) x_in: String,
    pub(crate) x_out: String,
    pub(crate) width: String,
    pub(crate) y_in: String,
    pub(crate) h_in: String,
    pub(crate) y_out: String,
    pub(crate) h_out: String,
    /// In this slot is the present.
    pub(crate) is_now: bool,
}

/// Bars in pairs.
pub(crate) struct Bars {
    pub(crate) title: &'static str,
    pub(crate) description: &'static str,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) pairs: Vec<Pair>,
}

/// What is drawn for one slot.
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) title: String,
    pub(crate) n_in: u64,
    pub(crate) n_out: u64,
    pub(crate) is_now: bool,
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[expect(clippy::cast_precision_loss, reason = "a place in a drawing")]
fn real(n: u64) -> f64 {
    n as f64
}

/// A round number that is at least this, and a quarter to a half of it between ticks.
fn round_top(max: u64) -> (u64, u64) {
    let mut step = 1_u64;
    loop {
        for of_ten in [1, 2, 5] {
            let step = step.saturating_mul(of_ten);
            if max <= step.saturating_mul(4) {
                let n_steps = max.div_ceil(step).max(1);
                return (n_steps.saturating_mul(step), step);
            }
        }
        step = step.saturating_mul(10);
    }
}

/// Lines across from nothing to a round number, and that number.
fn ticks(max: u64, write: impl Fn(u64) -> String) -> (Vec<Tick>, f64) {
    let (top, step) = round_top(max);
    let tick = |n: u64| {
        let y = BOTTOM - real(n) / real(top) * (BOTTOM - TOP);
        Tick {
            y: number(y),
            text_y: number(y + 4.5),
            text: write(n),
        }
    };
    let n_steps = top / step.max(1);
    ((0..=n_steps).map(|i| tick(i * step)).collect(), real(top))
}

impl Bars {
    /// Draws the columns; where they are many, every second one has its label below.
    pub(crate) fn new(
        (title, description): (&'static str, &'static str),
        columns: Vec<Column>,
        write: impl Fn(u64) -> String,
    ) -> Self {
        let max = columns.iter().map(|c| c.n_in.max(c.n_out)).max();
        let (ticks, top) = ticks(max.unwrap_or(0).max(1), write);
        let n_columns = columns.len().max(1);
        let room = (RIGHT - LEFT) / real(n_columns as u64);
        let width = (room * 0.38).min(40.0);
        let height = |n: u64| real(n) / top * (BOTTOM - TOP);
        let every = if n_columns <= 16 { 1 } else { 2 };
        let pair = |(i, column): (usize, Column)| {
            let center = LEFT + room * (real(i as u64) + 0.5);
            let (h_in, h_out) = (height(column.n_in), height(column.n_out));
            Pair {
                title: column.title,
                label: (i % every == 0).then_some(column.label),
                center: number(center),
                x_in: number(center - width - 0.5),
                x_out: number(center + 0.5),
                width: number(width),
                y_in: number(BOTTOM - h_in),
                h_in: number(h_in),
                y_out: number(BOTTOM - h_out),
                h_out: number(h_out),
                is_now: column.is_now,
            }
        };
        Self {
            title,
            description,
            ticks,
            pairs: columns.into_iter().enumerate().map(pair).collect(),
        }
    }
}

/// A limit across a line chart.
pub(crate) struct Limit {
    pub(crate) word: &'static str,
    pub(crate) class: &'static str,
    pub(crate) y: String,
    pub(crate) text_y: String,
}

/// A line over time.
pub(crate) struct Line {
    pub(crate) title: String,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) limits: Vec<Limit>,
    /// For `points`.
    pub(crate) points: String,
    /// The same, closed along the axis.
    pub(crate) area: String,
    pub(crate) labels: Vec<(String, String)>,
    pub(crate) end_x: String,
    pub(crate) end_y: String,
}

impl Line {
    /// Draws values at equal distances, each with a label or none below it, and limits by value.
    pub(crate) fn new(
        title: String,
        values: &[(u64, Option<String>)],
        limits: &[(&'static str, &'static str, f64)],
        write: impl Fn(u64) -> String,
    ) -> Self {
        let max = values.iter().map(|(n, _)| *n).max().unwrap_or(0).max(1);
        let (ticks, top) = ticks(max, write);
        let n_gaps = values.len().saturating_sub(1).max(1);
        let x = |i: usize| LEFT + (RIGHT - LEFT) * real(i as u64) / real(n_gaps as u64);
        let y = |n: f64| BOTTOM - n / top * (BOTTOM - TOP);
        let point = |(i, (n, _)): (usize, &(u64, Option<String>))| {
            format!("{},{}", number(x(i)), number(y(real(*n))))
        };
        let points: Vec<String> = values.iter().enumerate().map(point).collect();
        let last = values.len().saturating_sub(1);
        let bottom = number(BOTTOM);
        let area = format!(
            "{},{bottom} {} {},{bottom}",
            number(x(0)),
            points.join(" "),
            number(x(last))
        );
        let label = |(i, (_, label)): (usize, &(u64, Option<String>))| {
            label.clone().map(|label| (number(x(i)), label))
        };
        let limit = |(word, class, at): &(&'static str, &'static str, f64)| Limit {
            word,
            class,
            y: number(y(*at)),
            text_y: number(y(*at) - 5.0),
        };
        let seen = limits.iter().filter(|(_, _, at)| *at <= top);
        Self {
            title,
            ticks,
            limits: seen.map(limit).collect(),
            labels: values.iter().enumerate().filter_map(label).collect(),
            end_x: number(x(last)),
            end_y: number(y(values.last().map_or(0.0, |(n, _)| real(*n)))),
            points: points.join(" "),
            area,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers_above_everything() {
        for (max, top, step) in [
            (1, 1, 1),
            (4, 4, 1),
            (5, 6, 2),
            (17, 20, 5),
            (41, 60, 20),
            (1234, 1500, 500),
        ] {
            assert_eq!(round_top(max), (top, step), "{max}");
        }
        let (top, step) = round_top(u64::MAX);
        assert!(0 < step && 0 < top);
    }

    #[test]
    fn a_bar_is_as_high_as_its_number() {
        let column = |n_in, n_out| Column {
            label: "7".to_owned(),
            title: String::new(),
            n_in,
            n_out,
            is_now: false,
        };
        let bars = Bars::new(("t", "d"), vec![column(4, 2), column(0, 0)], |n| {
            n.to_string()
        });
        assert_eq!(bars.pairs[0].h_in, number(BOTTOM - TOP));
        assert_eq!(bars.pairs[0].h_out, number((BOTTOM - TOP) / 2.0));
        assert_eq!(bars.pairs[1].h_in, "0.0");
        assert_eq!(bars.ticks.len(), 5);
    }
}
