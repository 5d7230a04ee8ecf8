//! Whoever wants to know how long webhooks take.

use std::fmt;
use std::time::Duration;

/// Is told of each webhook whose head was in order: how long it took from then until its answer was
/// ready, and with that until its event was on disk. This is waited for, so it should be quick.
pub trait Observer: fmt::Debug + Send + Sync {
    /// One was answered.
    fn answered(&self, took: Duration);
}
