//! Mistakes as people make them, each planted in a set-up that is good, and what the doctor is to
//! say of each.

use std::sync::Arc;

use serde_json::{Value, json};

use super::certificates::Certificate;
use super::proxy::Habit;
use super::setup::Setup;
use crate::running::{Home, eventually};

/// A mistake, and how it is found.
pub struct Mistake {
    pub name: &'static str,
    pub provider: &'static str,
    pub plant: fn(&mut Setup),
    pub check: &'static str,
    pub severity: &'static str,
    /// What its finding says, in part.
    pub says: &'static str,
    /// What its fix says, in part.
    pub fix: &'static str,
}

macro_rules! mistakes {
    ($($name:literal, $provider:ident, $check:literal $severity:ident, $says:literal, $fix:literal,
        $plant:expr;)+) => {
        pub const MISTAKES: &[Mistake] = &[$(Mistake {
            name: $name, provider: stringify!($provider), plant: $plant, check: $check,
            severity: stringify!($severity), says: $says, fix: $fix,
        },)+];
    };
}

mistakes! {
    "an unknown key", twilio, "configuration" error, "publicUlr", "Correct publicUlr",
        |setup| setup.file["publicUlr"] = json!("https://sms.example.com");
    "a key of the wrong format", telnyx, "configuration" error, "telnyx.publicKey",
        "Correct telnyx.publicKey",
        |setup| setup.file["telnyx"]["publicKey"] = json!("KEY0123456789");
    "an Account SID that is none", twilio, "configuration" error, "twilio.accountSid",
        "Correct twilio.accountSid",
        |setup| setup.file["twilio"]["accountSid"] = json!("SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    "http instead of https", plivo, "configuration" error, "publicUrl: expected https://",
        "Correct publicUrl", |setup| setup.file["publicUrl"] = json!("http://sms.example.com");
    "an account that is not enabled", twilio, "configuration" error, "no account is enabled",
        "enabled to true", |setup| setup.file["enabled"] = json!(false);

    "a wrong token", twilio, "credentials" error, "does not take the credentials",
        "twilio.authToken", |setup| setup.carrier(|knows| knows.token = "another-token");
    "a wrong token at Plivo", plivo, "credentials" error, "does not take the credentials",
        "plivo.authToken", |setup| setup.carrier(|knows| knows.token = "another-token");
    "a key that was revoked", telnyx, "credentials" error, "does not take the credentials",
        "telnyx.apiKey", |setup| setup.carrier(|knows| knows.token = "another-key");
    "another account's SID", twilio, "credentials" error, "does not take the credentials",
        "twilio.accountSid",
        |setup| setup.configure(|config| {
            config["twilio"]["accountSid"] = json!("ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb");
        });
    "a suspended account", twilio, "credentials" error, "has suspended the account", "Ask the carrier",
        |setup| setup.carrier(|knows| knows.status = "suspended");
    "an API that is not there", twilio, "credentials" error, "cannot be asked", "apiBaseUrl",
        |setup| setup.configure(|config| config["twilio"]["apiBaseUrl"] = json!("http://127.0.0.1:9"));
    "a token that only signs and is wrong", twilio, "credentials" error,
        "does not take the credentials", "twilio.authToken", keyed;

    "a clock that is off by ten minutes", twilio, "clock" error, "behind the carrier's", "NTP",
        |setup| setup.carrier(|knows| knows.ahead = 600);
    "a clock that is off by two minutes", telnyx, "clock" warning, "ahead of the carrier's", "NTP",
        |setup| setup.carrier(|knows| knows.ahead = -120);

    "a number without a webhook", twilio, "number" error, "posts messages nowhere",
        "https://sms.example.com/telephony/webhook", |setup| setup.carrier(|knows| knows.url = None);
    "a number whose webhook is another's", plivo, "number" error, "https://other.example.com/sms",
        "https://sms.example.com/telephony/webhook",
        |setup| setup.carrier(|knows| knows.url = Some("https://other.example.com/sms".to_owned()));
    "a webhook with a wrong path", telnyx, "number" error, "https://sms.example.com/webhook",
        "https://sms.example.com/telephony/webhook",
        |setup| setup.carrier(|knows| knows.url = Some("https://sms.example.com/webhook".to_owned()));
    "a webhook by http", twilio, "number" error, "http://sms.example.com/telephony/webhook", "--fix",
        |setup| setup.carrier(|knows| {
            knows.url = Some("http://sms.example.com/telephony/webhook".to_owned());
        });
    "a webhook by GET", twilio, "number" warning, "by GET", "POST",
        |setup| setup.carrier(|knows| knows.method = "GET");
    "the old API version", telnyx, "number" error, "version 1", "API version to 2",
        |setup| setup.carrier(|knows| knows.version = "1");
    "a number without a messaging profile", telnyx, "number" error, "assigned to nothing",
        "messaging profile", |setup| setup.carrier(|knows| knows.assigned = false);
    "a number without an application", plivo, "number" error, "assigned to nothing", "application",
        |setup| setup.carrier(|knows| knows.assigned = false);
    "another account's number", twilio, "number" error, "does not have fromNumber", "fromNumber",
        |setup| setup.configure(|config| config["fromNumber"] = json!("+15550009999"));
    "a number that takes no texts", plivo, "number" error, "takes no messages", "Enable messaging",
        |setup| setup.carrier(|knows| knows.takes_messages = false);
    "a Messaging Service that posts elsewhere", twilio, "number" error,
        "the Messaging Service MG00000000000000000000000000000001", "--fix",
        |setup| setup.carrier(|knows| {
            knows.service_url = Some("https://other.example.com/sms".to_owned());
        });

    "calls that go nowhere", twilio, "number" warning, "calls to the number go nowhere",
        "voice webhook", answering;
    "calls that go nowhere at Plivo", plivo, "number" warning, "calls to the number go nowhere",
        "voice webhook", answering;
    "calls that go elsewhere", twilio, "number" warning, "https://other.example.com/call",
        "voice.inbound", |setup| {
            answering(setup);
            setup.carrier(|knows| knows.voice_url = Some("https://other.example.com/call".into()));
        };

    "no public URL", twilio, "publicUrl" error, "neither publicUrl nor a tunnel", "Set publicUrl",
        |setup| setup.configure(|config| drop(config.as_object_mut().unwrap().remove("publicUrl")));
    "a public URL of this machine", twilio, "publicUrl" error, "no carrier can post", "tunnel",
        |setup| elsewhere(setup, "https://localhost");
    "a name that nobody knows", twilio, "dns" error, "has no address", "AAAA", |setup| {
        elsewhere(setup, "https://nobody.invalid");
        setup.given = None;
    };
    "a proxy that does not run", twilio, "tcp" error, "nobody listens", "Start the proxy",
        |setup| setup.has_proxy = false;
    "a certificate that has expired", twilio, "tls" error, "has expired", "Renew",
        |setup| setup.tls = Some(Certificate::Expired);
    "a certificate of the future", twilio, "tls" error, "not valid yet", "clock",
        |setup| setup.tls = Some(Certificate::Future);
    "another host's certificate", telnyx, "tls" error, "not sms.example.com's", "names sms.example.com",
        |setup| setup.tls = Some(Certificate::OfAnotherHost);
    "a self-signed certificate", plivo, "tls" error, "self-signed", "public authority",
        |setup| setup.tls = Some(Certificate::SelfSigned);
    "no TLS behind https", twilio, "tls" error, "does not speak TLS", "end TLS",
        |setup| setup.tls = None;

    "a proxy that takes the path's prefix away", twilio, "route" error, "by another path",
        "pass the path on", |setup| setup.habit = Habit::StripsPrefix;
    "the same, found without a signature", telnyx, "route" error, "by another path",
        "pass the path on", |setup| setup.habit = Habit::StripsPrefix;
    "a proxy that leads elsewhere", twilio, "route" error, "answers 301", "Set publicUrl",
        |setup| setup.habit = Habit::Answers(301, "");
    "a proxy that does not reach the server", plivo, "route" error, "answers 502",
        "telephony status", |setup| setup.habit = Habit::Answers(502, "bad gateway");
    "a proxy with a login", telnyx, "route" error, "answers 401", "login",
        |setup| setup.habit = Habit::Answers(401, "who are you?");
    "another program", twilio, "route" error, "another program", "correct publicUrl",
        |setup| setup.habit = Habit::Answers(200, "<html>hello</html>");
    "a proxy that passes on messages alone", twilio, "route" warning, "/telephony/status",
        "pass the path on", |setup| setup.habit = Habit::OnlyWebhooks;

    "a proxy that drops the query", plivo, "signature" error, "query", "byte for byte",
        |setup| setup.habit = Habit::DropsQuery;
    "a proxy that rewrites the body", twilio, "signature" error, "changes the body", "byte for byte",
        |setup| setup.habit = Habit::RewritesBody;
    "a proxy that drops the signature", twilio, "signature" error, "removes the header",
        "all headers", |setup| setup.habit = Habit::DropsHeader("x-twilio-signature");
    "a proxy that is not trusted", twilio, "signature" error, "trustedProxyIPs", "trustedProxyIPs",
        |setup| untold(setup, "10.1.2.3");
    "a server with another token", twilio, "signature" error, "does not take what is signed",
        "Start the server again",
        |setup| setup.server["twilio"]["authToken"] = json!("the-token-before");

    "a tunnel that is down", twilio, "tunnel" error, "Tailscale does not run", "Start it",
        |setup| {
            let world = setup.funnel();
            setup.touch = Box::new(move |home| {
                world.change(|world| world["runs"] = false.into());
                eventually("it is down", || home.json(&["status"])["tunnel"]["state"] == "down");
            });
        };
    "a server with another tunnel", plivo, "tunnel" warning, "another tunnel",
        "Start the server again", |setup| {
            setup.funnel();
            setup.file["tunnel"] = json!({ "provider": "ngrok" });
        };
    "a server without the tunnel", twilio, "tunnel" warning, "another tunnel",
        "Start the server again",
        |setup| setup.file["tunnel"] = json!({ "provider": "tailscale-funnel" });
    "a tunnel that is configured no more", twilio, "tunnel" warning, "another tunnel",
        "Start the server again", |setup| {
            setup.funnel();
            setup.file["tunnel"] = json!({ "provider": "none" });
        };

    "a server with another number", twilio, "server" warning, "another fromNumber",
        "Start the server again", |setup| setup.server["fromNumber"] = json!("+15550009999");
    "nobody on the list", twilio, "pairing" warning, "allowFrom is empty", "allowFrom",
        |setup| setup.configure(|config| config["inboundPolicy"] = json!("allowlist"));
    "a state directory that others can look into", twilio, "store" warning,
        "the state directory can be looked into", "700", |setup| setup.touch = Box::new(open_to_all);
    "a database that a newer program made", plivo, "store" error, "use the newer program",
        "newer telephony", |setup| {
            // Made by a server that has ended.
            setup.runs = false;
            setup.touch = Box::new(newer);
        };
    "a database that is none", plivo, "store" error, "does not open", "operations.md", |setup| {
        setup.runs = false;
        setup.touch = Box::new(|home| {
            drop(home.start());
            // SQLite would bring the database back from its log.
            std::fs::remove_file(home.database().with_extension("db-wal")).unwrap();
            std::fs::write(home.database(), "no database ".repeat(1000)).unwrap();
        });
    };
    "events that were set aside", twilio, "store" warning, "1 events were set aside",
        "telephony inbox list", |setup| {
            setup.runs = false;
            setup.touch = Box::new(set_aside);
        };
}

fn elsewhere(setup: &mut Setup, origin: &str) {
    setup.configure(|config| config["publicUrl"] = json!(origin));
    setup.carrier(|knows| knows.url = Some(format!("{origin}/telephony/webhook")));
}

/// Whoever calls is to hear a greeting.
pub fn answering(setup: &mut Setup) {
    setup.configure(|config| config["voice"] = json!({ "inbound": "answer" }));
}

/// Twilio is asked with a key, and the token signs.
fn keyed(setup: &mut Setup) {
    setup.configure(|config| {
        let key = json!("SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
        config["twilio"]["apiKeySid"] = key;
        config["twilio"]["apiKeySecret"] = config["twilio"]["authToken"].clone();
        config["twilio"]["authToken"] = json!("the-token-before");
    });
}

/// Nothing but the proxy's headers says which URL was requested.
pub fn untold(setup: &mut Setup, trusted: &str) {
    setup.habit = Habit::Forwards;
    let trusted = trusted.to_owned();
    setup.configure(move |config| {
        config.as_object_mut().unwrap().remove("publicUrl");
        config["webhookSecurity"] =
            json!({ "trustForwardingHeaders": true, "trustedProxyIPs": [trusted] });
    });
}

fn open_to_all(home: &Arc<Home>) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(home.state(), mode).unwrap();
}

fn newer(home: &Arc<Home>) {
    drop(home.start());
    let database = rusqlite::Connection::open(home.database()).unwrap();
    let table: String = database
        .query_row(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%version%' LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    database.execute(&format!("UPDATE {table} SET version = 999"), []).unwrap();
}

fn set_aside(home: &Arc<Home>) {
    let posted = event(home);
    assert_eq!(posted["status"], 200, "{posted}");
    let database = rusqlite::Connection::open(home.database()).unwrap();
    let changed = database.execute("UPDATE inbox_entry SET state = 2, reason = 'no'", []).unwrap();
    assert_eq!(changed, 1);
}

/// One event, taken by a server that has ended since.
fn event(home: &Arc<Home>) -> Value {
    let server = home.start();
    let arguments = ["simulate", "sms", "--text", "Hello", "--config"];
    let posted = server.json(&[&arguments[..], &[&home.config()]].concat());
    drop(server);
    posted
}
