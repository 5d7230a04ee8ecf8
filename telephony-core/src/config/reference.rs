//! The schema of the configuration, and its keys one by one.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value;

use super::problem::join;
use super::raw::RawConfig;

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<RawConfig>().to_value();
    normalise(&mut schema);
    schema
});

/// The JSON Schema of the object at `channels.telephony`.
///
/// Beside the standard's words, a key may have `x-label` (its name for people), `x-sensitive`,
/// `x-advanced` and `x-env` (the variable that is read when the key is not set).
#[must_use]
pub fn json_schema() -> Value {
    SCHEMA.clone()
}

pub(super) fn schema() -> &'static Value {
    &SCHEMA
}

/// Says in every object whose keys are known that others are mistakes, and writes words that are
/// documented one by one as a plain list of words.
fn normalise(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let words = object.get("oneOf").and_then(Value::as_array).map(|alternatives| {
                alternatives.iter().filter_map(|one| one.get("const")).cloned().collect::<Vec<_>>()
            });
            if let Some(words) = words.filter(|words| !words.is_empty()) {
                object.remove("oneOf");
                object.insert("type".to_owned(), "string".into());
                object.insert("enum".to_owned(), words.into());
            }
            if object.contains_key("properties") && !object.contains_key("additionalProperties") {
                object.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            object.values_mut().for_each(normalise);
        }
        Value::Array(items) => items.iter_mut().for_each(normalise),
        _ => {}
    }
}

/// One key of the configuration.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct KeyReference {
    /// Its path, `sms.maxLength`.
    pub path: String,
    /// Its name for people.
    pub label: Option<String>,
    /// What it takes: `string`, `boolean`, `integer`, `number`, `array`, `object`, or the words.
    pub takes: String,
    /// What it is when it is not set.
    pub default: Option<Value>,
    /// What it does.
    pub description: String,
    /// Whether it is a secret.
    pub sensitive: bool,
    /// Whether most people never need it.
    pub advanced: bool,
    /// The variable that is read for the default account when it is not set.
    pub env: Option<String>,
    /// Whether an account of `accounts` takes it too. The others are about the process.
    pub per_account: bool,
}

/// All keys, sections before what is in them. The keys of `accounts.<id>` are those at the top and
/// are not repeated.
#[must_use]
pub fn key_reference() -> Vec<KeyReference> {
    let mut keys = Vec::new();
    collect(&SCHEMA, "", &mut keys);
    let account = SCHEMA.pointer("/properties/accounts/additionalProperties/properties");
    for key in &mut keys {
        let section = key.path.split('.').next().unwrap_or_default();
        key.per_account = account.is_some_and(|account| account.get(section).is_some());
    }
    keys
}

fn collect(schema: &Value, path: &str, keys: &mut Vec<KeyReference>) {
    let properties = schema.get("properties").and_then(Value::as_object);
    for (key, schema) in properties.into_iter().flatten() {
        let path = join(path, key);
        let text = |key: &str| schema.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| schema.get(key).and_then(Value::as_bool).unwrap_or(false);
        keys.push(KeyReference {
            label: text("x-label"),
            takes: takes(schema),
            default: schema.get("default").filter(|default| !default.is_null()).cloned(),
            description: text("description").unwrap_or_default().replace('\n', " "),
            sensitive: flag("x-sensitive"),
            advanced: flag("x-advanced"),
            env: text("x-env"),
            per_account: false,
            path: path.clone(),
        });
        let alternatives = schema.get("anyOf").and_then(Value::as_array);
        let is_secret = flag("x-sensitive");
        for section in alternatives.into_iter().flatten().chain([schema]) {
            if !is_secret {
                collect(section, &path, keys);
            }
        }
    }
}

fn takes(schema: &Value) -> String {
    let alternatives = schema.get("anyOf").and_then(Value::as_array);
    if let Some(first) = alternatives.and_then(|alternatives| alternatives.first()) {
        return takes(first);
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<_> =
            words.iter().filter(|word| !word.is_null()).map(Value::to_string).collect();
        return words.join(" ");
    }
    match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            names.filter(|name| *name != "null").collect::<Vec<_>>().join(" or ")
        }
        _ => "object".to_owned(),
    }
}

/// The paths of all keys.
pub(super) fn known_paths() -> Vec<String> {
    key_reference().into_iter().map(|key| key.path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_takes_what_its_schema_has_and_nothing_of_the_process() {
        let is_per_account = |path: &str| {
            let keys = key_reference();
            keys.iter().find(|key| key.path == path).map(|key| key.per_account)
        };
        for path in ["enabled", "fromNumber", "twilio", "twilio.authToken", "sms.quietHours.end"] {
            assert_eq!(is_per_account(path), Some(true), "{path}");
        }
        for path in ["accounts", "serve.port", "tunnel.ngrokAuthToken", "database", "configWrites"]
        {
            assert_eq!(is_per_account(path), Some(false), "{path}");
        }
    }
}
