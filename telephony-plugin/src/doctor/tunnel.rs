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
            Self::Down(why) => Said::error(
                format!("it is down: {why}"),
                "See that its program is installed and logged in, and the server's log.",
            ),
            Self::Differs(url) => Said::error(
                format!("it leads from {url}, and publicUrl is another"),
                "Remove publicUrl, or set it to the tunnel's URL.",
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

pub(super) fn look(
    config: &Config,
    accounts: &[&Account],
    status: Option<&Value>,
    report: &mut Report,
) {
    if matches!(config.tunnel, Configured::None) {
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

    #[test]
    fn what_the_server_says_of_its_tunnel_is_compared_with_the_configuration() {
        let public = "https://a.example.com";
        let tunnel = |state: &str, url: Option<&str>| json!({ "tunnel": { "provider": "ngrok", "state": state, "url": url, "error": "gone" } });
        for (provider, status, expected) in [
            ("none", None, Severity::Ok),
            ("ngrok", None, Severity::Note),
            ("ngrok", Some(json!({ "tunnel": null })), Severity::Note),
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
}
