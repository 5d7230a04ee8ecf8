//! `openclaw.plugin.json`: what the host knows of the plugin without running it.

use serde_json::{Map, Value, json};
use telephony_core::config::key_reference;

use super::{at, text};
use crate::step::Failure;

/// What the host shows of the channel.
const LABEL: &str = "Telephony";
const DESCRIPTION: &str = "SMS, MMS and calls through Twilio, Telnyx or Plivo.";

/// What an empty field shows.
const PLACEHOLDERS: [(&str, &str); 8] = [
    ("fromNumber", "+15550001111"),
    ("defaultTo", "+15550001234"),
    ("publicUrl", "https://phone.example.com"),
    ("twilio.accountSid", "AC…"),
    ("twilio.messagingServiceSid", "MG…"),
    ("telnyx.apiKey", "KEY…"),
    ("sms.quietHours.start", "21:00"),
    ("sms.quietHours.end", "08:00"),
];

/// The whole file.
pub(super) fn manifest(document: &Value, schema: &Value) -> Result<Value, Failure> {
    let commands = at(document, "/surfaces/commands")?;
    Ok(json!({
        "id": "telephony",
        "name": LABEL,
        "description": DESCRIPTION,
        "version": text(document, "/version")?,
        "categories": ["channels"],
        "channels": ["telephony"],
        "activation": { "onStartup": true, "onChannels": ["telephony"] },
        "contracts": { "tools": ["telephony"] },
        "toolMetadata": {
            "telephony": { "profiles": ["coding", "messaging"], "sideEffecting": true },
        },
        "cliCommands": [{
            "name": text(commands, "/name")?,
            "description": text(commands, "/description")?,
            "hasSubcommands": true,
        }],
        "configSchema": { "type": "object", "additionalProperties": false, "properties": {} },
        "channelConfigs": {
            "telephony": {
                "label": LABEL,
                "description": DESCRIPTION,
                "schema": plain(schema),
                "uiHints": hints()?,
            },
        },
    }))
}

/// The schema as hosts take it: without our own words, without null, which a file of the host
/// never holds, and without defaults, which the host would write into it.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(alternatives)) = object.get("anyOf") {
                let real: Vec<_> = alternatives.iter().filter(|one| !is_null(one)).collect();
                if let [only] = real.as_slice() {
                    let mut merged = plain(only);
                    if let (Some(merged), Some(sentence)) =
                        (merged.as_object_mut(), object.get("description"))
                    {
                        merged.insert("description".to_owned(), sentence.clone());
                    }
                    return merged;
                }
            }
            let kept = object.iter().filter(|(key, _)| {
                !key.starts_with("x-") && *key != "default" && *key != "$schema" && *key != "title"
            });
            kept.map(|(key, value)| {
                let value = match (key.as_str(), value) {
                    ("type", Value::Array(names)) => only_type(names),
                    ("enum", Value::Array(words)) => {
                        words.iter().filter(|word| !word.is_null()).cloned().collect()
                    }
                    // Names of keys are no words of the schema.
                    ("properties", Value::Object(properties)) => {
                        properties.iter().map(|(key, value)| (key.clone(), plain(value))).collect()
                    }
                    (_, value) => plain(value),
                };
                (key.clone(), value)
            })
            .collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        other => other.clone(),
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

fn only_type(names: &[Value]) -> Value {
    let names: Vec<_> = names.iter().filter(|name| name.as_str() != Some("null")).collect();
    match names.as_slice() {
        [only] => (*only).clone(),
        _ => names.into_iter().cloned().collect(),
    }
}

/// How each key is shown, at the root and in each account.
fn hints() -> Result<Value, Failure> {
    let mut hints = Map::new();
    hints.insert(String::new(), json!({ "label": LABEL, "help": DESCRIPTION }));
    let keys = key_reference();
    let of_accounts = keys.iter().filter(|key| key.per_account).map(|key| ("accounts.*.", key));
    for (root, key) in keys.iter().map(|key| ("", key)).chain(of_accounts) {
        let label = key.label.as_ref().ok_or_else(|| {
            Failure::new(format!("{} has no label: give it an x-label", key.path))
        })?;
        // The host's form hides whatever does not say that it is for everybody.
        let mut hint = json!({ "label": label, "help": help(key), "advanced": key.advanced });
        if let Some(hint) = hint.as_object_mut() {
            if key.sensitive {
                hint.insert("sensitive".to_owned(), true.into());
            }
            if let Some((_, placeholder)) = PLACEHOLDERS.iter().find(|(path, _)| *path == key.path)
            {
                hint.insert("placeholder".to_owned(), (*placeholder).into());
            }
            if ["fromNumber", "defaultTo"].contains(&key.path.as_str()) {
                hint.insert("presentation".to_owned(), "phone-number".into());
            }
        }
        hints.insert(format!("{root}{}", key.path), hint);
    }
    Ok(hints.into())
}

fn help(key: &telephony_core::config::KeyReference) -> String {
    let description = key.description.replace('`', "");
    match &key.default {
        Some(default) => format!("{description} Default: {default}."),
        None => description,
    }
}

#[cfg(test)]
mod tests {
    use telephony_core::config::json_schema;

    use super::*;

    #[test]
    fn every_key_is_labelled_and_every_secret_is_hidden_in_accounts_too() {
        let hints = hints().unwrap();
        for key in key_reference() {
            for root in ["", "accounts.*."] {
                let path = format!("{root}{}", key.path);
                if !root.is_empty() && !key.per_account {
                    assert!(hints.get(&path).is_none(), "{path} is no key");
                    continue;
                }
                let hint = &hints[&path];
                assert!(hint["label"].is_string(), "{path}");
                assert_eq!(hint["sensitive"] == true, key.sensitive, "{path}");
                assert_eq!(hint["advanced"], key.advanced, "{path}");
            }
        }
    }

    #[test]
    fn each_placeholder_is_of_a_key() {
        let keys = key_reference();
        for (path, _) in PLACEHOLDERS {
            assert!(keys.iter().any(|key| key.path == path), "{path}");
        }
    }

    #[test]
    fn the_schema_has_no_null_no_default_and_no_words_of_our_own() {
        let schema = plain(&json_schema());
        let text = schema.to_string();
        for word in ["\"null\"", "\"x-", "\"default\":"] {
            assert!(!text.contains(word), "{word}");
        }
        assert_eq!(schema["properties"]["fromNumber"]["type"], "string");
        assert_eq!(schema["properties"]["provider"]["enum"][0], "twilio");
        let secret = &schema["properties"]["twilio"]["properties"]["authToken"];
        assert_eq!(secret["anyOf"][0]["type"], "string", "{secret}");
    }
}
