//! What goes wrong with a seed: everything that chance decides, decided before anything begins.

use std::time::Duration;

use crate::outside::Moment;
use crate::seed::Seed;

/// Something that goes wrong with the server or beneath it.
#[derive(Debug, Clone, Copy)]
pub enum Fault {
    /// It is killed when a moment has come so many times, or soon.
    Kill(Moment, usize),
    /// It is stopped as an operator would.
    Stop,
    /// Somebody else holds the database.
    Lock(Duration),
    /// The disk is full.
    Full(Duration),
    /// The clock is set, to so many seconds ahead.
    Step(i64),
}

/// A seed's schedule.
#[derive(Debug)]
pub struct Plan {
    pub senders: usize,
    /// Texts of each sender.
    pub texts: usize,
    /// Whether the server has a clock that can be set.
    pub is_stepped: bool,
    /// What goes wrong, one after the other, each after a pause.
    pub faults: Vec<(Duration, Fault)>,
    /// How many of a hundred texts the carrier treats roughly.
    pub rough: usize,
    /// How many of a hundred messages the handler fails at first.
    pub failing: usize,
}

/// Steps of a clock that is set, in seconds: corrections, a wrong zone, days. By a clock that was ahead
/// for some minutes what waits does so for as long, which is longer than a seed may take.
const STEPS: [i64; 10] = [-200_000, -3_600, -20, -5, -1, 1, 5, 20, 3_600, 200_000];

impl Plan {
    pub fn of(seed: &mut Seed) -> Self {
        let is_stepped = seed.percent(40);
        let kills = seed.within(1, 3);
        let mut faults: Vec<_> = (0..kills).map(|_| kill(seed)).collect();
        for _ in 0..seed.within(1, 4) {
            let at = seed.within(0, faults.len() + 1);
            let fault = match seed.within(0, 100) {
                0..40 if is_stepped => Fault::Step(seed.one_of(&STEPS)),
                0..25 => Fault::Stop,
                25..65 => Fault::Lock(milliseconds(seed, 50, 1_400)),
                // Files can be kept from growing on Linux alone.
                _ if cfg!(not(target_os = "linux")) => Fault::Stop,
                _ => Fault::Full(milliseconds(seed, 50, 500)),
            };
            faults.insert(at, fault);
        }
        Self {
            senders: seed.within(2, 6),
            texts: seed.within(5, 9),
            is_stepped,
            faults: faults.into_iter().map(|it| (milliseconds(seed, 0, 120), it)).collect(),
            rough: seed.one_of(&[0, 10, 30, 60]),
            failing: seed.one_of(&[0, 0, 10, 20]),
        }
    }
}

fn kill(seed: &mut Seed) -> Fault {
    let moment = seed.one_of(&[Moment::Acknowledged, Moment::Handling, Moment::Sending]);
    Fault::Kill(moment, seed.within(1, 7))
}

fn milliseconds(seed: &mut Seed, low: usize, high: usize) -> Duration {
    Duration::from_millis(seed.within(low, high).try_into().unwrap())
}
