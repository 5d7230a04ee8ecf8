//! `telephony simulate`: posts what a carrier would, and the server takes it for that.

use serde_json::{Value, json};

use crate::running::{Running, eventually};

const SECRET: &str = "auth-token-0123456789";

fn config(provider: &str) -> Value {
    json!({
        "provider": provider, "fromNumber": "+15550001111", "inboundPolicy": "open",
        "serve": { "port": 0 },
        "twilio": {
            "accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "authToken": SECRET,
            "apiBaseUrl": "http://127.0.0.1:1",
        },
        "plivo": { "authId": "MA1", "authToken": SECRET, "apiBaseUrl": "http://127.0.0.1:1" },
    })
}

#[test]
fn what_is_simulated_is_taken_once_an_id() {
    for provider in ["mock", "twilio", "plivo"] {
        let server = Running::start(&config(provider), &["--handler", "command:true"]);
        let path = server.config();
        let simulate = |arguments: &[&str]| {
            server.json(&[&["simulate"], arguments, &["--config", &path]].concat())
        };
        let posted = simulate(&["sms", "--text", "Hello"]);
        assert_eq!(posted["status"], 200, "{provider}: {posted}");
        let again = simulate(&["sms", "--text", "Hello", "--id", posted["id"].as_str().unwrap()]);
        assert_eq!(again["status"], 200);
        let picture = simulate(&["mms", "--media", "https://example.com/a.png"]);
        assert_eq!(picture["status"], 200, "{provider}: {picture}");
        let receipt =
            simulate(&["receipt", "--id", posted["id"].as_str().unwrap(), "--status", "delivered"]);
        assert_eq!(receipt["status"], 200, "{provider}: {receipt}");
        eventually("all is done", || server.json(&["status"])["inbox"]["done"] == 3);
        assert_eq!(server.json(&["status"])["webhooks"]["duplicates"], 1);
        let other = std::fs::read_to_string(&path).unwrap().replace(SECRET, "another-secret");
        let other_path = format!("{path}.other");
        std::fs::write(&other_path, other).unwrap();
        let forged = server.command(&["simulate", "sms", "--text", "x", "--config", &other_path]);
        let taken = provider == "mock";
        assert_eq!(forged.status.success(), taken, "{provider}: {forged:?}");
        assert!(!format!("{forged:?}").contains("another-secret"));
        server.stop();
    }
}

#[test]
fn the_url_that_is_posted_to_is_the_one_that_is_signed() {
    for provider in ["twilio", "plivo"] {
        let server = Running::start(&config(provider), &["--handler", "command:true"]);
        let (path, port) = (server.config(), server.address.port());
        let simulate = |arguments: &[&str], url: String| {
            let common = ["--url", &url, "--config", &path];
            server.json(&[&["simulate"], arguments, &common].concat())
        };
        for host in ["localhost", "127.0.0.1"] {
            let url = format!("http://{host}:{port}/telephony/webhook/default");
            let posted = simulate(&["sms", "--text", "Hello"], url);
            assert_eq!(posted["status"], 200, "{provider}: {posted}");
        }
        let url = format!("http://127.0.0.1:{port}/telephony/status");
        let receipt = ["receipt", "--status", "delivered", "--reference", "r&1"];
        let posted = simulate(&receipt, url.clone());
        assert_eq!(posted["status"], 200, "{provider}: {posted}");
        assert_eq!(posted["url"], format!("{url}?ref=r%261"));
        // What would be acknowledged and not count is not called taken.
        let other = simulate(
            &["sms", "--text", "Hello", "--to", "+15559998888"],
            format!("http://127.0.0.1:{port}/telephony/webhook"),
        );
        assert!(other["means"].as_str().unwrap().contains("another number"), "{other}");
        let lost = simulate(&["receipt", "--status", "lost"], url);
        assert!(lost["error"].as_str().unwrap().contains("no such status"), "{lost}");
        assert_eq!(server.json(&["status"])["webhooks"]["foreign"], 1);
        let nothing = server.command(&["simulate", "sms", "--config", &path]);
        assert_eq!(nothing.status.code(), Some(2), "{nothing:?}");
        server.stop();
    }
}

#[test]
fn telnyx_trusts_a_key_of_our_own_when_it_is_told_to() {
    let mut config = config("telnyx");
    config["telnyx"] = json!({
        "apiKey": "KEY", "publicKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
    });
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let key = folder.path().join("key");
    let key = ["--telnyx-key", key.to_str().unwrap()];
    let server = Running::start(&config, &["--handler", "command:true"]);
    let (path, hello) = (server.config(), ["simulate", "sms", "--text", "Hello"]);
    let refused = server.command(&[&hello[..], &key, &["--config", &path]].concat());
    assert_eq!(refused.status.code(), Some(1));
    let advice = String::from_utf8(refused.stderr).unwrap();
    let (_, after) = advice.split_once("publicKey: \"").unwrap();
    let public = after.split('"').next().unwrap();
    server.stop();

    // The same is told to whoever has no key yet.
    let without = folder.path().join("without.json5");
    config["telnyx"]["publicKey"] = Value::Null;
    std::fs::write(&without, config.to_string().replace(",\"publicKey\":null", "")).unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_telephony"))
        .args([&hello[..], &key, &["--config", without.to_str().unwrap()]].concat())
        .args(["--url", "http://127.0.0.1:1/telephony/webhook"])
        .arg("--state-dir")
        .arg(folder.path())
        .env_remove("TELNYX_PUBLIC_KEY")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let advice = String::from_utf8(output.stderr).unwrap();
    assert!(advice.contains(&format!("publicKey: \"{public}\"")), "{advice}");

    config["telnyx"]["publicKey"] = public.into();
    let server = Running::start(&config, &["--handler", "command:true"]);
    let path = server.config();
    let posted = server.json(&[&hello[..], &key, &["--config", &path]].concat());
    assert_eq!(posted["status"], 200, "{posted}");
    server.stop();
}

#[test]
fn without_a_server_it_says_so() {
    let server = Running::start(&config("mock"), &[]);
    let path = server.config();
    let url = format!("http://{}/telephony/webhook", server.address);
    let state = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    server.stop();
    // Its configuration is gone with it, so that is written anew.
    let config_path = state.path().join("telephony.json5");
    std::fs::write(&config_path, config("mock").to_string()).unwrap();
    assert!(!std::path::Path::new(&path).exists());
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_telephony"))
        .args(["simulate", "sms", "--text", "Hello", "--url", &url, "--config"])
        .arg(&config_path)
        .arg("--state-dir")
        .arg(state.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("is `telephony serve` running?"), "{error}");
}

#[test]
fn what_goes_wrong_is_json_for_whoever_asked_for_json() {
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("telephony.json5");
    let run = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_telephony"))
            .args(["simulate", "sms", "--text", "Hello", "--json", "--config"])
            .arg(&path)
            .arg("--state-dir")
            .arg(folder.path())
            .args(arguments)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert!(run(&[])["error"].as_str().unwrap().contains("cannot be read"));
    std::fs::write(&path, config("mock").to_string()).unwrap();
    // The system chose the port, and no server is there to say which.
    assert!(run(&[])["error"].as_str().unwrap().contains("--url"));

    // Somebody who leads elsewhere took nothing.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/telephony/webhook", listener.local_addr().unwrap());
    let elsewhere = std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        let answer = "HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer.as_bytes()).unwrap();
    });
    let led = run(&["--url", &url]);
    elsewhere.join().unwrap();
    assert_eq!((&led["status"], &led["provider"]), (&json!(302), &json!("mock")), "{led}");
}
