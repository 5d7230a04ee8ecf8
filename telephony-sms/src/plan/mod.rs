//! From a text to the messages that are handed to a carrier.
//!
//! A carrier's API takes a whole text, concatenates its parts on the phone and bills each. A
//! channel may want something else: parts of its own that say `[1/3] `, one segment at the most,
//! a length that is never passed. [`plan`] decides which texts are sent.

mod fit;
mod number;
mod truncate;

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::ops::Range;

use crate::analyze::{Analysis, analyze_with_reference};
use crate::boundary::Boundary;
use crate::encoding::{Encoding, MAX_PARTS, Reference};
use crate::error::Error;
use fit::Room;

/// How a text becomes messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum ChunkMode {
    /// What fits one segment is sent as it is. What does not is sent as numbered parts of one
    /// segment each when numbering is on, and else as one message that the carrier concatenates,
    /// cut only where the carrier's cap demands it.
    #[default]
    Auto,
    /// One segment; what does not fit is cut off, with an ellipsis.
    Single,
    /// Parts of one segment each, with or without numbers.
    Multi,
}

/// What a carrier takes in one API message, whether or not it concatenates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct MessageCap {
    /// Characters (code points) of a message that GSM-7 can write.
    pub gsm7_characters: usize,
    /// UCS-2 units of a message that it cannot. The units, because carriers that count
    /// "characters" of UCS-2 do not say how they count a surrogate pair.
    pub ucs2_units: usize,
    /// Segments of either.
    pub segments: usize,
}

impl MessageCap {
    /// No more than the [`MAX_PARTS`] of the standard.
    pub const NONE: Self =
        Self { gsm7_characters: usize::MAX, ucs2_units: usize::MAX, segments: MAX_PARTS };

    /// A cap on length, by encoding.
    #[must_use]
    pub const fn lengths(gsm7_characters: usize, ucs2_units: usize) -> Self {
        Self { gsm7_characters, ucs2_units, segments: MAX_PARTS }
    }

    /// A cap on segments.
    #[must_use]
    pub const fn segments(segments: usize) -> Self {
        Self { segments, ..Self::NONE }
    }
}

/// What to make of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "options do nothing until a text is planned with them"]
pub struct PlanOptions {
    mode: ChunkMode,
    numbering: bool,
    max_length: Option<usize>,
    cap: MessageCap,
    reference: Reference,
    boundary: Boundary,
}

impl PlanOptions {
    /// [`ChunkMode::Auto`] without numbers, no limit, cuts between words.
    pub const fn new() -> Self {
        Self {
            mode: ChunkMode::Auto,
            numbering: false,
            max_length: None,
            cap: MessageCap::NONE,
            reference: Reference::Bits8,
            boundary: Boundary::Word,
        }
    }

    /// How the text becomes messages.
    pub const fn mode(mut self, mode: ChunkMode) -> Self {
        self.mode = mode;
        self
    }

    /// Whether parts of our own begin with `[1/3] `. A message that needs no second never does.
    pub const fn numbering(mut self, numbering: bool) -> Self {
        self.numbering = numbering;
        self
    }

    /// The most characters (code points) that are sent of the text, ellipsis included, numbers
    /// not. What is beyond is cut off before anything else happens.
    pub const fn max_length(mut self, characters: usize) -> Self {
        self.max_length = Some(characters);
        self
    }

    /// What the carrier takes in one message.
    pub const fn cap(mut self, cap: MessageCap) -> Self {
        self.cap = cap;
        self
    }

    /// The reference of the parts that the carrier makes.
    pub const fn reference(mut self, reference: Reference) -> Self {
        self.reference = reference;
        self
    }

    /// Where our own parts may end.
    pub const fn boundary(mut self, boundary: Boundary) -> Self {
        self.boundary = boundary;
        self
    }
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// The messages a text becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Plan<'text> {
    /// The messages, in order. Never empty: an empty text is one empty message.
    pub messages: Vec<Message<'text>>,
    /// Whether some of the text is not sent.
    pub truncated: bool,
}

impl Plan<'_> {
    /// The segments of all messages: what the carrier bills.
    #[must_use]
    pub fn segments(&self) -> usize {
        self.messages.iter().map(|message| message.analysis.segments).sum()
    }

    /// UCS-2 when any message needs it.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        let wide = self.messages.iter().any(|message| message.analysis.encoding == Encoding::Ucs2);
        if wide { Encoding::Ucs2 } else { Encoding::Gsm7 }
    }
}

/// One message of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Message<'text> {
    /// What is sent: borrowed from the text unless a number or an ellipsis was added.
    pub text: Cow<'text, str>,
    /// The bytes of the original text it stands for.
    pub range: Range<usize>,
    /// What it costs.
    pub analysis: Analysis,
}

/// Decides which messages `text` becomes.
///
/// Each message is measured on its own: a part without emoji is GSM-7 although another has one.
/// No escape pair, surrogate pair or (with the `grapheme` feature) grapheme cluster is cut, unless
/// it is longer than a whole segment.
///
/// ```
/// use telephony_sms::{ChunkMode, PlanOptions, plan};
///
/// let text = "All your base are belong to us. ".repeat(8);
/// let options = PlanOptions::new().mode(ChunkMode::Auto).numbering(true);
/// let plan = plan(&text, options)?;
/// assert_eq!(plan.messages.len(), 2);
/// assert!(plan.messages[0].text.starts_with("[1/2] All your"));
/// assert!(plan.messages.iter().all(|message| message.analysis.segments == 1));
/// # Ok::<(), telephony_sms::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooManyParts`] when the text needs more than [`MAX_PARTS`] messages.
pub fn plan(text: &str, options: PlanOptions) -> Result<Plan<'_>, Error> {
    let limit = options.max_length.unwrap_or(usize::MAX);
    let kept = match options.mode {
        ChunkMode::Single => truncate::truncate(text, limit, Room::segments(1), options.reference),
        _ => truncate::truncate(text, limit, Room::UNLIMITED, options.reference),
    };
    let whole = analyze_with_reference(&kept.text, options.reference);
    let fits = whole.segments == 1;
    let ours = match options.mode {
        ChunkMode::Single => false,
        ChunkMode::Auto => !fits && options.numbering,
        ChunkMode::Multi => !fits,
    };
    let parts = if ours && options.numbering {
        number::parts(&kept.text, options)?
    } else {
        let room = if ours { Room::segments(1) } else { Room::cap(options.cap) };
        fit::parts(&kept.text, room, options)?
    };
    Ok(kept.into_plan(parts, options))
}

/// A part of the kept text, and what goes before it.
struct Part {
    range: Range<usize>,
    /// `[1/3] `, or nothing.
    prefix: alloc::string::String,
}
