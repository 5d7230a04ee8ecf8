//! Reads JSON5 into a value, no deeper than is safe.
//!
//! The depth is counted where the parser descends. Counting brackets in the text beforehand would
//! have to agree with the parser about every string and comment, and one disagreement is enough to
//! run out of stack, which ends the process.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::MAX_CONFIG_DEPTH;

/// The value that a text describes, or what is wrong with the text, with its line and column.
pub(super) fn json5(text: &str) -> Result<Value, String> {
    json5::from_str(text).map(|Document(value)| value).map_err(|error| {
        let is_syntax = error.code().is_some();
        // What ends too early has no position of its own: it is the end.
        let error = error.with_position(json5::Position::from_offset(text.len(), text));
        if is_syntax { format!("not JSON5: {error}") } else { error.to_string() }
    })
}

struct Document(Value);

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Nesting { left: MAX_CONFIG_DEPTH }.deserialize(deserializer).map(Self)
    }
}

/// Reads a value with at most so many levels of objects and lists in it.
#[derive(Clone, Copy)]
struct Nesting {
    left: usize,
}

impl Nesting {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let left = self.left.checked_sub(1);
        left.map(|left| Self { left }).ok_or_else(|| {
            E::custom(format_args!("is nested deeper than {MAX_CONFIG_DEPTH} levels"))
        })
    }
}

impl<'de> DeserializeSeed<'de> for Nesting {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Nesting {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    /// JSON5 has `NaN` and `Infinity`, JSON has not. Read as `null` they would mean that the key is
    /// not set, and a limit that somebody wrote down would be the default without a word.
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = serde_json::Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut items = Vec::new();
        while let Some(item) = access.next_element_seed(inner)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(key) = access.next_key::<String>()? {
            object.insert(key, access.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_is_that_of_the_value_whatever_strings_and_comments_hold() {
        for (open, close) in
            [("[", "]"), ("{a:", "}"), ("[']]',", "]"), ("[/*]]*/", "]"), ("[//]]\n", "]")]
        {
            let nested = |depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(json5(&nested(MAX_CONFIG_DEPTH)).is_ok(), "{open}");
            for depth in [MAX_CONFIG_DEPTH + 1, 100_000] {
                let error = json5(&nested(depth)).unwrap_err();
                assert!(error.contains("nested deeper than 64 levels at line"), "{open} {error}");
            }
        }
        // Brackets that open nothing count for nothing.
        assert!(json5(&format!("{{ a: '{}' }}", "[{".repeat(1000))).is_ok());
    }

    #[test]
    fn values_are_those_of_the_json5_crate() {
        let text = "{ a: [1, -2, 2.5, 0x10, 'x', \"\\u00e9\", true, null,], 'b c': {}, /**/ }";
        let expected: Value = ::json5::from_str(text).unwrap();
        assert_eq!(json5(text), Ok(expected));
    }

    #[test]
    fn what_is_wrong_has_a_line_and_a_column() {
        for (text, expected) in [
            ("{\n  a: 1\n  b: 2 }", "not JSON5: expected comma at line 3 column 3"),
            // An object without an end is found where it begins.
            ("{\n  a: {\n", "EOF parsing object at line 2 column 6"),
            ("// nothing\n", "at line 2 column 1"),
            ("{\n  a: Infinity }", "expected a finite number at line 2 column 6"),
            ("{ a: -NaN }", "expected a finite number at line 1 column 6"),
            ("", "at line 1 column 1"),
        ] {
            let error = json5(text).unwrap_err();
            assert!(error.contains(expected), "{expected:?} is not in {error:?}");
        }
    }
}
