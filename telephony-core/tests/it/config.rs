//! Configurations, good and bad.

use std::net::SocketAddr;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use telephony_core::config::{
    self, AllowFrom, ChunkMode, Config, ConfigErrors, Database, Host, InboundPolicy, Provider,
    Tunnel,
};
use telephony_core::{AccountId, ProviderKind};

const FULL: &str = include_str!("../data/config/full.json5");
const MOCK: &str = include_str!("../data/config/mock.json5");

fn environment(name: &str) -> Option<String> {
    match name {
        "API_KEY_SECRET" => Some("canary-from-env".to_owned()),
        "TWILIO_ACCOUNT_SID" => Some("ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb".to_owned()),
        "TWILIO_AUTH_TOKEN" => Some("canary-env-token".to_owned()),
        _ => None,
    }
}

fn load(text: &str) -> Result<Config, ConfigErrors> {
    config::load(text, Host::Standalone, &|_| None)
}

fn read(value: Value) -> Result<Config, ConfigErrors> {
    config::from_value(value, Host::Standalone, &environment)
}

/// The paths of what is wrong.
fn wrong(value: Value) -> Vec<String> {
    let errors = config::from_value(value, Host::Standalone, &|_| None).unwrap_err();
    errors.problems().iter().map(|problem| problem.path.clone()).collect()
}

#[test]
fn the_five_line_mock_loads() {
    let config = load(MOCK).unwrap();
    let account = &config.accounts[0];
    assert!(account.enabled, "a file of its own is meant to run");
    assert_eq!(account.provider.kind(), ProviderKind::Mock);
    assert_eq!(account.policy, InboundPolicy::Pairing);
    assert_eq!(config.default_account, Some(AccountId::default_account()));
    assert_eq!((config.serve.port, config.max_concurrent_sessions), (3335, 50));
    assert_eq!(account.sms.chunk_mode, ChunkMode::Auto);
    let inside = config::load(MOCK, Host::OpenClaw, &|_| None).unwrap();
    assert!(!inside.accounts[0].enabled, "inside OpenClaw, enabled is false by default");
}

#[test]
fn a_file_with_every_key_loads() {
    let config = config::load(FULL, Host::Standalone, &environment).unwrap();
    let ids: Vec<_> = config.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["default", "home", "work"]);
    let top = &config.accounts[0];
    assert_eq!(top.from.as_ref().unwrap().as_str(), "+15550001111");
    assert_eq!(top.allow_from[1..], [AllowFrom::Anyone, AllowFrom::AccessGroup("family".into())]);
    let Provider::Twilio(twilio) = &top.provider else { panic!("{:?}", top.provider) };
    assert_eq!(twilio.api_key.as_ref().unwrap().1.expose(), "canary-from-env");
    let work = config.account(&AccountId::new("work").unwrap()).unwrap();
    let Provider::Telnyx(telnyx) = &work.provider else { panic!("{:?}", work.provider) };
    assert_eq!(telnyx.public_key.as_ref().unwrap().as_bytes(), &[7; 32]);
    assert_eq!(work.policy, InboundPolicy::Allowlist);
    assert_eq!(work.sms.max_length, 800);
    assert!(!config.account(&AccountId::new("home").unwrap()).unwrap().enabled);
    assert_eq!(config.webhook_security.trusted_proxies[1].to_string(), "10.0.0.0/8");
    assert_eq!(config.metrics, Some(SocketAddr::from(([127, 0, 0, 1], 9_100))));
    assert!(matches!(config.tunnel, Tunnel::Ngrok { .. }));
    assert!(matches!(config.database, Database::Postgres(_)));
}

#[test]
fn every_key_of_the_schema_is_in_that_file() {
    let value: Value = json5::from_str(FULL).unwrap();
    for key in config::key_reference() {
        // The keys within a free-form object are the host's.
        let pointer = format!("/{}", key.path.replace('.', "/"));
        assert!(value.pointer(&pointer).is_some(), "{} is not in full.json5", key.path);
        assert!(!key.description.is_empty(), "{} is not described", key.path);
        assert!(key.label.is_some(), "{} has no label", key.path);
    }
}

