//! Figures and logs of the real server: what is counted is what happened, and each line says what
//! it is about.

mod exposition;

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::{Map, Value, json};
use telephony_core::{Secret, Timestamp};
use telephony_webhook::Signer;

use self::exposition::Scrape;
use crate::client::{Client, said};
use crate::gateway::Host;
use crate::outside::{AGENT, Outside, SID, TOKEN};
use crate::running::{Home, Running, eventually, post};

const PERSON: &str = "+15550001234";

/// What nobody may find in a log.
const WORDS: &str = "canary-body";

fn with_metrics(outside: &Outside, metrics: Value) -> Value {
    let mut config = outside.open();
    config["metrics"] = metrics;
    config
}

/// The lines of a log in JSON: what each says, and what it is about.
fn lines(log: &str) -> Vec<Map<String, Value>> {
    let line = |line: &str| {
        let entry: Value =
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let mut all = Map::new();
        for fields in entry["spans"].as_array().into_iter().flatten().chain([&entry["fields"]]) {
            all.extend(fields.as_object().unwrap().clone());
        }
        all
    };
    log.lines().map(line).collect()
}

/// Where figures were last served, as the log says.
fn address(log: &str) -> Option<SocketAddr> {
    let lines = lines(log);
    let line = lines.iter().rfind(|line| line["message"] == "serving metrics")?;
    Some(line["address"].as_str().unwrap().parse().unwrap())
}

/// The answer to a request: its head and its body.
fn ask(address: SocketAddr, request: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

fn scrape(address: SocketAddr) -> Scrape {
    let (head, body) = ask(address, "GET /metrics");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("content-type: text/plain; version=0.0.4"), "{head}");
    Scrape::read(&body)
}

/// Posts what Twilio says of a text of ours; the status.
fn report(address: SocketAddr, id: &str, status: &str) -> u16 {
    let fields = [
        ("MessageSid", id),
        ("MessageStatus", status),
        ("AccountSid", SID),
        ("From", AGENT),
        ("To", PERSON),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let signer = Signer::twilio(Secret::new(TOKEN));
    let url = "https://example.com/telephony/status";
    let signed = signer.sign("POST", url, body.as_bytes(), Timestamp::EPOCH, "").unwrap();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        (signed[0].0, signed[0].1.as_str()),
    ];
    post(address, "/telephony/status", &headers, &body).0
}

#[test]
fn figures_are_what_happened_and_lines_say_to_what() {
    let outside = Outside::start();
    let config = with_metrics(&outside, json!({ "enabled": true, "port": 0 }));
    let handler = outside.handler();
    let server = Running::start(&config, &["--handler", &handler, "--log-format", "json"]);
    eventually("figures are served", || address(&server.log()).is_some());
    let metrics = address(&server.log()).unwrap();
    assert!(metrics.ip().is_loopback());

    let text = said(SID, "SM1", PERSON, AGENT, WORDS);
    let mut client = Client::connect(server.address).unwrap();
    assert_eq!(client.exchange(&text).unwrap().status, 200);
    eventually("it is answered", || outside.count(PERSON, "Reply 1") == 1);
    assert_eq!(client.exchange(&text).unwrap().status, 200, "a duplicate");
    let forged =
        [("content-type", "application/x-www-form-urlencoded"), ("X-Twilio-Signature", "AAAA")];
    assert_eq!(post(server.address, "/telephony/webhook", &forged, WORDS).0, 403);
    let (head, _) = ask(server.address, "GET /metrics");
    assert!(head.starts_with("http/1.1 404"), "not where webhooks come: {head}");
    let first = format!("SM{:032}", 1);
    eventually("the carrier's id is kept", || {
        scrape(metrics).value("telephony_sends_total") == 1.0
    });
    assert_eq!(report(server.address, &first, "delivered"), 200);
    eventually("it is delivered", || {
        let scrape = scrape(metrics);
        scrape.get("telephony_inbox_events{state=\"done\"}") == Some(2.0)
    });

    let (found, version) = (scrape(metrics), env!("CARGO_PKG_VERSION"));
    let expected: &[(String, f64)] = &[
        (format!("telephony_build_info{{version=\"{version}\"}}"), 1.0),
        ("telephony_deliveries_total{account=\"default\",state=\"delivered\"}".into(), 1.0),
        ("telephony_dispatched_total{account=\"default\",outcome=\"answered\"}".into(), 1.0),
        ("telephony_inbox_events{state=\"done\"}".into(), 2.0),
        ("telephony_inbox_events{state=\"failed\"}".into(), 0.0),
        ("telephony_inbox_events{state=\"waiting\"}".into(), 0.0),
        ("telephony_inbox_oldest_waiting_seconds".into(), 0.0),
        ("telephony_outbox_parts{state=\"queued\"}".into(), 0.0),
        ("telephony_outbox_parts{state=\"refused\"}".into(), 0.0),
        ("telephony_outbox_parts{state=\"unknown\"}".into(), 0.0),
        ("telephony_pairing_requests{account=\"default\"}".into(), 0.0),
        ("telephony_send_duration_seconds_count{provider=\"twilio\"}".into(), 1.0),
        (
            "telephony_sends_total{account=\"default\",provider=\"twilio\",outcome=\"sent\"}"
                .into(),
            1.0,
        ),
        ("telephony_sessions".into(), 0.0),
        ("telephony_sessions_max".into(), 50.0),
        ("telephony_turn_duration_seconds_count".into(), 1.0),
        ("telephony_webhook_duration_seconds_count".into(), 4.0),
        ("telephony_webhook_refusals_total{reason=\"path\"}".into(), 1.0),
        ("telephony_webhook_refusals_total{reason=\"signature\"}".into(), 1.0),
        ("telephony_webhooks_total{outcome=\"accepted\"}".into(), 2.0),
        ("telephony_webhooks_total{outcome=\"duplicate\"}".into(), 1.0),
        ("telephony_webhooks_total{outcome=\"foreign\"}".into(), 0.0),
        ("telephony_webhooks_total{outcome=\"ignored\"}".into(), 0.0),
        ("telephony_webhooks_total{outcome=\"limited\"}".into(), 0.0),
        ("telephony_webhooks_total{outcome=\"malformed\"}".into(), 1.0),
        ("telephony_webhooks_total{outcome=\"not_stored\"}".into(), 0.0),
        ("telephony_webhooks_total{outcome=\"unreadable\"}".into(), 0.0),
        ("telephony_webhooks_total{outcome=\"unverified\"}".into(), 1.0),
    ];
    assert_eq!(found.figures(), expected);
    let told = documented();
    assert_eq!(found.families, told, "docs/operations.md lists all of them");

    let (head, body) = ask(metrics, "HEAD /metrics");
    assert!(head.starts_with("http/1.1 200") && body.is_empty(), "{head} {body}");
    for (request, status) in [("POST /metrics", 405), ("GET /", 404), ("GET /health", 404)] {
        let (head, _) = ask(metrics, request);
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{request}: {head}");
    }
    let status = server.json(&["status"]);
    let refused = &status["recentRefusals"][0];
    assert_eq!((&refused["count"], &refused["path"]), (&json!(1), &json!("/telephony/webhook")));
    assert!(refused["advice"].as_str().unwrap().contains("publicUrl"), "{refused}");
    says_what_it_is_about(&server.stop());
}

