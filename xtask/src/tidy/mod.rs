//! The rules of the tree and the manifests. Each is a file, and each is shown to be able to fail.

mod layering;
mod links;
mod manifests;
mod sources;
mod tree;

use std::fs;
use std::process::Command;

use crate::step::{Failure, Outcome, root};
use crate::workspace::Metadata;

/// A file that git tracks.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// Its path from the workspace's folder, with `/`.
    path: String,
    /// Its content; empty when it is not text.
    text: String,
}

/// Checks every rule, and reports everything that breaks one.
pub(crate) fn run() -> Outcome {
    let metadata = Metadata::read()?;
    let files = tracked()?;
    let workspace = fs::read_to_string(root().join("Cargo.toml"))?;
    let mut problems = layering::problems(&metadata);
    problems.extend(manifests::unsupported(&metadata, &workspace));
    problems.extend(manifests::unexplained("Cargo.toml", &workspace));
    problems.extend(manifests::not_inheriting(&files, &workspace));
    problems.extend(tree::problems(&files));
    problems.extend(sources::problems(&files));
    problems.extend(links::problems(&files));
    if problems.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} rules are broken:\n  {}", problems.len(), problems.join("\n  "))))
}

fn tracked() -> Result<Vec<Tracked>, Failure> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(Failure::new("git ls-files fails; the rules are about what git tracks"));
    }
    let paths = String::from_utf8(output.stdout)?;
    let files = paths.split_terminator('\0').filter(|path| root().join(path).is_file());
    let read = |path: &str| {
        let text = fs::read_to_string(root().join(path)).unwrap_or_default();
        Tracked { path: path.to_owned(), text }
    };
    Ok(files.map(read).collect())
}

#[cfg(test)]
fn file(path: &str, text: &str) -> Tracked {
    Tracked { path: path.to_owned(), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_workspace_is_tidy() {
        if let Err(failure) = super::run() {
            panic!("{failure}");
        }
    }
}
