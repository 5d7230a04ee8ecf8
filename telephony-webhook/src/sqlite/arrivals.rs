//! How many pieces of work came, for a thread that waits until enough did.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// Counts what comes, and wakes one thread once, when as much came as it waits for. At a queue it
/// would be woken by each.
#[derive(Debug)]
pub(super) struct Arrivals {
    came: AtomicU64,
    /// At which count the thread is woken.
    wanted: AtomicU64,
}

impl Arrivals {
    pub(super) const fn new() -> Self {
        Self { came: AtomicU64::new(0), wanted: AtomicU64::new(0) }
    }

    /// Counts one; `waits` is the thread.
    pub(super) fn count(&self, waits: &Thread) {
        let came = self.came.fetch_add(1, Ordering::SeqCst) + 1;
        if came == self.wanted.load(Ordering::SeqCst) {
            waits.unpark();
        }
    }

    /// From now on, `more` are waited for.
    pub(super) fn expect(&self, more: usize) {
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        self.wanted.store(self.came.load(Ordering::SeqCst).saturating_add(more), Ordering::SeqCst);
    }

    /// Waits, on the one thread that does, until they have come or `limit` is over; whether they
    /// have.
    pub(super) fn wait(&self, limit: Duration) -> bool {
        let begun = Instant::now();
        while self.came.load(Ordering::SeqCst) < self.wanted.load(Ordering::SeqCst) {
            let Some(left) = limit.checked_sub(begun.elapsed()).filter(|left| !left.is_zero())
            else {
                return false;
            };
            // It may end early, of something that was meant for the queue.
            thread::park_timeout(left);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// Longer than a test may take.
    const NEVER: Duration = Duration::from_secs(600);

    #[test]
    fn a_thread_waits_for_as_many_as_it_wants_and_no_longer() {
        let arrivals = Arc::new(Arrivals::new());
        let here = thread::current();
        arrivals.count(&here);
        arrivals.expect(3);
        assert!(!arrivals.wait(Duration::from_millis(1)), "what came before does not count");
        arrivals.count(&here);
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (arrivals, here) = (Arc::clone(&arrivals), here.clone());
                thread::spawn(move || arrivals.count(&here))
            })
            .collect();
        assert!(arrivals.wait(NEVER));
        others.into_iter().for_each(|other| other.join().unwrap());
        assert!(arrivals.wait(Duration::ZERO), "nothing more is wanted");
    }
}
