//! A carrier's reports on what it has taken: late, twice, in any order, some of them never.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::client::report;
use crate::seed::Seed;

use super::carrier::Taken;
use super::drive::World;
use super::people::post;

/// How often a report is posted that is not taken, before the carrier forgets it.
const TIMES: usize = 6;

struct Report {
    at: Instant,
    text: Taken,
    status: &'static str,
    tries: usize,
}

/// What is to be reported, and what was.
#[derive(Default)]
pub struct Reports {
    waiting: Mutex<Waiting>,
    /// The end that was reported of a text, and acknowledged.
    ended: Mutex<HashMap<String, &'static str>>,
}

#[derive(Default)]
struct Waiting {
    /// Of how many texts is decided what is reported.
    decided: usize,
    reports: Vec<Report>,
    /// How many are being posted.
    posting: usize,
}

/// What is reported on a text, and when.
fn decide(text: &Taken, seed: &mut Seed) -> Vec<Report> {
    let end = if seed.percent(80) { "delivered" } else { "undelivered" };
    let mut reports = Vec::new();
    for status in ["sent", end] {
        // Never, once or twice, and in the order of their times.
        for _ in 0..seed.one_of(&[0, 1, 1, 1, 2]) {
            let wait = Duration::from_millis(seed.within(0, 400).try_into().unwrap());
            let at = Instant::now() + wait;
            reports.push(Report { at, text: text.clone(), status, tries: 0 });
        }
    }
    reports
}

impl Reports {
    /// Whether all is reported on so many texts.
    pub fn are_done(&self, texts: usize) -> bool {
        let waiting = self.waiting.lock().unwrap();
        waiting.decided == texts && waiting.reports.is_empty() && waiting.posting == 0
    }

    /// The end of each text that has one, as it was acknowledged.
    pub fn ended(&self) -> HashMap<String, &'static str> {
        self.ended.lock().unwrap().clone()
    }

    /// Reports until the world is over.
    pub fn run(&self, world: &World, mut seed: Seed) {
        while !world.is_over() {
            let due = {
                let mut waiting = self.waiting.lock().unwrap();
                let texts = world.carrier.taken();
                for text in &texts[waiting.decided..] {
                    waiting.reports.extend(decide(text, &mut seed));
                }
                waiting.decided = texts.len();
                let now = Instant::now();
                let due = waiting.reports.iter().position(|report| report.at <= now);
                waiting.posting = usize::from(due.is_some());
                due.map(|at| waiting.reports.swap_remove(at))
            };
            let Some(mut report) = due else {
                std::thread::sleep(Duration::from_millis(10));
                continue;
            };
            let is_taken = self.post(world, &report.text, report.status);
            report.tries += 1;
            report.at = Instant::now() + Duration::from_millis(60);
            let mut waiting = self.waiting.lock().unwrap();
            waiting.posting = 0;
            if !is_taken && report.tries < TIMES {
                waiting.reports.push(report);
            }
        }
    }

    /// Posts a report; whether it was acknowledged.
    pub fn post(&self, world: &World, text: &Taken, status: &'static str) -> bool {
        let request = report(&text.callback, &text.id, status);
        match post(&mut None, world.address(), &request) {
            Some(200) => {
                if matches!(status, "delivered" | "undelivered") {
                    self.ended.lock().unwrap().insert(text.id.clone(), status);
                }
                true
            }
            Some(503) | None => false,
            Some(other) => panic!("a report was answered {other}"),
        }
    }
}
