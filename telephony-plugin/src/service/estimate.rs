//! What a text would come to, before it is sent.

use serde::Serialize;
use telephony_core::AccountId;
use telephony_sms::{Encoding, analyze};

use super::{RequestError, Telephony};

/// What a text comes to as an account would send it. A carrier bills by the segment, and a picture
/// by the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Estimate {
    /// Messages that are handed to the carrier.
    pub messages: usize,
    /// Segments of all of them: of 160 septets alone and 153 in a row, or 70 and 67 UTF-16 units
    /// (3GPP TS 23.040, clause 9.2.3.24.1). A message with a picture counts as one.
    pub segments: usize,
    /// `GSM-7` when every message is, else `UCS-2`.
    pub encoding: &'static str,
}

impl Telephony {
    /// What a text with so many pictures would come to.
    ///
    /// # Errors
    ///
    /// [`RequestError`] when there is no such account.
    pub fn estimate(
        &self,
        account: Option<&AccountId>,
        text: &str,
        pictures: usize,
    ) -> Result<Estimate, RequestError> {
        let account = self.named(account)?;
        // Which pictures they are changes nothing: how many go with one message does.
        let picture = "https://example.com/picture".parse().map_err(RequestError::Url)?;
        let parts = account.plan(text, &vec![picture; pictures.min(MAX_PICTURES)]);
        let measured = parts.iter().map(|part| (analyze(part.body.as_str()), part));
        let (mut segments, mut is_gsm_7) = (0, true);
        for (text, part) in measured {
            segments += if part.media.is_empty() { text.segments } else { 1 };
            is_gsm_7 &= text.encoding == Encoding::Gsm7;
        }
        let encoding = if is_gsm_7 { "GSM-7" } else { "UCS-2" };
        Ok(Estimate { messages: parts.len(), segments, encoding })
    }
}

/// The most pictures that are counted: ten messages full of them.
const MAX_PICTURES: usize = 100;
