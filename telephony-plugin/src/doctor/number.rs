//! Where the carrier posts the number's messages, compared with where the server is.

use telephony_core::config::{Account, Provider};
use telephony_core::{HttpUrl, ProviderKind};
use telephony_providers::{Connection, ErrorKind, NumberSettings, WebhookOwner};

use super::Repair;
use super::finding::{Report, Said, Says};
use crate::report::chain;

/// How the number is set up with its carrier.
#[derive(Debug)]
pub(super) enum Number {
    /// Its messages come here.
    Set(WebhookOwner),
    /// They go nowhere.
    NotSet { owner: WebhookOwner, wanted: Option<String> },
    /// They go elsewhere.
    Elsewhere { owner: WebhookOwner, found: String, wanted: String },
    /// They come by a method whose addresses tell everybody on the way what they say.
    Method { owner: WebhookOwner, method: String },
    /// They come in a form that is not read here.
    ApiVersion { owner: WebhookOwner, version: String },
    /// The number is in nothing that could say where they go.
    Unassigned(ProviderKind),
    /// The number is not the account's.
    NotOurs(ProviderKind),
    /// The number takes no messages.
    NoMessages(ProviderKind),
    /// Calls go elsewhere, and are to be answered.
    Calls(Option<String>),
    /// It cannot be asked.
    Unread(ProviderKind, String),
    /// There is nothing that could be asked.
    NoSetting,
}

impl Says for Number {
    fn check(&self) -> &'static str {
        "number"
    }

    fn says(&self) -> Said {
        match self {
            Self::Set(owner) => Said::ok(format!("{owner} posts messages to this server")),
            Self::NotSet { owner, wanted } => {
                let url = wanted.as_deref().unwrap_or("the URL of this server's webhook");
                let sentence = format!("{owner} posts messages nowhere");
                Said::error(sentence, format!("Set its webhook to {url} by POST, or run --fix."))
            }
            Self::Elsewhere { owner, found, wanted } => {
                let sentence = format!("{owner} posts messages to {found}, and not here");
                Said::error(
                    sentence,
                    format!("Set its webhook to {wanted} by POST, or run --fix; or set publicUrl."),
                )
            }
            Self::Method { owner, method } => Said::warning(
                format!("{owner} posts messages by {method}, which writes them into the URL"),
                "Set the method of its webhook to POST, or run --fix.",
            ),
            Self::ApiVersion { owner, version } => Said::error(
                format!(
                    "{owner} posts messages in version {version} of the API, which is unsigned"
                ),
                "Set its webhook API version to 2, or run --fix.",
            ),
            Self::Unassigned(kind) => Said::error(
                "the number is assigned to nothing that could post its messages",
                match kind {
                    ProviderKind::Telnyx => {
                        "Assign the number to a messaging profile in the portal."
                    }
                    _ => "Assign the number to an application in the carrier's console.",
                },
            ),
            Self::NotOurs(kind) => Said::error(
                format!("the account at {kind} does not have fromNumber"),
                "Set fromNumber to a number of this account, or use the credentials of the account \
                 that has it.",
            ),
            Self::NoMessages(kind) => Said::error(
                format!("the number takes no messages, says {kind}"),
                "Enable messaging for it in the carrier's console, or use another number.",
            ),
            Self::Calls(found) => Said::warning(
                match found {
                    Some(found) => format!("calls to the number go to {found}, and not here"),
                    None => "calls to the number go nowhere".to_owned(),
                },
                "Set its voice webhook to the webhook URL by POST, or voice.inbound to \"reject\".",
            ),
            Self::Unread(kind, why) => Said::warning(
                format!("{kind} does not say where the number's messages go: {why}"),
                "Compare the webhook in the carrier's console with what `telephony serve` prints.",
            ),
            Self::NoSetting => Said::note(
                "where messages go cannot be asked for such a sender",
                "Compare the webhook in the carrier's console with what `telephony serve` prints.",
            ),
        }
    }
}

/// The URLs that carriers may post an account's messages to, the best first.
pub(super) struct Wanted {
    pub(super) urls: Vec<String>,
    /// What is written into the carrier's settings.
    pub(super) set: Option<HttpUrl>,
}

