//! How fast an account may send, where its owner says so.

use std::time::Duration;

use telephony_core::Timestamp;

/// Lets so many segments a second through, and no more than a second's worth at once. Whatever
/// waits, waits in the ledger, where it is not sent yet.
#[derive(Debug)]
pub(super) struct Pace {
    /// How long one segment takes.
    each: Duration,
    /// When what was let through so far is done.
    busy_until: Timestamp,
    /// When the last of it was. An earlier time than that is by a clock that was set back, by which
    /// nothing was let through yet.
    counted_at: Timestamp,
}

impl Pace {
    pub(super) fn new(segments_per_second: f64) -> Option<Self> {
        let each = Duration::try_from_secs_f64(segments_per_second.recip()).ok()?;
        Some(Self { each, busy_until: Timestamp::EPOCH, counted_at: Timestamp::EPOCH })
    }

    /// Whether something may be sent now.
    pub(super) fn is_free(&self, now: Timestamp) -> bool {
        self.busy_until <= now || now < self.counted_at
    }

    /// Counts segments that are sent now.
    pub(super) fn count(&mut self, segments: usize, now: Timestamp) {
        let segments = u32::try_from(segments.max(1)).unwrap_or(u32::MAX);
        let begins = if self.is_free(now) { now } else { self.busy_until };
        self.busy_until = begins.saturating_add(self.each * segments);
        self.counted_at = now;
    }

    /// When something may be sent again.
    pub(super) fn free_at(&self) -> Timestamp {
        self.busy_until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_take_their_time() {
        let at = Timestamp::from_millisecond;
        let mut pace = Pace::new(2.0).unwrap();
        assert!(pace.is_free(at(0)));
        pace.count(3, at(1_000));
        assert_eq!(pace.free_at(), at(2_500));
        assert!(!pace.is_free(at(2_499)) && pace.is_free(at(2_500)));
        pace.count(0, at(9_000));
        assert_eq!(pace.free_at(), at(9_500), "what was not used is not saved up");
        assert!(pace.is_free(at(8_000)), "the clock was set back");
        pace.count(2, at(8_000));
        assert!(!pace.is_free(at(8_999)) && pace.is_free(at(9_000)));
        assert!(Pace::new(0.0).is_none() && Pace::new(-1.0).is_none());
    }
}
