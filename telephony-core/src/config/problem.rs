//! What is wrong with a configuration: everything at once, each with the path of its key.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The path of the key, `accounts.work.twilio.authToken`; empty for the whole file. What cannot
    /// be printed is escaped.
    pub path: String,
    /// What is wrong and what to do, in one clause. Holds no secret and no phone number.
    pub message: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            formatter.write_str(&self.message)
        } else {
            write!(formatter, "{}: {}", self.path, self.message)
        }
    }
}

/// All mistakes in a configuration. `Display` has one on each line.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[serde(transparent)]
pub struct ConfigErrors(Vec<ConfigProblem>);

impl ConfigErrors {
    pub(super) fn one(message: impl Into<String>) -> Self {
        Self(vec![ConfigProblem { path: String::new(), message: message.into() }])
    }

    /// The mistakes, in the order of their paths. Never empty.
    #[must_use]
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            write!(formatter, "{problem}")?;
        }
        Ok(())
    }
}

/// Collects mistakes while a configuration is read.
#[derive(Default)]
pub(super) struct Problems {
    /// In the order of their paths, each once, however many accounts inherit it.
    found: BTreeSet<ConfigProblem>,
    /// Where something is that could not be taken, and which keys a slip in a name was meant for.
    /// What is missing there or beneath follows from that, and is not another mistake.
    reasons: BTreeSet<String>,
    /// What stands before every path: `channels.telephony` in a host's file.
    prefix: &'static str,
}

impl Problems {
    pub(super) const fn under(prefix: &'static str) -> Self {
        Self { found: BTreeSet::new(), reasons: BTreeSet::new(), prefix }
    }

    /// Notes a mistake.
    pub(super) fn note(&mut self, path: &str, message: impl Into<String>) {
        self.excuse(path);
        self.insert(path, message.into());
    }

    /// Notes that a key is missing at `path`, unless there is a reason for that: at the key, above
    /// it or beneath it, there or at `inherited`, where an account would have it from.
    pub(super) fn note_missing(&mut self, path: &str, inherited: &str, message: impl Into<String>) {
        if !self.has_reason(path) && !self.has_reason(inherited) {
            self.insert(path, message.into());
        }
    }

    /// Marks a key whose absence follows from another mistake.
    pub(super) fn excuse(&mut self, path: &str) {
        self.reasons.insert(join(self.prefix, path));
    }

    fn insert(&mut self, path: &str, message: String) {
        let path = printable(&join(self.prefix, path));
        self.found.insert(ConfigProblem { path, message });
    }

    fn has_reason(&self, path: &str) -> bool {
        let path = join(self.prefix, path);
        let ends = path.match_indices('.').map(|(end, _)| end).chain([path.len()]);
        let mut above = ends.filter_map(|end| path.get(..end));
        let beneath = format!("{path}.");
        above.any(|above| self.reasons.contains(above))
            || self.reasons.range(beneath.clone()..).next().is_some_and(|r| r.starts_with(&beneath))
    }

    pub(super) fn into_result<T>(self, value: T) -> Result<T, ConfigErrors> {
        if self.found.is_empty() {
            return Ok(value);
        }
        Err(ConfigErrors(self.found.into_iter().collect()))
    }
}

/// A path with everything escaped that a terminal would obey or not show: a key can be any text.
fn printable(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    for character in path.chars() {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

/// `parent.key`, or `key` where there is no parent.
pub(super) fn join(parent: &str, key: &str) -> String {
    match (parent, key) {
        ("", key) => key.to_owned(),
        (parent, "") => parent.to_owned(),
        (parent, key) => format!("{parent}.{key}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_a_terminal_no_orders() {
        let mut problems = Problems::under("channels.telephony");
        problems.note("accounts.a\u{1b}[2J\n\u{202e}é'\\", "is wrong");
        let errors = problems.into_result(()).unwrap_err();
        let expected = r"channels.telephony.accounts.a\u{1b}[2J\n\u{202e}é'\: is wrong";
        assert_eq!(errors.to_string(), expected);
    }
}
