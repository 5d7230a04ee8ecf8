//! The headers of a request, from whatever framework received it.

use std::fmt;

use crate::refusal::Refusal;

/// The most bytes that are looked at in one header that takes part in a verification. The longest
/// real one is Plivo's: a handful of 44-character signatures.
pub const MAX_HEADER_BYTES: usize = 1024;

/// The headers of a request, by name in any case, in the order they came.
///
/// ```
/// use telephony_webhook::Headers;
///
/// let headers: Headers = [("X-Twilio-Signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=")].into_iter().collect();
/// assert_eq!(headers.all("x-twilio-signature").count(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Headers {
    /// All names and values, one after the other: one piece of memory for any number of headers.
    bytes: Vec<u8>,
    /// Where each name ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// All values under `name`.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.iter()
            .filter(move |(known, _)| known.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, value_end)| *value_end));
        starts.zip(&self.ends).map(|(start, (name_end, value_end))| {
            let part = |range| self.bytes.get(range).unwrap_or_default();
            (part(start..*name_end), part(*name_end..*value_end))
        })
    }

    /// Whether there is a header of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The names, as they came.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().filter_map(|(name, _)| std::str::from_utf8(name).ok())
    }

    /// The value under `name`, which must be there once, not empty and printable.
    ///
    /// A second one would leave it open which of the two was meant, so it is refused.
    pub(crate) fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        match self.optional(name)? {
            Some(value) if !value.is_empty() => Ok(value),
            _ => Err(Refusal::MissingHeader(name)),
        }
    }

    /// The value under `name`, which must not be there twice.
    pub(crate) fn optional(&self, name: &'static str) -> Result<Option<&str>, Refusal> {
        let mut values = self.all(name);
        let Some(first) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Refusal::RepeatedHeader(name));
        }
        text(name, first).map(Some)
    }
}

/// A header's value as text, if it is short and printable.
pub(crate) fn text<'a>(name: &'static str, value: &'a [u8]) -> Result<&'a str, Refusal> {
    let printable = value.iter().all(|byte| matches!(byte, b' '..=b'~'));
    match std::str::from_utf8(value) {
        Ok(text) if printable && value.len() <= MAX_HEADER_BYTES => Ok(text),
        _ => Err(Refusal::MalformedHeader {
            header: name,
            expected: "printable ASCII of at most 1024 bytes",
        }),
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        // Carriers and proxies send a dozen or two, of a kilobyte or less in all.
        let mut all = Self { bytes: Vec::with_capacity(1024), ends: Vec::with_capacity(24) };
        for (name, value) in headers {
            all.bytes.extend_from_slice(name.as_ref().as_bytes());
            let name_end = all.bytes.len();
            all.bytes.extend_from_slice(value.as_ref());
            all.ends.push((name_end, all.bytes.len()));
        }
        all
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} headers, {} bytes]", self.ends.len(), self.bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_repeats_are_seen() {
        let headers: Headers =
            [("A", "1"), ("b", ""), ("a", "2"), ("C", "x\ty")].into_iter().collect();
        assert_eq!(headers.all("a").count(), 2);
        assert_eq!(headers.optional("a"), Err(Refusal::RepeatedHeader("a")));
        assert_eq!(headers.required("B"), Err(Refusal::MissingHeader("B")));
        assert_eq!(headers.optional("d"), Ok(None));
        assert!(matches!(headers.required("c"), Err(Refusal::MalformedHeader { header: "c", .. })));
        assert_eq!(format!("{headers:?}"), "[4 headers, 9 bytes]");
    }
}
