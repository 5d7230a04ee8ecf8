//! The findings as people read them: a line each, and below it what to do.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use super::finding::{Report, Severity};

/// The width of what stands before a finding.
const MARGIN: usize = 9;

/// The table, in colours that whoever prints it may take away.
#[must_use]
pub fn table(report: &Report) -> String {
    let width = report.findings.iter().map(|finding| finding.check.len()).max().unwrap_or(0);
    let several = report.findings.iter().filter_map(|finding| finding.account.as_ref());
    let mut names: Vec<_> = several.collect();
    names.sort_unstable();
    names.dedup();
    let mut text = String::new();
    // Writing to a string does not fail.
    for finding in &report.findings {
        let style = style(finding.severity);
        let word = finding.severity.as_str();
        let whose = match &finding.account {
            Some(account) if names.len() > 1 => format!("{account}: "),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "{style}{word:<MARGIN$}{style:#}{check:<width$}  {whose}{sentence}",
            check = finding.check,
            sentence = finding.finding,
        );
        if let Some(fix) = &finding.fix {
            let _ = writeln!(text, "{:indent$}→ {fix}", "", indent = MARGIN + width + 2);
        }
    }
    let count =
        |severity| report.findings.iter().filter(|finding| finding.severity == severity).count();
    let _ = writeln!(
        text,
        "{}, {}, {}",
        counted(count(Severity::Error), "error"),
        counted(count(Severity::Warning), "warning"),
        counted(count(Severity::Note), "note"),
    );
    text
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

const fn style(severity: Severity) -> Style {
    let colour = match severity {
        Severity::Ok => AnsiColor::Green,
        Severity::Note => AnsiColor::Cyan,
        Severity::Warning => AnsiColor::Yellow,
        Severity::Error => AnsiColor::Red,
    };
    colour.on_default()
}
