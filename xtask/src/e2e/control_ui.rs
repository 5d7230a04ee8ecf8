//! The form of the channel in the gateway's own user interface, in a real browser.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::{Stage, check, seen};
use crate::step::{Failure, Outcome, is_installed, root};

/// The browsers that are looked for.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

pub(super) fn run(stage: &Stage) -> Outcome {
    let browser = BROWSERS.into_iter().find(|browser| is_installed(browser, &["--version"]));
    let browser =
        browser.ok_or_else(|| Failure::new("there is no browser: install Debian's `chromium`"))?;
    let mut gateway = stage.gateway("control-ui")?;
    let mut channel = stage.carrier.twilio();
    channel["enabled"] = true.into();
    let shown = |pointer: &str| {
        let value = channel.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        value.ok_or_else(|| Failure::new(format!("the configuration has no {pointer}")))
    };
    let (number, secret) = (shown("/fromNumber")?, shown("/twilio/authToken")?);
    gateway.set_channel(channel)?;
    gateway.start()?;
    let script: PathBuf = root().join("telephony-plugin/openclaw/e2e/control-ui.mjs");
    let url = format!("http://127.0.0.1:{}/", gateway.port);
    let mut command: Command = stage.environment.command("node");
    command.arg(script).args([browser, &url, &gateway.token]);
    command.arg(gateway.home.join("browser")).args([&number, &secret]).env("HOME", &gateway.home);
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    check(output.status.success(), "the form renders from our schema", || {
        format!("{said}{errors}")
    })?;
    said.lines().for_each(seen);
    gateway.stop()
}