/// The families in the table of the document, which its rules are about too.
fn documented() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/operations.md");
    let text = std::fs::read_to_string(path).unwrap();
    let first = |line: &str| line.strip_prefix("| ")?.split(" |").next().map(str::to_owned);
    let names = |cell: String| cell.split('`').map(str::to_owned).collect::<Vec<_>>();
    let is_family =
        |name: &String| name.starts_with("telephony_") || name.starts_with("process_start");
    let told: BTreeSet<_> =
        text.lines().filter_map(first).flat_map(names).filter(is_family).collect();
    let rules = text.lines().filter_map(|line| line.trim().strip_prefix("expr: "));
    let mut count = 0;
    for name in rules.flat_map(|rule| rule.split(|c: char| !(c.is_ascii_lowercase() || c == '_'))) {
        if name.starts_with("telephony_") {
            assert!(told.contains(name), "a rule is about {name}, which is none");
            count += 1;
        }
    }
    assert_eq!(count, 3);
    told
}

/// The way of one text through a log.
fn says_what_it_is_about(log: &str) {
    let lines = lines(log);
    let one = |message: &str| {
        let found: Vec<_> = lines.iter().filter(|line| line["message"] == message).collect();
        found.first().copied().unwrap_or_else(|| panic!("no {message:?} in {log}")).clone()
    };
    let way = ["accepted", "is answered", "sent", "reported"].map(one);
    for line in &way {
        assert_eq!((&line["provider"], &line["account_id"]), (&json!("twilio"), &json!("default")));
        assert!(line["message_id"].as_str().unwrap().starts_with("msg_"), "{line:?}");
    }
    let [accepted, answered, sent, reported] = way;
    assert_eq!(accepted["request_id"], 1);
    assert_eq!(accepted["message_id"], answered["message_id"]);
    assert_eq!(sent["message_id"], reported["message_id"]);
    assert_eq!((&answered["attempt"], &sent["attempt"]), (&json!(1), &json!(1)));
    assert!(one("refused")["request_id"].is_u64());
    for secret in [WORDS, TOKEN, &PERSON[1..], &AGENT[1..], "Reply 1"] {
        assert!(!log.contains(secret), "{secret} is in {log}");
    }
}

#[test]
fn nothing_listens_unless_it_is_configured_and_a_port_that_is_taken_is_named() {
    let outside = Outside::start();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config =
        |enabled: bool| with_metrics(&outside, json!({ "enabled": enabled, "port": port }));
    let log = Running::start(&config(false), &[]).stop();
    assert!(!log.contains("metrics"), "{log}");
    let error = Home::new(&config(true), &[]).refused();
    assert!(error.contains("metrics.port") && error.contains(&port.to_string()), "{error}");
    let mut same = config(true);
    same["serve"]["port"] = port.into();
    assert!(Home::new(&same, &[]).refused().contains("must differ from serve.port"));
}

#[test]
fn a_gateway_turns_figures_on_and_off_and_messages_go_on_without_them() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    let section = |metrics: Value| {
        let mut config = with_metrics(&outside, metrics);
        config["enabled"] = true.into();
        config
    };
    sidecar.account("default", &section(json!({ "enabled": true, "port": 0 })));
    eventually("figures are served", || address(&host.log()).is_some());
    let first = address(&host.log()).unwrap();
    assert_eq!(scrape(first).get("telephony_pairing_requests"), None, "the host knows who waits");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let second = taken.local_addr().unwrap();
    let config = section(json!({ "enabled": true, "port": second.port() }));
    let webhooks = sidecar.account("default", &config);
    eventually("the first is closed", || TcpStream::connect(first).is_err());
    eventually("it is said", || host.log().contains("metrics cannot be served there"));
    assert_eq!(crate::client::health(webhooks), 200);
    drop(taken);
    eventually("the port is had", || address(&host.log()) == Some(second));
    assert_eq!(scrape(second).get("telephony_sessions_max"), Some(50.0));
    sidecar.account("default", &section(json!({ "enabled": false })));
    eventually("the second is closed", || TcpStream::connect(second).is_err());
    assert!(sidecar.close().success());
}
