//! Checks a value against the schema of the configuration, and reports everything that is wrong.
//!
//! What is wrong is cut out as well, so that the rest can be read and looked at for mistakes of
//! another kind in the same pass.

use serde_json::{Map, Value};

use super::problem::{Problems, join};

/// How deep a value may be nested. The schema is four levels deep.
const MAX_DEPTH: usize = 16;

/// How alike an unknown key must be to a known one to be taken for a slip of it, from 0 to 1.
const ALIKE: f64 = 0.72;

/// Reports what `schema` does not allow in `value`, and removes it. `known` are the paths of all
/// keys, for keys that stand in the wrong section. False when nothing of the value may stay.
pub(super) fn check(
    value: &mut Value,
    schema: &Value,
    known: &[String],
    problems: &mut Problems,
) -> bool {
    let provider = value.get("provider").and_then(Value::as_str).unwrap_or_default().to_owned();
    Checker { known, provider, problems }.check(value, schema, "", 0)
}

struct Checker<'a> {
    known: &'a [String],
    /// The provider that is configured, whose keys are meant where several have one of a name.
    provider: String,
    problems: &'a mut Problems,
}

impl<'a> Checker<'a> {
    /// Whether `value` may stay.
    fn check(&mut self, value: &mut Value, schema: &Value, path: &str, depth: usize) -> bool {
        if depth > MAX_DEPTH {
            self.problems.note(path, "is nested too deeply");
            return false;
        }
        if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
            return self.check_any(value, schema, alternatives, path, depth);
        }
        if !has_type(value, schema) {
            let message = format!("expected {}, found {}", expected(schema), found(value));
            self.problems.note(path, message);
            return false;
        }
        match value {
            Value::Object(object) => self.check_object(object, schema, path, depth),
            Value::Array(items) => self.check_items(items, schema, path, depth),
            _ => self.check_scalar(value, schema, path),
        }
    }

    fn check_any(
        &mut self,
        value: &mut Value,
        schema: &Value,
        alternatives: &[Value],
        path: &str,
        depth: usize,
    ) -> bool {
        // The alternatives differ in type, so at most one is meant.
        match alternatives.iter().find(|alternative| has_type(value, alternative)) {
            Some(meant) => self.check(value, meant, path, depth),
            None => {
                let message = format!("expected {}, found {}", expected(schema), found(value));
                self.problems.note(path, message);
                false
            }
        }
    }

    fn check_object(
        &mut self,
        object: &mut Map<String, Value>,
        schema: &Value,
        path: &str,
        depth: usize,
    ) -> bool {
        let properties = schema.get("properties").and_then(Value::as_object);
        let additional = schema.get("additionalProperties").filter(|other| other.is_object());
        if properties.is_none() && additional.is_none() {
            // A free-form object, which the host reads.
            return true;
        }
        let parent = path;
        object.retain(|key, value| {
            let path = join(parent, key);
            match properties.and_then(|properties| properties.get(key)).or(additional) {
                Some(schema) => self.check(value, schema, &path, depth + 1),
                None => {
                    let keys = properties.into_iter().flat_map(Map::keys);
                    self.unknown(parent, key, keys.map(String::as_str));
                    false
                }
            }
        });
        let required = schema.get("required").and_then(Value::as_array);
        let missing = required.into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<_> = missing.filter(|key| !object.contains_key(*key)).collect();
        for key in &missing {
            let path = join(path, key);
            self.problems.note_missing(&path, &path, "is missing");
        }
        if !missing.is_empty() {
            self.problems.excuse(path);
        }
        missing.is_empty()
    }

    /// All lists are of texts. What may not stay in one becomes an empty text, which means that
    /// nothing is set, so that what comes after keeps its index.
    fn check_items(
        &mut self,
        items: &mut [Value],
        schema: &Value,
        path: &str,
        depth: usize,
    ) -> bool {
        if let Some(schema) = schema.get("items") {
            for (index, item) in items.iter_mut().enumerate() {
                if !self.check(item, schema, &join(path, &index.to_string()), depth + 1) {
                    *item = Value::String(String::new());
                }
            }
        }
        true
    }

    fn check_scalar(&mut self, value: &Value, schema: &Value, path: &str) -> bool {
        let allowed = schema.get("enum").and_then(Value::as_array);
        if allowed.is_some_and(|allowed| !value.is_null() && !allowed.contains(value)) {
            let message = match value.as_str().and_then(|text| nearest(text, words(schema))) {
                Some(near) => format!("expected {}; did you mean \"{near}\"?", expected(schema)),
                None => format!("expected {}", expected(schema)),
            };
            self.problems.note(path, message);
            return false;
        }
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        if let Some(number) = value.as_f64() {
            let (least, most) = (bound("minimum"), bound("maximum"));
            if least.is_some_and(|least| number < least) || most.is_some_and(|most| number > most) {
                self.problems.note(path, format!("expected {}, found {number}", expected(schema)));
                return false;
            }
        }
        true
    }

    fn unknown<'key>(
        &mut self,
        parent: &str,
        key: &str,
        siblings: impl Iterator<Item = &'key str>,
    ) {
        let message = if let Some(near) = nearest(key, siblings) {
            self.problems.excuse(&join(parent, near));
            format!("unknown key; did you mean {near}?")
        } else if let Some(elsewhere) = self.elsewhere(key) {
            self.problems.excuse(elsewhere);
            format!("unknown key here; did you mean {elsewhere}?")
        } else if let Some(near) = nearest(key, self.known.iter().map(|known| last_of(known))) {
            let elsewhere = self.known.iter().find(|known| last_of(known) == near);
            format!("unknown key; did you mean {}?", elsewhere.map_or(near, String::as_str))
        } else {
            "unknown key; see docs/configuration.md for all keys".to_owned()
        };
        self.problems.note(&join(parent, key), message);
    }

    /// A key of that name in another section, by preference the provider's.
    fn elsewhere(&self, key: &str) -> Option<&'a str> {
        let known: &'a [String] = self.known;
        let mut same = known.iter().map(String::as_str).filter(|known| last_of(known) == key);
        let of_provider = |path: &&str| path.split('.').next() == Some(self.provider.as_str());
        same.clone().find(of_provider).or_else(|| same.next())
    }
}

