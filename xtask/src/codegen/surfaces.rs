//! `surfaces.gen.ts`: what the plugin registers before any process runs.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{at, text};
use crate::step::Failure;

const HEAD: &str = "\
// Made by `cargo xtask codegen` from telephony-plugin/src/host/surfaces.rs. Change that.
";

/// The constants, and what each is.
const CONSTANTS: [(&str, &str, &str); 8] = [
    ("TOOL", "/surfaces/tool", "The tool that the agent has."),
    (
        "GATEWAY_METHODS",
        "/surfaces/gatewayMethods",
        "The gateway's methods, and who may call them.",
    ),
    ("COMMANDS", "/surfaces/commands", "The commands below `openclaw telephony`."),
    ("SECRET_PATHS", "/surfaces/secretPaths", "Paths of all secrets, at the root."),
    (
        "ACCOUNT_SECRET_PATHS",
        "/surfaces/accountSecretPaths",
        "Paths of the secrets that an account has too.",
    ),
    ("ACCOUNT_KEYS", "/surfaces/accountKeys", "The keys at the root that are an account's."),
    (
        "CREDENTIALS",
        "/surfaces/credentials",
        "What each provider cannot do without: a key, and the variable that stands in for it.",
    ),
    (
        "SENDER_POOLS",
        "/surfaces/senderPools",
        "What picks the sender where no number is configured.",
    ),
];

/// The whole file; what the channel is called is in `package.json`, for the host to read there.
pub(super) fn typescript(document: &Value, package: &str) -> Result<String, Failure> {
    let mut file = HEAD.to_owned();
    let (version, hash) = (text(document, "/version")?, text(document, "/surfacesHash")?);
    let _ = writeln!(file, "\n/** The version of the binary that fits. */");
    let _ = writeln!(file, "export const VERSION = {};", json!(version));
    let _ = writeln!(file, "\n/** The hash of all of this and the protocol. */");
    let _ = writeln!(file, "export const SURFACES_HASH = {};", json!(hash));
    for (name, pointer, sentence) in CONSTANTS {
        let value = serde_json::to_string_pretty(at(document, pointer)?)?;
        let _ = writeln!(file, "\n/** {sentence} */\nexport const {name} = {value} as const;");
    }
    let package: Value = serde_json::from_str(package)?;
    let mut meta = at(&package, "/openclaw/channel")?.as_object().cloned().unwrap_or_default();
    meta.remove("setup");
    let _ = writeln!(file, "\n/** What the channel is called. */");
    let meta = serde_json::to_string_pretty(&meta)?;
    let _ = writeln!(file, "export const CHANNEL_META = {meta};");
    let fields = at(document, "/surfaces/setupFields")?.as_array().into_iter().flatten();
    let (mut paths, mut shown) = (Map::new(), Map::new());
    for field in fields {
        let mut field = field.as_object().cloned().unwrap_or_default();
        let (key, path) = (field.shift_remove("key"), field.shift_remove("path"));
        let (Some(Value::String(key)), Some(path)) = (key, path) else {
            return Err(Failure::new("a field of the set-up has no key or no path"));
        };
        paths.insert(key.clone(), path);
        shown.insert(key, field.into());
    }
    let _ = writeln!(file, "\n/** What `openclaw channels add` asks for. */");
    let shown = serde_json::to_string_pretty(&shown)?;
    let _ = writeln!(file, "export const SETUP_FIELDS = {shown} as const;");
    let _ =
        writeln!(file, "\n/** The key of the configuration that each field of the set-up is. */");
    let paths = serde_json::to_string_pretty(&paths)?;
    let _ = writeln!(file, "export const SETUP_PATHS = {paths} as const;");
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(fields: Value) -> Value {
        json!({
            "version": "1.2.3", "surfacesHash": "abc",
            "surfaces": {
                "tool": { "name": "telephony" }, "gatewayMethods": [], "commands": {},
                "setupFields": fields, "secretPaths": ["a.b", "c"], "accountSecretPaths": ["a.b"],
                "accountKeys": ["a"], "credentials": {}, "senderPools": {},
            },
        })
    }

    #[test]
    fn each_surface_is_a_constant() {
        let package = r#"{ "openclaw": { "channel": { "id": "telephony", "setup": {} } } }"#;
        let fields = json!([{ "key": "token", "path": "a.b", "kind": "string" }]);
        let file = typescript(&document(fields), package).unwrap();
        for line in [
            "export const VERSION = \"1.2.3\";",
            "export const SURFACES_HASH = \"abc\";",
            "export const TOOL = {\n  \"name\": \"telephony\"\n} as const;",
            "export const ACCOUNT_SECRET_PATHS = [\n  \"a.b\"\n] as const;",
            "export const CHANNEL_META = {\n  \"id\": \"telephony\"\n};",
            "export const SETUP_FIELDS = {\n  \"token\": {\n    \"kind\": \"string\"\n  }\n}",
            "export const SETUP_PATHS = {\n  \"token\": \"a.b\"\n} as const;",
        ] {
            assert!(file.contains(line), "{line}\n{file}");
        }
        assert!(typescript(&document(json!([{ "key": "token" }])), package).is_err());
        assert!(typescript(&json!({}), package).is_err());
    }
}
