//! `cargo xtask fuzz`: builds the fuzz targets, and runs them against what they must hold.
//!
//! LLVM's coverage counters and libFuzzer itself both work on stable Rust. Only the sanitizers need
//! a nightly one, and they look for what `unsafe` does, which this workspace forbids.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread::available_parallelism;

use crate::step::{Failure, Outcome, cargo, execute, is_installed, root, step};
use crate::workspace::{Metadata, host_triple};

/// Where the targets, their corpora and their manifest are.
pub(crate) const FOLDER: &str = "telephony-plugin/fuzz";

/// How long a target runs in `cargo xtask ci`, in seconds: all seeds and some mutations of each.
/// All of them take half a minute on two cores, after a build of three minutes of one core.
pub(crate) const SECONDS_IN_CI: u32 = 3;

/// The longest that one input may take, in seconds. Inputs have a few kilobytes.
const MAX_INPUT_SECONDS: u32 = 25;

/// The most memory that a target may take, in mebibytes. They take about 40.
const MAX_MEMORY: u32 = 1024;

/// What puts the counters in that libFuzzer reads, and turns warnings into errors.
const FLAGS: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "--cfg=fuzzing",
    "-Dwarnings",
];

/// Runs one target or all of them, each for so many seconds.
pub(crate) fn run(only: Option<&str>, seconds: u32) -> Outcome {
    let mut targets = targets()?;
    if let Some(only) = only {
        if !targets.iter().any(|target| target == only) {
            let known = targets.join(", ");
            return Err(Failure::new(format!("there is no target {only}; there are {known}")));
        }
        targets.retain(|target| target == only);
    }
    let folder = Metadata::read()?.target_directory.join("fuzz");
    let binaries = step("fuzz targets", || build(&folder))?;
    let at_once = available_parallelism()?.get();
    for targets in targets.chunks(at_once) {
        step(&format!("fuzzing: {}", targets.join(", ")), || {
            let runs: Vec<_> = targets
                .iter()
                .map(|target| Run::start(target, &binaries, &folder, seconds))
                .collect::<Result<_, _>>()?;
            // Each is waited for, so that none is left behind by another's failure.
            let outcomes: Vec<_> = runs.into_iter().map(Run::end).collect();
            outcomes.into_iter().collect::<Outcome>()
        })?;
    }
    Ok(())
}

/// The targets by name, each with its corpus.
fn targets() -> Result<Vec<String>, Failure> {
    let mut targets = Vec::new();
    for entry in fs::read_dir(root().join(FOLDER).join("fuzz_targets"))? {
        let path = entry?.path();
        targets.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
    }
    targets.sort();
    Ok(targets)
}

/// All binaries with one call of cargo, and where they are.
fn build(folder: &Path) -> Result<PathBuf, Failure> {
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    if !is_installed(&compiler, &["--version"]) {
        return Err(Failure::new("libFuzzer is C++: install a C++ compiler, such as g++"));
    }
    let triple = host_triple()?;
    let manifest = format!("{FOLDER}/Cargo.toml");
    let build = ["build", "--quiet", "--release", "--locked", "--bins"];
    // With a target named, what runs at build time is built without instruments.
    let mut command = cargo(&[&build[..], &["--manifest-path", &manifest]].concat());
    command.args(["--target", &triple]).env("RUSTFLAGS", FLAGS.join(" "));
    command.env("CARGO_TARGET_DIR", folder);
    execute(&mut command, "see the errors above")?;
    Ok(folder.join(triple).join("release"))
}

/// A target that runs.
struct Run {
    target: String,
    child: Child,
    log: PathBuf,
    failures: PathBuf,
}

impl Run {
    /// Starts a target. What it finds to reach new code is kept beside the build for the next run,
    /// so the corpus stays what is checked in.
    fn start(target: &str, binaries: &Path, folder: &Path, seconds: u32) -> Result<Self, Failure> {
        let corpus = root().join(FOLDER).join("corpus").join(target);
        if !corpus.is_dir() {
            return Err(Failure::new(format!("{target} has no corpus: add {}", corpus.display())));
        }
        let (found, failures) =
            (folder.join("found").join(target), folder.join("failures").join(target));
        fs::create_dir_all(&found)?;
        fs::create_dir_all(&failures)?;
        let log = folder.join(format!("{target}.log"));
        let output = File::create(&log)?;
        let child = Command::new(binaries.join(target))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-timeout={MAX_INPUT_SECONDS}"))
            .arg(format!("-rss_limit_mb={MAX_MEMORY}"))
            .arg(format!("-artifact_prefix={}/", failures.display()))
            .args([&found, &corpus])
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()?;
        Ok(Self { target: target.to_owned(), child, log, failures })
    }

