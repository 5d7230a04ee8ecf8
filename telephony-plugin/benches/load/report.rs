//! What was found: over the whole run, and over its time.

use std::fmt::Write as _;
use std::time::Duration;

use crate::Asked;
use crate::nodes::Memory;

/// How many points of time are drawn.
const POINTS: usize = 60;

/// A run.
pub(crate) struct Report {
    rate: f64,
    minutes: f64,
    nodes: usize,
    database: &'static str,
    texts: usize,
    acknowledged: Vec<Duration>,
    replied: Vec<Duration>,
    lost: usize,
    twice: usize,
    cpu: Duration,
    took: Duration,
    grown: Option<u64>,
    memory: Memory,
    /// One after the other, of equal length.
    pub(crate) stretches: Vec<Stretch>,
}

/// A stretch of a run: times in milliseconds, memory in megabytes of 10^6 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    /// When it begins, in minutes.
    pub(crate) at: f64,
    pub(crate) acknowledged: [f64; 2],
    pub(crate) replied: [f64; 2],
    pub(crate) memory: f64,
}

impl Report {
    pub(crate) fn new(
        asked: &Asked,
        acknowledged: &[(usize, Duration)],
        replies: &[Vec<Duration>],
        every: Duration,
        (memory, cpu, grown, took): (Memory, Duration, Option<u64>, Duration),
    ) -> Self {
        let due = |number: usize| every * u32::try_from(number).unwrap();
        let taken: Vec<_> = acknowledged.iter().map(|(number, _)| &replies[*number]).collect();
        let replied: Vec<(usize, Duration)> = replies
            .iter()
            .enumerate()
            .filter_map(|(number, times)| Some((number, *times.first()? - due(number))))
            .collect();
        let span = due(replies.len()) / u32::try_from(POINTS).unwrap();
        let stretches = (0..POINTS).filter_map(|point| {
            let within = |number: usize| {
                let point = u32::try_from(point).unwrap();
                due(number) >= span * point && due(number) < span * (point + 1)
            };
            let of = |all: &[(usize, Duration)]| -> Option<[f64; 2]> {
                let all = all.iter().filter(|(number, _)| within(*number));
                let times = sorted(all.map(|(_, took)| *took));
                (!times.is_empty()).then(|| [50.0, 99.0].map(|share| millis(at(&times, share))))
            };
            let begins = span * u32::try_from(point).unwrap();
            let memory = memory.iter().rev().find(|(when, _)| *when <= begins + span)?;
            Some(Stretch {
                at: begins.as_secs_f64() / 60.0,
                acknowledged: of(acknowledged)?,
                replied: of(&replied)?,
                memory: mega(memory.1),
            })
        });
        Self {
            rate: asked.rate,
            minutes: asked.minutes,
            nodes: asked.nodes,
            database: if asked.database.as_ref().is_some_and(|url| url.starts_with("postgres")) {
                "PostgreSQL"
            } else {
                "SQLite"
            },
            texts: replies.len(),
            lost: replies.len() - taken.iter().filter(|times| !times.is_empty()).count(),
            twice: replies.iter().filter(|times| times.len() > 1).count(),
            stretches: stretches.collect(),
            acknowledged: sorted(acknowledged.iter().map(|(_, took)| *took)),
            replied: sorted(replied.into_iter().map(|(_, took)| took)),
            cpu,
            took,
            grown,
            memory,
        }
    }

    /// Whether each text has one reply.
    pub(crate) const fn is_whole(&self) -> bool {
        self.lost == 0 && self.twice == 0
    }

    /// The run as a table.
    pub(crate) fn table(&self) -> String {
        let texts = self.texts as f64;
        let times = |times: &[Duration]| {
            let [p50, p99, p999] = [50.0, 99.0, 99.9].map(|share| millis(at(times, share)));
            format!("p50 {p50:.1} ms, p99 {p99:.1} ms, p99.9 {p999:.1} ms")
        };
        let peak = self.memory.iter().map(|(_, bytes)| *bytes).max().unwrap();
        let (first, last) = (self.memory[0].1, self.memory[self.memory.len() - 1].1);
        let plural = if self.nodes == 1 { "" } else { "s" };
        let mut table = format!(
            "| {} texts a second for {} minutes, {} node{plural} on {} | |\n|---|---|\n",
            self.rate, self.minutes, self.nodes, self.database
        );
        let mut row = |what: &str, found: &str| {
            // Writing to a string does not fail.
            let _ = writeln!(table, "| {what} | {found} |");
        };
        row("acknowledged, since it was due", &times(&self.acknowledged));
        row("replied at the carrier, since it was due", &times(&self.replied));
        let cpu = self.cpu.as_secs_f64();
        let share = cpu / self.took.as_secs_f64() * 100.0;
        row("CPU", &format!("{:.0} µs a text, {share:.1} % of a core", cpu * 1e6 / texts));
        row(
            "memory",
            &format!(
                "{:.1} MB at the start, {:.1} MB at its peak, {:.1} MB at the end",
                mega(first),
                mega(peak),
                mega(last)
            ),
        );
        if let Some(grown) = self.grown {
            row("growth of the database", &format!("{:.0} bytes a text", grown as f64 / texts));
        }
        row("texts", &self.texts.to_string());
        row("lost", &self.lost.to_string());
        row("answered twice", &self.twice.to_string());
        table
    }
}

fn sorted(times: impl Iterator<Item = Duration>) -> Vec<Duration> {
    let mut times: Vec<_> = times.collect();
    times.sort_unstable();
    times
}

/// The time that so many of a hundred do not exceed.
fn at(times: &[Duration], share: f64) -> Duration {
    let last = times.len().saturating_sub(1);
    times[((times.len() as f64 * share / 100.0) as usize).min(last)]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
