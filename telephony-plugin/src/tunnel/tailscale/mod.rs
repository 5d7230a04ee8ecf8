//! Tailscale: two entries that its daemon keeps, in the tailnet or open to everybody.
//!
//! The daemon forwards, and keeps its entries when we and it are killed. So there is no program to
//! watch, but the entries: they are put back when they are gone, and only they are ever removed.

mod config;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use telephony_core::HttpUrl;

pub(super) use self::config::Mount;
use self::config::{Served, Status};
use super::Settings;
use super::error::TunnelError;
use super::keep::Say;
use super::leftovers::{Left, Leftovers};
use super::program::{self, Output};

/// How often is looked whether the entries are there: two short programs each time.
const WATCH: Duration = Duration::from_secs(10);

const NAME: &str = "tailscale";

/// The port that an `https://` URL does not name.
const HTTPS: u16 = 443;

/// The entries of one server.
#[derive(Debug)]
pub(super) struct Tailscale {
    funnel: bool,
    port: u16,
    mounts: Vec<Mount>,
    leftovers: Leftovers,
    /// What is there of ours, as it is written down: once for each name of the machine.
    left: Vec<Left>,
}

impl Tailscale {
    pub(super) fn new(
        settings: &Settings,
        funnel: bool,
        port: Option<u16>,
        leftovers: Leftovers,
    ) -> Result<Self, TunnelError> {
        let host = host(settings.local)?;
        let paths = [&settings.path, &settings.status_path];
        let mounts = paths.map(|path| Mount {
            path: path.clone(),
            target: format!("http://{host}:{}{path}", settings.local.port()),
        });
        let (port, mounts, left) = (port.unwrap_or(HTTPS), mounts.into(), Vec::new());
        Ok(Self { funnel, port, mounts, leftovers, left })
    }

    /// Keeps the entries there. Returns when they cannot be had at first.
    pub(super) async fn life(&mut self, say: &Say) -> TunnelError {
        let mut was_up = false;
        loop {
            let looked = self.look().await;
            match looked.and_then(|url| say.up(url)) {
                Ok(()) => was_up = true,
                Err(error) if was_up => say.down(error),
                Err(error) => return error,
            }
            tokio::time::sleep(WATCH).await;
        }
    }

