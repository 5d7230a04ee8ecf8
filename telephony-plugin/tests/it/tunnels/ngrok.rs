//! A server behind ngrok: it is reached, it follows, and nothing is left.

use rustix::process::{Pid, Signal, test_kill_process};
use serde_json::{Value, json};
use telephony_plugin::tunnel::{HANG_WAIT, LONGEST_WAIT};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::agent::{self, edge, started};
use super::programs::{Programs, World};
use super::{config, down, health, home, is_clean, is_up, text, tunnel};
use crate::running::{Home, PATIENCE, eventually, eventually_within, signal};

const URL: &str = "https://abc.ngrok-free.app";
const OTHER: &str = "https://xyz.ngrok-free.app";
const WEBHOOK: &str = "/telephony/webhook";

fn ngrok() -> Value {
    json!({ "provider": "ngrok", "ngrokAuthToken": agent::TOKEN })
}

fn runs(pid: u32) -> bool {
    test_kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap()).is_ok()
}

fn last(world: &World) -> u32 {
    *started(world).last().unwrap()
}

#[test]
fn ten_starts_and_stops_leave_nothing() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let home = home(&programs, &ngrok());
    for count in 1..=10 {
        let server = home.start();
        assert!(is_up(&server, URL), "{}", tunnel(&server));
        assert_eq!(started(&world).len(), count);
        assert!(runs(last(&world)) && !is_clean(&home));
        server.stop();
        assert!(!runs(last(&world)) && is_clean(&home), "after {count}");
    }
    let log = home.log();
    assert!(!log.contains(agent::TOKEN), "{log}");
    let starts = world.read()["starts"].to_string();
    assert!(!starts.contains(agent::TOKEN) && starts.contains("\"hasToken\":true"), "{starts}");
}

#[test]
fn its_url_is_what_is_signed_and_what_carriers_call_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let api = runtime.block_on(async {
        let api = MockServer::start().await;
        let sent = json!({ "sid": format!("SM{:032}", 9), "status": "queued" });
        let sent = ResponseTemplate::new(201).set_body_json(sent);
        Mock::given(any()).respond_with(sent).mount(&api).await;
        api
    });
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, "https://not-this.example");
    let mut tunnel = ngrok();
    tunnel["ngrokDomain"] = "mine.ngrok.app".into();
    let mut config = config(&tunnel);
    config["twilio"]["apiBaseUrl"] = api.uri().into();
    // The whole URL of the webhook is right too.
    config["publicUrl"] = "https://mine.ngrok.app/telephony/webhook".into();
    let server = Home::beside(&config, programs.path()).start();
    let url = "https://mine.ngrok.app";
    assert!(is_up(&server, url));
    assert_eq!(health(&server), (200, true.into()));
    let edge = edge(&world);
    assert_eq!(text(edge, WEBHOOK, &format!("{url}{WEBHOOK}"), 1), 200);
    for wrong in [format!("http://{edge}{WEBHOOK}"), format!("http://{}{WEBHOOK}", server.address)]
    {
        assert_eq!(text(edge, WEBHOOK, &wrong, 2), 403, "{wrong}");
    }
    let sent = server.json(&["send", "+15550001234", "Hi"]);
    assert_eq!(sent["outcome"], "sent", "{sent}");
    let requests = runtime.block_on(api.received_requests()).unwrap();
    let callback = |body: &[u8]| {
        let mut form = url::form_urlencoded::parse(body);
        form.find(|(key, _)| key == "StatusCallback").map(|(_, value)| value.into_owned())
    };
    let callback = callback(&requests.last().unwrap().body).unwrap();
    assert!(callback.starts_with("https://mine.ngrok.app/telephony/status"), "{callback}");
    server.stop();
}

#[test]
fn an_agent_that_is_killed_is_started_again_and_its_new_url_announced() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let server = home(&programs, &ngrok()).start();
    assert_eq!(text(edge(&world), WEBHOOK, &format!("{URL}{WEBHOOK}"), 1), 200);
    world.change(|world| world["url"] = OTHER.into());
    signal(last(&world), Signal::KILL);
    eventually("the new one is up", || started(&world).len() == 2 && is_up(&server, OTHER));
    eventually("its URL is printed", || server.printed().contains(OTHER));
    assert_eq!(text(edge(&world), WEBHOOK, &format!("{OTHER}{WEBHOOK}"), 2), 200);
    // What was signed for the old one may still be under way.
    assert_eq!(text(edge(&world), WEBHOOK, &format!("{URL}{WEBHOOK}"), 3), 200);
    let log = server.stop();
    assert!(log.contains("the tunnel is down") && log.contains("another URL"), "{log}");
    assert!(!runs(last(&world)));
}

#[test]
fn an_agent_that_hangs_is_replaced() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let server = home(&programs, &ngrok()).start();
    let hanging = last(&world);
    signal(hanging, Signal::STOP);
    let limit = HANG_WAIT + PATIENCE;
    eventually_within(limit, "another one is up", || {
        started(&world).len() == 2 && is_up(&server, URL)
    });
    assert!(!runs(hanging));
    assert!(server.stop().contains("ngrok does not answer"));
}

