//! How much of everything a stranger, a sender or a route may take.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use telephony_core::Timestamp;

/// The most bytes of a webhook's body. The longest that carriers document has a few kilobytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The most bytes of a request's head; more is answered 431.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// The most keys that one limiter remembers. Beyond it, those that have not been used for longest
/// are forgotten, which lets them begin anew.
const MAX_KEYS: usize = 10_000;

/// The limits of a server. [`Limits::default`] is what `telephony serve` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How long a client may take to send a request's head, or to begin with the next one.
    pub head_deadline: Duration,
    /// How long it may take to send the body.
    pub body_deadline: Duration,
    /// The most requests that are being read or verified at once; more are answered 503.
    pub in_flight: usize,
    /// The most files that are handed out at once; more are answered 503.
    pub downloads: usize,
    /// How long a client may read nothing of what it is sent until the connection is cut.
    pub stall: Duration,
    /// The most open connections; more wait in the operating system's queue.
    pub connections: usize,
    /// How long requests in flight may take to end when the server is stopped.
    pub drain: Duration,
    /// Failed signatures, by address. Beyond it they are answered 429 and logged no more; what is
    /// signed right is taken all the same, so that junk from a shared proxy locks nobody out.
    pub failed_authentication: Quota,
    /// Messages of one sender to one account.
    pub sender: Quota,
    /// Everything signed that one route takes.
    pub route: Quota,
}

impl Default for Limits {
    /// 5 s for the head, 5 s for the body, 1,024 requests in flight, 64 files handed out, 20 s
    /// without anything read, 4,096 connections, 8 s to drain; 20 failed signatures of an address and one more every 3 s; 600 messages of a sender
    /// and 10 more a second; 20,000 requests a second of a route.
    fn default() -> Self {
        Self {
            head_deadline: Duration::from_secs(5),
            body_deadline: Duration::from_secs(5),
            in_flight: 1_024,
            downloads: 64,
            stall: Duration::from_secs(20),
            connections: 4_096,
            drain: Duration::from_secs(8),
            failed_authentication: Quota { burst: 20, every: Duration::from_secs(3) },
            sender: Quota { burst: 600, every: Duration::from_millis(100) },
            route: Quota { burst: 20_000, every: Duration::from_micros(50) },
        }
    }
}

/// So many at once, and one more after each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// So many at once.
    pub burst: u32,
    /// The interval after which there may be one more.
    pub every: Duration,
}

/// Counts against a [`Quota`], by key (the generic cell rate algorithm).
#[derive(Debug)]
pub(crate) struct Limiter {
    quota: Quota,
    /// Keys are known by their hash alone: strangers cannot find two with the same, since how is
    /// hashed is drawn anew for each limiter.
    hasher: RandomState,
    /// When each key's allowance is whole again, in microseconds since the Unix epoch.
    whole_at: Mutex<HashMap<u64, i64>>,
}

impl Limiter {
    pub(crate) fn new(quota: Quota) -> Self {
        Self { quota, hasher: RandomState::new(), whole_at: Mutex::default() }
    }

    /// Whether one more would be within the quota. It is not counted.
    pub(crate) fn allows(&self, key: &impl Hash, now: Timestamp) -> bool {
        let (key, now) = (self.hasher.hash_one(key), micros(now));
        let whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let at = self.counted(whole_at.get(&key).copied().unwrap_or(now), now);
        at.saturating_add(self.every()).saturating_sub(now) <= self.allowance()
    }

    /// Counts one; whether it is within the quota.
    pub(crate) fn take(&self, key: &impl Hash, now: Timestamp) -> bool {
        let (key, now) = (self.hasher.hash_one(key), micros(now));
        // A panic while it was held left a whole map.
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        if whole_at.len() >= MAX_KEYS && !whole_at.contains_key(&key) {
            whole_at.retain(|_, at| *at > now);
            if whole_at.len() >= MAX_KEYS {
                whole_at.clear();
            }
        }
        let at = whole_at.entry(key).or_insert(now);
        let next = self.counted(*at, now).saturating_add(self.every());
        let within = next.saturating_sub(now) <= self.allowance();
        if within {
            *at = next;
        }
        within
    }

    /// From when on one more counts. Nobody's allowance takes longer to be whole than all of it takes:
    /// what does was counted before the clock was set back, and would lock everybody out until it is
    /// again as late as it was.
    fn counted(&self, whole_at: i64, now: i64) -> i64 {
        if whole_at.saturating_sub(now) > self.allowance() { now } else { whole_at.max(now) }
    }

    fn every(&self) -> i64 {
        i64::try_from(self.quota.every.as_micros()).unwrap_or(i64::MAX)
    }

    fn allowance(&self) -> i64 {
        self.every().saturating_mul(i64::from(self.quota.burst))
    }
}

fn micros(time: Timestamp) -> i64 {
    time.as_millisecond().saturating_mul(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_000 + milliseconds)
    }

    #[test]
    fn a_burst_is_let_through_and_then_one_an_interval() {
        let limiter = Limiter::new(Quota { burst: 3, every: Duration::from_secs(1) });
        let taken = |now| limiter.take(&"a", at(now));
        assert!(limiter.allows(&"a", at(0)));
        assert_eq!([taken(0), taken(0), taken(0), taken(0)], [true, true, true, false]);
        assert!(!limiter.allows(&"a", at(999)) && limiter.allows(&"a", at(1_000)));
        assert!(!taken(999));
        assert!(taken(1_000));
        assert!(!taken(1_000));
        assert!(limiter.take(&"b", at(0)), "another key has its own");
        let again = [taken(60_000), taken(60_000), taken(60_000), taken(60_000)];
        assert_eq!(again, [true, true, true, false], "no more than a burst is saved up");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let limiter = Limiter::new(Quota { burst: 1, every: Duration::from_secs(1) });
        for key in 0..3 * MAX_KEYS {
            assert!(limiter.take(&key, at(0)));
        }
        assert!(limiter.whole_at.lock().unwrap().len() <= MAX_KEYS);
    }

    #[test]
    fn a_clock_that_is_set_back_locks_nobody_out() {
        let limiter = Limiter::new(Quota { burst: 3, every: Duration::from_secs(1) });
        let taken = |now| limiter.take(&"a", at(now));
        assert_eq!(
            [taken(9_000), taken(9_000), taken(9_000), taken(9_000)],
            [true, true, true, false]
        );
        assert!(limiter.allows(&"a", at(0)));
        assert_eq!([taken(0), taken(0), taken(0), taken(0)], [true, true, true, false]);
        // By less than an allowance it is as if less time had passed.
        assert_eq!([taken(20_000), taken(19_000), taken(19_000)], [true, true, false]);
    }
}
