//! How often each thing happened, since the start.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)+) => {
        /// What became of requests so far.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
        #[serde(rename_all = "camelCase")]
        #[non_exhaustive]
        pub struct Counted {
            $($(#[$doc])* pub $name: u64,)+
        }

        impl std::ops::Add for Counted {
            type Output = Self;

            fn add(self, other: Self) -> Self {
                Self { $($name: self.$name.saturating_add(other.$name),)+ }
            }
        }

        #[derive(Debug, Default)]
        pub(crate) struct Counters {
            $(pub(crate) $name: Counter,)+
        }

        impl Counters {
            pub(crate) fn read(&self) -> Counted {
                Counted { $($name: self.$name.0.load(Ordering::Relaxed),)+ }
            }
        }
    };
}

counters! {
    /// Events committed.
    accepted,
    /// Events that had been committed before.
    duplicates,
    /// Events of types that are not known here, acknowledged.
    ignored,
    /// Events that belong to none of the accounts, acknowledged.
    foreign,
    /// Requests without a signature that fits.
    unverified,
    /// Signed requests that cannot be read.
    unreadable,
    /// Requests with another path, method or content type, or that are too large or too slow.
    malformed,
    /// Requests beyond a limit.
    limited,
    /// Events that the inbox could not take.
    not_stored,
}

#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