#[test]
fn a_hosts_file_is_read_where_the_channel_is() {
    let text = format!("{{ gateway: {{ port: 1 }}, channels: {{ telephony: {MOCK} }} }}");
    assert_eq!(load(&text).unwrap().accounts.len(), 1);
    let errors = load("{ channels: { telephony: { provider: 'mokc' } } }").unwrap_err();
    assert_eq!(errors.problems()[0].path, "channels.telephony.provider");
    assert!(errors.to_string().contains("did you mean \"mock\"?"), "{errors}");
    assert!(load("{ channels: { sms: {} } }").is_err());
}

#[test]
fn five_mistakes_are_five_problems() {
    let paths = wrong(json!({
        "provider": "twilio",
        "fromNumber": "555-0001",
        "twilio": { "accountSid": "XX1", "authTokn": "canary" },
        "serve": { "port": "80" },
        "sms": { "chunkMode": "words" },
    }));
    let expected =
        ["fromNumber", "serve.port", "sms.chunkMode", "twilio.accountSid", "twilio.authTokn"];
    // That the token is missing follows from the slip in its name, and is not told twice.
    assert_eq!(paths, expected);
}

#[test]
fn what_follows_from_a_mistake_is_not_another() {
    let with = |section: &str, value: Value| {
        let mut config = json!({ "provider": "twilio", "fromNumber": "+15550001111" });
        config[section] = value;
        config["accounts"] = json!({ "work": { "fromNumber": "+15550002222" } });
        wrong(config)
    };
    assert_eq!(with("twilio", json!(5)), ["twilio"]);
    assert_eq!(with("twillio", json!({ "accountSid": "AC1", "authToken": "x" })), ["twillio"]);
    let slip = json!({ "accountSid": "AC1", "authTokn": "x" });
    assert_eq!(with("twilio", slip), ["twilio.authTokn"]);
    let half = json!({ "accountSid": "AC1", "authToken": { "source": "env" } });
    assert_eq!(with("twilio", half), ["twilio.authToken.id"]);
    // What follows from nothing is told, of each account that lacks it.
    let lacking = with("twilio", json!({ "accountSid": "AC1" }));
    assert_eq!(lacking, ["accounts.work.twilio.authToken", "twilio.authToken"]);
}

#[test]
fn an_item_is_reported_by_the_index_it_was_written_at() {
    let paths = wrong(json!({
        "provider": "mock", "fromNumber": "+15550001111", "allowFrom": ["", 5, "abc"],
        "allowTo": [" ", "+15550001234", "abc"],
        "webhookSecurity": { "trustForwardingHeaders": true, "trustedProxyIPs": [7, "x"] },
    }));
    let proxies = "webhookSecurity.trustedProxyIPs";
    let expected = ["allowFrom.1", "allowFrom.2", "allowTo.2"].map(str::to_owned);
    assert_eq!(paths[..3], expected);
    assert_eq!(paths[3..], [format!("{proxies}.0"), format!("{proxies}.1")]);
    let nobody = json!({ "trustForwardingHeaders": true, "trustedProxyIPs": [""] });
    let paths = wrong(json!({
        "provider": "mock", "fromNumber": "+15550001111", "webhookSecurity": nobody,
    }));
    assert_eq!(paths, [proxies]);
}

#[test]
fn problems_say_what_was_expected_and_the_nearest_key() {
    for (value, expected) in [
        (json!({ "provider": 5 }), "provider: expected one of \"twilio\""),
        (json!({ "serve": { "port": 70000 } }), "a whole number from 0 to 65535"),
        (json!({ "serve": { "port": 3.5 } }), "expected a whole number"),
        (json!({ "allowFrom": "+15550001234" }), "allowFrom: expected a list"),
        (json!({ "twilio": { "authToken": 7 } }), "expected a string or a SecretRef object"),
        (json!({ "publicURL": "x" }), "publicURL: unknown key; did you mean publicUrl?"),
        (json!({ "port": 80 }), "port: unknown key here; did you mean serve.port?"),
        (json!({ "provider": "plivo", "authToken": "x" }), "did you mean plivo.authToken?"),
        (json!({ "zzz": 1 }), "zzz: unknown key; see docs/configuration.md"),
        (json!({ "accounts": { "a": { "serve": {} } } }), "accounts.a.serve: unknown key here"),
        (json!({ "sms": { "quietHours": { "start": "9" } } }), "sms.quietHours.start"),
    ] {
        let mut value = value;
        if value.get("provider").is_none() {
            value["provider"] = json!("mock");
        }
        let errors = read(value).unwrap_err().to_string();
        assert!(errors.contains(expected), "{expected:?} is not in {errors:?}");
    }
}

