//! `docs/configuration.md`: every key, as a table.

use std::fmt::Write as _;

use serde_json::Value;
use telephony_core::config::KeyReference;

const INTRODUCTION: &str = "\
<!-- Made by `cargo xtask codegen` from telephony-core/src/config/raw. Change that. -->

# Configuration

The keys of OpenClaw's `channels.telephony`. The `telephony` command also reads a JSON5 file that
holds that object alone; five lines are enough:

```json5
{
  provider: \"mock\",
  fromNumber: \"+15550001111\",
  inboundPolicy: \"pairing\",
}
```

Everything that is wrong is reported at once, with the path of the key, what was expected and the
nearest known key. An empty string means that a key is not set. A secret may also be OpenClaw's
SecretRef object; outside OpenClaw only `{ source: \"env\", id: \"NAME\" }` is resolved. Variables of
the environment stand in for the default account alone.

Each account of `accounts` takes the keys that are not marked *process*, and inherits what it does
not set. [configuration.schema.json](configuration.schema.json) is the same as a JSON Schema.

| key | takes | default | what it does |
|---|---|---|---|
";

/// The whole file.
pub(super) fn configuration(keys: &[KeyReference]) -> String {
    let mut text = INTRODUCTION.to_owned();
    for key in keys {
        let default = match &key.default {
            Some(Value::String(word)) => format!("`{word}`"),
            Some(other) => format!("`{other}`"),
            None => String::from("–"),
        };
        let mut notes = Vec::new();
        if !key.per_account && !key.path.contains('.') {
            notes.push("*Process.*".to_owned());
        }
        if key.sensitive {
            notes.push("*Secret.*".to_owned());
        }
        if let Some(variable) = &key.env {
            notes.push(format!("Falls back on `{variable}`."));
        }
        let notes = if notes.is_empty() { String::new() } else { format!(" {}", notes.join(" ")) };
        let takes = key.takes.replace("\" \"", "`, `").replace('"', "");
        let description = key.description.replace('|', "\\|");
        let _ = writeln!(
            text,
            "| `{}` | `{takes}` | {} | {description}{notes} |",
            key.path,
            default.replace('|', "\\|"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use telephony_core::config::key_reference;

    use super::*;

    #[test]
    fn every_key_has_its_line() {
        let keys = key_reference();
        let text = configuration(&keys);
        assert_eq!(text.lines().filter(|line| line.starts_with("| `")).count(), keys.len());
    }
}
