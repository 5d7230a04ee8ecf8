//! The npm packages: laid out in folders, and packed by npm.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::Target;
use crate::openclaw::Environment;
use crate::step::{Failure, Outcome, execute, root};

/// What of the plugin's folder is part of its package, beside what is built.
const FILES: [&str; 1] = ["openclaw.plugin.json"];

/// What of the workspace is.
const DOCUMENTS: [&str; 2] = ["README.md", "LICENSE"];

pub(super) struct Staged {
    pub(super) offline: PathBuf,
    pub(super) extension: PathBuf,
}

/// Lays out and packs the package of both the plugin and the program, and one of each.
pub(super) fn run(
    environment: &Environment,
    target: &Target,
    binary: &Path,
    out: &Path,
) -> Result<Staged, Failure> {
    let source = root().join("telephony-plugin/openclaw");
    let dist = source.join("dist");
    if dist.exists() {
        fs::remove_dir_all(&dist)?;
    }
    let mut build = environment.npm(&["run", "--silent", "build"]);
    execute(build.current_dir(&source), "the plugin must build")?;

    let manifest = fs::read_to_string(source.join("package.json"))?;
    let manifest: Map<String, Value> = serde_json::from_str(&manifest)?;
    let version = manifest.get("version").and_then(Value::as_str).unwrap_or_default().to_owned();

    // Whoever copies it finds it under its own name.
    let extension = out.join("extension/telephony");
    lay_out(&source, &extension)?;
    program(binary, &extension)?;
    write(&extension, &self_contained(&manifest, target))?;
    let packed = pack(environment, &extension, out)?;
    // npm names it as it does the package of the plugin alone.
    let offline = out.join(format!("{}-{version}-offline.tgz", short(&target.package())));
    fs::rename(packed, &offline)?;

    let platform = out.join("packages").join(short(&target.package()));
    program(binary, &platform)?;
    write(&platform, &platform_manifest(&manifest, target))?;
    fs::write(platform.join("README.md"), platform_readme(target))?;
    fs::copy(root().join("LICENSE"), platform.join("LICENSE"))?;
    pack(environment, &platform, out)?;

    let plugin = out.join("packages").join(short("@openclaw/telephony"));
    lay_out(&source, &plugin)?;
    write(&plugin, &published(&manifest, &version))?;
    pack(environment, &plugin, out)?;
    Ok(Staged { offline, extension })
}

/// Copies what the package of the plugin holds.
fn lay_out(source: &Path, folder: &Path) -> Outcome {
    fs::create_dir_all(folder)?;
    copy_all(&source.join("dist"), &folder.join("dist"))?;
    for file in FILES {
        fs::copy(source.join(file), folder.join(file))?;
    }
    for file in DOCUMENTS {
        fs::copy(root().join(file), folder.join(file))?;
    }
    Ok(())
}

/// Copies the program to where the plugin looks for it; copies keep that it can be run.
fn program(binary: &Path, folder: &Path) -> Outcome {
    fs::create_dir_all(folder.join("bin"))?;
    fs::copy(binary, folder.join("bin/telephony"))?;
    Ok(())
}

