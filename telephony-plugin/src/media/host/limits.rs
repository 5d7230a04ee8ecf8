//! How much a message may carry.

use telephony_core::config::Account;
use telephony_providers::Capabilities;

use super::HostError;
use super::opened::Opened;
use super::shrink::MAX_SOURCE_BYTES;
use crate::media::kind::Kind;

/// How much one message may carry: what the carrier takes, and no more than the account may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLimits {
    count: usize,
    total_bytes: u64,
    picture_bytes: u64,
    other_bytes: u64,
}

/// What carriers fit to the phone that it is for.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/gif"];

/// What can be made smaller here. A GIF cannot: it moves.
const SHRINKABLE: [&str; 2] = ["image/jpeg", "image/png"];

impl MediaLimits {
    /// Those of an account at a carrier that can do so much.
    ///
    /// # Errors
    ///
    /// [`HostError::None`] when the carrier sends no media.
    pub fn of(account: &Account, capabilities: &Capabilities) -> Result<Self, HostError> {
        if !capabilities.mms {
            return Err(HostError::None);
        }
        let at_most = |bytes: u64| bytes.min(account.media_max_bytes);
        Ok(Self {
            count: usize::try_from(capabilities.media_count).unwrap_or(usize::MAX),
            total_bytes: capabilities.media_total_bytes,
            picture_bytes: at_most(capabilities.media_picture_bytes),
            other_bytes: at_most(capabilities.media_other_bytes),
        })
    }

    /// Refuses more than a message carries, of files and URLs together.
    ///
    /// # Errors
    ///
    /// [`HostError::TooMany`] says how many it carries.
    pub const fn check_count(&self, count: usize) -> Result<(), HostError> {
        if count > self.count { Err(HostError::TooMany(self.count)) } else { Ok(()) }
    }

    /// Refuses more bytes than all files of a message have.
    pub(super) fn check_total(&self, bytes: u64) -> Result<(), HostError> {
        let most = self.total_bytes;
        if bytes > most { Err(HostError::TooLargeTogether(most)) } else { Ok(()) }
    }

    /// How many bytes each file of one message may have, in order. What is smaller than its room
    /// fits as it is; what is larger is a picture to be made smaller.
    ///
    /// Pictures share what the other files leave. Each may take as much as the next; what a small
    /// one leaves of that, the larger ones share.
    pub(super) fn rooms(&self, files: &[Opened]) -> Result<Vec<u64>, HostError> {
        let (shrinkable, fixed): (Vec<_>, Vec<_>) =
            files.iter().partition(|file| Self::is_shrinkable(file));
        if let Some(file) = fixed.iter().find(|file| file.length > self.of_kind(file.kind)) {
            return Err(self.too_large(file.kind));
        }
        let taken = fixed.iter().fold(0_u64, |sum, file| sum.saturating_add(file.length));
        self.check_total(taken)?;
        let wanted = |file: &Opened| file.length.min(self.of_kind(file.kind));
        let level = level(self.total_bytes - taken, shrinkable.into_iter().map(wanted).collect());
        let room = |file: &Opened| match Self::is_shrinkable(file) {
            true => wanted(file).min(level),
            false => file.length,
        };
        Ok(files.iter().map(room).collect())
    }

    /// Why a picture is not sent that cannot be made smaller.
    pub(super) fn refusal(&self, file: &Opened) -> HostError {
        if file.length > self.of_kind(file.kind) {
            self.too_large(file.kind)
        } else {
            HostError::TooLargeTogether(self.total_bytes)
        }
    }

    pub(super) fn too_large(&self, kind: Kind) -> HostError {
        HostError::TooLarge { most: self.of_kind(kind), is_picture: Self::is_picture(kind) }
    }

    /// The most bytes of one file of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> u64 {
        if Self::is_picture(kind) { self.picture_bytes } else { self.other_bytes }
    }

    fn is_picture(kind: Kind) -> bool {
        PICTURES.contains(&kind.content_type)
    }

    fn is_shrinkable(file: &Opened) -> bool {
        SHRINKABLE.contains(&file.kind.content_type) && file.length <= MAX_SOURCE_BYTES
    }
}

/// How much each may have at most, so that all together have no more than `room`.
fn level(mut room: u64, mut wanted: Vec<u64>) -> u64 {
    wanted.sort_unstable();
    let mut left = wanted.len() as u64;
    for bytes in wanted {
        if bytes > room / left {
            return room / left;
        }
        room -= bytes;
        left -= 1;
    }
    u64::MAX
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_small_ones_leave_the_larger_ones_share() {
        for (room, wanted, expected) in [
            (10, vec![], u64::MAX),
            (10, vec![10], u64::MAX),
            (10, vec![11], 10),
            (10, vec![20, 20], 5),
            (10, vec![2, 20], 8),
            (10, vec![20, 2, 30], 4),
            (10, vec![3, 3, 4], u64::MAX),
            (0, vec![1, 1], 0),
        ] {
            assert_eq!(level(room, wanted.clone()), expected, "{room} {wanted:?}");
        }
    }

    proptest! {
        #[test]
        fn the_room_is_never_exceeded_and_hardly_ever_wasted(
            room in 0..100_000_u64,
            wanted in proptest::collection::vec(0..50_000_u64, 0..11),
        ) {
            let level = level(room, wanted.clone());
            let given: u64 = wanted.iter().map(|bytes| *bytes.min(&level)).sum();
            prop_assert!(given <= room);
            let left = wanted.iter().filter(|bytes| **bytes > level).count() as u64;
            prop_assert!(left == 0 || room - given < left);
        }
    }
}
