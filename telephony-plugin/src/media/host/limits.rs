//! How much a message may carry.

use telephony_core::config::Account;
use telephony_providers::Capabilities;

use super::HostError;
use crate::media::kind::Kind;

/// How much one message may carry: what the carrier takes, and no more than the account may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaLimits {
    pub(super) count: usize,
    pub(super) total_bytes: u64,
    picture_bytes: u64,
    other_bytes: u64,
}

/// What carriers fit to the phone that it is for.
const PICTURES: [&str; 3] = ["image/jpeg", "image/png", "image/gif"];

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

    /// The most bytes of one file of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> u64 {
        if Self::is_picture(kind) { self.picture_bytes } else { self.other_bytes }
    }

    pub(super) fn is_picture(kind: Kind) -> bool {
        PICTURES.contains(&kind.content_type)
    }
}
