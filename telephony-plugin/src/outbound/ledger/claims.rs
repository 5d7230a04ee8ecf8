//! Claims of which this process does not know whether they were written.
//!
//! Where a connection is lost while a claim is committed, its parts may be marked as being sent although
//! not a byte of them has left. Each claim has a name, by which they are found and wait again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use super::SENDING;

/// The names of a process's claims, and those that were lost.
#[derive(Debug)]
pub(super) struct Claims {
    /// What no other process has.
    process: u64,
    count: AtomicU64,
    lost: Mutex<Vec<(String, Instant)>>,
}

impl Claims {
    pub(super) fn new() -> Self {
        // The seeds of a hash are drawn anew for each.
        let process = RandomState::new().build_hasher().finish();
        Self { process, count: AtomicU64::new(0), lost: Mutex::default() }
    }

    /// A name for a claim.
    pub(super) fn name(&self) -> String {
        format!("{:016x} {}", self.process, self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// Whether a claim was written is not known.
    pub(super) fn lose(&self, name: String) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.push((name, Instant::now()));
    }

    /// Those whose parts nobody else has given up yet: a server may be a while at what it was asked
    /// before the connection was lost.
    pub(super) fn lost(&self) -> Vec<String> {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.retain(|(_, at)| at.elapsed() < SENDING);
        lost.iter().map(|(name, _)| name.clone()).collect()
    }
}
