//! Where one part may end and the next begin.

use crate::encoding::Encoding;

/// Where a message may be cut.
///
/// Whatever is chosen, an escape pair, a surrogate pair and a code point stay whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Boundary {
    /// Between any two code points, as carriers cut. Fills every part.
    #[default]
    CodePoint,
    /// Between grapheme clusters (UAX #29): flags, families and letters with combining marks
    /// stay whole. A cluster longer than a part is cut between code points.
    #[cfg(feature = "grapheme")]
    Grapheme,
    /// After white space, which stays with the part before it. A word longer than a part is cut
    /// as [`Boundary::Grapheme`] cuts when that feature is on, else between code points.
    Word,
}

/// Moves the end of a part back to the nearest place where it may end.
///
/// `end` is a code point boundary of `text` after `start`, the furthest one that fits; `capacity`
/// is that of the next part, to tell a word that fits into one from a word that has to be cut.
/// The result is after `start` whenever `end` is. Looks only at this part and, at a word, at one
/// part after it: cutting a whole text stays linear.
#[inline]
pub(crate) fn settle(
    text: &str,
    start: usize,
    end: usize,
    boundary: Boundary,
    encoding: Encoding,
    capacity: usize,
) -> usize {
    if end >= text.len() {
        return end;
    }
    match boundary {
        Boundary::CodePoint => end,
        #[cfg(feature = "grapheme")]
        Boundary::Grapheme => before_cluster(text, start, end),
        Boundary::Word => {
            let word = before_word(text, start, end, encoding, capacity);
            before_cluster(text, start, word.unwrap_or(end))
        }
    }
}

/// The start of the word that `end` would cut, if it fits into the next part.
fn before_word(
    text: &str,
    start: usize,
    end: usize,
    encoding: Encoding,
    capacity: usize,
) -> Option<usize> {
    let (part, rest) = (text.get(start..end)?, text.get(end..)?);
    if part.ends_with(char::is_whitespace) || rest.starts_with(char::is_whitespace) {
        return Some(end);
    }
    let head = part.chars().rev().take_while(|character| !character.is_whitespace());
    let head_bytes: usize = head.map(char::len_utf8).sum();
    let word = end - head_bytes;
    if word == start {
        return None;
    }
    // The word is looked at from its start, and no further than the part it would go into.
    let mut units = 0;
    for character in text.get(word..)?.chars().take_while(|character| !character.is_whitespace()) {
        units += encoding.units_of(character).unwrap_or(character.len_utf16());
        if units > capacity {
            return None;
        }
    }
    Some(word)
}

/// The last boundary between grapheme clusters that is at `end` or before it.
///
/// The text from `start` on is read as if it began there, which is right for a part that begins
/// with a cluster, and bounds what a run of flags makes the rules look back over.
#[cfg(feature = "grapheme")]
fn before_cluster(text: &str, start: usize, end: usize) -> usize {
    use unicode_segmentation::GraphemeCursor;

    let Some(window) = text.get(start..) else { return end };
    let mut cursor = GraphemeCursor::new(end - start, window.len(), true);
    // The window holds all the text there is, so the cursor never asks for more of it.
    if cursor.is_boundary(window, 0) != Ok(false) {
        return end;
    }
    match cursor.prev_boundary(window, 0) {
        Ok(Some(offset)) if offset > 0 => start + offset,
        _ => end,
    }
}

#[cfg(not(feature = "grapheme"))]
fn before_cluster(_text: &str, _start: usize, end: usize) -> usize {
    end
}
