//! `cargo xtask release`: what is published, and what is installed until it is.

mod sbom;
mod stage;
mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use crate::openclaw::Environment;
use crate::step::{Failure, Outcome, execute, execute_cargo, step};
use crate::workspace::Metadata;

pub(crate) use target::Target;

/// The most that the stripped program may weigh, in bytes: OpenClaw copies it with the plugin.
pub(crate) const MAX_BINARY: u64 = 15_000_000;

/// Which program is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    /// As it is shipped, which takes minutes to build.
    Shipped,
    /// As the tests have it, who have built it already: what it does is the same.
    Tested,
}

/// What was made.
#[derive(Debug)]
pub(crate) struct Release {
    /// The program.
    pub(crate) binary: PathBuf,
    /// The package that carries the program itself: installs without any registry.
    pub(crate) offline: PathBuf,
    /// What works when it is copied to `~/.openclaw/extensions/telephony`.
    pub(crate) extension: PathBuf,
}

/// Makes everything for one target, and says where it is.
pub(crate) fn run(target: Option<&str>, out: Option<&Path>) -> Outcome {
    let environment = Environment::prepare()?;
    let release = build(&environment, Program::Shipped, target, out)?;
    println!("\n    program    {}", release.binary.display());
    println!("    offline    {}", release.offline.display());
    println!("    extension  {}", release.extension.display());
    Ok(())
}

/// Everything that the plugin needs to be tried inside a real OpenClaw here, step by step.
pub(crate) fn prepare(program: Program) -> Result<(Environment, Release), Failure> {
    let environment = step("Node and OpenClaw", Environment::prepare)?;
    let made = || build(&environment, program, None, None);
    let release = step("the plugin and its program", made)?;
    Ok((environment, release))
}

/// Makes everything for one target; this machine's when none is named.
pub(crate) fn build(
    environment: &Environment,
    program: Program,
    target: Option<&str>,
    out: Option<&Path>,
) -> Result<Release, Failure> {
    let metadata = Metadata::read()?;
    let target = target.map_or_else(Target::of_this_machine, Target::parse)?;
    let binary = match program {
        Program::Shipped => shipped(&metadata, &target)?,
        Program::Tested => tested(&metadata)?,
    };
    let out = match out {
        Some(out) => out.to_owned(),
        None => metadata.target_directory.join("release-packages"),
    };
    if out.exists() {
        fs::remove_dir_all(&out)?;
    }
    fs::create_dir_all(&out)?;
    let out = fs::canonicalize(out)?;
    environment.link_modules()?;
    let staged = stage::run(environment, &target, &binary, &out)?;
    sbom::write(&target, &out.join("telephony.cdx.json"))?;
    checksums(&out)?;
    Ok(Release { binary, offline: staged.offline, extension: staged.extension })
}

/// Builds the program with the tests, of which it takes what only a debugger reads.
fn tested(metadata: &Metadata) -> Result<PathBuf, Failure> {
    let tests = ["test", "--workspace", "--all-features", "--locked", "--no-run", "--quiet"];
    execute_cargo(&tests, "see the errors above")?;
    let folder = metadata.target_directory.join("tested");
    fs::create_dir_all(&folder)?;
    let binary = folder.join("telephony");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&binary).arg(metadata.target_directory.join("debug/telephony"));
    execute(&mut strip, "install binutils")?;
    Ok(binary)
}

/// Builds the program as it is shipped.
fn shipped(metadata: &Metadata, target: &Target) -> Result<PathBuf, Failure> {
    let mut arguments = vec!["build", "--locked", "--profile", "dist", "-p", "telephony-plugin"];
    arguments.extend(["--bin", "telephony"]);
    let mut folder = metadata.target_directory.clone();
    if !target.is_this_machine() {
        arguments.extend(["--target", &target.triple]);
        folder.push(&target.triple);
    }
    execute_cargo(&arguments, "the program must build as it is shipped")?;
    let binary = folder.join("dist/telephony");
    let bytes = fs::metadata(&binary)?.len();
    println!("    the program has {:.1} MiB", megabytes(bytes));
    if bytes > MAX_BINARY {
        return Err(Failure::new(format!(
            "the program has {bytes} bytes, and may have {MAX_BINARY}: see what came in, with \
             `cargo bloat` for one"
        )));
    }
    Ok(binary)
}

/// Mebibytes, for people.
#[allow(clippy::cast_precision_loss, reason = "sizes of files are far below 2^52")]
pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1024 * 1024)
}

/// The SHA-256 of each file, as `sha256sum --check` reads it.
fn checksums(out: &Path) -> Outcome {
    let mut files: Vec<PathBuf> =
        fs::read_dir(out)?.map(|entry| Ok(entry?.path())).collect::<Result<_, std::io::Error>>()?;
    files.retain(|path| path.is_file());
    files.sort();
    let mut lines = String::new();
    for path in files {
        let hash = Sha256::digest(fs::read(&path)?);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push_str(&format!("{hash}  {name}\n"));
    }
    fs::write(out.join("SHA256SUMS"), lines)?;
    Ok(())
}
