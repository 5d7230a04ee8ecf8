//! What stands at the top of the tree.

use std::collections::BTreeSet;

use super::Tracked;

/// Everything that does, beside files and folders whose names begin with a dot.
const TOP: [&str; 13] = [
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "docs",
    "telephony-core",
    "telephony-pairing",
    "telephony-plugin",
    "telephony-providers",
    "telephony-sms",
    "telephony-webhook",
    "xtask",
];

pub(super) fn problems(files: &[Tracked]) -> Vec<String> {
    let found: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.split('/').next())
        .filter(|name| !name.starts_with('.'))
        .collect();
    let expected = BTreeSet::from(TOP);
    let extra =
        found.difference(&expected).map(|name| format!("{name}: does not belong at the top"));
    let missing = expected.difference(&found).map(|name| format!("{name}: is missing at the top"));
    extra.chain(missing).collect()
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn what_is_too_much_and_what_is_missing_are_found() {
        let mut files: Vec<_> = TOP.iter().map(|name| file(name, "")).collect();
        files.push(file(".ci/run", ""));
        assert!(problems(&files).is_empty());
        files.push(file("scripts/run", ""));
        files.remove(0);
        assert_eq!(problems(&files).len(), 2);
    }
}
