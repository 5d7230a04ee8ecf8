//! Form fields, decoded as the carriers' own libraries decode them.

use std::fmt;

use thiserror::Error;
use url::form_urlencoded;

/// The most fields of a form or query. Carriers send fewer than a hundred.
pub const MAX_FIELDS: usize = 512;

/// The decoded fields of a form body or a query, in the order they came.
///
/// `+` is a space, `%XX` a byte of UTF-8, empty values and names are kept, and what is not UTF-8
/// becomes U+FFFD: that is what Twilio's and Plivo's libraries sign.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// All names and values, one after the other: one piece of memory for any number of fields.
    text: String,
    /// Where each name ends, and where its value does.
    ends: Vec<(usize, usize)>,
}

/// There are more fields than [`MAX_FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyFields;

/// A field is there more than once, with different values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the field is there more than once, with different values")]
pub struct Contradiction;

impl Form {
    pub(crate) fn parse(encoded: &[u8]) -> Result<Self, TooManyFields> {
        // Decoding makes nothing longer but what is not UTF-8, which is rare. A carrier's form has
        // twenty fields.
        let mut form = Self { text: String::with_capacity(encoded.len()), ends: Vec::new() };
        for (name, value) in form_urlencoded::parse(encoded) {
            if form.ends.len() == MAX_FIELDS {
                return Err(TooManyFields);
            }
            if form.ends.is_empty() {
                form.ends.reserve(24);
            }
            form.text.push_str(&name);
            let name_end = form.text.len();
            form.text.push_str(&value);
            form.ends.push((name_end, form.text.len()));
        }
        Ok(form)
    }

    /// The fields.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let starts = std::iter::once(0).chain(self.ends.iter().map(|(_, value_end)| *value_end));
        starts.zip(&self.ends).map(|(start, (name_end, value_end))| {
            let part = |range| self.text.get(range).unwrap_or_default();
            (part(start..*name_end), part(*name_end..*value_end))
        })
    }

    /// The value under `name`, if it is there. A field that is repeated says the same each time, or
    /// it would be open which of the values was meant.
    ///
    /// # Errors
    ///
    /// [`Contradiction`] when it is there with different values.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Contradiction> {
        let mut values = self.values(name);
        let first = values.next();
        if values.all(|value| Some(value) == first) { Ok(first) } else { Err(Contradiction) }
    }

    /// The values under `name`. Names of another length are passed by without a look: a dozen are
    /// looked for in each form.
    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let mut start = 0;
        self.ends.iter().filter_map(move |(name_end, value_end)| {
            let name_start = std::mem::replace(&mut start, *value_end);
            let fits = name_end - name_start == name.len()
                && self.text.get(name_start..*name_end) == Some(name);
            if fits { self.text.get(*name_end..*value_end) } else { None }
        })
    }

    /// The fields by name, then value, in the order of their bytes.
    pub(crate) fn sorted(&self) -> Vec<(&str, &str)> {
        let mut fields: Vec<_> = self.iter().collect();
        fields.sort_unstable();
        fields
    }

    /// How many bytes all names and values have together.
    pub(crate) const fn bytes(&self) -> usize {
        self.text.len()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} fields]", self.ends.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(encoded: &str) -> Vec<(String, String)> {
        let form = Form::parse(encoded.as_bytes()).unwrap();
        form.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn fields_are_decoded_and_none_is_dropped() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            fields("a=1+2&b=%2B%2b&&c&=d&e==&%C3%A9=%zz&f=%ff;g=1&a=3"),
            [
                pair("a", "1 2"),
                pair("b", "++"),
                pair("c", ""),
                pair("", "d"),
                pair("e", "="),
                pair("é", "%zz"),
                pair("f", "\u{FFFD};g=1"),
                pair("a", "3"),
            ]
        );
    }

    #[test]
    fn a_repeated_field_says_one_thing() {
        let form = Form::parse(b"a=1&b=2&a=1&b=3&c").unwrap();
        assert_eq!(form.one("a"), Ok(Some("1")));
        assert_eq!(form.one("b"), Err(Contradiction));
        assert_eq!(form.one("c"), Ok(Some("")));
        assert_eq!(form.one("A"), Ok(None));
    }

    #[test]
    fn the_number_of_fields_is_capped() {
        assert!(Form::parse("a&".repeat(MAX_FIELDS).as_bytes()).is_ok());
        assert_eq!(Form::parse("a&".repeat(MAX_FIELDS + 1).as_bytes()).err(), Some(TooManyFields));
    }
}
