//! What the gateway's plugin registers: the agent's tool, the gateway's methods, the commands.
//!
//! All of it is registered before any process runs, so it is made into
//! `telephony-plugin/openclaw/src/surfaces.gen.ts`; when the two meet, they compare the hash.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use telephony_core::config::key_reference;

use super::protocol::{Direction, PROTOCOL, methods};
use super::{needs, vectors};

/// The tool that the agent has.
fn tool() -> Value {
    json!({
        "name": "telephony",
        "label": "Telephony",
        "description": "Send texts (SMS), pictures (MMS) and place phone calls to other people, and \
            look up what became of them. Do not use it to reply to whoever is texting you: what \
            you answer reaches them by itself. Texts are plain: no Markdown. A send whose outcome \
            is unknown may have arrived: never send it again.",
        "parameters": {
            "type": "object",
            "additionalProperties": false,
            "required": ["action"],
            "properties": {
                "action": {
                    "type": "string",
                    "enum": ["send_sms", "send_mms", "initiate_call", "hang_up", "get_status"],
                    "description": "send_sms needs to and message; send_mms needs to and mediaUrl; \
                        initiate_call needs to; hang_up and get_status need id.",
                },
                "to": {
                    "type": "string",
                    "description": "The phone number in E.164 form, as +15550001234.",
                },
                "message": {
                    "type": "string",
                    "description": "The text to send, or what the call says. Plain text.",
                },
                "mediaUrl": {
                    "type": "string",
                    "description": "The picture or file: an https:// URL, or the absolute path of \
                        a file.",
                },
                "webhookUrl": {
                    "type": "string",
                    "description": "For a call, in place of message: the https:// URL of the \
                        carrier's own call instructions.",
                },
                "id": {
                    "type": "string",
                    "description": "The id that send_sms, send_mms or initiate_call returned.",
                },
                "accountId": {
                    "type": "string",
                    "description": "The account to use where several are configured.",
                },
            },
        },
    })
}

/// The gateway's methods, each with the sidecar's method that it maps to and who may call it.
fn gateway_methods() -> Value {
    let method = |name: &str, scope: &str| json!({ "name": name, "scope": scope });
    json!([
        method("telephony.send", "operator.write"),
        method("telephony.send_mms", "operator.write"),
        method("telephony.call", "operator.write"),
        method("telephony.hangup", "operator.write"),
        method("telephony.command", "operator.write"),
        method("telephony.message_status", "operator.read"),
        method("telephony.status", "operator.read"),
        method("account.probe", "operator.read"),
    ])
}

/// The commands below `openclaw telephony`.
fn commands() -> Value {
    let option =
        |flags: &str, description: &str| json!({ "flags": flags, "description": description });
    let account = || option("--account <id>", "The account; the default one when it is missing");
    let json_flag = || option("--json", "Print the answer as JSON");
    json!({
        "name": "telephony",
        "description": "Text and call by the telephony channel",
        "subcommands": [
            {
                "name": "send",
                "description": "Send a text, or a picture",
                "arguments": [
                    { "flags": "<to>", "description": "Whom: +, country code, number" },
                    { "flags": "[message]", "description": "The text" },
                ],
                "options": [
                    option("--media <url-or-path>", "A picture or file"), account(), json_flag(),
                ],
            },
            {
                "name": "call",
                "description": "Place a call that says something",
                "arguments": [{ "flags": "<to>", "description": "Whom: +, country code, number" }],
                "options": [
                    option("--say <text>", "What the call says"),
                    option("--url <url>", "The carrier's own call instructions"),
                    account(),
                    json_flag(),
                ],
            },
            {
                "name": "hangup",
                "description": "End a call",
                "arguments": [{ "flags": "<id>", "description": "The id that call has printed" }],
                "options": [account(), json_flag()],
            },
            {
                "name": "status",
                "description": "Show how the channel is, or what became of a message or call",
                "arguments": [{ "flags": "[id]", "description": "A message or a call" }],
                "options": [account(), json_flag()],
            },
            {
                "name": "doctor",
                "description": "Look for mistakes of the set-up, and say what to do",
                "arguments": [],
                "options": [
                    option("--fix", "Show what would be set with the carrier"),
                    option("--yes", "With --fix: set it"),
                    account(),
                    json_flag(),
                ],
            },
        ],
    })
}

