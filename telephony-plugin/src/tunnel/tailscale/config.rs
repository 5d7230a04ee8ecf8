//! What Tailscale says of itself: its state, and what it serves for whom.
//!
//! The shapes are those of `tailscale status --json` (`ipnstate.Status`) and of
//! `tailscale serve status --json` (`ipn.ServeConfig`) in Tailscale's sources.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::tunnel::error::{Mixed, TunnelError};

/// The attribute that lets a machine open a funnel, and the one that names the ports.
const FUNNEL: &str = "funnel";
const FUNNEL_PORTS: &str = "https://tailscale.com/cap/funnel-ports";

/// The attribute of a tailnet with certificates.
const HTTPS: &str = "https";

/// A path, and where it leads. Tailscale takes the path off and puts the target's in its place, so
/// a target that ends in the path keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::tunnel) struct Mount {
    pub(in crate::tunnel) path: String,
    pub(in crate::tunnel) target: String,
}

/// How Tailscale is on this machine.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Status {
    #[serde(default)]
    backend_state: String,
    #[serde(rename = "Self", default)]
    machine: Option<Machine>,
    #[serde(default)]
    cert_domains: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Machine {
    #[serde(rename = "DNSName", default)]
    name: String,
    #[serde(rename = "CapMap", default)]
    attributes: Option<BTreeMap<String, Value>>,
}

impl Status {
    /// The machine's name, if it can be reached by it as we want to.
    pub(super) fn name(&self, funnel: bool, port: u16) -> Result<String, TunnelError> {
        match self.backend_state.as_str() {
            "Running" => {}
            "Stopped" => return Err(TunnelError::Stopped),
            "NeedsLogin" | "NeedsMachineAuth" => return Err(TunnelError::LoggedOut),
            _ => return Err(TunnelError::Tailscale("status")),
        }
        let machine = self.machine.as_ref().ok_or(TunnelError::Tailscale("status"))?;
        let name = self.known_name().ok_or(TunnelError::NoHttps)?;
        // Versions before 1.50 do not list attributes; serve itself says then what is missing.
        if let Some(attributes) = &machine.attributes {
            let certified = self.cert_domains.as_ref().is_some_and(|names| !names.is_empty());
            if !certified && !attributes.contains_key(HTTPS) {
                return Err(TunnelError::NoHttps);
            }
            if funnel {
                may_funnel(attributes, port)?;
            }
        }
        Ok(name.to_owned())
    }

    /// The machine's name, whether or not it can be reached by it now.
    pub(super) fn known_name(&self) -> Option<&str> {
        let name = self.machine.as_ref()?.name.trim_end_matches('.');
        (!name.is_empty()).then_some(name)
    }
}

/// Asked to open a funnel that is not allowed, the program waits for somebody to allow it in a
/// browser; so we look first.
fn may_funnel(attributes: &BTreeMap<String, Value>, port: u16) -> Result<(), TunnelError> {
    if !attributes.contains_key(FUNNEL) {
        return Err(TunnelError::NoFunnel);
    }
    let named = attributes.keys().find_map(|name| name.strip_prefix(FUNNEL_PORTS));
    let Some(ports) = named.and_then(|query| query.strip_prefix("?ports=")) else { return Ok(()) };
    let is_open = ports.split(',').any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let within = || Some((first.parse().ok()?..=last.parse().ok()?).contains(&port));
        within() == Some(true)
    });
    if is_open { Ok(()) } else { Err(TunnelError::FunnelPort(port)) }
}

/// What Tailscale serves.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Served {
    #[serde(rename = "TCP", default)]
    ports: Option<BTreeMap<String, Listening>>,
    #[serde(default)]
    web: Option<BTreeMap<String, Web>>,
    #[serde(default)]
    allow_funnel: Option<BTreeMap<String, bool>>,
    /// What programs serve as long as they run.
    #[serde(default)]
    foreground: Option<BTreeMap<String, Served>>,
}