#[test]
fn the_environment_helps_the_default_account_alone() {
    let base = json!({ "provider": "twilio", "fromNumber": "+15550001111" });
    let config = read(base.clone()).unwrap();
    let Provider::Twilio(twilio) = &config.accounts[0].provider else { panic!() };
    assert_eq!(twilio.auth_token.expose(), "canary-env-token");

    let mut several = base;
    several["accounts"] = json!({ "other": { "fromNumber": "+15550002222" } });
    let errors = read(several).unwrap_err();
    let paths: Vec<_> = errors.problems().iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["accounts.other.twilio.accountSid", "accounts.other.twilio.authToken"]);
    assert!(!errors.to_string().contains("TWILIO_"), "no variable would help: {errors}");

    let named = json!({ "accounts": { "only": { "provider": "plivo", "fromNumber": "12345" } } });
    let errors = read(named).unwrap_err().to_string();
    assert!(errors.contains("here or in PLIVO_AUTH_TOKEN"), "{errors}");
}

#[test]
fn a_secret_may_be_referred_to() {
    let with = |token: Value| {
        read(json!({
            "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": token },
        }))
    };
    let config = with(json!({ "source": "env", "provider": "default", "id": "API_KEY_SECRET" }));
    let Provider::Plivo(plivo) = &config.unwrap().accounts[0].provider else { panic!() };
    assert_eq!(plivo.auth_token.expose(), "canary-from-env");
    for (token, expected) in [
        (json!({ "source": "env", "id": "NOT_SET" }), "a variable that is not set"),
        (json!({ "source": "file", "id": "/run/secret" }), "only OpenClaw resolves"),
        (json!({ "source": "store", "id": "PLIVO_TOKEN" }), "only OpenClaw resolves"),
        (json!({ "source": "vault", "id": "x" }), "expected one of \"env\", \"file\", \"exec\""),
        (json!({ "source": "env" }), "plivo.authToken.id: is missing"),
        (json!(5), "expected a string or a SecretRef object"),
    ] {
        let errors = with(token).unwrap_err().to_string();
        assert!(errors.contains(expected), "{expected:?} is not in {errors:?}");
    }
}

#[test]
fn an_empty_string_means_unset() {
    let config = read(json!({
        "provider": "twilio", "fromNumber": "+15550001111", "publicUrl": "", "name": " ",
        "twilio": { "authToken": "", "region": "", "messagingServiceSid": " MG1 " },
        "allowFrom": ["", "*"],
    }));
    let account = &config.unwrap().accounts[0];
    assert!(account.public_url.is_none());
    assert_eq!(account.allow_from, [AllowFrom::Anyone]);
    let Provider::Twilio(twilio) = &account.provider else { panic!() };
    assert_eq!(twilio.messaging_service_sid.as_deref(), Some("MG1"), "spaces mean nothing");
}

#[test]
fn the_two_names_of_the_policy_must_agree() {
    let mock = |one: Value, two: Value| {
        json!({
            "provider": "mock", "fromNumber": "+15550001111", "inboundPolicy": one, "dmPolicy": two,
        })
    };
    assert!(read(mock(json!("open"), json!("open"))).is_ok());
    assert_eq!(wrong(mock(json!("open"), json!("pairing"))), ["dmPolicy"]);
    let config = read(mock(Value::Null, json!("open"))).unwrap();
    assert_eq!(config.accounts[0].policy, InboundPolicy::Open);
}

