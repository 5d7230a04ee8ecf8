//! The files beside the documents: what they name is there, and they fit each other.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use telephony_core::config::{Config, Database, Host, load};
use yaml_rust2::{Yaml, YamlLoader};

use super::markdown::root;

/// Connections that PostgreSQL gives unless it is told otherwise.
const MAX_CONNECTIONS: i64 = 100;

/// Variables that are no key of the configuration.
const OTHERS: [&str; 2] = ["TELEPHONY_STATE_DIR", "TELEPHONY_LOG"];

fn read(name: &str) -> String {
    fs::read_to_string(root().join("docs/examples").join(name)).unwrap()
}

fn compose() -> Yaml {
    YamlLoader::load_from_str(&read("compose.yaml")).unwrap().remove(0)
}

fn texts(list: &Yaml) -> Vec<&str> {
    list.as_vec().unwrap().iter().map(|item| item.as_str().unwrap()).collect()
}

fn keys(map: &Yaml) -> BTreeSet<&str> {
    map.as_hash().unwrap().keys().map(|key| key.as_str().unwrap()).collect()
}

/// Where files of this folder are inside a container.
fn mounted(service: &Yaml) -> Vec<(&str, &str)> {
    let volumes = texts(&service["volumes"]).into_iter();
    volumes.filter_map(|volume| volume.strip_prefix("./")?.split_once(':')).collect()
}

/// The configuration of the nodes, with the variables that they have and no others; each of them is
/// asked for.
fn config(node: &Yaml) -> Config {
    let variables = &node["environment"];
    let asked = RefCell::new(BTreeSet::new());
    let environment = |name: &str| {
        asked.borrow_mut().insert(name.to_owned());
        let value = variables[name].as_str()?;
        // What stands in for `${NAME:?why}`.
        Some(if value.starts_with("${") { format!("AC{:032}", 1) } else { value.to_owned() })
    };
    let config = load(&read("telephony.json5"), Host::Standalone, &environment);
    let config = config.unwrap_or_else(|errors| panic!("{errors}"));
    for name in keys(variables) {
        let is_known = asked.borrow().contains(name) || OTHERS.contains(&name);
        assert!(is_known, "nobody asks for {name}");
    }
    config
}

#[test]
fn the_nodes_have_what_their_configuration_needs() {
    let compose = compose();
    let node = &compose["services"]["telephony"];
    let config = config(node);
    assert!(matches!(config.database, Database::Postgres(_)), "{config:?}");
    let url = node["environment"]["TELEPHONY_DATABASE"].as_str().unwrap();
    let (_, user) = url.split_once("//").unwrap();
    let server = &compose["services"]["postgres"]["environment"];
    assert!(user.starts_with(&format!("{}:", server["POSTGRES_USER"].as_str().unwrap())), "{url}");
    let database = server["POSTGRES_DB"].as_str().unwrap();
    assert!(url.contains(&format!("@postgres/{database}?")), "{url}");
    let pool = url.split("pool_size=").nth(1).unwrap().parse::<i64>().unwrap();
    // One more for each, by which nodes wake each other.
    let replicas = node["deploy"]["replicas"].as_i64().unwrap();
    assert!(replicas > 1 && replicas * (pool + 1) < MAX_CONNECTIONS, "{replicas} of {pool}");

    let command = texts(&node["command"]);
    let help = Command::new(env!("CARGO_BIN_EXE_telephony")).args(["help", command[0]]).output();
    let help = String::from_utf8(help.unwrap().stdout).unwrap();
    for word in command.iter().filter(|word| word.starts_with("--")) {
        assert!(help.contains(*word), "{word}");
    }
    let at = command.iter().position(|word| *word == "--config").unwrap();
    let target = format!("{}:ro", command[at + 1]);
    assert!(mounted(node).contains(&("telephony.json5", target.as_str())), "{target}");
    let health = texts(&node["healthcheck"]["test"]);
    // Of the process alone: nodes are not to be unhealthy while PostgreSQL is down.
    let listens = format!(": < /dev/tcp/127.0.0.1/{}", config.serve.port);
    assert_eq!(health, ["CMD", "bash", "-c", listens.as_str()]);
}

