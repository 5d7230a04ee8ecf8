//! `cargo xtask test`: the one test command. It needs nothing but Rust.

use crate::step::{Outcome, cargo, execute, execute_cargo, is_installed, step};
use crate::workspace::LIBRARIES;
use crate::{codegen, fuzz, tidy};

pub(crate) fn run() -> Outcome {
    step("format", format)?;
    step("tidiness", tidy::run)?;
    step("generated files", || codegen::run(true))?;
    step("lints", || {
        let lints = ["clippy", "--workspace", "--all-targets", "--all-features", "--locked"];
        let deny = ["--", "--deny", "warnings"];
        execute_cargo(&[&lints[..], &deny].concat(), "see the warnings above")
    })?;
    step("features by themselves", features)?;
    step("tests", || {
        let tests = ["test", "--workspace", "--all-features", "--locked"];
        execute_cargo(&tests, "see the failures above")
    })?;
    step("documentation", || {
        let doc = ["doc", "--workspace", "--all-features", "--no-deps", "--locked"];
        execute(cargo(&doc).env("RUSTDOCFLAGS", "--deny warnings"), "see the warnings above")
    })?;
    step("licences and sources", || {
        if is_installed("cargo-deny", &["--version"]) {
            return deny();
        }
        println!("    cargo-deny is not installed: left to `cargo xtask ci`");
        Ok(())
    })?;
    println!("\nall good");
    Ok(())
}

/// The workspace's sources, and those of the fuzz targets, which are outside it.
fn format() -> Outcome {
    execute_cargo(&["fmt", "--all", "--check"], "run `cargo fmt --all`")?;
    let manifest = format!("{}/Cargo.toml", fuzz::FOLDER);
    let remedy = format!("run `cargo fmt --manifest-path {manifest}`");
    execute_cargo(&["fmt", "--manifest-path", &manifest, "--check"], &remedy)
}

/// Licences, sources and bans, from what is on disk: needs no network.
pub(crate) fn deny() -> Outcome {
    let arguments = ["deny", "--offline", "check", "licenses", "bans", "sources"];
    execute_cargo(&arguments, "see .deny.toml for what is allowed and why")
}

/// Each library builds without its default features, the stores in PostgreSQL without those in files,
/// and the segmenter with each feature alone.
fn features() -> Outcome {
    const REMEDY: &str = "a feature must not need another one that it does not name";
    for library in LIBRARIES {
        execute_cargo(&["check", "--quiet", "-p", library, "--no-default-features"], REMEDY)?;
    }
    for library in ["telephony-webhook", "telephony-pairing"] {
        let alone = ["check", "--quiet", "-p", library, "--no-default-features"];
        execute_cargo(&[&alone[..], &["--features", "postgres"]].concat(), REMEDY)?;
    }
    for feature in ["alloc", "std", "serde", "grapheme", "translit", "nli", "pdu"] {
        let segmenter = ["check", "--quiet", "-p", "telephony-sms", "--no-default-features"];
        execute_cargo(&[&segmenter[..], &["--features", feature]].concat(), REMEDY)?;
    }
    Ok(())
}
