//! The doctor: finds nothing on good set-ups, and each planted mistake alone.

mod carrier;
mod certificates;
mod hosted;
mod mistakes;
mod proxy;
mod rerun;
mod setup;

use std::sync::Mutex;

use serde_json::{Value, json};

use self::mistakes::{MISTAKES, Mistake};
use self::setup::{Setup, bad, webhook};

/// The host of the public URL.
const HOST: &str = "sms.example.com";

#[test]
fn a_good_set_up_has_no_findings_worse_than_notes() {
    for provider in ["twilio", "telnyx", "plivo", "mock"] {
        let answer = Setup::good(provider).start().examine(&[]);
        assert!(bad(&answer).is_empty(), "{provider}: {:?}", bad(&answer));
        assert_eq!(answer["exitCode"], 0, "{answer}");
        let checks = |severity: &str| {
            let findings = answer["findings"].as_array().unwrap().iter();
            let found = findings.filter(|finding| finding["severity"] == severity);
            found.map(|finding| finding["check"].as_str().unwrap()).collect::<Vec<_>>()
        };
        // What can be known is known: nothing is well because it was not looked at.
        let everywhere = ["configuration", "server", "tunnel", "store", "refusals"];
        let carried = ["credentials", "clock", "number", "publicUrl", "dns", "tcp", "tls", "route"];
        let signed = ["signature"];
        let (expected, notes): (Vec<&str>, Vec<&str>) = match provider {
            "mock" => (everywhere.into(), vec!["configuration"]),
            "telnyx" => ([&everywhere[..], &carried].concat(), vec!["signature"]),
            _ => ([&everywhere[..], &carried, &signed].concat(), vec![]),
        };
        for check in expected {
            assert!(checks("ok").contains(&check), "{provider} {check}: {answer}");
        }
        assert_eq!(checks("note"), notes, "{provider}: {answer}");
    }
}

#[test]
fn a_url_that_only_a_trusted_proxy_tells_is_good_too() {
    let mut setup = Setup::good("twilio");
    mistakes::untold(&mut setup, "127.0.0.1");
    let answer = setup.start().examine(&[]);
    assert!(bad(&answer).is_empty(), "{answer}");
    let fits = |finding: &Value| finding["check"] == "signature" && finding["severity"] == "ok";
    assert!(answer["findings"].as_array().unwrap().iter().any(fits), "{answer}");
}

#[test]
fn a_tunnel_is_as_good_as_a_public_url() {
    let mut setup = Setup::good("twilio");
    setup.funnel();
    let answer = setup.start().examine(&[]);
    assert!(bad(&answer).is_empty(), "{answer}");
    for check in ["tunnel", "publicUrl", "number", "tls", "route", "signature"] {
        let is_well = |found: &Value| found["check"] == check && found["severity"] == "ok";
        assert!(answer["findings"].as_array().unwrap().iter().any(is_well), "{check}: {answer}");
    }
}

#[test]
fn a_tunnel_has_no_url_before_the_server_runs() {
    let mut setup = Setup::good("twilio");
    setup.funnel();
    setup.runs = false;
    let answer = setup.start().examine(&[]);
    assert!(bad(&answer).is_empty(), "{answer}");
    let is_note = |found: &&Value| found["check"] == "publicUrl" && found["severity"] == "note";
    let noted = answer["findings"].as_array().unwrap().iter().find(is_note).unwrap();
    assert!(noted["finding"].as_str().unwrap().contains("the tunnel's"), "{noted}");
}

#[test]
fn calls_that_come_here_are_good() {
    for provider in ["twilio", "plivo"] {
        let mut setup = Setup::good(provider);
        mistakes::answering(&mut setup);
        setup.carrier(|knows| knows.voice_url = Some(webhook()));
        let answer = setup.start().examine(&[]);
        assert!(bad(&answer).is_empty(), "{provider}: {answer}");
    }
}

