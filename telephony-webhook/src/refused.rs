//! What was lately not taken, and how often for which reason.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use telephony_core::Timestamp;

use crate::refusal::Refusal;

/// The most recent refusals that are kept. Those that are alike are one.
pub const MAX_RECENT_REFUSALS: usize = 32;

/// A request that was not taken, or several that were alike. It holds no token, no signature, no
/// number and no body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct RecentRefusal {
    /// When the last of them came.
    pub at: Timestamp,
    /// The path, which is one of ours.
    pub path: String,
    /// Why it was not taken.
    pub reason: String,
    /// What the operator can change, in a sentence.
    pub advice: String,
    /// Whom the last of them came from; a proxy, where there is one.
    pub peer: IpAddr,
    /// How many there were.
    pub count: u64,
    /// The kind of reason, in a word.
    #[serde(rename = "kind")]
    label: &'static str,
}

/// Why a request was not taken.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Why<'a> {
    /// It is not verified.
    Unverified(&'a Refusal),
    /// A weak signature was sent again, with another event.
    Replayed,
    /// Its address had too many that were not verified.
    Flood,
    /// Its route or its sender had too many.
    TooMany,
    /// Too many were being read already.
    Busy,
    /// It is signed, and for none of the accounts.
    Foreign,
    /// It is signed, and cannot be read.
    Unreadable,
    /// Nobody sends this who knows us; the status it is answered with.
    Malformed(u16),
}

impl Why<'_> {
    /// One of few words, whatever strangers send.
    const fn label(self) -> &'static str {
        match self {
            Self::Unverified(refusal) => refusal.label(),
            Self::Replayed => "replayed",
            Self::Flood => "flood",
            Self::TooMany => "too_many",
            Self::Busy => "busy",
            Self::Foreign => "foreign",
            Self::Unreadable => "unreadable",
            Self::Malformed(404) => "path",
            Self::Malformed(405) => "method",
            Self::Malformed(408) => "too_slow",
            Self::Malformed(413) => "too_large",
            Self::Malformed(415) => "media_type",
            Self::Malformed(_) => "broken",
        }
    }

    fn reason(self) -> String {
        match self {
            Self::Unverified(refusal) => return refusal.to_string(),
            Self::Replayed => "a V2 signature came again with another event",
            Self::Flood => "more requests of one address than are looked at were not verified",
            Self::TooMany => "the route or the sender had more than its limit: answered 429",
            Self::Busy => "too many requests were being read at once: answered 503",
            Self::Foreign => {
                "a signed webhook is for a number, account or profile that is not configured: \
                 acknowledged and dropped"
            }
            Self::Unreadable => "a signed webhook cannot be read",
            Self::Malformed(_) => "the request is none that a carrier sends",
        }
        .to_owned()
    }

    fn advice(self) -> String {
        match self {
            Self::Unverified(refusal) => return refusal.advice(),
            Self::Replayed => "Have Plivo sign with V3, and set plivo.allowSignatureV2 to false.",
            Self::Flood => {
                "Look at the reasons beside this one; what is signed right is taken all the same."
            }
            Self::TooMany | Self::Busy => {
                "The carrier tries again. If this is real traffic, share it among several servers."
            }
            Self::Foreign => "Check fromNumber, and the webhook URL of that number at the carrier.",
            Self::Unreadable => {
                "The carrier sends what is not known here: check that the number is set up as the \
                 guide of the carrier says, and report it."
            }
            Self::Malformed(_) => "Nothing has to be done.",
        }
        .to_owned()
    }
}

/// The refusals of a receiver.
#[derive(Debug, Default)]
pub(crate) struct Refusals(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The latest at the end.
    recent: VecDeque<RecentRefusal>,
    by_reason: BTreeMap<&'static str, u64>,
}

impl Refusals {
    /// Counts one that is shown to nobody, since its path may be any text.
    pub(crate) fn count(&self, why: Why<'_>) {
        self.with(|inner| inner.count(why.label()));
    }

    /// Counts one, and keeps it to be shown.
    pub(crate) fn keep(&self, why: Why<'_>, path: &str, peer: IpAddr, at: Timestamp) {
        let (label, reason) = (why.label(), why.reason());
        self.with(|inner| {
            inner.count(label);
            let recent = &mut inner.recent;
            // How stale a timestamp is differs each time.
            let alike = |kept: &RecentRefusal| {
                kept.label == label
                    && kept.path == path
                    && (kept.reason == reason || label == "stale")
            };
            let earlier = recent.iter().position(alike).and_then(|index| recent.remove(index));
            if recent.len() >= MAX_RECENT_REFUSALS {
                recent.pop_front();
            }
            let count = earlier.map_or(0, |earlier| earlier.count).saturating_add(1);
            let (path, advice) = (path.to_owned(), why.advice());
            recent.push_back(RecentRefusal { at, path, reason, advice, peer, count, label });
        });
    }

    /// Those that are kept, the latest first.
    pub(crate) fn recent(&self) -> Vec<RecentRefusal> {
        self.with(|inner| inner.recent.iter().rev().cloned().collect())
    }

    /// How often each reason was one.
    pub(crate) fn by_reason(&self) -> BTreeMap<&'static str, u64> {
        self.with(|inner| inner.by_reason.clone())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        // A panic while it was held left whole figures.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    fn count(&mut self, label: &'static str) {
        let count = self.by_reason.entry(label).or_default();
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_767_225_600_000 + 1_000 * seconds)
    }

    #[test]
    fn those_that_are_alike_are_one() {
        let refusals = Refusals::default();
        for seconds in 0..3 {
            let stale = Refusal::Stale { seconds: 400 + seconds };
            refusals.keep(Why::Unverified(&stale), "/a", PEER, at(seconds));
        }
        refusals.keep(Why::Foreign, "/a", PEER, at(3));
        refusals.keep(Why::Foreign, "/b", PEER, at(4));
        refusals.keep(Why::Foreign, "/a", PEER, at(5));
        refusals.count(Why::Malformed(404));
        let recent = refusals.recent();
        let shown: Vec<_> = recent.iter().map(|one| (&*one.path, one.count, one.at)).collect();
        assert_eq!(shown, [("/a", 2, at(5)), ("/b", 1, at(4)), ("/a", 3, at(2))]);
        assert_eq!(recent[2].reason, "the timestamp is 402 s old");
        let counts: Vec<_> = refusals.by_reason().into_iter().collect();
        assert_eq!(counts, [("foreign", 3), ("path", 1), ("stale", 3)]);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_latest() {
        let refusals = Refusals::default();
        for seconds in 0..100 {
            refusals.keep(Why::TooMany, &format!("/{seconds}"), PEER, at(seconds));
        }
        let recent = refusals.recent();
        assert_eq!(recent.len(), MAX_RECENT_REFUSALS);
        assert_eq!((&*recent[0].path, &*recent[31].path), ("/99", "/68"));
        assert_eq!(refusals.by_reason()["too_many"], 100);
    }
}