#[test]
fn what_looks_at_no_signature_stays_on_this_machine() {
    let with = |key: &str, value: Value| {
        let mut config = json!({ "provider": "mock", "fromNumber": "+15550001111" });
        config[key] = value;
        wrong(config)
    };
    assert_eq!(with("serve", json!({ "bind": "0.0.0.0" })), ["provider"]);
    assert_eq!(with("publicUrl", json!("https://example.com")), ["provider"]);
    assert_eq!(with("tunnel", json!({ "provider": "ngrok" })), ["provider"]);
    let skipped = json!({
        "provider": "plivo", "fromNumber": "+15550001111", "skipSignatureVerification": true,
        "plivo": { "authId": "MA1", "authToken": "x" }, "publicUrl": "https://example.com",
    });
    assert_eq!(wrong(skipped), ["skipSignatureVerification"]);
}

#[test]
fn nothing_shows_a_secret_or_a_number() {
    let config = config::load(FULL, Host::Standalone, &environment).unwrap();
    let shown = format!("{config:?} {config:#?}");
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("5550001"), "{shown}");
    let broken = FULL.replace("\"canary", "7, x: \"canary").replace("+1555", "1555");
    let errors = config::load(&broken, Host::Standalone, &environment).unwrap_err();
    let shown = format!("{errors} {errors:?} {}", serde_json::to_string(&errors).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(!shown.contains("0001234"), "{shown}");
}

#[test]
fn what_is_not_json5_says_where() {
    let errors = load("{\n  provider: \"mock\",\n  fromNumber \"x\" }").unwrap_err();
    assert!(errors.to_string().ends_with("at line 3 column 14"), "{errors}");
    assert!(load(&"[".repeat(100_000)).is_err());
    assert!(load(&format!("{{ a: {}1{} }}", "[".repeat(5000), "]".repeat(5000))).is_err());
    // Closing brackets in strings and comments end nothing.
    for open in ["[']]',", "[/*]]*/"] {
        assert!(load(&format!("{}{}", open.repeat(60_000), "]".repeat(60_000))).is_err(), "{open}");
    }
    let limits = load("{ provider: 'mock', maxConcurrentSessions: Infinity }").unwrap_err();
    assert!(limits.to_string().contains("expected a finite number at line 1"), "{limits}");
    assert!(load(&" ".repeat(2_000_000)).is_err());
    for text in ["", "[]", "null", "5", "\"x\""] {
        assert!(load(text).is_err(), "{text:?}");
    }
}

#[test]
fn contents_are_kept_no_longer_than_records() {
    let of = |retention: Value| json!({ "provider": "mock", "fromNumber": "+15550001111", "retention": retention });
    let days = |days: u64| Duration::from_secs(days * 24 * 60 * 60);
    let retention = |value| {
        let config = config::from_value(of(value), Host::Standalone, &|_| None).unwrap();
        (config.retention.contents, config.retention.records)
    };
    assert_eq!(retention(json!({})), (days(7), days(30)));
    assert_eq!(retention(json!({ "contentDays": 0, "recordDays": 3 })), (days(0), days(3)));
    assert_eq!(retention(json!({ "contentDays": 30 })), (days(30), days(30)));
    assert_eq!(wrong(of(json!({ "contentDays": 31 }))), ["retention.contentDays"]);
    assert_eq!(wrong(of(json!({ "recordDays": 5 }))), ["retention.contentDays"]);
    assert_eq!(wrong(of(json!({ "recordDays": 2 }))), ["retention.recordDays"]);
    assert_eq!(wrong(of(json!({ "contentDays": 366 }))), ["retention.contentDays"]);
}

#[test]
fn nothing_to_run_is_no_mistake() {
    assert!(config::load("{}", Host::OpenClaw, &|_| None).unwrap().accounts.is_empty());
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-zA-Z+0-9:/* ]{0,20}".prop_map(Value::from),
    ];
    let known: Vec<String> = config::key_reference()
        .into_iter()
        .filter_map(|key| key.path.rsplit('.').next().map(str::to_owned))
        .collect();
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let keys = prop_oneof![3 => prop::sample::select(known.clone()), 1 => "[a-z]{1,8}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(keys, inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_a_configuration_or_a_list_of_problems(value in values()) {
        if let Err(errors) = read(value) {
            prop_assert!(!errors.problems().is_empty());
            for problem in errors.problems() {
                prop_assert!(!problem.message.contains("cannot be read"), "{}", problem);
            }
        }
    }

    #[test]
    fn any_text_is_a_configuration_or_a_list_of_problems(text in ".{0,200}") {
        let _ = load(&text);
    }
}
