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

/// What a test may say that needs more than Rust; `cargo xtask ci` runs those by the name of their
/// module.
const NEEDS_POSTGRES: &str =
    concat!("#[ig", "nore = \"needs PostgreSQL: cargo xtask ci runs it\"]");

pub(super) fn problems(files: &[Tracked]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in files.iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        let path = &file.path;
        let of_postgres = path.contains("postgres") || file.text.contains("mod postgres");
        for (word, remedy) in FORBIDDEN {
            let mut found = file.text.match_indices(word).map(|(at, _)| &file.text[at..]);
            if found.any(|text| !(of_postgres && text.starts_with(NEEDS_POSTGRES)))
                && !path.contains("/tests/data/")
            {
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

    #[test]
    fn a_test_that_is_not_run_needs_postgresql_and_says_so() {
        let needs = format!("//! Docs.\n{NEEDS_POSTGRES}\nfn a() {{}}");
        assert!(problems(&[file("a/tests/it/postgres.rs", &needs)]).is_empty());
        assert_eq!(problems(&[file("a/tests/it/inbox.rs", &needs)]).len(), 1);
        let silent = format!("{needs}\n{}]\nfn b() {{}}", FORBIDDEN[4].0);
        assert_eq!(problems(&[file("a/tests/it/postgres.rs", &silent)]).len(), 1);
    }
}
