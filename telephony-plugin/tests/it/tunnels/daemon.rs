//! Stands in for Tailscale: the command line that changes what the daemon serves, and the daemon
//! that serves it. What it is served is kept in a file, so it outlives whoever asked for it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};

use super::agent::pass;
use super::programs::{Programs, World, complain, print};

const NOT_THERE: &str = "failed to connect to local tailscaled; it doesn't appear to be running \
                         (sudo systemctl start tailscaled ?)";

/// A daemon that runs, on a machine that may do everything and serves nothing.
pub fn new(programs: &Programs, name: &str) -> World {
    let world = programs.file("tailscale.json");
    let attributes = json!({
        "https": null, "funnel": null,
        "https://tailscale.com/cap/funnel-ports?ports=443,8443,10000": null,
    });
    world.write(&json!({
        "runs": true, "denied": false, "serve": null,
        "status": {
            "BackendState": "Running", "CertDomains": [name],
            "Self": { "DNSName": format!("{name}."), "CapMap": attributes },
        },
    }));
    world
}

/// What is served on a port of the machine: targets by their paths.
pub fn served(world: &World, port: u16) -> BTreeMap<String, String> {
    let world = world.read();
    let web = &world["serve"]["Web"][format!("{}:{port}", name(&world))]["Handlers"];
    let handlers = web.as_object().into_iter().flatten();
    handlers.map(|(path, it)| (path.clone(), it["Proxy"].as_str().unwrap().to_owned())).collect()
}

fn name(world: &Value) -> String {
    world["status"]["Self"]["DNSName"].as_str().unwrap().trim_end_matches('.').to_owned()
}

/// Plays the command line.
pub fn play(home: &Path, words: &[&str]) -> i32 {
    let world = World(home.join("tailscale.json"));
    let now = world.read();
    if now["runs"] != true {
        complain(NOT_THERE);
        return 1;
    }
    match words {
        ["status", "--json", "--peers=false"] => print(&now["status"].to_string()),
        ["serve", "status", "--json"] => print(&now["serve"].to_string()),
        [verb @ ("serve" | "funnel"), flags @ .., target] => {
            let changed = world.change(|now| {
                let mut new = now.clone();
                change(&mut new, verb, flags, target).map(|()| *now = new)
            });
            if let Err(message) = changed {
                complain(message);
                return 1;
            }
        }
        _ => {
            complain(&format!("unknown subcommand: {words:?}"));
            return 1;
        }
    }
    0
}

/// `tailscale serve` and `funnel`, of version 1.52 and later.
fn change(world: &mut Value, verb: &str, flags: &[&str], target: &str) -> Result<(), &'static str> {
    let (is_off, is_funnel) = (target == "off", verb == "funnel");
    let value = |name: &str| flags.iter().find_map(|flag| flag.strip_prefix(name));
    let (port, mount) = (value("--https=").unwrap_or("443"), value("--set-path=").unwrap_or("/"));
    let host = format!("{}:{port}", name(world));
    let attributes = world["status"]["Self"]["CapMap"].as_object().unwrap();
    if is_funnel && !attributes.contains_key("funnel") {
        return Err(
            "Funnel not available; \"funnel\" node attribute not set. See https://tailscale.com/s/no-funnel.",
        );
    }
    if world["denied"] == true {
        return Err(
            "sending serve config: Access denied: serve config denied\n\nUse 'sudo tailscale serve'.\nTo not require root, use 'sudo tailscale set --operator=$USER' once.",
        );
    }
    if !is_off && !flags.contains(&"--bg") {
        return Err("in the foreground it would never end");
    }
    let serve = &mut world["serve"];
    if is_off {
        let handlers = serve["Web"][&host]["Handlers"].as_object_mut();
        let handlers =
            handlers.ok_or("error: failed to remove web serve: handler does not exist")?;
        handlers
            .remove(mount)
            .ok_or("error: failed to remove web serve: handler does not exist")?;
        if handlers.is_empty() {
            for (map, key) in [("Web", host.as_str()), ("TCP", port), ("AllowFunnel", &host)] {
                if let Some(map) = serve[map].as_object_mut() {
                    map.remove(key);
                }
            }
        }
        let map = serve.as_object_mut().unwrap();
        map.retain(|_, value| value.as_object().is_some_and(|map| !map.is_empty()));
        return Ok(());
    }
    if serve.is_null() {
        *serve = json!({});
    }
    serve["TCP"][port] = json!({ "HTTPS": true });
    serve["Web"][&host]["Handlers"][mount] = json!({ "Proxy": target });
    if is_funnel {
        serve["AllowFunnel"][&host] = true.into();
    } else if let Some(open) = serve["AllowFunnel"].as_object_mut() {
        open.remove(&host);
    }
    let map = serve.as_object_mut().unwrap();
    map.retain(|_, value| value.as_object().is_some_and(|map| !map.is_empty()));
    Ok(())
}

/// Plays the daemon: forwards what comes to a port of the machine; where it can be reached.
pub fn forward(world: World, port: u16) -> SocketAddr {
    let edge = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = edge.local_addr().unwrap();
    std::thread::spawn(move || {
        edge.incoming().for_each(|client| one(client.unwrap(), &served(&world, port)));
    });
    address
}

/// Takes the path of the entry off, and puts that of its target before what is left.
fn one(mut client: TcpStream, served: &BTreeMap<String, String>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let [method, path, version] = first.split_whitespace().collect::<Vec<_>>()[..] else { return };
    let leads = |mount: &str| {
        let rest = path.strip_prefix(mount.trim_end_matches('/'))?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then(|| rest.to_owned())
    };
    let found = served.iter().filter_map(|(mount, target)| Some((leads(mount)?, target)));
    let Some((rest, target)) = found.min_by_key(|(rest, _)| rest.len()) else {
        let _ = client.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
        return;
    };
    let target = url::Url::parse(target).unwrap();
    let server = target.socket_addrs(|| None).unwrap()[0];
    let path = format!("{}{rest}", target.path().trim_end_matches('/'));
    let first = format!("{method} {path} {version}\r\nx-forwarded-proto: https\r\n");
    pass(reader, client, server, &first);
}
