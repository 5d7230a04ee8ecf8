//! The tunnel of a sidecar: one for all its accounts, changed with the configuration.

use serde_json::{Value, json};

use super::programs::Programs;
use super::{agent, config, daemon};
use crate::gateway::{Host, Sidecar};
use crate::running::eventually;

const URL: &str = "https://abc.ngrok-free.app";
const OTHER: &str = "https://xyz.ngrok-free.app";

fn section(tunnel: &Value) -> Value {
    let mut section = config(tunnel);
    section["enabled"] = true.into();
    section
}

fn tunnel(sidecar: &Sidecar) -> Value {
    sidecar.call("telephony.status", json!({})).unwrap()["tunnel"].clone()
}

#[test]
fn the_host_is_told_the_urls_and_one_tunnel_comes_and_goes() {
    let programs = Programs::new(&["ngrok", "tailscale"]);
    let (ngrok, tailscale) =
        (agent::new(&programs, URL), daemon::new(&programs, "box.tail1.ts.net"));
    let host = Host::beside(programs.path());
    let sidecar = host.start();
    let start = |id: &str, config: &Value| {
        sidecar.call("account.start", json!({ "accountId": id, "config": config }))
    };
    let mut section = section(&json!({ "provider": "ngrok", "ngrokAuthToken": "canary" }));
    section["accounts"] = json!({ "second": { "fromNumber": "+15550002222" } });
    let error = start("default", &section).unwrap_err();
    assert_eq!(error["data"]["retryable"], false, "{error}");
    let said = error["message"].as_str().unwrap();
    assert!(said.contains("tunnel.ngrokAuthToken") && !said.contains("canary"), "{said}");
    section["tunnel"]["ngrokAuthToken"] = agent::TOKEN.into();
    for id in ["default", "second"] {
        let started = start(id, &section).unwrap();
        let url = format!("{URL}/telephony/webhook/{id}");
        assert_eq!(started["webhookUrl"], url, "{started}");
        assert!(started["console"].as_str().unwrap().contains(&url), "{started}");
    }
    // One was refused, one runs.
    assert_eq!(agent::started(&ngrok).len(), 2);
    let up = json!({ "provider": "ngrok", "state": "up", "url": URL, "error": null });
    assert_eq!(tunnel(&sidecar), up);
    ngrok.change(|world| world["url"] = OTHER.into());
    for id in ["default", "second"] {
        eventually("the host is told", || {
            let told = host.told("account.status");
            let url = format!("{OTHER}/telephony/webhook/{id}");
            told.iter().any(|status| status["accountId"] == id && status["webhookUrl"] == url)
        });
    }
    section["tunnel"] = json!({ "provider": "tailscale-funnel" });
    let started = start("default", &section).unwrap();
    let url = started["webhookUrl"].as_str().unwrap();
    assert!(url.starts_with("https://box.tail1.ts.net/"), "{url}");
    eventually("the other account follows", || {
        let status = sidecar.call("telephony.status", json!({})).unwrap();
        let accounts = status["accounts"].as_array().unwrap().clone();
        let is_there = |url: &Value| url.as_str().unwrap().starts_with("https://box.tail1.ts.net/");
        accounts.iter().all(|account| is_there(&account["webhookUrl"]))
    });
    for (id, left) in [("default", 2), ("second", 0)] {
        let params = json!({ "accountId": id, "reason": "removed" });
        sidecar.call("account.stop", params).unwrap();
        assert_eq!(daemon::served(&tailscale, 443).len(), left, "{id}");
    }
    assert_eq!(tunnel(&sidecar), Value::Null);
    start("default", &section).unwrap();
    assert_eq!(daemon::served(&tailscale, 443).len(), 2);
    assert!(sidecar.close().success());
    assert!(daemon::served(&tailscale, 443).is_empty());
    assert!(!host.state().join("tunnel.json").exists());
}

#[test]
fn a_start_that_waits_for_its_tunnel_keeps_nobody_else_waiting() {
    let programs = Programs::new(&["ngrok"]);
    let ngrok = agent::new(&programs, URL);
    ngrok.change(|world| world["silent"] = true.into());
    let host = Host::beside(programs.path());
    let sidecar = host.start();
    let section = section(&json!({ "provider": "ngrok", "ngrokAuthToken": agent::TOKEN }));
    let params = json!({ "accountId": "default", "config": section });
    let started = sidecar.ask("account.start", params);
    eventually("the agent runs", || !ngrok.read()["edge"].is_null());
    let asked = tunnel(&sidecar);
    assert_eq!(asked["state"], "starting", "{asked}");
    assert!(started.try_recv().is_err());
    ngrok.change(|world| world["silent"] = Value::Null);
    let answer = started.recv().unwrap();
    assert!(answer.to_string().contains(URL), "{answer}");
    assert!(sidecar.close().success());
}