fn copy_all(from: &Path, to: &Path) -> Outcome {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The manifest without what only development needs.
fn shipped(manifest: &Map<String, Value>) -> Map<String, Value> {
    let mut shipped = manifest.clone();
    shipped.remove("scripts");
    shipped.remove("devDependencies");
    shipped.remove("private");
    shipped
}

/// The manifest that is published: the program comes in the one package that fits the machine.
fn published(manifest: &Map<String, Value>, version: &str) -> Map<String, Value> {
    let mut published = shipped(manifest);
    let packages = Target::packages();
    let exact: Map<String, Value> =
        packages.iter().map(|name| (name.clone(), json!(version))).collect();
    published.insert("optionalDependencies".to_owned(), Value::Object(exact));
    require(&mut published, json!(packages));
    published
}

/// The manifest of the package that carries the program itself.
fn self_contained(manifest: &Map<String, Value>, target: &Target) -> Map<String, Value> {
    let mut contained = shipped(manifest);
    contained.remove("optionalDependencies");
    contained.insert("os".to_owned(), json!([target.os]));
    contained.insert("cpu".to_owned(), json!([target.cpu]));
    if let Some(libc) = target.libc {
        contained.insert("libc".to_owned(), json!([libc]));
    }
    require(&mut contained, json!([]));
    contained
}

/// The packages whose absence after an installation is a failure.
fn require(manifest: &mut Map<String, Value>, packages: Value) {
    let install = manifest.get_mut("openclaw").and_then(|openclaw| openclaw.get_mut("install"));
    if let Some(install) = install.and_then(Value::as_object_mut) {
        install.insert("requiredPlatformPackages".to_owned(), packages);
    }
}

fn platform_manifest(manifest: &Map<String, Value>, target: &Target) -> Map<String, Value> {
    let mut platform = Map::new();
    platform.insert("name".to_owned(), json!(target.package()));
    let description = format!("The telephony program for {} {}.", target.os, target.cpu);
    platform.insert("description".to_owned(), json!(description));
    for key in ["version", "license", "repository"] {
        if let Some(value) = manifest.get(key) {
            platform.insert(key.to_owned(), value.clone());
        }
    }
    platform.insert("os".to_owned(), json!([target.os]));
    platform.insert("cpu".to_owned(), json!([target.cpu]));
    if let Some(libc) = target.libc {
        platform.insert("libc".to_owned(), json!([libc]));
    }
    platform.insert("files".to_owned(), json!(["bin/**"]));
    platform
}

fn platform_readme(target: &Target) -> String {
    format!(
        "# {}\n\nThe `telephony` program for {} {}. It is installed with `@openclaw/telephony`, \
         which says what it is for.\n",
        target.package(),
        target.os,
        target.cpu
    )
}

fn write(folder: &Path, manifest: &Map<String, Value>) -> Outcome {
    let text = serde_json::to_string_pretty(manifest)?;
    fs::write(folder.join("package.json"), format!("{text}\n"))?;
    Ok(())
}

/// Packs a folder: the file that npm made of it.
fn pack(environment: &Environment, folder: &Path, out: &Path) -> Result<PathBuf, Failure> {
    let mut pack = environment.npm(&["pack", "--json", "--ignore-scripts", "--pack-destination"]);
    let output = pack.arg(out).current_dir(folder).output()?;
    if !output.status.success() {
        return Err(Failure::new(format!("npm pack: {}", String::from_utf8_lossy(&output.stderr))));
    }
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    // npm 12 answers with an object by package, those before it with an array.
    let packed = match &answer {
        Value::Object(packages) => packages.values().next(),
        other => other.get(0),
    };
    let name = packed.and_then(|packed| packed.get("filename")).and_then(Value::as_str);
    let name = name.ok_or_else(|| Failure::new("npm pack does not say what it packed"))?;
    Ok(out.join(name))
}

/// A package's name without its scope's sign, as npm names its file.
fn short(name: &str) -> String {
    name.trim_start_matches('@').replace('/', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Map<String, Value> {
        let manifest = json!({
            "name": "@openclaw/telephony", "version": "1.2.3", "license": "MIT",
            "scripts": { "build": "tsc" }, "devDependencies": { "typescript": "5" },
            "openclaw": { "install": { "requiredPlatformPackages": [] } },
        });
        manifest.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn what_is_published_pins_each_platform_and_carries_no_scripts() {
        let published = published(&manifest(), "1.2.3");
        let pinned = published["optionalDependencies"].as_object().map(Map::len);
        assert_eq!(pinned, Some(Target::packages().len()));
        assert_eq!(published["optionalDependencies"]["@openclaw/telephony-linux-x64"], "1.2.3");
        assert!(!published.contains_key("scripts") && !published.contains_key("devDependencies"));
    }

    #[test]
    fn what_carries_the_program_asks_for_no_other_package() {
        let target = Target::parse("x86_64-unknown-linux-musl");
        let target = target.unwrap_or_else(|failure| panic!("{failure}"));
        let contained = self_contained(&manifest(), &target);
        assert!(!contained.contains_key("optionalDependencies"));
        assert_eq!(contained["libc"], json!(["musl"]));
        assert_eq!(contained["openclaw"]["install"]["requiredPlatformPackages"], json!([]));
        assert_eq!(short(&target.package()), "openclaw-telephony-linux-x64-musl");
    }
}