#[test]
fn a_url_that_changes_is_picked_up_while_the_agent_runs() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let server = home(&programs, &ngrok()).start();
    world.change(|world| world["url"] = OTHER.into());
    eventually("it is picked up", || is_up(&server, OTHER));
    eventually("it is printed", || server.printed().contains(&format!("{OTHER}{WEBHOOK}")));
    assert_eq!(text(edge(&world), WEBHOOK, &format!("{OTHER}{WEBHOOK}"), 1), 200);
    assert_eq!(started(&world).len(), 1);
    server.stop();
}

#[test]
fn nothing_outlives_a_server_that_is_killed() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let home = home(&programs, &ngrok());
    home.start().kill();
    if cfg!(target_os = "linux") {
        eventually("the kernel has ended the agent", || !runs(last(&world)));
    }
    let server = home.start();
    assert!(!runs(started(&world)[0]) && runs(last(&world)));
    server.stop();
    assert!(!runs(last(&world)) && is_clean(&home));
}

#[test]
fn a_server_that_waits_for_a_url_ends_when_it_is_asked_to() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    world.change(|world| world["silent"] = true.into());
    let home = home(&programs, &ngrok());
    let mut server = home.spawn();
    eventually("the agent runs", || !world.read()["edge"].is_null());
    signal(server.id(), Signal::TERM);
    assert!(server.wait().unwrap().success());
    assert!(!runs(last(&world)) && is_clean(&home));
}

#[test]
fn without_a_network_it_serves_and_goes_on_trying() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    world.change(|world| world["offline"] = true.into());
    let server = home(&programs, &ngrok()).start();
    assert!(down(&server).contains("does not reach its servers"), "{}", tunnel(&server));
    assert_eq!(health(&server), (503, false.into()));
    world.change(|world| world["offline"] = false.into());
    eventually("it is up", || is_up(&server, URL));
    assert_eq!(health(&server), (200, true.into()));
    eventually("it is printed", || server.printed().contains(&format!("{URL}{WEBHOOK}")));
    server.stop();
}

#[test]
fn an_agent_without_a_url_is_not_waited_for_for_ever() {
    let programs = Programs::new(&["ngrok"]);
    agent::new(&programs, URL).change(|world| world["silent"] = true.into());
    let server = home(&programs, &ngrok()).start();
    let error = down(&server);
    assert!(error.contains("no URL within 15 s"), "{error}");
    server.stop();
}

#[test]
fn a_session_that_lingers_from_before_is_waited_for() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    for code in [108, 334] {
        world.change(|world| {
            world["refusal"] = code.into();
            world["starts"] = json!([]);
        });
        let home = home(&programs, &ngrok());
        let server = std::thread::scope(|scope| {
            scope.spawn(|| {
                eventually("it is tried again", || started(&world).len() >= 2);
                world.change(|world| world["refusal"] = Value::Null);
            });
            home.start()
        });
        assert!(is_up(&server, URL), "{}", tunnel(&server));
        server.stop();
        assert!(!runs(last(&world)) && is_clean(&home));
    }
}

#[test]
fn a_refusal_after_the_start_is_said_and_tried_again() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    world.change(|world| {
        world["refusal"] = 105.into();
        world["offline"] = true.into();
    });
    let server = home(&programs, &ngrok()).start();
    world.change(|world| world["offline"] = false.into());
    let says = |what: &str| tunnel(&server)["error"].to_string().contains(what);
    eventually("the refusal is said", || says("ngrok refused the token"));
    world.change(|world| world["refusal"] = Value::Null);
    eventually_within(LONGEST_WAIT + PATIENCE, "it is tried again", || is_up(&server, URL));
    assert!(server.stop().contains("ngrok refused the token"));
}

#[test]
fn an_agent_that_has_lost_its_tunnel_is_replaced() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let server = home(&programs, &ngrok()).start();
    world.change(|world| world["silent"] = true.into());
    eventually("another one is started", || started(&world).len() == 2);
    world.change(|world| world["silent"] = Value::Null);
    eventually("it is up", || is_up(&server, URL));
    assert!(server.stop().contains("ngrok has no tunnel any more"));
}

#[test]
fn a_token_that_is_revoked_is_said_until_it_is_good_again() {
    let programs = Programs::new(&["ngrok"]);
    let world = agent::new(&programs, URL);
    let server = home(&programs, &ngrok()).start();
    world.change(|world| world["lost"] = 107.into());
    let says = |what: &str| tunnel(&server)["error"].to_string().contains(what);
    eventually("the refusal is said", || says("ngrok refused the token (ERR_NGROK_107)"));
    assert_eq!(health(&server), (503, false.into()));
    world.change(|world| world["lost"] = Value::Null);
    eventually("it is up", || is_up(&server, URL));
    assert_eq!(started(&world).len(), 1);
    server.stop();
}