/// What `openclaw channels add --channel telephony` asks for: its name there, the key that it is,
/// and how it is written on the command line.
const SETUP_FIELDS: [(&str, &str, &str, &str); 13] = [
    ("provider", "provider", "--provider <provider>", "Who carries texts and calls"),
    ("fromNumber", "fromNumber", "--from-number <e164>", "The number it sends from"),
    ("publicUrl", "publicUrl", "--public-url <url>", "The URL that leads to the server"),
    ("accountSid", "twilio.accountSid", "--account-sid <sid>", "Twilio Account SID"),
    ("authToken", "twilio.authToken", "--auth-token <token>", "Twilio Auth Token"),
    (
        "messagingServiceSid",
        "twilio.messagingServiceSid",
        "--messaging-service-sid <sid>",
        "Twilio Messaging Service SID",
    ),
    ("telnyxApiKey", "telnyx.apiKey", "--telnyx-api-key <key>", "Telnyx API key"),
    (
        "telnyxPublicKey",
        "telnyx.publicKey",
        "--telnyx-public-key <key>",
        "Telnyx public key, which webhooks are signed with",
    ),
    (
        "telnyxMessagingProfileId",
        "telnyx.messagingProfileId",
        "--telnyx-messaging-profile-id <id>",
        "Telnyx messaging profile",
    ),
    ("plivoAuthId", "plivo.authId", "--plivo-auth-id <id>", "Plivo Auth ID"),
    ("plivoAuthToken", "plivo.authToken", "--plivo-auth-token <token>", "Plivo Auth Token"),
    ("inboundPolicy", "inboundPolicy", "--inbound-policy <policy>", "Who may talk to the agent"),
    ("allowFrom", "allowFrom", "--allow-from <numbers>", "Numbers that may always talk"),
];

fn setup_fields() -> Vec<Value> {
    let keys = key_reference();
    let field = |(name, path, flags, description): &(&str, &str, &str, &str)| {
        let key = keys.iter().find(|key| key.path == *path)?;
        let mut field = json!({
            "key": name, "path": path, "kind": "string",
            "cli": { "flags": flags, "description": description },
        });
        let fields = field.as_object_mut()?;
        if key.takes.starts_with('"') {
            let choices = key.takes.split(' ').map(|word| word.trim_matches('"'));
            fields.insert("kind".to_owned(), "choice".into());
            fields.insert("choices".to_owned(), choices.collect::<Vec<_>>().into());
        } else if key.takes == "array" {
            fields.insert("kind".to_owned(), "string-list".into());
        }
        if key.sensitive {
            fields.insert("sensitive".to_owned(), true.into());
        }
        Some(field)
    };
    SETUP_FIELDS.iter().filter_map(field).collect()
}

/// Paths of secrets: all at the root, and those that an account has too.
fn secret_paths(of_accounts: bool) -> Vec<String> {
    let secrets = key_reference().into_iter().filter(|key| key.sensitive);
    secrets.filter(|key| key.per_account || !of_accounts).map(|key| key.path).collect()
}

/// All surfaces.
#[must_use]
pub fn surfaces() -> Value {
    json!({
        "tool": tool(),
        "gatewayMethods": gateway_methods(),
        "commands": commands(),
        "setupFields": setup_fields(),
        "secretPaths": secret_paths(false),
        "accountSecretPaths": secret_paths(true),
        "accountKeys": needs::account_keys(),
        "credentials": needs::credentials(),
        "senderPools": needs::sender_pools(),
    })
}

/// The protocol: its methods, and the definitions of what they take and give.
///
/// What the sidecar reads may leave out what has a default. What it writes always has every key,
/// so that the plugin need not tell a key that is missing from one that is null.
fn protocol() -> Value {
    let (mut read, mut written) = (
        SchemaSettings::draft2020_12().for_deserialize().into_generator(),
        SchemaSettings::draft2020_12().for_serialize().into_generator(),
    );
    let pairs = methods(&mut read).into_iter().zip(methods(&mut written));
    let mut definitions = read.take_definitions(true);
    let written = written.take_definitions(true);
    let mut names = BTreeSet::new();
    let methods: Vec<_> = pairs
        .map(|(read, write)| {
            let (direction, params, result) = match read.direction {
                Direction::ToSidecar => ("toSidecar", read.params, write.result),
                Direction::ToHost => ("toHost", write.params, read.result),
                Direction::Notification => ("notification", write.params, write.result),
            };
            let is_asked = direction == "toSidecar";
            referred(if is_asked { &result } else { &params }.as_value(), &written, &mut names);
            json!({
                "name": read.name, "direction": direction, "params": params, "result": result,
            })
        })
        .collect();
    for name in names {
        if let Some(definition) = written.get(&name) {
            definitions.insert(name, definition.clone());
        }
    }
    json!({ "version": PROTOCOL, "methods": methods, "definitions": definitions })
}

