//! Each promise has its test, by the name that the document gives.

use std::fs;

use super::markdown::root;

const DOCUMENT: &str = "docs/guarantees.md";

/// A promise, and the tests that are named for it.
struct Promise {
    property: String,
    tests: Vec<String>,
}

fn promises() -> Vec<Promise> {
    let text = fs::read_to_string(root().join(DOCUMENT)).unwrap();
    let rows = text.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [property, _, tests, _] = cells[..] else { panic!("{row}: it has four cells") };
        let tests = tests.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Promise { property: property.to_owned(), tests }
    })
    .collect()
}

/// Why a test is not there.
fn missing(test: &str) -> Option<String> {
    let Some((path, name)) = test.split_once("::") else {
        return Some(format!("{test} names a file and a function"));
    };
    let Ok(source) = fs::read_to_string(root().join(path)) else {
        return Some(format!("{path} is no file"));
    };
    let lines: Vec<_> = source.lines().map(str::trim).collect();
    let begins = |line: &str| {
        let line = line.trim_start_matches("async ");
        line.strip_prefix("fn ").is_some_and(|rest| rest.starts_with(&format!("{name}(")))
    };
    let Some(at) = lines.iter().position(|line| begins(line)) else {
        return Some(format!("{path} has no function {name}"));
    };
    let attributes = || lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
    let is_test = |line: &&&str| **line == "#[test]" || line.starts_with("#[tokio::test");
    if !attributes().any(|line| is_test(&line)) {
        return Some(format!("{path}: {name} is no test"));
    }
    let mut names = attributes().filter_map(|line| line.strip_prefix("#["));
    let is_ignored = names.any(|name| name.starts_with("ignore"));
    is_ignored.then(|| format!("{path}: {name} is not run"))
}

/// What is promised as its test is named.
const PROPERTIES: [&str; 19] = [
    "durable before ack",
    "dedupe",
    "replay window",
    "crypto",
    "body cap",
    "header cap",
    "slow clients",
    "junk flood",
    "forwarded headers",
    "media fetch",
    "redaction",
    "no double send",
    "idempotent RPC",
    "delivery reducer",
    "consumer absent",
    "drain",
    "disk full",
    "database locked",
    "fuzz",
];

#[test]
fn every_promise_has_its_test() {
    let promises = promises();
    for property in PROPERTIES {
        let promise = promises.iter().find(|promise| promise.property == property);
        let promise = promise.unwrap_or_else(|| panic!("{DOCUMENT} does not promise {property}"));
        let name = format!("::{}", property.replace(' ', "_").to_lowercase());
        assert!(promise.tests.iter().any(|test| test.ends_with(&name)), "{property}: {name}");
    }
    let tests = promises.iter().flat_map(|promise| &promise.tests);
    let problems: Vec<_> = tests.filter_map(|test| missing(test)).collect();
    assert!(problems.is_empty(), "{DOCUMENT}: {}", problems.join("\n"));
}

#[test]
fn a_test_that_is_not_there_is_found() {
    for test in [
        "dedupe",
        "telephony-plugin/tests/it/nothing.rs::dedupe",
        "telephony-plugin/tests/it/load.rs::dedup",
        "telephony-plugin/tests/it/docs/guarantees.rs::missing",
        // One that is not run unless it is asked for.
        "telephony-webhook/tests/it/postgres/outage.rs::what_was_taken_before_an_outage_is_there_after_it",
    ] {
        assert!(missing(test).is_some(), "{test}");
    }
}
