//! Replacements by character, sorted by it.

mod greek;
mod language;
mod latin;
mod twilio;
mod typographic;

pub(super) use greek::GREEK;
pub(super) use language::*;
pub(super) use latin::LATIN;
pub(super) use twilio::TWILIO;
pub(super) use typographic::TYPOGRAPHIC;