    /// Removes the entries.
    pub(super) async fn end(&mut self) -> Result<(), TunnelError> {
        let mut result = Ok(());
        for left in std::mem::take(&mut self.left) {
            match left.remove().await {
                Ok(()) => self.leftovers.forget(&left),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    /// Puts there what is not there; by which URL it is reached.
    async fn look(&mut self) -> Result<HttpUrl, TunnelError> {
        let name = status().await?.name(self.funnel, self.port)?;
        let served = served().await?;
        served.allows(&name, self.port, self.funnel, &self.mounts)?;
        let is_there = |served: &Served, mount| {
            served.has(&name, self.port, mount) && served.is_funnel(&name, self.port) == self.funnel
        };
        let (port, mounts) = (self.port, self.mounts.clone());
        let left = Left::Mounts { name: name.clone(), port, mounts };
        if !self.left.contains(&left) {
            self.leftovers.add(&left)?;
            self.left.push(left);
        }
        if !self.mounts.iter().all(|mount| is_there(&served, mount)) {
            for mount in &self.mounts {
                self.mount(mount).await?;
            }
            let served = self::served().await?;
            if !self.mounts.iter().all(|mount| is_there(&served, mount)) {
                return Err(TunnelError::Tailscale(self.verb()));
            }
        }
        let port = if self.port == HTTPS { String::new() } else { format!(":{}", self.port) };
        let url = HttpUrl::parse(&format!("https://{name}{port}"));
        url.map_err(|_| TunnelError::Tailscale("status"))
    }

    const fn verb(&self) -> &'static str {
        if self.funnel { "funnel" } else { "serve" }
    }

    async fn mount(&self, mount: &Mount) -> Result<(), TunnelError> {
        let (port, path) = (format!("--https={}", self.port), format!("--set-path={}", mount.path));
        let words = [self.verb(), "--bg", "--yes", &port, &path, &mount.target];
        let output = program::run(NAME, &words).await?;
        if output.done { Ok(()) } else { Err(refused(&output, self.verb())) }
    }
}

/// Removes those of the entries, which were made for the machine's name, that still lead where ours
/// do.
pub(super) async fn unmount(name: &str, port: u16, mounts: &[Mount]) -> Result<(), TunnelError> {
    let status = status().await?;
    let now = status.known_name().ok_or(TunnelError::LoggedOut)?;
    let served = served().await?;
    for mount in mounts.iter().filter(|mount| served.has(name, port, mount)) {
        // Its command knows no other name than the present one.
        if now != name {
            return Err(TunnelError::Renamed(name.to_owned()));
        }
        let (port, path) = (format!("--https={port}"), format!("--set-path={}", mount.path));
        // This closes the funnel too, with the last entry of the port.
        let output = program::run(NAME, &["serve", "--yes", &port, &path, "off"]).await?;
        if !output.done {
            return Err(refused(&output, "serve"));
        }
    }
    Ok(())
}

async fn status() -> Result<Status, TunnelError> {
    let output = program::run(NAME, &["status", "--json", "--peers=false"]).await?;
    let status = serde_json::from_slice(&output.stdout).ok();
    status.ok_or_else(|| refused(&output, "status"))
}

async fn served() -> Result<Served, TunnelError> {
    let output = program::run(NAME, &["serve", "status", "--json"]).await?;
    let served = if output.done { Served::read(&output.stdout) } else { None };
    served.ok_or_else(|| refused(&output, "serve"))
}

/// Why Tailscale did not do it, by the words that its sources have for that.
fn refused(output: &Output, verb: &'static str) -> TunnelError {
    let says = |words: &str| output.stderr.contains(words);
    if says("failed to connect to local") {
        TunnelError::NoDaemon
    } else if says("ccess denied") || says("--operator") {
        TunnelError::Denied
    } else if says("node attribute not set") || says("Funnel is not enabled") {
        TunnelError::NoFunnel
    } else if says("HTTPS must be enabled") || says("Serve is not enabled") {
        TunnelError::NoHttps
    } else if says("flag provided but not defined")
        || says("the CLI for serve and funnel has changed")
    {
        TunnelError::Old { program: NAME, fix: "run tailscale update, to 1.52 or later" }
    } else {
        TunnelError::Tailscale(verb)
    }
}

/// This machine, as Tailscale takes it for a target.
fn host(local: SocketAddr) -> Result<&'static str, TunnelError> {
    match local.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST => Ok("127.0.0.1"),
        IpAddr::V6(ip) if ip.is_unspecified() => Ok("127.0.0.1"),
        IpAddr::V6(ip) if ip == Ipv6Addr::LOCALHOST => Ok("localhost"),
        ip => Err(TunnelError::Bind(ip)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_a_target() {
        for (local, expected) in [
            ("127.0.0.1:1", Some("127.0.0.1")),
            ("0.0.0.0:1", Some("127.0.0.1")),
            ("[::]:1", Some("127.0.0.1")),
            ("[::1]:1", Some("localhost")),
            ("192.168.1.5:1", None),
            ("127.0.0.2:1", None),
        ] {
            assert_eq!(host(local.parse().unwrap()).ok(), expected, "{local}");
        }
    }

    #[test]
    fn what_it_says_is_understood() {
        for (said, fix) in [
            ("failed to connect to local tailscaled; it doesn't appear to be running", "systemctl"),
            ("sending serve config: Access denied: serve config denied", "--operator"),
            ("Funnel not available; \"funnel\" node attribute not set.", "admin/acls"),
            ("Funnel not available; HTTPS must be enabled.", "admin/dns"),
            ("flag provided but not defined: -bg", "tailscale update"),
            ("something new", "by hand"),
        ] {
            let output = Output { done: false, stdout: Vec::new(), stderr: said.to_owned() };
            let error = refused(&output, "serve").to_string();
            assert!(error.contains(fix), "{said}: {error}");
        }
    }
}