/// Collects the names of the definitions that a schema refers to, by way of others too.
fn referred(schema: &Value, definitions: &Map<String, Value>, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(object) => {
            let reference = object.get("$ref").and_then(Value::as_str);
            if let Some(name) = reference.and_then(|path| path.rsplit('/').next())
                && names.insert(name.to_owned())
                && let Some(definition) = definitions.get(name)
            {
                referred(definition, definitions, names);
            }
            object.values().for_each(|value| referred(value, definitions, names));
        }
        Value::Array(items) => items.iter().for_each(|item| referred(item, definitions, names)),
        _ => {}
    }
}

/// The hash of the surfaces and the protocol.
#[must_use]
pub fn surfaces_hash() -> String {
    hash(&json!({ "surfaces": surfaces(), "protocol": protocol() }))
}

/// The first half of the SHA-256 of a value, in whatever order its keys are kept.
fn hash(value: &Value) -> String {
    let digest = Sha256::digest(sorted(value).to_string());
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let sorted_keys: BTreeMap<_, _> = object.iter().collect();
            sorted_keys.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

/// Everything that files of the plugin are made of.
#[must_use]
pub fn document() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "surfacesHash": surfaces_hash(),
        "surfaces": surfaces(),
        "protocol": protocol(),
        "vectors": vectors::vectors(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_gateway_method_is_one_of_the_protocol() {
        let protocol = protocol();
        let known: Vec<_> =
            protocol["methods"].as_array().unwrap().iter().map(|m| &m["name"]).collect();
        for method in gateway_methods().as_array().unwrap() {
            assert!(known.contains(&&method["name"]), "{method}");
        }
    }

    #[test]
    fn the_hash_follows_the_content_and_not_the_order_of_keys() {
        assert_eq!(hash(&json!({ "a": 1, "b": [1, 2] })), hash(&json!({ "b": [1, 2], "a": 1 })));
        assert_ne!(hash(&json!([1, [2]])), hash(&json!([[1], 2])));
        let all = json!({ "surfaces": surfaces(), "protocol": protocol() });
        assert_eq!(hash(&all), surfaces_hash());
        for pointer in [
            "/surfaces/tool/description",
            "/surfaces/gatewayMethods/0/scope",
            "/surfaces/commands/subcommands/0/name",
            "/surfaces/setupFields/0/cli/flags",
            "/surfaces/secretPaths/0",
            "/surfaces/accountSecretPaths/0",
            "/surfaces/accountKeys/0",
            "/surfaces/credentials/twilio",
            "/protocol/version",
            "/protocol/methods/0/name",
            "/protocol/definitions/SendMessage/required",
        ] {
            let mut other = all.clone();
            *other.pointer_mut(pointer).unwrap() = json!("other");
            assert_ne!(hash(&other), surfaces_hash(), "{pointer}");
        }
    }

    #[test]
    fn what_is_read_may_lack_keys_and_what_is_written_has_them_all() {
        let protocol = protocol();
        let required = |name: &str| {
            let keys = protocol["definitions"][name]["required"].as_array().unwrap();
            keys.iter().filter_map(Value::as_str).collect::<Vec<_>>()
        };
        assert_eq!(required("SendMessage"), ["to"]);
        assert!(required("SendResult").contains(&"error"));
        assert!(required("AccountStatus").contains(&"lastInboundAt"));
    }

    /// A definition that is read in one place and written in another would have to be both.
    #[test]
    fn what_goes_both_ways_is_the_same_both_ways() {
        let mut generator = SchemaSettings::draft2020_12().for_deserialize().into_generator();
        let methods = methods(&mut generator);
        let definitions = generator.take_definitions(true);
        let mut names = BTreeSet::new();
        for method in methods {
            let is_asked = method.direction == Direction::ToSidecar;
            let schema = if is_asked { method.params } else { method.result };
            referred(schema.as_value(), &definitions, &mut names);
        }
        let protocol = protocol();
        for name in names {
            assert_eq!(protocol["definitions"][&name], definitions[&name], "{name}");
        }
    }

    #[test]
    fn each_field_that_is_asked_for_is_a_key() {
        assert_eq!(setup_fields().len(), SETUP_FIELDS.len());
        let secrets = setup_fields().into_iter().filter(|field| field["sensitive"] == true);
        let secrets: Vec<_> = secrets.map(|field| field["path"].clone()).collect();
        assert_eq!(secrets, ["twilio.authToken", "telnyx.apiKey", "plivo.authToken"]);
        let of_accounts = secret_paths(true);
        assert!(of_accounts.contains(&"twilio.authToken".to_owned()));
        for path in ["tunnel.ngrokAuthToken", "database"] {
            assert!(secret_paths(false).contains(&path.to_owned()), "{path}");
            assert!(!of_accounts.contains(&path.to_owned()), "{path} is the process's");
        }
    }
}
