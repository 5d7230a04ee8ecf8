//! What keeps a part from leaving, whatever the carrier would say: an opt-out, too many messages to
//! one number, quiet hours.

use std::time::Duration;

use jiff::tz::TimeZone;
use telephony_core::Timestamp;
use telephony_core::config::{ClockTime, QuietHours, Sms};

use super::ledger::{Claimed, Ledger, LedgerError};

/// How long a cap counts.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after a text of theirs somebody is taken to be in a conversation, and has asked for
/// what is sent.
const CONVERSATION: Duration = Duration::from_secs(60 * 60);

/// What an account's configuration allows.
#[derive(Debug)]
pub(super) struct Limits {
    daily_cap: Option<u32>,
    quiet: Option<Quiet>,
}

/// Quiet hours in their time zone; in UTC where there is no such zone.
#[derive(Debug)]
struct Quiet {
    start: ClockTime,
    end: ClockTime,
    zone: TimeZone,
}

/// Why a part does not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denial {
    OptedOut,
    DailyCap(u32),
    Quiet { end: ClockTime },
}

impl Denial {
    /// Why, and what to do.
    pub(super) fn sentence(self) -> String {
        match self {
            Self::OptedOut => "this number has opted out, as with STOP: nothing is sent there \
                               until they text START, or `telephony optout remove`"
                .to_owned(),
            Self::DailyCap(cap) => format!(
                "this number was sent {cap} messages within 24 hours, which is the most \
                 (sms.dailyCapPerRecipient): send it later"
            ),
            Self::Quiet { end: ClockTime { hour, minute } } => format!(
                "these are quiet hours (sms.quietHours), and nobody has texted from this number \
                 within an hour: send it after {hour:02}:{minute:02}"
            ),
        }
    }
}

impl Limits {
    pub(super) fn new(sms: &Sms) -> Self {
        Self { daily_cap: sms.daily_cap_per_recipient, quiet: sms.quiet_hours.as_ref().map(quiet) }
    }

    /// Why a part does not leave now, if it does not.
    pub(super) async fn deny(
        &self,
        ledger: &Ledger,
        Claimed { account, to, is_answer, .. }: &Claimed,
        now: Timestamp,
    ) -> Result<Option<Denial>, LedgerError> {
        if ledger.is_opted_out(account, to).await? {
            return Ok(Some(Denial::OptedOut));
        }
        if let Some(cap) = self.daily_cap {
            // The part itself is among them: it is being sent.
            let sent = ledger.sent_since(account, to, now.saturating_sub(DAY), now).await?;
            if sent > u64::from(cap) {
                return Ok(Some(Denial::DailyCap(cap)));
            }
        }
        match &self.quiet {
            Some(quiet) if !is_answer && quiet.is_at(now) => {
                let since = now.saturating_sub(CONVERSATION);
                let has_asked = ledger.heard_since(account, to, since).await?;
                Ok((!has_asked).then_some(Denial::Quiet { end: quiet.end }))
            }
            _ => Ok(None),
        }
    }
}

/// Whether there is a time zone of this name.
pub(crate) fn is_time_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

fn quiet(hours: &QuietHours) -> Quiet {
    let zone = TimeZone::get(&hours.time_zone).unwrap_or(TimeZone::UTC);
    Quiet { start: hours.start, end: hours.end, zone }
}

impl Quiet {
    fn is_at(&self, now: Timestamp) -> bool {
        let Ok(now) = jiff::Timestamp::from_millisecond(now.as_millisecond()) else { return false };
        let local = self.zone.to_datetime(now);
        let minutes = |hour: u8, minute: u8| u32::from(hour) * 60 + u32::from(minute);
        let whole = |part: i8| u8::try_from(part).unwrap_or_default();
        let at = minutes(whole(local.hour()), whole(local.minute()));
        let start = minutes(self.start.hour, self.start.minute);
        let end = minutes(self.end.hour, self.end.minute);
        if start <= end { (start..end).contains(&at) } else { at >= start || at < end }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(start: (u8, u8), end: (u8, u8), zone: &str) -> Quiet {
        let time = |(hour, minute)| ClockTime { hour, minute };
        let zone = TimeZone::get(zone).unwrap();
        Quiet { start: time(start), end: time(end), zone }
    }

    #[test]
    fn quiet_hours_are_meant_where_they_are_meant() {
        let at = |text: &str| Timestamp::parse_rfc3339(text).unwrap();
        let night = hours((21, 0), (8, 0), "America/New_York");
        for (time, is_quiet) in [
            ("2026-07-01T00:59:00Z", false), // 20:59 in summer
            ("2026-07-01T01:00:00Z", true),
            ("2026-07-01T11:59:59Z", true),
            ("2026-07-01T12:00:00Z", false),
            ("2026-12-01T01:30:00Z", false), // 20:30 in winter
            ("2026-12-01T12:30:00Z", true),
        ] {
            assert_eq!(night.is_at(at(time)), is_quiet, "{time}");
        }
        let noon = hours((12, 0), (13, 30), "UTC");
        assert!(noon.is_at(at("2026-01-01T13:29:00Z")) && !noon.is_at(at("2026-01-01T13:30:00Z")));
    }

    #[test]
    fn what_is_no_zone_is_known() {
        assert!(is_time_zone("Europe/Berlin") && !is_time_zone("Europe/Atlantis"));
    }
}
