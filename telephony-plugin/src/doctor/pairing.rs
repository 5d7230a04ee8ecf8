//! Who may talk to the agent, and who waits to be let in.

use serde_json::Value;
use telephony_core::Timestamp;
use telephony_core::config::{Account, InboundPolicy, Provider};

use super::finding::{Report, Said, Says};
use super::store::time;

/// Who may talk.
#[derive(Debug)]
pub(super) enum Pairing {
    /// Nobody.
    Disabled,
    /// Nobody, by oversight.
    Empty,
    /// Everybody.
    Everybody,
    /// Some wait.
    Waiting { count: usize, hours: u64 },
    /// Those who were approved.
    Approved,
    /// Those who are named.
    Listed(usize),
    /// The host decides.
    Host,
}

impl Says for Pairing {
    fn check(&self) -> &'static str {
        "pairing"
    }

    fn says(&self) -> Said {
        match self {
            Self::Disabled => Said::note(
                "nobody may talk to the agent: inboundPolicy is \"disabled\"",
                "Set inboundPolicy to \"pairing\" when somebody is to.",
            ),
            Self::Empty => Said::warning(
                "nobody can talk to the agent: inboundPolicy is \"allowlist\" and allowFrom is \
                 empty",
                "Add numbers to allowFrom, or set inboundPolicy to \"pairing\".",
            ),
            Self::Everybody => Said::note(
                "everybody who knows the number talks to the agent: inboundPolicy is \"open\"",
                "Set inboundPolicy to \"pairing\" unless that is meant.",
            ),
            Self::Waiting { count, hours } => Said::note(
                format!("{count} wait to be let in, one for {hours} h"),
                "See `telephony pairing list`, and let them in by `telephony pairing approve`.",
            ),
            Self::Approved => Said::ok("those may talk who were approved, and nobody waits"),
            Self::Listed(1) => Said::ok("the one number of allowFrom may talk"),
            Self::Listed(count) => Said::ok(format!("the {count} numbers of allowFrom may talk")),
            Self::Host => {
                Said::ok("OpenClaw decides who may talk: `openclaw pairing list telephony`")
            }
        }
    }
}

/// `waiting` is the list of those who wait; `None` where nobody can be asked, or a host decides.
pub(super) fn look(
    account: &Account,
    waiting: Option<&Value>,
    is_hosted: bool,
    now: Timestamp,
    report: &mut Report,
) {
    let of_account = |request: &&Value| {
        request.get("account").and_then(Value::as_str) == Some(account.id.as_str())
    };
    let requests = waiting.and_then(|list| list.get("requests")?.as_array());
    let requests: Vec<_> = requests.into_iter().flatten().filter(of_account).collect();
    let oldest = requests.iter().filter_map(|request| time(request, "createdAt")).min();
    let found = match (account.policy, oldest) {
        (InboundPolicy::Disabled, _) => Pairing::Disabled,
        (InboundPolicy::Open, _) if matches!(account.provider, Provider::Mock) => {
            Pairing::Listed(account.allow_from.len())
        }
        (InboundPolicy::Open, _) => Pairing::Everybody,
        (InboundPolicy::Allowlist, _) if account.allow_from.is_empty() => Pairing::Empty,
        (InboundPolicy::Allowlist, _) => Pairing::Listed(account.allow_from.len()),
        (_, Some(oldest)) => {
            let hours = now.saturating_since(oldest).as_secs() / 3600;
            Pairing::Waiting { count: requests.len(), hours }
        }
        _ if is_hosted => Pairing::Host,
        _ => Pairing::Approved,
    };
    report.add(&found, Some(&account.id));
}
