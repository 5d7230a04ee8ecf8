//! Cutting off the end of a text, with an ellipsis that costs no encoding.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use super::fit::{self, Room};
use super::{Message, Part, Plan, PlanOptions};
use crate::alphabet;
use crate::analyze::analyze_with_reference;
use crate::boundary::{self, Boundary};
use crate::encoding::{Encoding, Reference};

/// The ellipsis of a text that GSM-7 can write: `…` is not in its alphabet.
const NARROW_ELLIPSIS: &str = "...";
/// The ellipsis of any other text.
const WIDE_ELLIPSIS: &str = "…";

/// The part of a text that is sent.
pub(super) struct Kept<'text> {
    /// What is sent, with its ellipsis.
    pub(super) text: Cow<'text, str>,
    /// Bytes of the original that were kept.
    bytes: usize,
    truncated: bool,
}

/// Cuts `text` down to `limit` characters and to `room`, ellipsis included.
pub(super) fn truncate(text: &str, limit: usize, room: Room, reference: Reference) -> Kept<'_> {
    if fit::longest(text, limit, room, reference) == text.len() {
        return Kept { text: Cow::Borrowed(text), bytes: text.len(), truncated: false };
    }
    let narrow = shortened(text, limit, room, reference, NARROW_ELLIPSIS);
    let wide = shortened(text, limit, room, reference, WIDE_ELLIPSIS);
    // Whichever keeps more of the text; at a tie, the one that costs less.
    match (narrow, wide) {
        (Some(narrow), Some(wide)) if wide.bytes > narrow.bytes => wide,
        (Some(narrow), _) => narrow,
        (None, Some(wide)) => wide,
        (None, None) => {
            let bytes = settle(text, fit::longest(text, limit, room, reference));
            let text = text.get(..bytes).unwrap_or_default();
            Kept { text: Cow::Borrowed(text), bytes, truncated: true }
        }
    }
}

/// The beginning of `text` that fits with `ellipsis`, if the ellipsis keeps its encoding.
fn shortened<'text>(
    text: &'text str,
    limit: usize,
    room: Room,
    reference: Reference,
    ellipsis: &str,
) -> Option<Kept<'text>> {
    let limit = limit.checked_sub(ellipsis.chars().count())?;
    let encoding = if ellipsis == NARROW_ELLIPSIS { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let end = fit::longest_before(text, limit, room, reference, encoding, ellipsis);
    let kept = text.get(..settle(text, end))?.trim_end();
    if kept.is_empty() || (encoding == Encoding::Ucs2 && kept.chars().all(alphabet::is_gsm7)) {
        return None;
    }
    let mut owned = String::with_capacity(kept.len() + ellipsis.len());
    owned.push_str(kept);
    owned.push_str(ellipsis);
    Some(Kept { text: Cow::Owned(owned), bytes: kept.len(), truncated: true })
}

/// Moves a cut back so that no cluster is cut, where clusters are known.
fn settle(text: &str, end: usize) -> usize {
    #[cfg(feature = "grapheme")]
    let boundary = Boundary::Grapheme;
    #[cfg(not(feature = "grapheme"))]
    let boundary = Boundary::CodePoint;
    boundary::settle(text, 0, end, boundary, Encoding::Ucs2, 0)
}

impl<'text> Kept<'text> {
    /// Puts the parts of the kept text into messages.
    pub(super) fn into_plan(self, parts: Vec<Part>, options: PlanOptions) -> Plan<'text> {
        let messages = parts
            .into_iter()
            .map(|Part { range, prefix }| {
                let text = slice(&self.text, range.clone(), prefix);
                let analysis = analyze_with_reference(&text, options.reference);
                // The ellipsis stands for nothing of the original.
                let range = range.start.min(self.bytes)..range.end.min(self.bytes);
                Message { text, range, analysis }
            })
            .collect();
        Plan { messages, truncated: self.truncated }
    }
}

fn slice<'text>(
    text: &Cow<'text, str>,
    range: core::ops::Range<usize>,
    mut prefix: String,
) -> Cow<'text, str> {
    match text {
        Cow::Borrowed(text) if prefix.is_empty() => {
            Cow::Borrowed(text.get(range).unwrap_or_default())
        }
        _ => {
            prefix.push_str(text.get(range).unwrap_or_default());
            Cow::Owned(prefix)
        }
    }
}
