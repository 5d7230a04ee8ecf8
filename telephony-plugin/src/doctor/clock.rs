//! Whether this machine's clock agrees with the carrier's.

use telephony_core::Timestamp;

use super::finding::{Said, Says};

/// From how many seconds on a difference is more than the way of an answer takes.
const NOTICEABLE: u64 = 60;

/// What Telnyx' own libraries allow, and ours: a signature that is further away is refused.
const TOLERANCE: u64 = 300;

/// How far the clocks are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// They agree.
    Right { seconds: u64 },
    /// They do not.
    Off { seconds: u64, is_fast: bool },
}

impl Clock {
    pub(super) fn compare(carrier: Timestamp, own: Timestamp) -> Self {
        let difference = own.as_second().saturating_sub(carrier.as_second());
        let seconds = difference.unsigned_abs();
        if seconds < NOTICEABLE {
            Self::Right { seconds }
        } else {
            Self::Off { seconds, is_fast: difference > 0 }
        }
    }
}

impl Says for Clock {
    fn check(&self) -> &'static str {
        "clock"
    }

    fn says(&self) -> Said {
        match self {
            Self::Right { seconds } => {
                Said::ok(format!("within {} s of the carrier's", seconds.saturating_add(1)))
            }
            Self::Off { seconds, is_fast } => {
                let way = if *is_fast { "ahead of" } else { "behind" };
                let sentence = format!("this machine's clock is {seconds} s {way} the carrier's");
                let fix = "Set this machine's clock by NTP, as by `timedatectl set-ntp true`.";
                if *seconds < TOLERANCE {
                    Said::warning(sentence, fix)
                } else {
                    let sentence = format!(
                        "{sentence}; webhooks with a timestamp are refused from {TOLERANCE} s on"
                    );
                    Said::error(sentence, fix)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn a_minute_is_noticed_and_five_are_too_many() {
        let own = Timestamp::from_second(1_000_000);
        for (away, expected) in [
            (0, Severity::Ok),
            (59, Severity::Ok),
            (-59, Severity::Ok),
            (60, Severity::Warning),
            (-60, Severity::Warning),
            (299, Severity::Warning),
            (300, Severity::Error),
            (-600, Severity::Error),
        ] {
            let found = Clock::compare(Timestamp::from_second(1_000_000 - away), own);
            assert_eq!(found.of(None).severity, expected, "{away}");
        }
        let ahead = Clock::compare(Timestamp::from_second(999_400), own).of(None).finding;
        assert!(ahead.contains("600 s ahead of"), "{ahead}");
    }
}