    /// Waits for its end, and says what it did.
    fn end(mut self) -> Outcome {
        let status = self.child.wait()?;
        let log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        match verdict(status, &log) {
            Ok(done) => {
                println!("    {}: {done}", self.target);
                Ok(())
            }
            Err(why) => Err(Failure::new(format!(
                "{}: {why}; the input is in {}: mend what it shows, and keep it as \
                 {FOLDER}/corpus/{}/<what it shows>; all is in {}",
                self.target,
                self.failures.display(),
                self.target,
                self.log.display(),
            ))),
        }
    }
}

/// What a run that ended well did, or why it did not.
fn verdict(status: ExitStatus, log: &str) -> Result<String, String> {
    if !status.success() {
        // A panic is said in two lines: where, and what.
        let mut lines = log.lines().skip_while(|line| !line.contains("panicked at"));
        let panic: Vec<_> = lines.by_ref().take(2).map(str::trim).collect();
        let error = || log.lines().find(|line| line.contains("ERROR: libFuzzer"));
        return Err(match (panic.is_empty(), error()) {
            (true, Some(error)) => error.trim().to_owned(),
            (true, None) => format!("{status}"),
            (false, _) => panic.join(": "),
        });
    }
    let last = log.lines().rfind(|line| line.contains("DONE")).unwrap_or_default();
    let figure = |name: &str| {
        let mut words = last.split_whitespace().skip_while(|word| *word != name);
        words.nth(1).and_then(|figure| figure.parse::<u64>().ok()).unwrap_or_default()
    };
    let runs = last.split_whitespace().next().unwrap_or_default().trim_start_matches('#');
    // Without counters it runs too, but finds nothing.
    match figure("cov:") {
        0 => Err("no coverage was counted: the build has no instruments".to_owned()),
        places => Ok(format!("{runs} runs, {places} places in the code reached")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(program: &str) -> ExitStatus {
        Command::new(program).status().unwrap()
    }

    #[test]
    fn a_run_that_found_something_or_could_not_fails() {
        let done = "#9\tINITED cov: 5 ft: 7\n#1747\tDONE   cov: 5386 ft: 7824 corp: 398/172Kb\n";
        let said = verdict(status("true"), done).unwrap();
        assert_eq!(said, "1747 runs, 5386 places in the code reached");
        assert!(verdict(status("true"), &done.replace("cov: 5386 ", "")).is_err());
        let panicked = "thread '<unnamed>' panicked at a.rs:1:2:\nwhat it is\nstack backtrace:\n\
                        ==7== ERROR: libFuzzer: deadly signal\n";
        let why = verdict(status("false"), panicked).unwrap_err();
        assert_eq!(why, "thread '<unnamed>' panicked at a.rs:1:2:: what it is");
        let slow = "==7== ERROR: libFuzzer: timeout after 25 seconds\n";
        assert!(verdict(status("false"), slow).unwrap_err().contains("timeout"));
        assert!(verdict(status("false"), done).is_err());
    }

    #[test]
    fn fuzz() {
        let manifest = fs::read_to_string(root().join(FOLDER).join("Cargo.toml")).unwrap();
        let targets = targets().unwrap();
        // What outside bytes are: forms, JSON, URLs, headers, JSON-RPC, PDUs, and what stands on them.
        let parsers = "address config form headers mock pdu plivo rpc segments telnyx twilio url";
        assert_eq!(targets.join(" "), parsers);
        for target in &targets {
            assert!(manifest.contains(&format!("\nname = \"{target}\"\n")), "{target}");
            let corpus = fs::read_dir(root().join(FOLDER).join("corpus").join(target));
            assert!(corpus.unwrap().count() > 3, "{target}");
        }
        assert_eq!(manifest.matches("[[bin]]").count(), targets.len());
        assert!(run(Some("nothing"), 1).unwrap_err().to_string().contains("form"));
    }
}