fn last_of(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or(path)
}

/// The candidate that `text` is most likely a slip of. Letter case is a slip too.
fn nearest<'key>(text: &str, candidates: impl Iterator<Item = &'key str>) -> Option<&'key str> {
    let text = text.to_lowercase();
    candidates
        .map(|candidate| (strsim::jaro_winkler(&text, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, candidate)| {
            let edits = strsim::levenshtein(&text, &candidate.to_lowercase());
            *likeness >= ALIKE && edits <= candidate.len().div_ceil(2)
        })
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, candidate)| candidate)
}

fn words(schema: &Value) -> impl Iterator<Item = &str> {
    let allowed = schema.get("enum").and_then(Value::as_array);
    allowed.into_iter().flatten().filter_map(Value::as_str)
}

/// The type names of a schema; a missing key and `null` mean the same, so `null` always fits.
fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(name)) => vec![name],
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ if schema.get("enum").is_some() => vec!["string"],
        _ => Vec::new(),
    }
}

fn has_type(value: &Value, schema: &Value) -> bool {
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        return alternatives.iter().any(|alternative| has_type(value, alternative));
    }
    let types = types(schema);
    types.is_empty()
        || types.iter().any(|name| match *name {
            "null" => value.is_null(),
            "boolean" => value.is_boolean(),
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_i64() || value.is_u64(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            _ => false,
        })
}

/// What a schema expects, in words.
fn expected(schema: &Value) -> String {
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        let mut words: Vec<_> = alternatives
            .iter()
            .filter(|alternative| types(alternative) != ["null"])
            .map(expected)
            .collect();
        words.dedup();
        return words.join(" or ");
    }
    let allowed: Vec<_> = words(schema).map(|word| format!("\"{word}\"")).collect();
    if !allowed.is_empty() {
        return format!("one of {}", allowed.join(", "));
    }
    let mut names = types(schema);
    names.retain(|name| *name != "null");
    let is_reference = schema.pointer("/properties/source").is_some();
    let name = match names.as_slice() {
        ["boolean"] => "true or false",
        ["string"] => "a string",
        ["integer"] => "a whole number",
        ["number"] => "a number",
        ["array"] => "a list",
        ["object"] if is_reference => "a SecretRef object",
        ["object"] => "an object",
        _ => "another value",
    };
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!("{name} from {least} to {most}"),
        _ => name.to_owned(),
    }
}

/// What a value is, in words, never what it holds.
const fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
