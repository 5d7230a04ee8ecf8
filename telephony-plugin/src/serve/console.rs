//! What a server says of itself when it starts: above all, the URLs for the carriers' consoles.

use std::fmt::Write as _;
use std::net::SocketAddr;

use telephony_core::ProviderKind;
use telephony_core::config::{Account, Config};

use crate::urls::PublicUrls;

/// What Twilio is told to do with a webhook that fails: five more tries, after errors of the server
/// and of the connection. By default it repeats only what it could not connect for.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
pub(crate) const TWILIO_RETRIES: &str = "#rc=5&rp=5xx,ct,rt";

/// The accounts and their URLs, in lines for people.
#[must_use]
pub fn describe(config: &Config, address: SocketAddr) -> String {
    let mut text = format!("listening at http://{address}\n");
    for account in config.accounts.iter().filter(|account| account.enabled) {
        text.push_str(&describe_account(config, account, address));
    }
    text
}

/// One account and its URLs, in lines for people.
#[must_use]
pub fn describe_account(config: &Config, account: &Account, address: SocketAddr) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = write_account(&mut text, config, account, address);
    text
}

/// Where an account's messages are posted: its public URL, or the local one where it has none.
#[must_use]
pub fn webhook_url(config: &Config, account: &Account, address: SocketAddr) -> String {
    let own = own_path(config, account);
    match PublicUrls::of(account, &config.serve, None) {
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
) -> std::fmt::Result {
    let kind = account.provider.kind();
    let from = account.from.as_ref().map_or("no number of its own", |from| from.as_str());
    writeln!(text, "account {}: {kind}, {from}", account.id)?;
    let own = own_path(config, account);
    let path = &config.serve.path;
    let Some(urls) = PublicUrls::of(account, &config.serve, None) else {
        if kind == ProviderKind::Mock {
            writeln!(text, "  webhook  http://{address}{path}{own}  (this machine alone)")?;
            return writeln!(
                text,
                "  text it  telephony simulate sms --text Hello --config <this file>"
            );
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
            writeln!(text, "    status callback            {status}{TWILIO_RETRIES}")
        }
        ProviderKind::Telnyx => {
            writeln!(text, "  portal: the messaging profile, webhook API version 2")?;
            writeln!(text, "    webhook URL                {webhook}")
        }
        _ => {
            writeln!(text, "  console: the number's application")?;
            writeln!(text, "    message URL (POST)         {webhook}")?;
            writeln!(text, "    status, set with each send {status}")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use telephony_core::config::{Host, from_value};

    use super::*;

    fn described(config: Value) -> String {
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        describe(&config, "127.0.0.1:3335".parse().unwrap())
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
