//! What source files must look like.

use super::Tracked;

/// The most lines of a source file that is no table.
const MAX_LINES: usize = 600;

/// Words that no tracked file may hold. Written in two pieces, since this file is one of them.
const FORBIDDEN: [(&str, &str); 6] = [
    (concat!("FIX", "ME"), "finish it"),
    (concat!("XX", "X"), "finish it"),
    (concat!("todo", "!("), "finish it"),
    (concat!("dbg", "!("), "remove it"),
    (concat!("#[ig", "nore"), "a test that is not run shows nothing"),
    (concat!("/ro", "ot/"), "no path of one machine belongs here"),
];

pub(super) fn problems(files: &[Tracked]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        let path = &file.path;
        for (word, remedy) in FORBIDDEN {
            if file.text.contains(word) && !path.contains("/tests/data/") {
                problems.push(format!("{path}: holds {word}: {remedy}"));
            }
        }
        if !path.ends_with(".rs") {
            continue;
        }
        let first = file.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") && !first.starts_with("#![doc = include_str!") {
            problems.push(format!("{path}: begins without a line of documentation (//!)"));
        }
        let lines = file.text.lines().count();
        if lines > MAX_LINES && !path.contains("/tables") {
            problems.push(format!("{path}: has {lines} lines, one idea has at most {MAX_LINES}"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn what_is_undocumented_too_long_or_unfinished_is_found() {
        assert!(problems(&[file("a/src/lib.rs", "//! Docs.\nfn a() {}")]).is_empty());
        let long = format!("//! Docs.\n{}", "\n".repeat(MAX_LINES + 1));
        for text in ["fn a() {}", &long, &format!("//! Docs.\n{}", FORBIDDEN[2].0)] {
            assert_eq!(problems(&[file("a/src/lib.rs", text)]).len(), 1);
        }
    }
}
