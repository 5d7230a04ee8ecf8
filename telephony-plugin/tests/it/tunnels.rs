//! Tunnels, as the real server keeps them up: with programs that stand in for ngrok and Tailscale.

mod agent;
pub mod daemon;
mod hosted;
mod ngrok;
pub mod programs;
mod refused;
mod tailscale;

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use telephony_core::{Secret, Timestamp};
use telephony_webhook::Signer;

use self::programs::Programs;
use crate::outside::{AGENT, SID, TOKEN};
use crate::running::{Home, Running, eventually, post};

const PERSON: &str = "+15550001234";

/// A server of an account at Twilio, with a tunnel.
fn config(tunnel: &Value) -> Value {
    json!({
        "provider": "twilio", "fromNumber": AGENT, "inboundPolicy": "open", "allowFrom": ["*"],
        "serve": { "port": 0 }, "tunnel": tunnel,
        // Nobody answers there, and nobody has to.
        "twilio": { "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": "http://127.0.0.1:9" },
    })
}

fn home(programs: &Programs, tunnel: &Value) -> Arc<Home> {
    Home::beside(&config(tunnel), programs.path())
}

/// Posts a text to `edge` that is signed for a URL; the status.
fn text(edge: SocketAddr, path: &str, signed_for: &str, id: u32) -> u16 {
    let id = format!("SM{id:032}");
    let fields = [
        ("MessageSid", id.as_str()),
        ("AccountSid", SID),
        ("From", PERSON),
        ("To", AGENT),
        ("Body", "Hello"),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let signer = Signer::twilio(Secret::new(TOKEN));
    let signed = signer.sign("POST", signed_for, body.as_bytes(), Timestamp::EPOCH, "n").unwrap();
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    headers.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
    post(edge, path, &headers, &body).0
}

/// How the tunnel of a server is.
fn tunnel(server: &Running) -> Value {
    server.json(&["status"])["tunnel"].clone()
}

fn is_up(server: &Running, url: &str) -> bool {
    let tunnel = tunnel(server);
    tunnel["state"] == "up" && tunnel["url"] == url
}

/// Waits until the tunnel is down, and says why.
fn down(server: &Running) -> String {
    eventually("the tunnel is down", || tunnel(server)["state"] == "down");
    tunnel(server)["error"].as_str().unwrap().to_owned()
}

/// What `/health` says: its status, and whether the tunnel is up.
fn health(server: &Running) -> (u16, Value) {
    use std::io::{Read as _, Write as _};
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    let request =
        format!("GET /health HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", server.address);
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str::<Value>(body).unwrap()["tunnel"].clone())
}

/// Whether nothing of a tunnel is written down any more.
fn is_clean(home: &Home) -> bool {
    !home.state().join("tunnel.json").exists()
}
