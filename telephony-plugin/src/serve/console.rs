//! What a server says of itself when it starts: above all, the URLs for the carriers' consoles.

use std::fmt::Write as _;
use std::net::SocketAddr;

use telephony_core::config::{Account, Config, Tunnel};
use telephony_core::{HttpUrl, ProviderKind};

use crate::urls::PublicUrls;

/// What Twilio is told to do with a webhook that fails: five more tries, after errors of the server
/// and of the connection. By default it repeats only what it could not connect for.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
pub(crate) const TWILIO_RETRIES: &str = "#rc=5&rp=5xx,ct,rt";

/// The accounts and their URLs, in lines for people.
#[must_use]
pub fn describe(config: &Config, address: SocketAddr, tunnel: Option<&HttpUrl>) -> String {
    let mut text = format!("listening at http://{address}\n");
    for account in config.accounts.iter().filter(|account| account.enabled) {
        text.push_str(&describe_account(config, account, address, tunnel));
    }
    text
}

/// One account and its URLs, in lines for people.
#[must_use]
pub fn describe_account(
    config: &Config,
    account: &Account,
    address: SocketAddr,
    tunnel: Option<&HttpUrl>,
) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_account(&mut text, config, account, address, tunnel);
    text
}

/// Where an account's messages are posted: its public URL, or the local one where it has none.
#[must_use]
pub fn webhook_url(
    config: &Config,
    account: &Account,
    address: SocketAddr,
    tunnel: Option<&HttpUrl>,
) -> String {
    let own = own_path(config, account);
    match PublicUrls::of(account, &config.serve, tunnel) {
        Some(urls) => format!("{}{own}", urls.webhook()),
        None => format!("http://{address}{}{own}", config.serve.path),
    }
}

/// What leads to one account alone, where there are several.
fn own_path(config: &Config, account: &Account) -> String {
    let several = config.accounts.iter().filter(|account| account.enabled).count() > 1;
    if several { format!("/{}", account.id) } else { String::new() }
}

fn write_account(
    text: &mut String,
    config: &Config,
    account: &Account,
    address: SocketAddr,
    tunnel: Option<&HttpUrl>,
) -> std::fmt::Result {
    let kind = account.provider.kind();
    let from = account.from.as_ref().map_or("no number of its own", |from| from.as_str());
    writeln!(text, "account {}: {kind}, {from}", account.id)?;
    let own = own_path(config, account);
    let path = &config.serve.path;
    let Some(urls) = PublicUrls::of(account, &config.serve, tunnel) else {
        if kind == ProviderKind::Mock {
            writeln!(text, "  webhook  http://{address}{path}{own}  (this machine alone)")?;
            return writeln!(
                text,
                "  text it  telephony simulate sms --text Hello --config <this file>"
            );
        }
        if !matches!(config.tunnel, Tunnel::None) {
            return writeln!(text, "  nothing public reaches it yet: the tunnel has no URL");
        }
        return writeln!(
            text,
            "  nothing public reaches it: set publicUrl to the https:// URL that leads to \
             http://{address}"
        );
    };
    let (webhook, status) = (format!("{}{own}", urls.webhook()), format!("{}{own}", urls.status()));
    match kind {
        ProviderKind::Twilio => {
            writeln!(text, "  console: the number, or its Messaging Service")?;
            writeln!(text, "    a message comes in (POST)  {webhook}{TWILIO_RETRIES}")?;
            writeln!(text, "    status callback            {status}{TWILIO_RETRIES}")?;
        }
        ProviderKind::Telnyx => {
            writeln!(text, "  portal: the messaging profile, webhook API version 2")?;
            writeln!(text, "    webhook URL                {webhook}")?;
        }
        _ => {
            writeln!(text, "  console: the number's application")?;
            writeln!(text, "    message URL (POST)         {webhook}")?;
            writeln!(text, "    status, set with each send {status}")?;
        }
    }
    if !account.voice.enabled && !account.voice.answer_inbound {
        return Ok(());
    }
    match kind {
        ProviderKind::Twilio => {
            writeln!(text, "    a call comes in (POST)     {webhook}")?;
            writeln!(text, "    call status changes (POST) {status}")
        }
        ProviderKind::Telnyx => {
            writeln!(text, "  portal: the Voice API application, webhook API version 2")?;
            writeln!(text, "    webhook URL                {webhook}")
        }
        _ => writeln!(text, "    answer and hangup URL      {webhook}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use telephony_core::config::{Host, from_value};

    use super::*;

    fn described(config: Value) -> String {
        through(config, None)
    }

    fn through(config: Value, tunnel: Option<&HttpUrl>) -> String {
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        describe(&config, "127.0.0.1:3335".parse().unwrap(), tunnel)
    }

    #[test]
    fn urls_are_exact_and_twilios_carry_its_retries() {
        for public in ["https://a.example", "https://a.example/telephony/webhook"] {
            let text = described(json!({
                "provider": "twilio", "fromNumber": "+15550001111", "publicUrl": public,
                "twilio": { "accountSid": format!("AC{:032}", 0), "authToken": "canary" },
            }));
            let url = "https://a.example/telephony/webhook#rc=5&rp=5xx,ct,rt";
            assert!(text.contains(url), "{text}");
            assert!(text.contains("https://a.example/telephony/status#rc"), "{text}");
            assert!(!text.contains("canary"));
        }
    }

    #[test]
    fn where_calls_are_posted_is_said_where_there_are_calls() {
        let of = |voice: Value| {
            described(json!({
                "provider": "plivo", "fromNumber": "+15550001111",
                "publicUrl": "https://a.example", "voice": voice,
                "plivo": { "authId": "MA1", "authToken": "t" },
            }))
        };
        assert!(!of(json!({})).contains("answer and hangup URL"));
        for voice in [json!({ "enabled": true }), json!({ "inbound": "answer" })] {
            let text = of(voice);
            let line = "answer and hangup URL      https://a.example/telephony/webhook\n";
            assert!(text.contains(line), "{text}");
        }
    }

    #[test]
    fn a_tunnel_is_what_reaches_it_once_it_has_a_url() {
        let config = json!({
            "provider": "telnyx", "fromNumber": "+15550001111", "tunnel": { "provider": "ngrok" },
            "telnyx": { "apiKey": "K", "publicKey": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" },
        });
        let url = HttpUrl::parse("https://a.ngrok.app").unwrap();
        let text = through(config.clone(), Some(&url));
        assert!(text.contains("https://a.ngrok.app/telephony/webhook\n"), "{text}");
        let text = through(config, None);
        assert!(text.contains("nothing public reaches it yet"), "{text}");
    }

    #[test]
    fn what_nothing_reaches_says_so() {
        let text = described(json!({
            "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": "t" },
        }));
        assert!(text.contains("nothing public reaches it"), "{text}");
        let text = described(json!({ "provider": "mock", "fromNumber": "+15550001111" }));
        assert!(text.contains("http://127.0.0.1:3335/telephony/webhook"), "{text}");
    }
}
