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
