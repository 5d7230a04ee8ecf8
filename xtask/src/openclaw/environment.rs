//! Node and OpenClaw, fetched by npm into the target folder and kept there.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::progress;
use crate::step::{Failure, Outcome, root};
use crate::workspace::Metadata;

/// The Node that is fetched where the system's is too old.
const NODE_VERSION: &str = "26.10";

/// Where the OpenClaw that is tested against stands, in the plugin's own manifest.
const PLUGIN: &str = "telephony-plugin/openclaw";

/// A Node that OpenClaw runs on, and OpenClaw.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    folder: PathBuf,
    /// The folder of the Node that was fetched; the system's is used when there is none.
    node: Option<PathBuf>,
}

impl Environment {
    /// Fetches what is missing, and shows that it does so.
    pub(crate) fn prepare() -> Result<Self, Failure> {
        let folder = Metadata::read()?.target_directory.join("openclaw");
        fs::create_dir_all(&folder)?;
        let mut environment = Self { folder, node: None };
        let wanted = development()?;
        if !is_supported(&version_of("node")) {
            environment.node = Some(environment.modules().join(node_package()?).join("bin"));
        }
        if environment.is_complete(&wanted) {
            return Ok(environment);
        }
        let mut dependencies = Map::new();
        if environment.node.is_some() {
            dependencies.insert(node_package()?, json!(NODE_VERSION));
            environment.install(&dependencies, &format!("Node {NODE_VERSION}"))?;
        }
        dependencies.extend(wanted.clone());
        environment.install(&dependencies, "OpenClaw (about 900 MB, once)")?;
        if environment.is_complete(&wanted) {
            return Ok(environment);
        }
        let folder = environment.folder.display();
        Err(Failure::new(format!("npm did not install everything: remove {folder} and try again")))
    }

    /// A command that finds the right Node, and OpenClaw.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", self.path());
        command
    }

    /// An npm command.
    pub(crate) fn npm(&self, arguments: &[&str]) -> Command {
        let mut command = self.command("npm");
        command.args(arguments).env("npm_config_update_notifier", "false");
        command.env("npm_config_fund", "false").env("npm_config_audit", "false");
        command
    }

    /// The folder that Node looks packages up in.
    pub(crate) fn modules(&self) -> PathBuf {
        self.folder.join("node_modules")
    }

    /// Where gateways of this environment have their homes.
    pub(crate) fn homes(&self) -> PathBuf {
        self.folder.join("homes")
    }

    /// Gives the plugin's folder the packages that it is developed with, unless it has its own.
    pub(crate) fn link_modules(&self) -> Outcome {
        let link = root().join(PLUGIN).join("node_modules");
        if link.exists() {
            return Ok(());
        }
        // A link to where they once were.
        if fs::symlink_metadata(&link).is_ok() {
            fs::remove_file(&link)?;
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(self.modules(), &link)?;
        Ok(())
    }

    fn install(&self, dependencies: &Map<String, Value>, what: &str) -> Outcome {
        let manifest = json!({ "private": true, "dependencies": dependencies });
        fs::write(self.folder.join("package.json"), serde_json::to_string_pretty(&manifest)?)?;
        let mut install = self.npm(&["install", "--no-package-lock", "--loglevel=error"]);
        install.current_dir(&self.folder);
        progress::run(&mut install, &format!("npm fetches {what}"), &self.folder.join("npm.log"))
    }

    fn is_complete(&self, wanted: &Map<String, Value>) -> bool {
        let has = |(name, version): (&String, &Value)| {
            let manifest = self.modules().join(name).join("package.json");
            let text = fs::read_to_string(manifest).unwrap_or_default();
            let manifest: Value = serde_json::from_str(&text).unwrap_or_default();
            manifest.get("version") == Some(version)
        };
        let node = self.node.as_ref().map(|folder| folder.join("node"));
        wanted.iter().all(has)
            && is_supported(&version_of(node.as_deref().unwrap_or(Path::new("node"))))
    }

    fn path(&self) -> OsString {
        let before = self.node.iter().cloned().chain([self.modules().join(".bin")]);
        let after = env::var_os("PATH").unwrap_or_default();
        let all = before.chain(env::split_paths(&after));
        env::join_paths(all).unwrap_or(after)
    }
}

/// What the plugin is developed with, OpenClaw among it, each at its exact version.
fn development() -> Result<Map<String, Value>, Failure> {
    let manifest = fs::read_to_string(root().join(PLUGIN).join("package.json"))?;
    let manifest: Value = serde_json::from_str(&manifest)?;
    let wanted = manifest.get("devDependencies").and_then(Value::as_object);
    wanted.cloned().ok_or_else(|| Failure::new("the plugin's package.json names no OpenClaw"))
}

/// The package that carries Node's program for this machine.
fn node_package() -> Result<String, Failure> {
    let os = match env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let cpu = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => {
            return Err(Failure::new(format!("npm has no Node for {other}: install Node 26.1")));
        }
    };
    Ok(format!("node-{os}-{cpu}"))
}

fn version_of(node: impl AsRef<Path>) -> String {
    let output = Command::new(node.as_ref()).arg("--version").output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Whether OpenClaw runs on it: `>=24.16 <25` or `>=26.1`.
fn is_supported(version: &str) -> bool {
    let mut numbers = version.trim().trim_start_matches('v').split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(24)), Some(Ok(minor))) => minor >= 16,
        (Some(Ok(26)), Some(Ok(minor))) => minor >= 1,
        (Some(Ok(major)), _) => major > 26,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_node_is_used_where_openclaw_runs_on_it() {
        for version in ["v24.16.0", "v24.20.1", "v26.1.0", "v26.10.0", "v27.0.0\n"] {
            assert!(is_supported(version), "{version}");
        }
        for version in ["v20.20.2", "v24.15.9", "v25.9.0", "v26.0.9", "", "garbage"] {
            assert!(!is_supported(version), "{version}");
        }
    }
}
