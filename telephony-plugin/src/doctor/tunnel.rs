//! Whether the tunnel that is configured is up, and leads where the carriers are told to post.

use serde_json::Value;
use telephony_core::config::{Account, Config, Tunnel as Configured};

use super::finding::{Report, Said, Says};

/// How the tunnel is.
#[derive(Debug)]
pub(super) enum Tunnel {
    /// None is configured.
    None,
    /// It is up.
    Up(String),
    /// It is being opened.
    Starting,
    /// It is not.
    Down(String),
    /// It leads from another URL.
    Differs(String),
    /// The server has another one, or none, or one where none is configured.
    Other,
    /// Nobody says how it is.
    Unknown,
}

impl Says for Tunnel {
    fn check(&self) -> &'static str {
        "tunnel"
    }

    fn says(&self) -> Said {
        match self {
            Self::None => Said::ok("none is configured"),
            Self::Up(url) => Said::ok(format!("leads from {url}")),
            Self::Starting => Said::note("it is being opened", "Run the doctor again in a moment."),
            Self::Down(why) => {
                let (why, fix) = parted(why);
                let fix = fix.unwrap_or_else(|| {
                    "See that its program is installed and logged in, and the server's log.".into()
                });
                Said::error(format!("it is down: {why}"), fix)
            }
            Self::Differs(url) => Said::error(
                format!("it leads from {url}, and publicUrl is another"),
                "Remove publicUrl, or set it to the tunnel's URL.",
            ),
            Self::Other => Said::warning(
                "the server that runs has another tunnel than this configuration",
                "Start the server again with this configuration.",
            ),
            Self::Unknown => Said::note(
                "how it is only a running server knows",
                "Start `telephony serve`, and run the doctor again.",
            ),
        }
    }
}

/// The URL that a tunnel leads from, as the running server says.
pub(super) fn url(status: Option<&Value>) -> Option<&str> {
    status?.pointer("/tunnel/url")?.as_str()
}

/// The host of the funnel that runs. Its own machine knows an address of the tailnet for it.
pub(super) fn funnel(status: Option<&Value>) -> Option<String> {
    let provider = status?.pointer("/tunnel/provider")?.as_str();
    let url = url(status).filter(|_| provider == Some("tailscale-funnel"))?;
    Some(url::Url::parse(url).ok()?.host_str()?.to_owned())
}

/// Why a tunnel is down, and what to do where its error ends with that: all begin with their key.
fn parted(why: &str) -> (&str, Option<String>) {
    let key = why.find(": ").map_or(0, |at| at.saturating_add(2));
    let Some(cause) = why.get(key..).and_then(|rest| rest.find(": ")) else { return (why, None) };
    let (why, fix) = why.split_at(key.saturating_add(cause));
    let mut fix = fix.trim_start_matches(": ").chars();
    let first = fix.next().map(|first| first.to_ascii_uppercase());
    (why, Some(first.into_iter().chain(fix).chain(['.']).collect()))
}

/// What a status calls the tunnel that is configured; `None` where there is none.
fn name(config: &Config) -> Option<&'static str> {
    Some(match config.tunnel {
        Configured::Ngrok { .. } => "ngrok",
        Configured::TailscaleServe { .. } => "tailscale-serve",
        Configured::TailscaleFunnel { .. } => "tailscale-funnel",
        _ => return None,
    })
}

