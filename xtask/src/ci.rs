//! `cargo xtask ci`: what needs more than Rust alone. Nothing is skipped here.

use std::process::Command;

use crate::openclaw::Environment;
use crate::step::{Failure, Outcome, execute, execute_cargo, is_installed, root, step};
use crate::test::deny;
use crate::{demo, e2e, fuzz, no_std, package};

pub(crate) fn run() -> Outcome {
    step("licences and sources", || {
        if is_installed("cargo-deny", &["--version"]) {
            deny()
        } else {
            Err(Failure::new("cargo-deny is missing; run `cargo install --locked cargo-deny`"))
        }
    })?;
    step("the segmenter without the standard library", no_std::run)?;
    step("packages by themselves", package::run)?;
    step("benchmarks compile", || {
        // Unoptimised, as the tests are, whose packages are compiled already: that they compile is
        // asked here, and `cargo xtask bench` asks how fast they are.
        let bench = ["bench", "--workspace", "--all-features", "--no-run", "--locked"];
        execute_cargo(&[&bench[..], &["--profile", "dev"]].concat(), "see the errors above")
    })?;
    step("undefined behaviour (Miri)", miri)?;
    fuzz::run(None, fuzz::SECONDS_IN_CI)?;
    step("the plugin by itself", plugin)?;
    e2e::run(None)?;
    demo::run(true)?;
    println!("\nall good");
    Ok(())
}

/// The plugin's types, and its tests against stand-ins.
fn plugin() -> Outcome {
    let environment = Environment::prepare()?;
    environment.link_modules()?;
    for script in ["check", "test"] {
        let mut command = environment.npm(&["run", "--silent", script]);
        let plugin = root().join("telephony-plugin/openclaw");
        execute(command.current_dir(plugin), "see the errors above")?;
    }
    Ok(())
}

/// The segmenter's unit tests under Miri, which is part of some nightly toolchains only. That it
/// is not there is no failure: `unsafe` is forbidden in this workspace, so there is little to find.
fn miri() -> Outcome {
    if !is_installed("cargo", &["+nightly", "miri", "--version"]) {
        println!("    Miri is not part of any toolchain here");
        return Ok(());
    }
    let mut command = Command::new("cargo");
    command.args(["+nightly", "miri", "test", "-p", "telephony-sms", "--all-features", "--lib"]);
    execute(command.current_dir(root()), "see the report above")
}
