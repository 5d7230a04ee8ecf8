//! The whole real system under schedules of what can go wrong, each had again by its number.
//!
//! A schedule kills and stops the server, fills its disk, holds its database and sets its clock, while a
//! carrier cuts off, delays, repeats and refuses its answers and reports late, twice, in any order or
//! never. When all has come right again, every text that was acknowledged was handled, each sender's in
//! order; no part of a reply came to the carrier twice; and what was delivered is delivered still.
//!
//! `TELEPHONY_FAULT_SEEDS=17` runs one schedule, `200..2000` those; what chance decides is the same
//! then, though not which thread comes first.

mod carrier;
mod double;
mod drive;
mod hold;
pub mod node;
mod people;
mod plan;
mod reports;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use self::plan::Plan;
use crate::running::alone;
use crate::seed::Seed;

/// The schedules that every run of all tests takes.
const SEEDS: Range<u64> = 0..200;

/// How many run at once. Most of their time they wait.
const AT_ONCE: usize = 10;

const VARIABLE: &str = "TELEPHONY_FAULT_SEEDS";

/// The seeds that are asked for: one by its number, or a range.
fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var(VARIABLE) else { return SEEDS };
    let number = |text: &str| text.parse::<u64>().unwrap();
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => number(&text)..number(&text) + 1,
    }
}

#[test]
fn faults() {
    let _alone = alone();
    let seeds = seeds();
    println!("seeds {seeds:?}");
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= seeds.end {
                        return;
                    }
                    let mut seed = Seed::new(number);
                    let plan = Plan::of(&mut seed);
                    println!("seed {number}: {plan:?}");
                    // The others are run all the same: what fails together is understood together.
                    if catch_unwind(AssertUnwindSafe(|| drive::run(&plan, seed))).is_err() {
                        failed.lock().unwrap().push(format!("seed {number}: {plan:?}"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "run each alone with {VARIABLE}=<seed>: {failed:#?}");
}
