//! Points in time.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A point in time, in milliseconds since the Unix epoch, UTC.
///
/// Written and read as RFC 3339; what is finer than a millisecond is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text or number that is no point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a point in time: RFC 3339 (2026-01-31T12:00:00Z) or RFC 2822 is expected")]
pub struct TimestampError;

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// The earliest: the beginning of the year 0, which is where RFC 3339 begins.
    pub const MIN: Self = Self(-62_167_219_200_000);

    /// The latest: 9999-12-30T22:00:00Z, which every offset still writes with four digits of year.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since the Unix epoch; [`MIN`](Self::MIN) or [`MAX`](Self::MAX) when it is
    /// beyond them.
    #[must_use]
    pub const fn from_millisecond(milliseconds: i64) -> Self {
        if milliseconds < Self::MIN.0 {
            Self::MIN
        } else if milliseconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(milliseconds)
        }
    }

    /// From whole seconds since the Unix epoch; [`MIN`](Self::MIN) or [`MAX`](Self::MAX) when it is
    /// beyond them.
    #[must_use]
    pub const fn from_second(seconds: i64) -> Self {
        Self::from_millisecond(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millisecond(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub const fn as_second(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads RFC 3339, `2026-01-31T12:00:00.123Z`, with any offset, and the looser ISO 8601 that
    /// carriers write, such as `2026-01-31 12:00:00.123456+05:30`.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] when it is not that.
    pub fn parse_rfc3339(text: &str) -> Result<Self, TimestampError> {
        let timestamp: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        Ok(Self::from_millisecond(timestamp.as_millisecond()))
    }

    /// Reads RFC 2822, `Sat, 31 Jan 2026 12:00:00 +0000`.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] when it is not that.
    pub fn parse_rfc2822(text: &str) -> Result<Self, TimestampError> {
        let zoned = jiff::fmt::rfc2822::parse(text).map_err(|_| TimestampError)?;
        Ok(Self::from_millisecond(zoned.timestamp().as_millisecond()))
    }

    /// This much later; [`MAX`](Self::MAX) when it would be beyond that.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millisecond(self.0.saturating_add(milliseconds))
    }

    /// This much earlier; [`MIN`](Self::MIN) when it would be beyond that.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let milliseconds = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self::from_millisecond(self.0.saturating_sub(milliseconds))
    }

    /// The time from `earlier` to here; zero when it is not earlier.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        let milliseconds = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(formatter, "{timestamp:.3}"),
            // MIN and MAX are within what the library can write.
            Err(_) => Err(fmt::Error),
        }
    }
}

impl std::str::FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse_rfc3339(text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse_rfc3339(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_carriers_are_read() {
        let expected = Timestamp::from_millisecond(1_692_853_305_000);
        let rfc2822 = Timestamp::parse_rfc2822("Thu, 24 Aug 2023 05:01:45 +0000");
        assert_eq!(rfc2822, Ok(expected));
        assert_eq!(Timestamp::parse_rfc3339("2023-08-24T07:01:45.000+02:00"), Ok(expected));
        assert_eq!(expected.to_string(), "2023-08-24T05:01:45.000Z");
        assert_eq!(Timestamp::parse_rfc3339("yesterday"), Err(TimestampError));
        let loose = Timestamp::parse_rfc3339("2023-08-24 10:31:45.999999+05:30");
        assert_eq!(loose, Ok(expected.saturating_add(Duration::from_millis(999))));
    }

    #[test]
    fn the_ends_are_written_and_read_again() {
        for end in [Timestamp::MIN, Timestamp::MAX, Timestamp::EPOCH] {
            assert_eq!(end.to_string().parse(), Ok(end));
        }
        assert_eq!(Timestamp::from_millisecond(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::from_second(i64::MIN), Timestamp::MIN);
        assert_eq!(Timestamp::EPOCH.saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH.saturating_sub(Duration::MAX), Timestamp::MIN);
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
    }

    #[test]
    fn time_between_is_never_negative() {
        let (early, late) = (Timestamp::from_second(1), Timestamp::from_second(3));
        assert_eq!(late.saturating_since(early), Duration::from_secs(2));
        assert_eq!(early.saturating_since(late), Duration::ZERO);
        assert_eq!(Timestamp::from_millisecond(-1).as_second(), -1);
    }
}
