//! What to write instead of the characters that force UCS-2.
//!
//! Characters that GSM-7 has are never touched: `è` stays `è`. Everything is opt-in: a set of
//! [`Map`]s is chosen, and [`transliterate_if_saves`] changes a text only where that saves a
//! segment. What a text needs is listed by [`offenders`], and measured by [`savings`].
//!
//! Every function takes time linear in the text, and text that was transliterated is not changed
//! by being transliterated again.

mod context;
mod maps;
mod marks;
mod offender;
mod pieces;
mod savings;
mod tables;
#[cfg(feature = "alloc")]
mod tally;
#[cfg(feature = "alloc")]
mod text;

pub use maps::{Map, MapSet};
pub use offender::{Offender, Offenders, offenders};
pub use pieces::{Pieces, pieces};
pub use savings::{Savings, savings};
#[cfg(feature = "alloc")]
pub use tally::{Tally, tally};
#[cfg(feature = "alloc")]
pub use text::{transliterate, transliterate_if_saves};
