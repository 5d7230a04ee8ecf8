//! What an examination leaves behind for the next one, and what strangers leave for it.

use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::proxy::Habit;
use super::setup::{Patient, Setup, bad};
use crate::running::post;

fn refusals(patient: &Patient) -> Value {
    patient.home.json(&["status"])["recentRefusals"].clone()
}

#[test]
fn after_the_mistake_is_mended_nothing_is_left_of_it() {
    const BEFORE: &str = "the-token-before";
    let mut setup = Setup::good("twilio");
    setup.server["twilio"]["authToken"] = json!(BEFORE);
    let mut file = setup.file.clone();
    let patient = setup.start();
    let answer = patient.examine(&[]);
    assert_eq!(bad(&answer)[0]["check"], "signature", "{answer}");
    assert_eq!(answer["exitCode"], 3);
    assert_eq!(refusals(&patient), json!([]));
    file["twilio"]["authToken"] = json!(BEFORE);
    std::fs::write(&patient.file, file.to_string()).unwrap();
    patient.carrier.knows.lock().unwrap().token = BEFORE;
    let answer = patient.examine(&[]);
    assert_eq!(answer["exitCode"], 0, "{answer}");
}

#[test]
fn a_proxy_that_drops_the_signature_leaves_nothing_either() {
    let mut setup = Setup::good("plivo");
    setup.habit = Habit::DropsHeader("x-plivo-signature-v3");
    let patient = setup.start();
    assert_eq!(patient.examine(&[])["exitCode"], 3);
    assert_eq!(refusals(&patient), json!([]));
}

#[test]
fn strangers_are_noted_and_forged_signatures_warn_of_a_mistake() {
    let mut setup = Setup::good("twilio");
    setup.configure(|config| {
        (config["inboundPolicy"], config["allowFrom"]) = (json!("open"), json!(["*"]));
    });
    let patient = setup.start();
    let address = patient.server.as_ref().unwrap().address;
    let path = "/telephony/webhook";
    for _ in 0..3 {
        assert_eq!(post(address, path, &[], "").0, 403);
    }
    let answer = patient.examine(&[]);
    assert_eq!(answer["exitCode"], 0, "{answer}");
    let is_it = |finding: &&Value| finding["check"] == "refusals";
    let noted = answer["findings"].as_array().unwrap().iter().find(is_it).unwrap();
    assert_eq!(noted["severity"], "note", "{noted}");
    assert!(noted["finding"].as_str().unwrap().starts_with("3 webhooks"), "{noted}");

    let forged = [("x-twilio-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")];
    assert_eq!(post(address, path, &forged, "").0, 403);
    let answer = patient.examine(&[]);
    assert_eq!(answer["exitCode"], 1, "{answer}");
    assert!(bad(&answer)[0]["finding"].as_str().unwrap().contains("does not fit"), "{answer}");
    // A text that is taken after it shows that the mistake is none.
    let file = patient.file.to_str().unwrap();
    let posted = patient.home.json(&["simulate", "sms", "--text", "Hello", "--config", file]);
    assert_eq!(posted["status"], 200, "{posted}");
    let answer = patient.examine(&[]);
    assert_eq!(answer["exitCode"], 0, "{answer}");
}

#[test]
fn the_worst_finding_is_told_by_the_code_to_who_reads_nothing() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(ours);
    let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
    command.args(["doctor", "--config", "/nowhere/file"]);
    command.stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
    assert_eq!(command.status().unwrap().code(), Some(3));
}

#[test]
fn a_machine_without_a_place_for_the_state_has_an_error() {
    let patient = Setup::good("mock").start();
    let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
    command.arg("doctor").arg("--json").arg("--config").arg(&patient.file);
    command.env("SSL_CERT_FILE", super::certificates::trusted());
    for variable in ["TELEPHONY_STATE_DIR", "XDG_STATE_HOME", "HOME"] {
        command.env_remove(variable);
    }
    let output = command.output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &answer["worst"]), (Some(3), &json!("error")), "{answer}");
    assert_eq!(bad(&answer)[0]["check"], "store", "{answer}");
}
