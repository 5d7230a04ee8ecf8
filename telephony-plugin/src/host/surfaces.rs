//! What the gateway's plugin registers: the agent's tool, the gateway's methods, the commands.
//!
//! All of it is registered before any process runs, so it is made into
//! `telephony-plugin/openclaw/src/surfaces.gen.ts`; when the two meet, they compare the hash.

use schemars::SchemaGenerator;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use telephony_core::PhoneNumber;
use telephony_core::config::{Host, InboundPolicy, from_value, key_reference};

use super::protocol::{Direction, PROTOCOL, methods};

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
                "name": "status",
                "description": "Show how the channel is, or what became of a message or call",
                "arguments": [{ "flags": "[id]", "description": "A message or a call" }],
                "options": [account(), json_flag()],
            },
            {
                "name": "doctor",
                "description": "Look for mistakes of the set-up",
                "arguments": [],
                "options": [json_flag()],
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

/// Paths of secrets, of the root and of each account.
fn secret_paths() -> Vec<String> {
    key_reference().into_iter().filter(|key| key.sensitive).map(|key| key.path).collect()
}

/// All surfaces.
#[must_use]
pub fn surfaces() -> Value {
    json!({
        "tool": tool(),
        "gatewayMethods": gateway_methods(),
        "commands": commands(),
        "setupFields": setup_fields(),
        "secretPaths": secret_paths(),
    })
}

/// The protocol: its methods, and the definitions of what they take and give.
fn protocol() -> Value {
    let mut generator = SchemaGenerator::default();
    let methods: Vec<_> = methods(&mut generator)
        .into_iter()
        .map(|method| {
            let direction = match method.direction {
                Direction::ToSidecar => "toSidecar",
                Direction::ToHost => "toHost",
                Direction::Notification => "notification",
            };
            json!({
                "name": method.name, "direction": direction,
                "params": method.params, "result": method.result,
            })
        })
        .collect();
    json!({ "version": PROTOCOL, "methods": methods, "definitions": generator.take_definitions(true) })
}

/// The hash of the surfaces and the protocol.
#[must_use]
pub fn surfaces_hash() -> String {
    let mut text = String::new();
    write_sorted(&json!({ "surfaces": surfaces(), "protocol": protocol() }), &mut text);
    Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// The same text for the same value, in whatever order its keys are kept.
fn write_sorted(value: &Value, text: &mut String) {
    match value {
        Value::Object(object) => {
            let sorted: std::collections::BTreeMap<_, _> = object.iter().collect();
            for (key, value) in sorted {
                text.push_str(key);
                text.push('=');
                write_sorted(value, text);
            }
            text.push(';');
        }
        Value::Array(items) => {
            items.iter().for_each(|item| write_sorted(item, text));
            text.push(';');
        }
        other => text.push_str(&other.to_string()),
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
        "vectors": { "accounts": account_vectors(), "targets": target_vectors() },
    })
}

/// What the plugin must say of a configuration without a process, by what this program says of it.
fn account_vectors() -> Vec<Value> {
    let twilio = json!({ "accountSid": format!("AC{:032}", 0), "authToken": "t" });
    let telnyx = json!({ "apiKey": "k", "publicKey": "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=" });
    let sections = [
        json!({}),
        json!({ "enabled": true }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111" }),
        json!({ "provider": "mock", "fromNumber": "+15550001111" }),
        json!({ "enabled": true, "provider": "mock" }),
        json!({ "enabled": true, "provider": "twilio", "fromNumber": "+15550001111", "twilio": twilio }),
        json!({ "enabled": true, "provider": "twilio", "fromNumber": "+15550001111" }),
        json!({ "enabled": true, "provider": "twilio", "twilio":
            { "accountSid": format!("AC{:032}", 0), "authToken": "t", "messagingServiceSid": format!("MG{:032}", 0) } }),
        json!({ "enabled": true, "provider": "telnyx", "fromNumber": "+15550001111", "telnyx": telnyx }),
        json!({ "enabled": true, "provider": "telnyx", "fromNumber": "+15550001111", "telnyx": { "apiKey": "k" } }),
        json!({ "enabled": true, "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": "t" } }),
        json!({ "enabled": true, "provider": "plivo", "fromNumber": "+15550001111", "plivo": { "authId": "MA1" } }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111", "inboundPolicy": "open" }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111", "dmPolicy": "open", "allowFrom": ["+15550001234"] }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111", "inboundPolicy": "allowlist", "allowFrom": ["+15550001234"] }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111", "inboundPolicy": "", "dmPolicy": "disabled" }),
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111",
            "accounts": { "second": { "fromNumber": "+15550002222" } } }),
        json!({ "enabled": true, "provider": "mock", "accounts": {
            "one": { "fromNumber": "+15550001111" }, "two": { "fromNumber": "+15550002222", "enabled": false } } }),
        json!({ "enabled": true, "provider": "mock", "defaultAccount": "two", "accounts": {
            "one": { "fromNumber": "+15550001111" }, "two": { "fromNumber": "+15550002222", "inboundPolicy": "open" } } }),
        json!({ "enabled": false, "provider": "mock", "accounts": { "one": { "fromNumber": "+15550001111", "enabled": true } } }),
    ];
    sections.into_iter().map(account_vector).collect()
}

fn account_vector(section: Value) -> Value {
    let config = from_value(section.clone(), Host::OpenClaw, &|_| None);
    let Ok(config) = config else {
        // What has mistakes is configured nowhere; the plugin says so when it is started.
        return json!({ "section": section, "valid": false });
    };
    let accounts = config.accounts.iter().map(|account| {
        let policy = match account.policy {
            InboundPolicy::Disabled => "disabled",
            InboundPolicy::Allowlist => "allowlist",
            InboundPolicy::Open => "open",
            _ => "pairing",
        };
        json!({ "id": account.id, "enabled": account.enabled, "policy": policy })
    });
    json!({
        "section": section,
        "valid": true,
        "defaultAccount": config.default_account,
        "accounts": accounts.collect::<Vec<_>>(),
    })
}

/// What is a phone number, and how it is written.
fn target_vectors() -> Vec<Value> {
    let texts = [
        "+15550001234",
        " +1 (555) 000-1234 ",
        "+1.555.000.1234",
        "tel:+15550001234",
        "sms:+15550001234",
        "telephony:+15550001234",
        "phone:+15550001234",
        "5550001234",
        "0015550001234",
        "+1",
        "+0123456789",
        "",
        "hello",
        "+1555000123456789",
        "+1 555 000 1234 ext 5",
        "12345",
    ];
    texts
        .into_iter()
        .map(|text| {
            let bare = ["telephony:", "phone:"].iter().find_map(|prefix| text.strip_prefix(prefix));
            let number = PhoneNumber::parse(bare.unwrap_or(text)).ok();
            json!({ "text": text, "number": number })
        })
        .collect()
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
    fn the_hash_is_of_everything_and_the_same_each_time() {
        assert_eq!(surfaces_hash(), surfaces_hash());
        assert_eq!(surfaces_hash().len(), 32);
    }

    #[test]
    fn each_field_that_is_asked_for_is_a_key() {
        assert_eq!(setup_fields().len(), SETUP_FIELDS.len());
        let secrets = setup_fields().into_iter().filter(|field| field["sensitive"] == true);
        let secrets: Vec<_> = secrets.map(|field| field["path"].clone()).collect();
        assert_eq!(secrets, ["twilio.authToken", "telnyx.apiKey", "plivo.authToken"]);
        assert!(secret_paths().contains(&"twilio.authToken".to_owned()));
    }
}
