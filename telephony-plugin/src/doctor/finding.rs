//! One thing that was looked at: how bad it is, what was found, and what to do.

use serde::Serialize;
use telephony_core::AccountId;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Worth knowing; nothing has to be done.
    Note,
    /// It works, and will not always.
    Warning,
    /// It does not work.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The exit code of a doctor whose worst finding this is. 2 is left to what was not typed right.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Ok | Self::Note => 0,
            Self::Warning => 1,
            Self::Error => 3,
        }
    }
}

/// One thing that was looked at. It holds no secret and no whole phone number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What was looked at.
    pub check: &'static str,
    /// Whose it is; `None` for what all accounts share.
    pub account: Option<AccountId>,
    /// What was found, in a sentence.
    pub finding: String,
    /// What to do; `None` where all is well.
    pub fix: Option<String>,
}

impl Finding {
    /// What somebody else than a probe has to note.
    pub(crate) fn note(check: &'static str, finding: &str, fix: &str) -> Self {
        let (finding, fix) = (finding.to_owned(), Some(fix.to_owned()));
        Self { severity: Severity::Note, check, account: None, finding, fix }
    }

    /// What somebody else than a probe found to be wrong.
    pub(crate) fn error(check: &'static str, finding: &str, fix: &str) -> Self {
        Self { severity: Severity::Error, ..Self::note(check, finding, fix) }
    }
}

/// What a probe found, before it is known whose it is.
pub(super) struct Said {
    severity: Severity,
    sentence: String,
    fix: Option<String>,
}

impl Said {
    pub(super) fn ok(sentence: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, sentence: sentence.into(), fix: None }
    }

    pub(super) fn note(sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Note, sentence: sentence.into(), fix: Some(fix.into()) }
    }

    pub(super) fn warning(sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, sentence: sentence.into(), fix: Some(fix.into()) }
    }

    pub(super) fn error(sentence: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Error, sentence: sentence.into(), fix: Some(fix.into()) }
    }
}

/// What a probe can find: a union whose cases each have their words in one place.
pub(super) trait Says {
    /// What is looked at.
    fn check(&self) -> &'static str;

    /// How bad it is, what it is, and what to do.
    fn says(&self) -> Said;

    /// The finding, of an account or of all.
    fn of(&self, account: Option<&AccountId>) -> Finding {
        let Said { severity, sentence, fix } = self.says();
        Finding { severity, check: self.check(), account: account.cloned(), finding: sentence, fix }
    }
}

/// All findings of one examination, and what could be set right by it.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// What was looked at, in order.
    pub findings: Vec<Finding>,
    /// What `--fix` would set.
    pub repairs: Vec<super::Repair>,
}

impl Report {
    /// The worst of it.
    #[must_use]
    pub fn worst(&self) -> Severity {
        self.findings.iter().map(|finding| finding.severity).max().unwrap_or(Severity::Ok)
    }

    pub(super) fn add(&mut self, what: &impl Says, account: Option<&AccountId>) {
        self.findings.push(what.of(account));
    }
}
