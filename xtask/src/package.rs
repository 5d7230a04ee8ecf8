//! Packs each library as it is published, and builds it from its package, outside this workspace.
//!
//! Cargo's own check of a package is not used: it keeps what it unpacked by name and version, so
//! of crates that need one another it would check against yesterday's.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use crate::step::{Outcome, cargo, execute, execute_cargo, root};
use crate::workspace::{LIBRARIES, Metadata};

pub(crate) fn run() -> Outcome {
    let mut arguments = vec!["package", "--quiet", "--no-verify", "--allow-dirty", "--locked"];
    for library in LIBRARIES {
        arguments.extend(["-p", library]);
    }
    execute_cargo(&arguments, "a package must say all that is needed to publish it")?;

    // A workspace of what was unpacked, in which the packages stand in for their published selves.
    let folder = root().join("target/unpacked");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let metadata = Metadata::read()?;
    let mut manifest = "[workspace]\nresolver = \"3\"\nmembers = [\"telephony-*\"]\n\n".to_owned();
    manifest.push_str("[patch.crates-io]\n");
    for package in metadata.members().filter(|member| LIBRARIES.contains(&&*member.name)) {
        let name = format!("{}-{}", package.name, package.version);
        let archive = metadata.target_directory.join("package").join(format!("{name}.crate"));
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(archive).arg("-C").arg(&folder);
        execute(&mut tar, "install tar")?;
        let _ = writeln!(manifest, "{} = {{ path = \"{name}\" }}", package.name);
    }
    fs::write(folder.join("Cargo.toml"), manifest)?;
    for library in LIBRARIES {
        let mut check = cargo(&["check", "--quiet", "-p", library]);
        // What it depends on has been checked there already; packages are known by their paths.
        check.current_dir(&folder).env("CARGO_TARGET_DIR", &metadata.target_directory);
        execute(&mut check, "a package must build with what it contains and depends on alone")?;
    }
    Ok(())
}