#[test]
fn the_proxy_leads_to_the_nodes_and_is_believed() {
    let compose = compose();
    let (node, proxy) = (&compose["services"]["telephony"], &compose["services"]["proxy"]);
    let config = config(node);
    let nginx = read("nginx.conf");
    assert!(nginx.contains(&format!("server telephony:{} resolve", config.serve.port)), "{nginx}");
    for path in [&config.serve.path, &config.serve.status_path] {
        assert!(path.starts_with("/telephony/"), "{path}");
    }
    let media = format!("location {}/media/ {{", config.serve.path);
    for words in ["location /telephony/ {", media.as_str(), "http_404"] {
        assert!(nginx.contains(words), "{words} is not there");
    }
    // A path behind it would have nginx write the path anew.
    assert!(!nginx.contains("proxy_pass http://telephony/"), "{nginx}");
    assert!(mounted(proxy).contains(&("nginx.conf", "/etc/nginx/nginx.conf:ro")));
    let host = config.accounts[0].public_url.as_ref().unwrap().as_str();
    let name = host.trim_start_matches("https://").trim_end_matches('/');
    assert!(nginx.contains(&format!("server_name {name};")), "{name}");

    let network = compose["networks"]["inside"]["ipam"]["config"][0]["subnet"].as_str().unwrap();
    let trusted = config.webhook_security.trusted_proxies.iter().map(ToString::to_string);
    assert_eq!(trusted.collect::<Vec<_>>(), [network]);
    assert!(!config.serve.bind.is_loopback(), "the proxy is elsewhere");
}

#[test]
fn all_that_services_need_is_declared() {
    let compose = compose();
    let (services, volumes) = (keys(&compose["services"]), keys(&compose["volumes"]));
    for name in &services {
        let service = &compose["services"][*name];
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            let is_there = match source.strip_prefix("./") {
                // Those are whoever's runs it.
                Some("certs") => true,
                Some(file) => root().join("docs/examples").join(file).is_file(),
                None => source.starts_with('/') || volumes.contains(source),
            };
            assert!(is_there, "{name}: {volume}");
        }
        for network in texts(&service["networks"]) {
            assert!(keys(&compose["networks"]).contains(network), "{name}: {network}");
        }
        for (on, how) in service["depends_on"].as_hash().into_iter().flatten() {
            let on = on.as_str().unwrap();
            assert!(services.contains(on), "{name}: {on}");
            assert_eq!(how["condition"].as_str(), Some("service_healthy"), "{name}: {on}");
            assert!(!compose["services"][on]["healthcheck"].is_badvalue(), "{on} is never healthy");
        }
    }
}

#[test]
fn the_image_is_built_of_what_there_is() {
    let file = read("Dockerfile");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let version = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(file.contains(&format!("FROM rust:{version}-")), "Rust is {version}");
    let build = "cargo build --locked --profile dist -p telephony-plugin --bin telephony";
    assert!(file.contains(build) && manifest.contains("[profile.dist]"), "{file}");
    let user = file.lines().find_map(|line| line.strip_prefix("USER ")).unwrap();
    assert!(user.parse::<u32>().unwrap() > 0, "nobody runs it as root");
    assert!(file.contains("ENTRYPOINT [\"telephony\"]"), "{file}");
    let node = &compose()["services"]["telephony"]["build"];
    let context = root().join("docs/examples").join(node["context"].as_str().unwrap());
    assert!(context.join(node["dockerfile"].as_str().unwrap()).is_file());
    assert!(context.join("Cargo.lock").is_file());
    // Nor of what is nobody else's: each layer of an image can be read.
    let ignored = read("Dockerfile.dockerignore");
    for secret in ["docs/examples/.env", "docs/examples/certs", ".git"] {
        assert!(ignored.lines().any(|line| line == secret), "{secret}");
    }
}
