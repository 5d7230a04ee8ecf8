//! `cargo xtask ci`: what needs more than Rust alone. Nothing is skipped here.

use std::process::{Command, Stdio};

use crate::openclaw::Environment;
use crate::step::{Failure, Outcome, cargo, execute, execute_cargo, is_installed, root, step};
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
    step("PostgreSQL", postgres)?;
    step("undefined behaviour (Miri)", miri)?;
    fuzz::run(None, fuzz::SECONDS_IN_CI)?;
    step("the plugin by itself", plugin)?;
    e2e::run(None)?;
    demo::run(true)?;
    println!("\nall good");
    Ok(())
}

/// The tests that need PostgreSQL, each of which starts its own: by the name of their modules, and
/// never none.
fn postgres() -> Outcome {
    let tests = ["test", "--workspace", "--all-features", "--locked", "--lib", "--tests"];
    let mut command = cargo(&[&tests[..], &["postgres", "--", "--ignored"]].concat());
    let output = command.stderr(Stdio::inherit()).output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    print!("{report}");
    if !output.status.success() {
        return Err(Failure::new("see the failures above"));
    }
    match passed(&report) {
        0 => Err(Failure::new("no test has run: a test of PostgreSQL has `postgres` in its path")),
        count => {
            println!("    {count} tests");
            Ok(())
        }
    }
}

/// How many tests have passed, by the report of all test binaries.
fn passed(report: &str) -> usize {
    let summaries = report.lines().filter_map(|line| line.strip_prefix("test result: ok. "));
    summaries.filter_map(|line| line.split_once(" passed")?.0.parse::<usize>().ok()).sum()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_have_passed_are_counted() {
        let report = "running 2 tests\ntest a ... ok\n\
            test result: ok. 2 passed; 0 failed; 0 ignored\n\
            test result: ok. 0 passed; 0 failed; 7 ignored\n\
            test result: ok. 11 passed; 0 failed; 0 ignored\n";
        assert_eq!(passed(report), 13);
        assert_eq!(passed("running 0 tests\n"), 0);
    }
}
