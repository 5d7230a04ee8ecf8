//! Whether the configuration can be used at all, and what in it is better decided otherwise.

use telephony_core::config::{Config, ConfigErrors, ConfigProblem, Provider};

use super::finding::{Report, Said, Says};
use crate::serve::unsupported;

/// What the configuration is like.
#[derive(Debug)]
pub(super) enum Configuration {
    /// It cannot be read.
    Unreadable(String),
    /// One mistake of several.
    Mistake(ConfigProblem),
    /// It asks for what this program cannot do.
    Unsupported(String),
    /// No account is enabled.
    NoAccount,
    /// There is no account of the name that was asked for.
    NoSuchAccount(String),
    /// Webhooks are taken without a signature.
    Unverified,
    /// Nothing is carried.
    Mock,
    /// It is as it should be.
    Good { accounts: usize },
}

impl Says for Configuration {
    fn check(&self) -> &'static str {
        "configuration"
    }

    fn says(&self) -> Said {
        match self {
            Self::Unreadable(sentence) => {
                Said::error(sentence, "Name a file that can be read with --config.")
            }
            Self::Mistake(ConfigProblem { path, message, .. }) if path.is_empty() => {
                Said::error(message, "Correct the file; docs/configuration.md has every key.")
            }
            Self::Mistake(ConfigProblem { path, message, .. }) => Said::error(
                format!("{path}: {message}"),
                format!("Correct {path}; docs/configuration.md has every key."),
            ),
            Self::Unsupported(sentence) => {
                Said::error(sentence, "Leave that key out until it is supported.")
            }
            Self::NoAccount => Said::error(
                "no account is enabled",
                "Set provider with its credentials, and enabled to true.",
            ),
            Self::NoSuchAccount(id) => Said::error(
                format!("there is no account {id}, or it is not enabled"),
                "Name one of the configuration's accounts with --account, and enable it.",
            ),
            Self::Unverified => Said::warning(
                "webhooks are taken without a signature: anybody on this machine can pose as \
                 anybody",
                "Remove skipSignatureVerification before the channel is used in earnest.",
            ),
            Self::Mock => Said::note(
                "the mock carries nothing to any phone",
                "Set provider to twilio, telnyx or plivo when it is to reach people.",
            ),
            Self::Good { accounts } => {
                let plural = if *accounts == 1 { "" } else { "s" };
                Said::ok(format!("{accounts} account{plural}, without mistakes"))
            }
        }
    }
}

/// All mistakes of a file at once.
pub(super) fn mistakes(errors: &ConfigErrors, report: &mut Report) {
    for problem in errors.problems() {
        report.add(&Configuration::Mistake(problem.clone()), None);
    }
}

/// Looks at a configuration that loads; whether there is anything to look at further.
pub(super) fn look(config: &Config, report: &mut Report) -> bool {
    if let Some(sentence) = unsupported(config) {
        report.add(&Configuration::Unsupported(sentence), None);
        return false;
    }
    let enabled: Vec<_> = config.accounts.iter().filter(|account| account.enabled).collect();
    if enabled.is_empty() {
        report.add(&Configuration::NoAccount, None);
        return false;
    }
    report.add(&Configuration::Good { accounts: enabled.len() }, None);
    for account in enabled {
        if account.dangerously_skip_signature_verification {
            report.add(&Configuration::Unverified, Some(&account.id));
        }
        if matches!(account.provider, Provider::Mock) {
            report.add(&Configuration::Mock, Some(&account.id));
        }
    }
    true
}
