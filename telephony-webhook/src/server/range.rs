//! `Range`: which part of a file a client asks for (RFC 9110, section 14).

/// The most bytes of a `Range` that are looked at; a single range has at most 47.
const MAX_RANGE_BYTES: usize = 64;

/// What is sent of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// From one byte to another, both included.
    Bytes(u64, u64),
    /// What is asked for lies behind its end.
    Beyond,
}

/// Reads the value of `Range` for a file of `length` bytes. What is no single range of bytes is
/// ignored, as the RFC allows: the client gets the whole file.
pub(super) fn part(value: &[u8], length: u64) -> Part {
    parse(value, length).unwrap_or(Part::Whole)
}

fn parse(value: &[u8], length: u64) -> Option<Part> {
    if value.len() > MAX_RANGE_BYTES {
        return None;
    }
    let (unit, range) = std::str::from_utf8(value).ok()?.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = range.trim().split_once('-')?;
    let last_byte = length.checked_sub(1);
    let (first, last) = match (number(first), number(last)) {
        // The last so many bytes.
        (None, Some(count)) if first.is_empty() => {
            let first = length.saturating_sub(count);
            return Some(
                last_byte
                    .filter(|_| count > 0)
                    .map_or(Part::Beyond, |last| Part::Bytes(first, last)),
            );
        }
        (Some(first), None) if last.is_empty() => (first, u64::MAX),
        (Some(first), Some(last)) if first <= last => (first, last),
        _ => return None,
    };
    Some(match last_byte {
        Some(end) if first <= end => Part::Bytes(first, last.min(end)),
        _ => Part::Beyond,
    })
}

/// Digits alone: `parse` would take a sign. More than there can be is as good as the largest.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_range_of_bytes_is_understood_and_everything_else_ignored() {
        for (value, expected) in [
            ("bytes=0-0", Part::Bytes(0, 0)),
            ("bytes=0-99", Part::Bytes(0, 99)),
            ("bytes=0-100", Part::Bytes(0, 99)),
            ("bytes=99-", Part::Bytes(99, 99)),
            ("BYTES=10-19", Part::Bytes(10, 19)),
            ("bytes= 10-19 ", Part::Bytes(10, 19)),
            ("bytes=-1", Part::Bytes(99, 99)),
            ("bytes=-1000", Part::Bytes(0, 99)),
            ("bytes=50-99999999999999999999", Part::Bytes(50, 99)),
            ("bytes=100-", Part::Beyond),
            ("bytes=100-200", Part::Beyond),
            ("bytes=99999999999999999999-", Part::Beyond),
            ("bytes=-0", Part::Beyond),
            ("bytes=5-4", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=", Part::Whole),
            ("bytes", Part::Whole),
            ("", Part::Whole),
            ("bytes=0-1,5-6", Part::Whole),
            ("bytes=+0-1", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=0-1-2", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(part(value.as_bytes(), 100), expected, "{value}");
        }
        assert_eq!(part(b"bytes=\xff-", 100), Part::Whole);
        assert_eq!(part("bytes=0-".repeat(20).as_bytes(), 100), Part::Whole);
        assert_eq!(part(b"bytes=0-", 0), Part::Beyond);
        assert_eq!(part(b"bytes=-1", 0), Part::Beyond);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(value in "bytes=[0-9]{0,21}-[0-9]{0,21}", length: u64) {
            if let Part::Bytes(first, last) = part(value.as_bytes(), length) {
                prop_assert!(first <= last && last < length, "{value} of {length}");
            }
        }

        #[test]
        fn nothing_makes_it_fail(value: Vec<u8>, length: u64) {
            part(&value, length);
        }
    }
}
