//! `openclaw telephony doctor`: the doctor of the program, and what the host's own configuration
//! leaves open.

use std::fmt::Write as _;
use std::sync::PoisonError;

use serde_json::{Value, json};
use telephony_core::AccountId;

use super::protocol::{CommandOutput, HostSettings};
use super::sidecar::Sidecar;
use crate::doctor::{Doctor, Edges, Finding, Repair, Report, Severity, table};
use crate::report::chain;
use crate::rpc::{ErrorCode, RpcError};

/// What was found.
pub(super) struct Examination {
    accounts: Vec<AccountId>,
    report: Report,
    /// What was set with a carrier, in lines for people.
    set: Vec<String>,
}

impl Sidecar {
    /// Looks at everything; sets what can be set where `sets` says so.
    pub(super) async fn examine(
        &self,
        account: Option<AccountId>,
        accounts: &[AccountId],
        settings: &HostSettings,
        sets: bool,
    ) -> Result<Examination, RpcError> {
        let internal =
            |error: &dyn std::error::Error| RpcError::new(ErrorCode::Internal, chain(error));
        let accounts = account.as_ref().map_or_else(|| accounts.to_vec(), |one| vec![one.clone()]);
        let (mut report, mut set) = (Report::default(), Vec::new());
        match self.running().await {
            Ok(running) => {
                let config = running.config.lock().unwrap_or_else(PoisonError::into_inner).clone();
                let mut edges = Edges::of_system().map_err(|error| internal(&error))?;
                edges.clock = self.clock.clone();
                let doctor = Doctor {
                    config: &config,
                    account,
                    state: &running.owned.state,
                    edges,
                    connect: &*self.connect,
                    is_hosted: true,
                };
                report = doctor.examine().await;
                if sets && !report.repairs.is_empty() {
                    let mut failed = Vec::new();
                    for repair in &report.repairs {
                        match repair.apply().await {
                            Ok(()) => set.push(repair.to_string()),
                            Err(error) => failed.push(not_set(repair, &chain(&error))),
                        }
                    }
                    report = doctor.examine().await;
                    report.findings.extend(failed);
                }
            }
            Err(error) => report.findings.push(Finding::error(
                "server",
                &error.message,
                "See `openclaw channels status --probe` and the gateway's log.",
            )),
        }
        report.findings.extend(notes(settings));
        Ok(Examination { accounts, report, set })
    }
}

impl Examination {
    /// As it is printed.
    pub(super) fn output(&self, as_json: bool) -> CommandOutput {
        let Self { accounts, report, set } = self;
        let exit_code = report.worst().exit_code();
        let text = if as_json {
            let accounts: Vec<_> = accounts.iter().map(|id| self.summary(id)).collect();
            let answer = json!({
                "accounts": accounts, "worst": report.worst(), "exitCode": exit_code,
                "findings": report.findings, "repairs": report.repairs, "set": set.len(),
            });
            answer.to_string()
        } else {
            // What was is said before what is.
            let mut text: String = set.iter().map(|set| format!("set: {set}")).collect();
            let _ = write!(text, "{}", anstream::adapter::strip_str(&table(report)));
            for repair in &report.repairs {
                // Writing to a string does not fail.
                let _ = write!(text, "{repair}");
            }
            if !report.repairs.is_empty() {
                text.push_str("to set it: openclaw telephony doctor --fix --yes\n");
            }
            text.trim_end().to_owned()
        };
        CommandOutput { text, exit_code }
    }

    /// Whether an account has no error, of its own or of all.
    fn summary(&self, id: &AccountId) -> Value {
        let is_its = |finding: &&Finding| finding.account.as_ref().is_none_or(|of| of == id);
        let mut its = self.report.findings.iter().filter(is_its);
        json!({ "accountId": id, "ok": !its.any(|finding| finding.severity == Severity::Error) })
    }
}

/// A setting that the carrier did not take.
fn not_set(repair: &Repair, why: &str) -> Finding {
    let sentence = format!("the webhook could not be set: {why}");
    let fix = "Set it in the carrier's console, or try --fix again.";
    Finding { account: Some(repair.account().clone()), ..Finding::error("number", &sentence, fix) }
}

/// What the host's configuration leaves open that should be decided before going live.
fn notes(settings: &HostSettings) -> Vec<Finding> {
    let known = [
        (
            &settings.dm_scope,
            "all direct messages share one session",
            "Set session.dmScope to \"per-account-channel-peer\".",
        ),
        (
            &settings.heartbeat,
            "the default heartbeat texts people by itself",
            "Set agents.defaults.heartbeat.every, to \"0m\" for none.",
        ),
        (
            &settings.owner_allow_from,
            "the first approved sender becomes the command owner",
            "Set commands.ownerAllowFrom.",
        ),
    ];
    let open = known.into_iter().filter(|(value, ..)| value.is_null());
    open.map(|(_, found, fix)| Finding::note("openclaw", found, fix)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_is_not_noted() {
        let open = HostSettings::default();
        assert_eq!(notes(&open).len(), 3);
        let decided = HostSettings {
            dm_scope: json!("per-account-channel-peer"),
            heartbeat: json!("0m"),
            owner_allow_from: json!([]),
        };
        assert!(notes(&decided).is_empty());
    }

    #[test]
    fn an_error_of_all_is_each_accounts_and_ends_with_its_code() {
        let mut report = Report::default();
        report.findings.push(Finding::error("server", "it is gone", "Start it."));
        let accounts = vec![AccountId::default_account()];
        let examination = Examination { accounts, report, set: Vec::new() };
        let CommandOutput { text, exit_code } = examination.output(true);
        assert_eq!(exit_code, 3);
        let answer: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(answer["accounts"], json!([{ "accountId": "default", "ok": false }]));
        let text = examination.output(false).text;
        assert!(text.starts_with("error    server  it is gone\n"), "{text}");
        assert!(text.contains("→ Start it."), "{text}");
    }
}
