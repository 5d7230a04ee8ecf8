//! Stands in for the ngrok agent: its log, its API, its numbers, and the far end of its tunnel.
//!
//! It does as the documents of version 3 say, and logs what that logs.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::programs::{Programs, World, complain, print};

/// A token that is taken, and what any other one is.
pub const TOKEN: &str = "2abcGoodToken";

/// Between two tries to reach the servers.
const TRY: Duration = Duration::from_millis(200);

/// What the agent will find: the URL that it is given.
pub fn new(programs: &Programs, url: &str) -> World {
    let world = programs.file("ngrok.json");
    world.write(&json!({ "url": url, "starts": [], "edge": null }));
    world
}

/// Where a tunnel leads from.
pub fn edge(world: &World) -> SocketAddr {
    world.read()["edge"].as_str().unwrap().parse().unwrap()
}

/// The agents that were started: their processes.
pub fn started(world: &World) -> Vec<u32> {
    let starts = world.read()["starts"].clone();
    starts.as_array().unwrap().iter().map(|start| start["pid"].as_u64().unwrap() as u32).collect()
}

/// Plays the agent.
pub fn play(home: &Path, words: &[&str]) -> i32 {
    let world = World(home.join("ngrok.json"));
    let token = std::env::var("NGROK_AUTHTOKEN").ok();
    let start = json!({
        "pid": std::process::id(), "words": words, "hasToken": token.is_some(),
        "secrets": std::env::vars().filter(|(name, _)| name.contains("TWILIO")).count(),
    });
    world.change(|world| world["starts"].as_array_mut().unwrap().push(start));
    let scene = world.read();
    let [
        "http",
        local,
        "--log",
        "stdout",
        "--log-format",
        "json",
        "--log-level",
        "info",
        rest @ ..,
    ] = words
    else {
        complain(&format!("ERROR:  unknown command or arguments: {words:?}"));
        return 1;
    };
    let wanted = match rest {
        [] => None,
        ["--url", _] if scene["old"] == true => {
            complain("ERROR:  unknown flag: --url");
            return 1;
        }
        ["--url", url] => Some((*url).to_owned()),
        _ => panic!("{rest:?}"),
    };
    let web = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = web.local_addr().unwrap();
    log(json!({ "addr": address, "lvl": "info", "msg": "starting web service", "obj": "web" }));
    while world.read()["offline"] == true {
        session(
            "failed to dial ngrok server: dial tcp: lookup connect.ngrok-agent.com: i/o timeout",
        );
        std::thread::sleep(TRY);
    }
    let refusal = match token.as_deref() {
        None => Some(("Usage of ngrok requires a verified account and authtoken.", 4018)),
        Some(TOKEN) => scene["refusal"].as_u64().map(|code| ("It is refused.", code)),
        Some(_) => Some(("The authtoken you specified does not look like a proper one.", 105)),
    };
    if let Some((message, code)) = refusal {
        // The real one repeats the token, too.
        let token = token.unwrap_or_default();
        let message = format!("{message}\nYour authtoken: {token}\r\n\r\nERR_NGROK_{code}\r\n");
        session(&message);
        log(json!({ "err": message, "lvl": "crit", "msg": "command failed" }));
        message.lines().for_each(|line| complain(&format!("ERROR:  {line}")));
        return 1;
    }
    established();
    let edge = TcpListener::bind("127.0.0.1:0").unwrap();
    let local: SocketAddr = local.parse().unwrap();
    world.change(|world| world["edge"] = json!(edge.local_addr().unwrap()));
    let url = || wanted.clone().map_or_else(|| world.read()["url"].clone(), Value::from);
    std::thread::scope(|scope| {
        scope.spawn(|| reconnect(&world));
        scope.spawn(|| edge.incoming().for_each(|client| forward(client.unwrap(), local)));
        if world.read()["silent"] != true {
            log(json!({
                "addr": format!("http://{local}"), "lvl": "info", "msg": "started tunnel",
                "name": "command_line", "obj": "tunnels", "url": url(),
            }));
        }
        web.incoming().for_each(|client| {
            let tunnel = json!({ "name": "command_line", "proto": "https", "public_url": url() });
            let silent = world.read()["silent"] == true;
            let tunnels = if silent { Vec::new() } else { vec![tunnel] };
            api(client.unwrap(), &json!({ "tunnels": tunnels, "uri": "/api/tunnels" }));
        });
    });
    0
}

fn established() {
    log(json!({ "lvl": "info", "msg": "client session established", "obj": "csess" }));
}

/// That it has no session, and why.
fn session(message: &str) {
    log(json!({
        "err": message, "lvl": "eror", "msg": "failed to reconnect session",
        "obj": "tunnels.session",
    }));
}

/// Loses its session when the world has a number for why it gets no other, and tries for ever.
fn reconnect(world: &World) {
    loop {
        std::thread::sleep(TRY);
        if world.read()["lost"].is_null() {
            continue;
        }
        log(json!({
            "lvl": "info", "msg": "session closed, starting reconnect loop", "obj": "csess",
        }));
        while let Some(code) = world.read()["lost"].as_u64() {
            session(&format!("It is refused.\r\n\r\nERR_NGROK_{code}\r\n"));
            std::thread::sleep(TRY);
        }
        established();
    }
}

fn log(entry: Value) {
    print(&entry.to_string());
}

/// Answers a request of the API.
fn api(mut client: TcpStream, answer: &Value) {
    let lines = BufReader::new(client.try_clone().unwrap()).lines();
    let head: Vec<_> = lines.map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let is_known = head.first().is_some_and(|line| line.starts_with("GET /api/tunnels "));
    let (status, body) =
        if is_known { ("200 OK", answer.to_string()) } else { ("404 Not Found", String::new()) };
    let length = body.len();
    let _ = write!(
        client,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    );
}

/// Forwards a request and its answer; says, as the real one does, for whom.
fn forward(client: TcpStream, local: SocketAddr) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    first.push_str("x-forwarded-for: 203.0.113.9\r\nx-forwarded-proto: https\r\n");
    pass(reader, client, local, &first);
}

/// Sends what comes from a client on to a server, after `first`, and the answer back.
pub fn pass(
    mut reader: BufReader<TcpStream>,
    mut client: TcpStream,
    server: SocketAddr,
    first: &str,
) {
    let Ok(mut server) = TcpStream::connect(server) else {
        let _ = client.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
        return;
    };
    server.write_all(first.as_bytes()).unwrap();
    let mut up = server.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            if up.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    });
    let _ = std::io::copy(&mut server, &mut client);
    let _ = client.shutdown(std::net::Shutdown::Both);
}