pub(super) fn look(
    config: &Config,
    accounts: &[&Account],
    status: Option<&Value>,
    report: &mut Report,
) {
    let name = name(config);
    // A server that does not say is of before there were tunnels.
    if let Some(running) = status.and_then(|status| status.get("tunnel"))
        && running.get("provider").and_then(Value::as_str) != name
    {
        return report.add(&Tunnel::Other, None);
    }
    if name.is_none() {
        return report.add(&Tunnel::None, None);
    }
    let text = |key: &str| status?.get("tunnel")?.get(key)?.as_str().map(str::to_owned);
    let found = match (text("state").as_deref(), text("url")) {
        (Some("up"), Some(url)) => {
            let origin = |url: &str| url::Url::parse(url).ok().map(|url| url.origin());
            let differs = |account: &&&Account| {
                let public = account.public_url.as_ref();
                public.is_some_and(|public| origin(public.as_str()) != origin(&url))
            };
            match accounts.iter().find(differs) {
                Some(_) => Tunnel::Differs(url),
                None => Tunnel::Up(url),
            }
        }
        (Some("starting"), _) => Tunnel::Starting,
        (Some(_), _) => Tunnel::Down(text("error").unwrap_or_else(|| "no reason is known".into())),
        (None, _) => Tunnel::Unknown,
    };
    report.add(&found, None);
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telephony_core::config::{Host, from_value};

    use super::super::finding::Severity;
    use super::*;
    use crate::tunnel::TunnelError;

    #[test]
    fn what_the_server_says_of_its_tunnel_is_compared_with_the_configuration() {
        let public = "https://a.example.com";
        let tunnel = |state: &str, url: Option<&str>| json!({ "tunnel": { "provider": "ngrok", "state": state, "url": url, "error": "gone" } });
        for (provider, status, expected) in [
            ("none", None, Severity::Ok),
            ("ngrok", None, Severity::Note),
            ("ngrok", Some(json!({})), Severity::Note),
            ("ngrok", Some(json!({ "tunnel": null })), Severity::Warning),
            ("none", Some(json!({ "tunnel": null })), Severity::Ok),
            ("none", Some(tunnel("up", Some("https://a.example.com"))), Severity::Warning),
            ("tailscale-serve", Some(tunnel("up", Some(public))), Severity::Warning),
            ("ngrok", Some(tunnel("up", Some("https://a.example.com/"))), Severity::Ok),
            ("ngrok", Some(tunnel("up", Some("https://b.example.com"))), Severity::Error),
            ("ngrok", Some(tunnel("starting", None)), Severity::Note),
            ("ngrok", Some(tunnel("down", None)), Severity::Error),
        ] {
            let config = json!({
                "provider": "plivo", "fromNumber": "+15550001111", "publicUrl": public,
                "plivo": { "authId": "MA1", "authToken": "t" }, "tunnel": { "provider": provider },
            });
            let config = from_value(config, Host::Standalone, &|_| None).unwrap();
            let mut report = Report::default();
            let accounts: Vec<_> = config.accounts.iter().collect();
            look(&config, &accounts, status.as_ref(), &mut report);
            assert_eq!(report.worst(), expected, "{provider} {status:?}");
        }
    }

    #[test]
    fn an_error_that_says_what_to_do_is_its_own_fix() {
        let said = |error: TunnelError| {
            let found = Tunnel::Down(error.to_string()).of(None);
            (found.finding, found.fix.unwrap())
        };
        let (finding, fix) = said(TunnelError::LoggedOut);
        assert!(finding.ends_with("is not logged in to Tailscale"), "{finding}");
        assert_eq!(fix, "Run tailscale up.");
        let (finding, fix) = said(TunnelError::Token(105));
        assert!(finding.ends_with("refused the token (ERR_NGROK_105)"), "{finding}");
        assert!(fix.starts_with("Set it, or NGROK_AUTHTOKEN, to the one at https://"), "{fix}");
        let (finding, fix) = said(TunnelError::Ended("ngrok"));
        assert!(finding.contains("ngrok ended by itself"), "{finding}");
        assert_eq!(fix, "If that goes on, run it by hand to see why.");
        let unknown = Tunnel::Down("something else".to_owned()).of(None);
        assert!(unknown.fix.unwrap().contains("installed and logged in"));
    }

    #[test]
    fn only_a_funnel_has_a_host_that_its_machine_sees_from_within() {
        let status = |provider: &str| json!({ "tunnel": { "provider": provider, "url": "https://box.tail1.ts.net:8443" } });
        let host = |provider| funnel(Some(&status(provider)));
        assert_eq!(host("tailscale-funnel").as_deref(), Some("box.tail1.ts.net"));
        assert_eq!(host("tailscale-serve"), None);
        assert_eq!(funnel(None), None);
    }
}
