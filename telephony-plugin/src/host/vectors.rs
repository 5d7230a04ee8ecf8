//! What the plugin must say of a configuration while no process runs, by what this program says of
//! it: `telephony-plugin/openclaw/src/policy.vectors.json` is made of these.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use telephony_core::config::{Account, AllowFrom, ConfigErrors, Host, InboundPolicy, from_value};
use telephony_core::{PhoneNumber, ProviderKind};

/// What the plugin is held to.
pub(super) fn vectors() -> Value {
    let sections: Vec<_> = sections()
        .into_iter()
        .map(|(about, section, environment)| account_vector(about, section, environment))
        .collect();
    json!({ "accounts": sections, "targets": target_vectors() })
}

/// Variables of the environment.
type Variables = &'static [(&'static str, &'static str)];

/// A section, what is particular about it, and the variables that are set.
type Case = (&'static str, Value, Variables);

const NONE: Variables = &[];
const TWILIO: Variables =
    &[("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000000"), ("TWILIO_AUTH_TOKEN", "t")];
const TELNYX: Variables = &[("TELNYX_API_KEY", "k"), ("TELNYX_PUBLIC_KEY", PUBLIC_KEY)];
const TELNYX_WITH_PROFILE: Variables = &[
    ("TELNYX_API_KEY", "k"),
    ("TELNYX_PUBLIC_KEY", PUBLIC_KEY),
    ("TELNYX_MESSAGING_PROFILE_ID", "p"),
];
const PLIVO: Variables = &[("PLIVO_AUTH_ID", "MA1"), ("PLIVO_AUTH_TOKEN", "t")];
const PUBLIC_KEY: &str = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";

fn sections() -> Vec<Case> {
    let mut cases = of_one_account();
    cases.extend(of_policies());
    cases.extend(of_several_accounts());
    cases
}

/// `over` laid upon a channel of `provider` that is switched on and has a number.
fn channel(provider: &str, over: &Value) -> Value {
    let mut section =
        json!({ "enabled": true, "provider": provider, "fromNumber": "+15550001111" });
    if let (Some(section), Some(over)) = (section.as_object_mut(), over.as_object()) {
        section.extend(over.clone());
    }
    section
}

/// A channel that is switched on, of which nothing beside the accounts sends.
fn accounts(provider: &str, accounts: &Value) -> Value {
    json!({ "enabled": true, "provider": provider, "accounts": accounts })
}

fn of_one_account() -> Vec<Case> {
    let sid = "AC00000000000000000000000000000000";
    let service = "MG00000000000000000000000000000000";
    let twilio = json!({ "twilio": { "accountSid": sid, "authToken": "t" } });
    let reference = json!({ "source": "env", "provider": "default", "id": "TOKEN" });
    let by_reference = json!({ "twilio": { "accountSid": sid, "authToken": reference } });
    let telnyx = json!({ "telnyx": { "apiKey": "k", "publicKey": PUBLIC_KEY } });
    let plivo = json!({ "plivo": { "authId": "MA1", "authToken": "t" } });
    let empty = json!({});
    vec![
        ("nothing", json!({}), NONE),
        ("switched on and nothing else", json!({ "enabled": true }), NONE),
        ("mock", channel("mock", &empty), NONE),
        ("not switched on", json!({ "provider": "mock", "fromNumber": "+15550001111" }), NONE),
        ("switched off", channel("mock", &json!({ "enabled": false })), NONE),
        ("no sender", json!({ "enabled": true, "provider": "mock" }), NONE),
        ("an empty sender", channel("mock", &json!({ "fromNumber": "" })), NONE),
        ("no provider", json!({ "enabled": true, "fromNumber": "+15550001111" }), NONE),
        ("twilio", channel("twilio", &twilio), NONE),
        ("twilio without credentials", channel("twilio", &empty), NONE),
        ("twilio by variables", channel("twilio", &empty), TWILIO),
        (
            "twilio, half by a variable",
            channel("twilio", &json!({ "twilio": { "accountSid": sid } })),
            TWILIO,
        ),
        (
            "twilio with an empty token",
            channel("twilio", &json!({ "twilio": { "accountSid": sid, "authToken": "" } })),
            NONE,
        ),
        ("twilio with a reference", channel("twilio", &by_reference), &[("TOKEN", "t")]),
        (
            "twilio with a service that picks the sender",
            json!({ "enabled": true, "provider": "twilio", "twilio":
                { "accountSid": sid, "authToken": "t", "messagingServiceSid": service } }),
            NONE,
        ),
        ("twilio by another carrier's variables", channel("twilio", &empty), PLIVO),
        ("telnyx", channel("telnyx", &telnyx), NONE),
        (
            "telnyx without the key of webhooks",
            channel("telnyx", &json!({ "telnyx": { "apiKey": "k" } })),
            NONE,
        ),
        ("telnyx by variables", channel("telnyx", &empty), TELNYX),
        ("telnyx without a sender", json!({ "enabled": true, "provider": "telnyx" }), TELNYX),
        (
            "telnyx with a profile by a variable",
            json!({ "enabled": true, "provider": "telnyx" }),
            TELNYX_WITH_PROFILE,
        ),
        (
            "telnyx that looks at no signature",
            channel(
                "telnyx",
                &json!({ "telnyx": { "apiKey": "k" }, "skipSignatureVerification": true }),
            ),
            NONE,
        ),
        ("plivo", channel("plivo", &plivo), NONE),
        ("plivo without a token", channel("plivo", &json!({ "plivo": { "authId": "MA1" } })), NONE),
        ("plivo by variables", channel("plivo", &empty), PLIVO),
    ]
}

fn of_policies() -> Vec<Case> {
    let of = |about, over: Value| (about, channel("mock", &over), NONE);
    vec![
        of("open", json!({ "inboundPolicy": "open" })),
        of("open, with a number", json!({ "dmPolicy": "open", "allowFrom": ["+15550001234"] })),
        of("open, and said twice", json!({ "inboundPolicy": "open", "allowFrom": ["*"] })),
        of("allowlist", json!({ "inboundPolicy": "allowlist", "allowFrom": ["+15550001234"] })),
        of("a group", json!({ "inboundPolicy": "allowlist", "allowFrom": ["accessGroup:family"] })),
        of("disabled by the host's name", json!({ "dmPolicy": "disabled" })),
        of("both names alike", json!({ "inboundPolicy": "pairing", "dmPolicy": "pairing" })),
        of("two names that contradict", json!({ "inboundPolicy": "open", "dmPolicy": "disabled" })),
        of("no policy that is known", json!({ "inboundPolicy": "everybody" })),
    ]
}

fn of_several_accounts() -> Vec<Case> {
    let (one, two) = ("+15550001111", "+15550002222");
    let mock = |over: Value| channel("mock", &over);
    let both = json!({ "one": { "fromNumber": one }, "two": { "fromNumber": two } });
    let off = json!({
        "one": { "fromNumber": one }, "two": { "fromNumber": two, "enabled": false },
    });
    let named = json!({
        "enabled": true, "provider": "mock", "defaultAccount": "two", "accounts": {
            "one": { "fromNumber": one }, "two": { "fromNumber": two, "inboundPolicy": "open" },
        },
    });
    let called_default =
        json!({ "alpha": { "fromNumber": one }, "default": { "fromNumber": two } });
    let in_no_order = json!({ "b": { "fromNumber": two }, "a": { "fromNumber": one } });
    let on = json!({ "one": { "fromNumber": one, "enabled": true } });
    let other_name = json!({
        "dmPolicy": "open", "accounts": {
            "one": { "inboundPolicy": "allowlist", "allowFrom": ["+15550001234"] },
        },
    });
    let in_parts = json!({
        "twilio": { "accountSid": "AC00000000000000000000000000000000", "authToken": "t" },
        "accounts": { "one": { "twilio": { "authToken": "u" } } },
    });
    vec![
        ("beside the root", mock(json!({ "accounts": { "second": { "fromNumber": two } } })), NONE),
        ("one of two switched off", accounts("mock", &off), NONE),
        ("a default that is named", named, NONE),
        ("one that is called default", accounts("mock", &called_default), NONE),
        ("in no order", accounts("mock", &in_no_order), NONE),
        (
            "switched on below what is switched off",
            json!({ "enabled": false, "provider": "mock", "accounts": on }),
            NONE,
        ),
        ("switched on in the account alone", json!({ "provider": "mock", "accounts": on }), NONE),
        (
            "an empty key inherits",
            mock(json!({ "accounts": { "one": { "fromNumber": "" } } })),
            NONE,
        ),
        ("a policy over the other name's", mock(other_name), NONE),
        ("credentials in parts", channel("twilio", &in_parts), NONE),
        (
            "another carrier without credentials",
            mock(json!({ "accounts": { "one": { "provider": "plivo" } } })),
            NONE,
        ),
        ("variables are the default account's alone", accounts("plivo", &both), PLIVO),
    ]
}

fn account_vector(about: &str, section: Value, environment: Variables) -> Value {
    let variables: BTreeMap<_, _> = environment.iter().copied().collect();
    let config = from_value(section.clone(), Host::OpenClaw, &|name| {
        variables.get(name).copied().map(str::to_owned)
    });
    match config {
        Ok(config) => {
            let accounts = config.accounts.iter().map(|account| described(account, &section));
            json!({
                "about": about, "section": section, "environment": variables, "valid": true,
                "defaultAccount": config.default_account, "accounts": accounts.collect::<Vec<_>>(),
            })
        }
        // Other mistakes are the program's to name, when it is started.
        Err(errors) => json!({
            "about": about, "section": section, "environment": variables, "valid": false,
            "incomplete": incomplete(&errors),
        }),
    }
}

fn described(account: &Account, section: &Value) -> Value {
    let (policy, is_open) = match account.policy {
        InboundPolicy::Disabled => ("disabled", false),
        InboundPolicy::Allowlist => ("allowlist", false),
        InboundPolicy::Open => ("open", true),
        _ => ("pairing", false),
    };
    let entries = account.allow_from.iter().filter_map(|entry| match entry {
        AllowFrom::Number(number) => Some(number.as_str().to_owned()),
        AllowFrom::Anyone => Some("*".to_owned()),
        AllowFrom::AccessGroup(name) => Some(format!("accessGroup:{name}")),
        _ => None,
    });
    let mut allow_from: Vec<_> = entries.collect();
    // The host admits everybody for "*" alone.
    if is_open && !allow_from.iter().any(|entry| entry == "*") {
        allow_from.push("*".to_owned());
    }
    json!({
        "id": account.id, "enabled": account.enabled, "configured": true,
        "policy": policy, "policyKey": policy_key(section, account.id.as_str()),
        "allowFrom": allow_from,
    })
}

/// The name that an account's policy is written under, in the account or where it inherits from.
fn policy_key(section: &Value, account: &str) -> &'static str {
    let own = section.get("accounts").and_then(|accounts| accounts.get(account));
    let is_written = |scope: &Value, key: &str| scope.get(key).is_some_and(Value::is_string);
    let keys = ["inboundPolicy", "dmPolicy"];
    let mut written = own
        .into_iter()
        .chain([section])
        .flat_map(|scope| keys.into_iter().filter(move |key| is_written(scope, key)));
    written.next().unwrap_or("inboundPolicy")
}

