//! What a call is to do whose carrier asks: decided by somebody else, answered here.

use std::fmt;

use async_trait::async_trait;
use telephony_core::CallUpdate;

use crate::answer::Answer;

/// Says what a call is to do whose carrier asks.
#[async_trait]
pub trait CallInstructions: fmt::Debug + Send + Sync {
    /// The answer to a report that [asks](CallUpdate::asks), once it is committed. A carrier that
    /// asks again, because the answer was lost, is to get the same.
    async fn instruct(&self, update: &CallUpdate) -> Answer;
}
