//! What somebody has to do something about: one sentence each, at once, and nothing left.

use serde_json::{Value, json};

use super::programs::Programs;
use super::{agent, config, daemon};
use crate::running::Home;

const NAME: &str = "box.tail1.ts.net";

/// What a server says that does not start.
fn refused(programs: &Programs, config: &Value) -> String {
    let home = Home::beside(config, programs.path());
    let said = home.refused();
    let sentences: Vec<_> = said.lines().filter(|line| line.starts_with("telephony: ")).collect();
    assert_eq!(sentences.len(), 1, "{said}");
    assert!(!home.state().join("tunnel.json").exists());
    sentences[0].to_owned()
}

#[test]
fn what_ngrok_refuses_is_said_in_a_sentence() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, "https://abc.ngrok-free.app");
    let ngrok = |token: &str| config(&json!({ "provider": "ngrok", "ngrokAuthToken": token }));
    let said = refused(&programs, &ngrok("canary"));
    assert!(said.contains("tunnel.ngrokAuthToken: ngrok refused the token"), "{said}");
    assert!(!said.contains("canary"), "{said}");
    for (code, says) in [(320, "does not give this domain"), (120, "run ngrok update")] {
        world.change(|world| world["refusal"] = code.into());
        let said = refused(&programs, &ngrok(agent::TOKEN));
        assert!(said.contains(says), "{said}");
    }
    world.change(|world| world["refusal"] = Value::Null);
    let mut differs = ngrok(agent::TOKEN);
    differs["publicUrl"] = "https://example.com".into();
    let said = refused(&programs, &differs);
    assert!(
        said.contains("https://abc.ngrok-free.app") && said.contains("https://example.com"),
        "{said}"
    );
    world.change(|world| world["old"] = true.into());
    let mut old = ngrok(agent::TOKEN);
    old["tunnel"]["ngrokDomain"] = "mine.ngrok.app".into();
    let said = refused(&programs, &old);
    assert!(said.contains("too old: run ngrok update"), "{said}");
    let pids = agent::started(&world);
    assert!(pids.len() >= 5, "{pids:?}");
}

#[test]
fn what_tailscale_refuses_is_said_in_a_sentence() {
    let programs = Programs::new(&["tailscale"]);
    let funnel = || config(&json!({ "provider": "tailscale-funnel" }));
    type Change = fn(&mut Value);
    let changes: [(Change, &str); 7] = [
        (|world| world["runs"] = false.into(), "systemctl start tailscaled"),
        (|world| world["status"]["BackendState"] = "NeedsLogin".into(), "run tailscale up"),
        (|world| world["status"]["BackendState"] = "Stopped".into(), "run tailscale up"),
        (|world| world["denied"] = true.into(), "tailscale set --operator=$USER"),
        (
            |world| {
                world["status"]["Self"]["CapMap"].as_object_mut().unwrap().remove("funnel");
            },
            "node attribute \"funnel\"",
        ),
        (
            |world| {
                world["serve"] = json!({
                    "TCP": { "443": { "HTTPS": true } },
                    "Web": { format!("{NAME}:443"): { "Handlers": {
                        "/telephony/status": { "Proxy": "http://127.0.0.1:9" } } } },
                    "AllowFunnel": { format!("{NAME}:443"): true },
                });
            },
            "--set-path=/telephony/status off",
        ),
        (
            |world| world["serve"] = json!({ "TCP": { "443": { "TCPForward": "127.0.0.1:22" } } }),
            "set tunnel.port to another port",
        ),
    ];
    for (change, says) in changes {
        let world = daemon::new(&programs, NAME);
        world.change(change);
        let before = world.read();
        let said = refused(&programs, &funnel());
        assert!(said.contains(says), "{said}");
        assert_eq!(world.read(), before, "nothing is touched: {said}");
    }
    daemon::new(&programs, NAME);
    let mut differs = funnel();
    differs["publicUrl"] = "https://example.com".into();
    let said = refused(&programs, &differs);
    assert!(
        said.contains(&format!("https://{NAME}")) && said.contains("https://example.com"),
        "{said}"
    );
    assert!(daemon::served(&programs.file("tailscale.json"), 443).is_empty());
    let mut bound = funnel();
    bound["serve"]["bind"] = "127.0.0.2".into();
    let said = refused(&programs, &bound);
    assert!(said.contains("set serve.bind to 127.0.0.1"), "{said}");
    let port = config(&json!({ "provider": "tailscale-funnel", "port": 80 }));
    let said = Home::beside(&port, programs.path()).refused();
    assert!(said.contains("tunnel.port: expected 443, 8443 or 10000"), "{said}");
}

#[test]
fn a_program_that_is_missing_is_said_by_its_name() {
    let programs = Programs::new(&[]);
    for (provider, program) in [("ngrok", "ngrok"), ("tailscale-serve", "tailscale")] {
        let said = refused(&programs, &config(&json!({ "provider": provider })));
        assert!(said.contains(&format!("there is no program {program} on PATH")), "{said}");
    }
}