#[test]
fn each_planted_mistake_is_found_alone_and_named_with_its_fix() {
    assert!(MISTAKES.len() >= 20);
    // Two at a time: each has a server and a carrier of its own.
    let (next, wrong) = (Mutex::new(MISTAKES.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(mistake) = { next.lock().unwrap().next() } {
                    wrong.lock().unwrap().extend(examine(mistake));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with how a mistake is found.
fn examine(mistake: &Mistake) -> Option<String> {
    let Mistake { name, provider, plant, check, severity, says, fix } = mistake;
    let mut setup = Setup::good(provider);
    plant(&mut setup);
    let answer = setup.start().examine(&[]);
    let found = bad(&answer);
    let is_alone = found.len() == 1 && found[0]["check"] == *check;
    let holds = |key: &str, text: &str| {
        found.iter().any(|finding| finding[key].as_str().unwrap().contains(text))
    };
    let is_right = is_alone
        && found[0]["severity"] == *severity
        && holds("finding", says)
        && holds("fix", fix)
        && answer["exitCode"] == json!(if *severity == "error" { 3 } else { 1 });
    (!is_right).then(|| format!("{name}: {found:?}"))
}

#[test]
fn what_is_set_elsewhere_is_set_right_after_the_difference_is_shown() {
    for (provider, difference) in [
        ("twilio", "SmsUrl: https://other.example.com/sms → "),
        ("telnyx", "webhook_url: https://other.example.com/sms → "),
        ("plivo", "message_url: https://other.example.com/sms → "),
    ] {
        let setup = Setup::good(provider);
        setup.carrier(|knows| knows.url = Some("https://other.example.com/sms".to_owned()));
        let patient = setup.start();
        // Nobody is there to be asked.
        let asked = patient.run(&["--fix"]);
        let shown = String::from_utf8(asked.stderr).unwrap();
        assert!(shown.contains(&format!("{difference}{}", webhook())), "{shown}");
        assert!(shown.contains("add --yes"), "{shown}");
        assert_eq!(asked.status.code(), Some(3));
        let url = || patient.carrier.knows.lock().unwrap().url.clone().unwrap();
        assert_eq!(url(), "https://other.example.com/sms");

        let answer = patient.examine(&["--fix", "--yes"]);
        assert!(bad(&answer).is_empty(), "{provider}: {answer}");
        assert_eq!(answer["set"], 1, "{answer}");
        let retries = if provider == "twilio" { "#rc=5&rp=5xx,ct,rt" } else { "" };
        assert_eq!(url(), format!("{}{retries}", webhook()));
    }
}

#[test]
fn people_read_a_table_with_what_to_do_below_each_finding() {
    let setup = Setup::good("twilio");
    setup.carrier(|knows| knows.url = None);
    let output = setup.start().run(&[]);
    assert_eq!(output.status.code(), Some(3));
    let table = String::from_utf8(output.stdout).unwrap();
    let mut lines = table.lines().skip_while(|line| !line.starts_with("error"));
    assert_eq!(lines.next(), Some("error    number         the number posts messages nowhere"));
    let fix = lines.next().unwrap().trim_start();
    assert_eq!(fix, format!("→ Set its webhook to {} by POST, or run --fix.", webhook()));
    assert!(table.ends_with("1 error, 0 warnings, 0 notes\n"), "{table}");
    assert!(!table.contains('\u{1b}'), "{table}");
}

#[test]
fn without_a_server_it_says_so_and_looks_at_the_rest() {
    let mut setup = Setup::good("twilio");
    setup.runs = false;
    let answer = setup.start().examine(&[]);
    assert!(bad(&answer).is_empty(), "{answer}");
    let noted = |check: &str| {
        let findings = answer["findings"].as_array().unwrap();
        findings.iter().any(|found| found["check"] == check && found["severity"] == "note")
    };
    assert!(noted("server") && noted("route") && noted("store"), "{answer}");
}

#[test]
fn nothing_that_the_doctor_posts_becomes_a_message() {
    for provider in ["twilio", "telnyx", "plivo"] {
        let patient = Setup::good(provider).start();
        patient.examine(&[]);
        let status = patient.home.json(&["status"]);
        for counter in ["accepted", "unverified", "unreadable", "foreign", "notStored"] {
            assert_eq!(status["webhooks"][counter], 0, "{provider} {counter}: {status}");
        }
        assert_eq!(status["inbox"]["waiting"], 0, "{status}");
        assert_eq!(status["inbox"]["done"], 0, "{status}");
    }
}

#[test]
fn a_file_that_is_not_there_and_an_account_that_is_not_either_are_errors() {
    let patient = Setup::good("twilio").start();
    let answer = patient.examine(&["--account", "none"]);
    assert_eq!(bad(&answer)[0]["check"], "configuration", "{answer}");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_telephony"));
    let output = command.args(["doctor", "--json", "--config", "/nowhere/file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8(output.stdout).unwrap().contains("cannot be read"));
}
