//! Parts that begin with their number.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::fit::{self, Room};
use super::{Part, PlanOptions};
use crate::encoding::MAX_PARTS;
use crate::error::Error;

/// Cuts `text` into parts of one segment, each with its number before it.
///
/// The numbers take room, and the longer the total is, the more. The total is guessed as a number
/// of digits, which only ever grows: at most as often as [`MAX_PARTS`] has digits.
pub(super) fn parts(text: &str, options: PlanOptions) -> Result<Vec<Part>, Error> {
    for digits in 1..=digits_of(MAX_PARTS) {
        // Any total of that many digits takes the same room.
        let guess = 10usize.pow(digits) - 1;
        let mut parts = with_total(text, guess, options)?;
        let total = parts.len();
        if digits_of(total) <= digits {
            for (index, part) in parts.iter_mut().enumerate() {
                part.prefix = prefix(index + 1, total);
            }
            return Ok(parts);
        }
    }
    Err(Error::TooManyParts { parts: MAX_PARTS + 1 })
}

fn with_total(text: &str, total: usize, options: PlanOptions) -> Result<Vec<Part>, Error> {
    let mut parts: Vec<Part> = Vec::new();
    let mut start = 0;
    while start < text.len() {
        if parts.len() == MAX_PARTS {
            return Err(Error::TooManyParts { parts: MAX_PARTS + 1 });
        }
        let room = Room::segments(1).without(&prefix(parts.len() + 1, total));
        let end = fit::next_end(text, start, room, options);
        parts.push(Part { range: start..end, prefix: String::new() });
        start = end;
    }
    Ok(parts)
}

fn prefix(number: usize, total: usize) -> String {
    format!("[{number}/{total}] ")
}

const fn digits_of(number: usize) -> u32 {
    match number.checked_ilog10() {
        Some(log) => log + 1,
        None => 1,
    }
}
