//! What is wrong with a configuration: everything at once, each with the path of its key.

use std::fmt;

use serde::Serialize;
use thiserror::Error;

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The path of the key, `accounts.work.twilio.authToken`; empty for the whole file.
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
    found: Vec<ConfigProblem>,
    /// Keys that are not there because of a mistake that was noted already, such as a slip in
    /// their name. That they are missing is not another mistake.
    excused: Vec<String>,
    /// What stands before every path: `channels.telephony` in a host's file.
    prefix: &'static str,
}

impl Problems {
    pub(super) const fn under(prefix: &'static str) -> Self {
        Self { found: Vec::new(), excused: Vec::new(), prefix }
    }

    /// Notes a mistake once, however many accounts inherit it.
    pub(super) fn note(&mut self, path: &str, message: impl Into<String>) {
        let path = join(self.prefix, path);
        let problem = ConfigProblem { path, message: message.into() };
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }

    /// Notes that a key is missing, unless another mistake is the reason.
    pub(super) fn note_missing(&mut self, path: &str, message: impl Into<String>) {
        let full = join(self.prefix, path);
        let noted = self.found.iter().any(|problem| problem.path == full);
        if !noted && !self.excused.contains(&full) {
            self.note(path, message);
        }
    }

    /// The key that was meant where another was written.
    pub(super) fn excuse(&mut self, path: &str) {
        self.excused.push(join(self.prefix, path));
    }

    pub(super) fn into_result<T>(mut self, value: T) -> Result<T, ConfigErrors> {
        if self.found.is_empty() {
            return Ok(value);
        }
        self.found.sort();
        Err(ConfigErrors(self.found))
    }
}

/// `parent.key`, or `key` where there is no parent.
pub(super) fn join(parent: &str, key: &str) -> String {
    match (parent, key) {
        ("", key) => key.to_owned(),
        (parent, "") => parent.to_owned(),
        (parent, key) => format!("{parent}.{key}"),
    }
}
