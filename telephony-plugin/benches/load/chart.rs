//! A run as a drawing: times over its minutes, by powers of ten, and memory below.

use std::fmt::Write as _;

use crate::report::{Report, Stretch};

const WIDTH: f64 = 720.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 150.0;
const HEIGHT: f64 = 220.0;
const GAP: f64 = 40.0;
const TOP: f64 = 24.0;

/// A line of a panel: its name, its colour, and what of a stretch it shows.
type Line = (&'static str, &'static str, fn(&Stretch) -> f64);

/// A panel: where it begins, and the values at its bottom and its top.
struct Panel {
    top: f64,
    low: f64,
    high: f64,
    by_powers: bool,
}

pub(crate) fn draw(report: &Report) -> String {
    let times: [Line; 4] = [
        ("replied, p99", "#b02a37", |stretch| stretch.replied[1]),
        ("replied, p50", "#e58b95", |stretch| stretch.replied[0]),
        ("acknowledged, p99", "#0b5394", |stretch| stretch.acknowledged[1]),
        ("acknowledged, p50", "#7fb2e5", |stretch| stretch.acknowledged[0]),
    ];
    let memory: [Line; 1] = [("memory", "#38761d", |stretch| stretch.memory)];
    let stretches = &report.stretches;
    let (low, high) = bounds(stretches, &times);
    let powers = (10_f64.powf(low.log10().floor()), 10_f64.powf(high.log10().ceil()));
    let above = Panel { top: TOP, low: powers.0, high: powers.1, by_powers: true };
    let (_, most) = bounds(stretches, &memory);
    let high = (most / 10.0).ceil() * 10.0;
    let below = Panel { top: TOP + HEIGHT + GAP, low: 0.0, high, by_powers: false };
    let bottom = below.top + HEIGHT + GAP;
    let mut drawing = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {bottom}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{bottom}\" fill=\"white\"/>\n"
    );
    let mut powers = Vec::new();
    let mut power = above.low;
    while power <= above.high * 1.01 {
        powers.push(power);
        power *= 10.0;
    }
    panel(&mut drawing, &above, stretches, &times, &powers, "ms");
    let steps: Vec<f64> = (0..=4).map(|step| below.high * f64::from(step) / 4.0).collect();
    panel(&mut drawing, &below, stretches, &memory, &steps, "MB");
    let (x, y) = ((LEFT + WIDTH - RIGHT) / 2.0, bottom - 8.0);
    let _ = writeln!(drawing, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">minutes</text>");
    drawing.push_str("</svg>\n");
    drawing
}

fn panel(
    drawing: &mut String,
    panel: &Panel,
    stretches: &[Stretch],
    lines: &[Line],
    marks: &[f64],
    unit: &str,
) {
    let right = WIDTH - RIGHT;
    for mark in marks {
        let y = panel.y(*mark);
        let _ = writeln!(
            drawing,
            "<line x1=\"{LEFT}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\" stroke=\"#ddd\"/>\n\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{mark} {unit}</text>",
            LEFT - 6.0,
            y + 4.0
        );
    }
    let last = stretches.last().map_or(1.0, |stretch| stretch.at).max(f64::EPSILON);
    let x = |at: f64| LEFT + at / last * (right - LEFT);
    for minute in 0..=last as u32 {
        let (x, y) = (x(f64::from(minute)), panel.top + HEIGHT + 16.0);
        let _ = writeln!(
            drawing,
            "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{minute}</text>"
        );
    }
    for (place, (name, colour, of)) in lines.iter().enumerate() {
        let points: Vec<String> = stretches
            .iter()
            .map(|stretch| format!("{:.1},{:.1}", x(stretch.at), panel.y(of(stretch))))
            .collect();
        let y = panel.top + 14.0 + 18.0 * place as f64;
        let _ = writeln!(
            drawing,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" points=\"{}\"/>\n\
             <text x=\"{:.1}\" y=\"{y}\" fill=\"{colour}\">{name}</text>",
            points.join(" "),
            right + 10.0
        );
    }
}

impl Panel {
    fn y(&self, value: f64) -> f64 {
        let share = if self.by_powers {
            (value / self.low).log10() / (self.high / self.low).log10()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.top + HEIGHT * (1.0 - share)
    }
}

/// The least and the largest value of any line.
fn bounds(stretches: &[Stretch], lines: &[Line]) -> (f64, f64) {
    let values = stretches.iter().flat_map(|stretch| lines.iter().map(|(_, _, of)| of(stretch)));
    values
        .fold((f64::MAX, f64::MIN_POSITIVE), |(low, high), value| (low.min(value), high.max(value)))
}
