//! A server behind Tailscale: both routes are there with their paths, and nothing else is touched.

use serde_json::{Value, json};

use super::daemon::{self, served};
use super::programs::Programs;
use super::{agent, config, down, health, home, is_clean, is_up, text};
use crate::running::{eventually, post};

const NAME: &str = "box.tail1.ts.net";
const WEBHOOK: &str = "/telephony/webhook";
const STATUS: &str = "/telephony/status";

/// Something of somebody else's on two ports.
fn foreign(funnel: bool) -> Value {
    let elsewhere = json!({ "Handlers": { WEBHOOK: { "Proxy": "http://127.0.0.1:9" } } });
    let mut open = json!({ format!("{NAME}:10000"): true });
    if funnel {
        open[format!("{NAME}:443")] = true.into();
    }
    json!({
        "TCP": { "443": { "HTTPS": true }, "10000": { "HTTPS": true } },
        "Web": {
            format!("{NAME}:443"): { "Handlers": { "/": { "Proxy": "http://127.0.0.1:8" } } },
            format!("{NAME}:10000"): elsewhere,
        },
        "AllowFunnel": open,
    })
}

#[test]
fn ten_starts_and_stops_leave_what_was_there() {
    for (provider, funnel) in [("tailscale-serve", false), ("tailscale-funnel", true)] {
        let programs = Programs::new(&["tailscale"]);
        let world = daemon::new(&programs, NAME);
        let home = home(&programs, &json!({ "provider": provider }));
        for before in [foreign(funnel), Value::Null] {
            world.change(|world| world["serve"] = before.clone());
            for count in 1..=5 {
                let server = home.start();
                assert!(is_up(&server, &format!("https://{NAME}")));
                let target = |path| format!("http://127.0.0.1:{}{path}", server.address.port());
                let served = served(&world, 443);
                assert_eq!(served[WEBHOOK], target(WEBHOOK));
                assert_eq!(served[STATUS], target(STATUS));
                assert!(!is_clean(&home));
                server.stop();
                let after = world.read()["serve"].clone();
                let after = if after == json!({}) { Value::Null } else { after };
                assert_eq!(after, before, "{provider} after {count}");
                assert!(is_clean(&home));
            }
        }
    }
}

#[test]
fn both_routes_keep_their_paths_and_nothing_else_is_reached() {
    let programs = Programs::new(&["tailscale"]);
    let world = daemon::new(&programs, NAME);
    let tunnel = json!({ "provider": "tailscale-funnel", "port": 8443 });
    let server = home(&programs, &tunnel).start();
    let url = format!("https://{NAME}:8443");
    assert!(is_up(&server, &url));
    assert_eq!(world.read()["serve"]["AllowFunnel"], json!({ format!("{NAME}:8443"): true }));
    let edge = daemon::forward(world, 8443);
    assert_eq!(text(edge, WEBHOOK, &format!("{url}{WEBHOOK}"), 1), 200);
    let other = format!("https://other.tail1.ts.net:8443{WEBHOOK}");
    assert_eq!(text(edge, WEBHOOK, &other, 2), 403);
    // What is not signed is refused by us, so it has come to us; what is not ours has not.
    let own = format!("{WEBHOOK}/default");
    for (path, status) in [(STATUS, 403), (own.as_str(), 403), ("/health", 404)] {
        assert_eq!(post(edge, path, &[], "").0, status, "{path}");
    }
    let (status, answer) = post(edge, &format!("{WEBHOOK}/media/nothing"), &[], "");
    assert!(status == 404 || status == 405, "{answer}");
    assert!(answer.contains("date:"), "media is below the webhook, and comes to us: {answer}");
    server.stop();
}

#[test]
fn entries_that_are_gone_are_put_back_and_a_new_name_is_followed() {
    let programs = Programs::new(&["tailscale"]);
    let world = daemon::new(&programs, NAME);
    let home = home(&programs, &json!({ "provider": "tailscale-serve" }));
    let server = home.start();
    world.change(|world| world["serve"] = Value::Null);
    eventually("they are back", || served(&world, 443).len() == 2);
    world.change(|world| world["runs"] = false.into());
    let error = down(&server);
    assert!(error.contains("Tailscale does not run"), "{error}");
    assert_eq!(health(&server), (503, false.into()));
    world.change(|world| {
        world["runs"] = true.into();
        world["serve"] = Value::Null;
        world["status"]["Self"]["DNSName"] = "new.tail1.ts.net.".into();
    });
    eventually("it has its new name", || is_up(&server, "https://new.tail1.ts.net"));
    eventually("which is printed", || {
        server.printed().contains("https://new.tail1.ts.net/telephony")
    });
    assert_eq!(served(&world, 443).len(), 2);
    server.stop();
    assert!(served(&world, 443).is_empty() && is_clean(&home));
}

#[test]
fn the_next_start_removes_what_a_killed_server_left() {
    let programs = Programs::new(&["tailscale"]);
    let world = daemon::new(&programs, NAME);
    let home = home(&programs, &json!({ "provider": "tailscale-funnel" }));
    let server = home.start();
    let left = served(&world, 443);
    server.kill();
    assert_eq!(served(&world, 443), left);
    // It listens at another port now, so what is left would lead nowhere.
    let server = home.start();
    let now = served(&world, 443);
    assert!(now.len() == 2 && now != left, "{now:?}");
    server.kill();
    // Also when the tunnel is switched off meanwhile.
    std::fs::write(home.config(), config(&json!({ "provider": "none" })).to_string()).unwrap();
    let server = home.start();
    assert!(served(&world, 443).is_empty() && is_clean(&home));
    server.stop();
    assert!(served(&world, 443).is_empty() && is_clean(&home));
}

#[test]
fn what_could_not_be_removed_is_removed_when_it_can_be() {
    let programs = Programs::new(&["ngrok", "tailscale"]);
    let world = daemon::new(&programs, NAME);
    agent::new(&programs, "https://abc.ngrok-free.app");
    let home = home(&programs, &json!({ "provider": "tailscale-funnel" }));
    home.start().kill();
    assert_eq!(served(&world, 443).len(), 2);
    world.change(|world| world["runs"] = false.into());
    let ngrok = config(&json!({ "provider": "ngrok", "ngrokAuthToken": agent::TOKEN }));
    std::fs::write(home.config(), ngrok.to_string()).unwrap();
    let server = home.start();
    assert!(server.stop().contains("is still there"));
    world.change(|world| world["runs"] = true.into());
    assert_eq!(served(&world, 443).len(), 2);
    let server = home.start();
    assert!(served(&world, 443).is_empty());
    server.stop();
    assert!(is_clean(&home));
}

#[test]
fn entries_by_a_former_name_are_not_forgotten() {
    let programs = Programs::new(&["tailscale"]);
    let world = daemon::new(&programs, NAME);
    let home = home(&programs, &json!({ "provider": "tailscale-funnel" }));
    home.start().kill();
    let rename = |name: &str| {
        world.change(|world| world["status"]["Self"]["DNSName"] = format!("{name}.").into());
    };
    rename("new.tail1.ts.net");
    let server = home.start();
    assert!(is_up(&server, "https://new.tail1.ts.net"));
    assert!(server.stop().contains(&format!("keeps entries of ours by {NAME}")));
    assert!(!is_clean(&home));
    rename(NAME);
    assert_eq!(served(&world, 443).len(), 2);
    home.start().stop();
    assert!(served(&world, 443).is_empty() && is_clean(&home));
}