/// Asks the carrier: the URL that it posts to, whatever it is.
pub(super) async fn look(
    account: &Account,
    connection: &Connection,
    wanted: &Wanted,
    report: &mut Report,
) -> Option<String> {
    let provider = connection.account.as_ref()?;
    let kind = account.provider.kind();
    let of = Some(&account.id);
    let settings = match provider.number().await {
        Ok(Some(settings)) => settings,
        Ok(None) => {
            report.add(&Number::NoSetting, of);
            return None;
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            report.add(&Number::NotOurs(kind), of);
            return None;
        }
        Err(error) => {
            report.add(&Number::Unread(kind, chain(&error)), of);
            return None;
        }
    };
    let mut found = compare(kind, &settings, wanted);
    let is_voice_here = !matches!(account.provider, Provider::Telnyx(_))
        && settings.owner != WebhookOwner::Nobody
        && account.voice.answer_inbound;
    if is_voice_here && !wanted.urls.is_empty() {
        let voice = settings.voice_url.as_deref();
        if !voice.is_some_and(|url| leads(url, wanted)) {
            found.push(Number::Calls(voice.map(shown)));
        }
    }
    let is_repairable = |found: &Number| {
        matches!(
            found,
            Number::NotSet { .. }
                | Number::Elsewhere { .. }
                | Number::Method { .. }
                | Number::ApiVersion { .. }
        )
    };
    if found.iter().any(is_repairable)
        && let Some(url) = &wanted.set
    {
        report.repairs.push(Repair::new(account, connection, settings.clone(), url.clone()));
    }
    if found.is_empty() {
        found.push(Number::Set(settings.owner.clone()));
    }
    found.iter().for_each(|found| report.add(found, of));
    settings.message_url
}

fn compare(kind: ProviderKind, settings: &NumberSettings, wanted: &Wanted) -> Vec<Number> {
    let NumberSettings { owner, message_url, message_method, api_version, .. } = settings;
    let mut found = Vec::new();
    if settings.takes_messages == Some(false) {
        found.push(Number::NoMessages(kind));
    }
    if *owner == WebhookOwner::Nobody {
        found.push(Number::Unassigned(kind));
        return found;
    }
    let Some(url) = message_url else {
        let wanted = wanted.urls.first().cloned();
        found.push(Number::NotSet { owner: owner.clone(), wanted });
        return found;
    };
    // Where nobody has said what the public URL is, any will do.
    if let (Some(first), false) = (wanted.urls.first(), leads(url, wanted)) {
        let (owner, wanted) = (owner.clone(), first.clone());
        found.push(Number::Elsewhere { owner, found: shown(url), wanted });
    }
    if let Some(method) = message_method.as_deref().filter(|it| !it.eq_ignore_ascii_case("POST")) {
        found.push(Number::Method { owner: owner.clone(), method: method.to_owned() });
    }
    if let Some(version) = api_version.as_deref().filter(|it| *it != "2") {
        found.push(Number::ApiVersion { owner: owner.clone(), version: version.to_owned() });
    }
    found
}

/// Whether a URL is one of those that are wanted. What stands behind `#` is for the carrier alone.
fn leads(url: &str, wanted: &Wanted) -> bool {
    let bare = |url: &str| {
        let mut url = url::Url::parse(url).ok()?;
        url.set_fragment(None);
        Some(url)
    };
    let Some(url) = bare(url) else { return false };
    wanted.urls.iter().any(|wanted| bare(wanted).as_ref() == Some(&url))
}

/// A URL as it may be shown: without what may be a secret in it.
pub(super) fn shown(url: &str) -> String {
    let Ok(mut parsed) = url::Url::parse(url) else { return "what is no URL".to_owned() };
    parsed.set_fragment(None);
    if parsed.query().is_some() {
        parsed.set_query(Some("…"));
    }
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    parsed.as_str().replace("?%E2%80%A6", "?…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_a_url_are_not_shown() {
        assert_eq!(
            shown("https://u:canary@a.example/x?token=canary#rc=5"),
            "https://a.example/x?…"
        );
        assert_eq!(shown("https://a.example/x"), "https://a.example/x");
        assert_eq!(shown("canary"), "what is no URL");
    }

    #[test]
    fn a_default_port_and_twilios_fragment_make_no_difference() {
        let wanted = Wanted { urls: vec!["https://a.example/w".to_owned()], set: None };
        for (url, expected) in [
            ("https://a.example/w", true),
            ("https://a.example:443/w#rc=5&rp=5xx", true),
            ("https://A.example/w", true),
            ("http://a.example/w", false),
            ("https://a.example/w/", false),
            ("https://a.example/w?x", false),
            ("", false),
        ] {
            assert_eq!(leads(url, &wanted), expected, "{url}");
        }
    }
}
