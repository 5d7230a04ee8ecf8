//! The URL by which a carrier reports on one part.

use telephony_core::config::{Account, Serve};
use telephony_core::{AccountId, HttpUrl, Reference};

use crate::urls::PublicUrls;

/// Where an account's reports arrive, less what tells one part from another.
#[derive(Debug, Clone)]
pub(super) struct StatusCallback {
    urls: PublicUrls,
    account: AccountId,
}

impl StatusCallback {
    /// Known where the account has a public URL, which is its root or that of its webhook.
    pub(super) fn new(account: &Account, serve: &Serve, tunnel: Option<&HttpUrl>) -> Option<Self> {
        let urls = PublicUrls::of(account, serve, tunnel)?;
        Some(Self { urls, account: account.id.clone() })
    }

    /// For one part.
    pub(super) fn of(&self, reference: &Reference) -> Option<HttpUrl> {
        self.urls.report(&self.account, reference)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telephony_core::config::{Host, from_value};

    use super::*;

    #[test]
    fn it_is_below_the_public_url() {
        for (public, expected) in [
            (None, None),
            (Some("https://a.example"), Some("https://a.example/telephony/status/default?ref=r1")),
            (
                Some("https://a.example/telephony/webhook"),
                Some("https://a.example/telephony/status/default?ref=r1"),
            ),
            (
                Some("https://a.example/sms/telephony/webhook"),
                Some("https://a.example/sms/telephony/status/default?ref=r1"),
            ),
        ] {
            let mut value = json!({
                "provider": "plivo", "fromNumber": "+15550001111",
                "plivo": { "authId": "MA1", "authToken": "t" },
            });
            if let Some(url) = public {
                value["publicUrl"] = url.into();
            }
            let config = from_value(value, Host::Standalone, &|_| None).unwrap();
            let callback = StatusCallback::new(&config.accounts[0], &config.serve, None);
            let url = callback.and_then(|callback| callback.of(&"r1".parse().unwrap()));
            assert_eq!(url.as_ref().map(HttpUrl::as_str), expected);
        }
    }
}