#[derive(Debug, Deserialize)]
struct Listening {
    #[serde(rename = "HTTPS", default)]
    https: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Web {
    #[serde(default)]
    handlers: Option<BTreeMap<String, Handler>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Handler {
    #[serde(default)]
    proxy: Option<String>,
    #[serde(default)]
    path: Option<String>,
}

impl Served {
    /// What is served, of what the program prints, which is `null` for nothing.
    pub(super) fn read(printed: &[u8]) -> Option<Self> {
        if printed.trim_ascii().is_empty() {
            return Some(Self::default());
        }
        serde_json::from_slice::<Option<Self>>(printed).ok().map(Option::unwrap_or_default)
    }

    /// Whether an entry is there and leads where ours would.
    pub(super) fn has(&self, name: &str, port: u16, mount: &Mount) -> bool {
        let handler = self.handlers(name, port).find(|(path, _)| same(path, &mount.path));
        handler.is_some_and(|(_, handler)| handler.proxy.as_deref() == Some(&mount.target))
    }

    /// Whether a port is open to everybody.
    pub(super) fn is_funnel(&self, name: &str, port: u16) -> bool {
        let opened = self.allow_funnel.as_ref().and_then(|all| all.get(&at(name, port)));
        opened.copied().unwrap_or_default()
    }

    /// Whether our entries can be put there without touching what is somebody else's.
    pub(super) fn allows(
        &self,
        name: &str,
        port: u16,
        funnel: bool,
        mounts: &[Mount],
    ) -> Result<(), TunnelError> {
        let has = |served: &Self| {
            served.ports.as_ref().is_some_and(|all| all.contains_key(&port.to_string()))
        };
        if self.foreground.iter().flatten().any(|(_, served)| has(served)) {
            return Err(TunnelError::PortTaken(port));
        }
        let listening = self.ports.as_ref().and_then(|all| all.get(&port.to_string()));
        if listening.is_some_and(|listening| !listening.https) {
            return Err(TunnelError::PortTaken(port));
        }
        let mut others = false;
        for (path, handler) in self.handlers(name, port) {
            let Some(mount) = mounts.iter().find(|mount| same(path, &mount.path)) else {
                others = true;
                continue;
            };
            if handler.proxy.as_deref() != Some(&mount.target) {
                let target = handler.proxy.as_ref().or(handler.path.as_ref());
                let target = target.map_or("a text", String::as_str).to_owned();
                return Err(TunnelError::PathTaken { path: path.to_owned(), port, target });
            }
        }
        match (others, funnel, self.is_funnel(name, port)) {
            (true, true, false) => Err(TunnelError::Mixed(Mixed::Opened(port))),
            (true, false, true) => Err(TunnelError::Mixed(Mixed::Closed(port))),
            _ => Ok(()),
        }
    }

    fn handlers(&self, name: &str, port: u16) -> impl Iterator<Item = (&str, &Handler)> {
        let web = self.web.as_ref().and_then(|all| all.get(&at(name, port)));
        let handlers = web.and_then(|web| web.handlers.as_ref());
        handlers.into_iter().flatten().map(|(path, handler)| (path.as_str(), handler))
    }
}

fn at(name: &str, port: u16) -> String {
    format!("{name}:{port}")
}

/// Of `/a` and `/a/` Tailscale keeps one.
fn same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAME: &str = "box.tail1.ts.net";

    fn status(state: &str, attributes: &[&str]) -> Status {
        let attributes: BTreeMap<_, _> =
            attributes.iter().map(|name| (*name, Value::Null)).collect();
        let machine = json!({ "DNSName": format!("{NAME}."), "CapMap": attributes });
        serde_json::from_value(json!({ "BackendState": state, "Self": machine })).unwrap()
    }

    fn mount(path: &str) -> Mount {
        Mount { path: path.to_owned(), target: format!("http://127.0.0.1:3335{path}") }
    }

    fn served(handlers: Value, funnel: bool) -> Served {
        let config = json!({
            "TCP": { "443": { "HTTPS": true } },
            "Web": { format!("{NAME}:443"): { "Handlers": handlers } },
            "AllowFunnel": { format!("{NAME}:443"): funnel },
        });
        Served::read(config.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn what_keeps_a_machine_from_being_reached_is_named() {
        let ports = format!("{FUNNEL_PORTS}?ports=443,8443-8444");
        let all = [HTTPS, FUNNEL, ports.as_str()];
        assert_eq!(status("Running", &all).name(true, 443).unwrap(), NAME);
        assert_eq!(status("Running", &all).name(true, 8444).unwrap(), NAME);
        assert_eq!(status("Running", &[HTTPS]).name(false, 3000).unwrap(), NAME);
        let refused =
            |state: &str, attributes: &[&str]| status(state, attributes).name(true, 10_000);
        assert!(matches!(refused("Running", &all), Err(TunnelError::FunnelPort(10_000))));
        assert!(matches!(refused("Running", &[HTTPS]), Err(TunnelError::NoFunnel)));
        assert!(matches!(refused("Running", &[FUNNEL]), Err(TunnelError::NoHttps)));
        assert!(matches!(refused("NeedsLogin", &all), Err(TunnelError::LoggedOut)));
        assert!(matches!(refused("Stopped", &all), Err(TunnelError::Stopped)));
        assert!(matches!(refused("Starting", &all), Err(TunnelError::Tailscale(_))));
    }

    #[test]
    fn nothing_of_anybody_elses_is_taken_opened_or_closed() {
        let ours = [mount("/sms"), mount("/status")];
        let proxy = |target: &str| json!({ "Proxy": target });
        let allows = |served: Served, funnel| served.allows(NAME, 443, funnel, &ours);
        for nothing in [&b"null"[..], b"", b"{}"] {
            assert!(allows(Served::read(nothing).unwrap(), true).is_ok());
        }
        assert!(Served::read(b"No serve config").is_none());
        let left = || json!({ "/sms": proxy("http://127.0.0.1:3335/sms") });
        assert!(allows(served(left(), true), false).is_ok(), "an entry of ours");
        let foreign = json!({ "/sms/": proxy("http://127.0.0.1:9/") });
        assert!(matches!(
            allows(served(foreign, false), false),
            Err(TunnelError::PathTaken { .. })
        ));
        let beside = || json!({ "/": proxy("http://127.0.0.1:9") });
        assert!(allows(served(beside(), true), true).is_ok());
        assert!(allows(served(beside(), false), false).is_ok());
        assert!(matches!(
            allows(served(beside(), false), true),
            Err(TunnelError::Mixed(Mixed::Opened(_)))
        ));
        assert!(matches!(
            allows(served(beside(), true), false),
            Err(TunnelError::Mixed(Mixed::Closed(_)))
        ));
        for taken in [
            json!({ "TCP": { "443": { "TCPForward": "127.0.0.1:22" } } }),
            json!({ "Foreground": { "1": { "TCP": { "443": { "HTTPS": true } } } } }),
        ] {
            let taken = Served::read(taken.to_string().as_bytes()).unwrap();
            assert!(matches!(allows(taken, false), Err(TunnelError::PortTaken(443))));
        }
    }
}