/// The accounts that lack a carrier, a sender or credentials.
fn incomplete(errors: &ConfigErrors) -> BTreeSet<String> {
    let problems = errors.problems().iter().filter_map(|problem| {
        let mut path = problem.path.split('.');
        let (account, section) = match path.next()? {
            "accounts" => (path.next()?, path.next()?),
            section => ("default", section),
        };
        let is_needed = ["provider", "fromNumber"].contains(&section)
            || section.parse::<ProviderKind>().is_ok();
        is_needed.then(|| account.to_owned())
    });
    problems.collect()
}

/// What is a phone number, and how it is written.
fn target_vectors() -> Vec<Value> {
    let texts = [
        "+15550001234",
        " +1 (555) 000-1234 ",
        "+1.555.000.1234",
        "+1\u{a0}555\u{a0}000\u{a0}1234",
        "tel:+15550001234",
        "TEL:+15550001234",
        "sms:+15550001234",
        "telephony:+15550001234",
        "Telephony:+15550001234",
        "phone:+15550001234",
        "phone: +1 555 000 1234",
        "mailto:+15550001234",
        "5550001234",
        "0015550001234",
        "+1",
        "+123456",
        "+1234567",
        "+123456789012345",
        "+1234567890123456",
        "+0123456789",
        "++15550001234",
        "1+5550001234",
        "",
        "   ",
        "hello",
        "+1555HELLOYOU",
        "+1 555 000 1234 ext 5",
        "+15550001234,+15550005678",
        "\u{ff0b}15550001234",
        "12345",
    ];
    let number = |text: &str| {
        // The host puts a channel's name before a target.
        let (scheme, rest) = text.split_once(':').unwrap_or(("", text));
        let is_ours = ["telephony", "phone"].iter().any(|ours| scheme.eq_ignore_ascii_case(ours));
        PhoneNumber::parse(if is_ours { rest } else { text }).ok()
    };
    texts.into_iter().map(|text| json!({ "text": text, "number": number(text) })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(about: &str) -> Value {
        let cases = sections().into_iter().filter(|case| case.0 == about);
        let [(about, section, environment)]: [Case; 1] =
            cases.collect::<Vec<_>>().try_into().unwrap();
        account_vector(about, section, environment)
    }

    #[test]
    fn every_case_says_what_is_particular_about_it() {
        let abouts: BTreeSet<_> = sections().into_iter().map(|case| case.0).collect();
        assert_eq!(abouts.len(), sections().len());
    }

    #[test]
    fn what_is_missing_is_told_from_other_mistakes_and_by_account() {
        assert_eq!(vector("twilio without credentials")["incomplete"], json!(["default"]));
        assert_eq!(vector("no sender")["incomplete"], json!(["default"]));
        assert_eq!(vector("another carrier without credentials")["incomplete"], json!(["one"]));
        let alone = vector("variables are the default account's alone");
        assert_eq!(alone["incomplete"], json!(["two"]));
        let contradiction = vector("two names that contradict");
        assert_eq!(contradiction["valid"], false);
        assert_eq!(contradiction["incomplete"], json!([]));
    }

    #[test]
    fn variables_stand_in_for_credentials() {
        for about in ["twilio by variables", "telnyx by variables", "plivo by variables"] {
            assert_eq!(vector(about)["valid"], true, "{about}");
        }
        assert_eq!(vector("twilio by another carrier's variables")["valid"], false);
    }

    /// The key that is said to hold the policy is the one whose change changes the policy.
    #[test]
    fn the_policy_is_where_it_is_said_to_be() {
        for (_, section, _) in of_policies().into_iter().chain(of_several_accounts()) {
            let policy = |section: &Value, id: &str| {
                let config = from_value(section.clone(), Host::OpenClaw, &|_| None).ok()?;
                config.accounts.into_iter().find(|account| account.id.as_str() == id)
            };
            let Ok(config) = from_value(section.clone(), Host::OpenClaw, &|_| None) else {
                continue;
            };
            for account in config.accounts {
                let id = account.id.as_str();
                let key = policy_key(&section, id);
                let own = format!("/accounts/{id}");
                let mut other = section.clone();
                let is_own = section.pointer(&format!("{own}/{key}")).is_some();
                let scope = other.pointer_mut(if is_own { &own } else { "" }).unwrap();
                let changed =
                    if account.policy == InboundPolicy::Disabled { "open" } else { "disabled" };
                let scope = scope.as_object_mut().unwrap();
                scope.remove("inboundPolicy");
                scope.remove("dmPolicy");
                scope.insert(key.to_owned(), changed.into());
                assert_ne!(policy(&other, id).unwrap().policy, account.policy, "{section}");
            }
        }
    }
}
