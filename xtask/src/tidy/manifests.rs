//! What manifests must say, and say once.

use super::Tracked;
use crate::workspace::Metadata;

/// Dependencies that need a newer Rust than the workspace promises to build with.
pub(super) fn unsupported(metadata: &Metadata, workspace: &str) -> Vec<String> {
    let promised = workspace.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let Some(promised) = promised.and_then(version) else {
        return vec!["Cargo.toml: states no rust-version".to_owned()];
    };
    let needs = metadata.packages.iter().filter_map(|package| {
        let needed = version(package.rust_version.as_deref()?)?;
        (needed > promised)
            .then(|| format!("{}: needs Rust {}.{}", package.name, needed.0, needed.1))
    });
    needs.collect()
}

/// Major and minor of `1.88` or `"1.88.0"`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim_matches('"').split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Dependencies of a manifest without the reason for them in a comment above.
pub(super) fn unexplained(path: &str, manifest: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut explained = false;
    let section = manifest.split("dependencies]\n").nth(1).unwrap_or_default();
    for line in section.lines().take_while(|line| !line.starts_with('[')) {
        if line.starts_with('#') {
            explained = true;
        } else if line.trim().is_empty() {
            explained = false;
        } else if let Some((name, _)) = line.split_once('=').filter(|_| !explained) {
            problems.push(format!("{path}: {} has no reason above it", name.trim()));
        }
    }
    problems
}

/// Members that state for themselves what the workspace states for all. What is outside the
/// workspace cannot inherit, and gives the reasons for its dependencies itself.
pub(super) fn not_inheriting(files: &[Tracked], workspace: &str) -> Vec<String> {
    let excluded = workspace.lines().find_map(|line| line.strip_prefix("exclude = ["));
    let outside: Vec<_> = excluded.unwrap_or_default().split('"').skip(1).step_by(2).collect();
    let mut problems = Vec::new();
    for Tracked { path, text } in files {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        if outside.contains(&folder) {
            problems.extend(unexplained(path, text));
            continue;
        }
        for key in ["version", "edition", "rust-version", "license"] {
            if !text.lines().any(|line| line == format!("{key}.workspace = true")) {
                problems.push(format!("{path}: must say {key}.workspace = true"));
            }
        }
        if !text.contains("[lints]\nworkspace = true") {
            problems.push(format!("{path}: must inherit the lints"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;
    use crate::workspace::Package;

    #[test]
    fn a_dependency_that_needs_newer_rust_is_found() {
        let package = |name: &str, version: &str| Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            rust_version: Some(version.into()),
            dependencies: Vec::new(),
        };
        let packages =
            vec![package("old", "1.60"), package("same", "1.88.0"), package("new", "1.90")];
        let metadata =
            Metadata { packages, workspace_members: Vec::new(), target_directory: "".into() };
        let problems = unsupported(&metadata, "rust-version = \"1.88\"\n");
        assert_eq!(problems, ["new: needs Rust 1.90"]);
    }

    #[test]
    fn a_dependency_without_a_reason_is_found() {
        let manifest =
            "[workspace.dependencies]\n# Because.\na = \"1\"\n\nb = \"1\"\n[lints]\nc = 1";
        assert_eq!(unexplained("Cargo.toml", manifest), ["Cargo.toml: b has no reason above it"]);
    }

    #[test]
    fn a_member_that_states_its_own_version_is_found() {
        let manifest = "version = \"1.0.0\"\nedition.workspace = true\nrust-version.workspace = \
                        true\nlicense.workspace = true\n[lints]\nworkspace = true\n";
        let files = [file("a/Cargo.toml", manifest)];
        assert_eq!(not_inheriting(&files, "members = [\"a\"]").len(), 1);
        assert!(not_inheriting(&files, "exclude = [\"b\", \"a\"]").is_empty());
        let unexplained = [file("a/Cargo.toml", "[dependencies]\nb = \"1\"\n")];
        assert_eq!(not_inheriting(&unexplained, "exclude = [\"a\"]").len(), 1);
    }
}
