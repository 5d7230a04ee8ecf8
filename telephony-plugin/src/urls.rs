//! The public URLs of an account: what carriers are told to request.

use telephony_core::config::{Account, Serve};
use telephony_core::{AccountId, HttpUrl, Reference};
use telephony_webhook::{REFERENCE_FIELD, VOICE_SEGMENT};

/// Where an account is reached from outside. The configured URL is the root of the server, or the
/// whole URL of its webhook; a trailing webhook path is no part of the root.
#[derive(Debug, Clone)]
pub(crate) struct PublicUrls {
    webhook: String,
    status: String,
    media: String,
}

/// What stands before the name of a hosted file.
pub(crate) const MEDIA_SEGMENT: &str = "/media/";

/// The path that hosted files are below. It is below that of webhooks, so that a proxy that passes
/// on those passes on these.
pub(crate) fn media_path(serve: &Serve) -> String {
    format!("{}/media", serve.path.trim_end_matches('/'))
}

impl PublicUrls {
    /// Those of an account, if it has a public URL; `tunnel` counts where it has none of its own.
    pub(crate) fn of(account: &Account, serve: &Serve, tunnel: Option<&HttpUrl>) -> Option<Self> {
        account.public_url.as_ref().or(tunnel).map(|url| Self::below(url.as_str(), serve))
    }

    /// Those below `url`.
    pub(crate) fn below(url: &str, serve: &Serve) -> Self {
        let url = url.trim_end_matches('/');
        let root = url.strip_suffix(serve.path.trim_end_matches('/')).unwrap_or(url);
        let root = root.trim_end_matches('/');
        let (path, status_path) = (&serve.path, &serve.status_path);
        Self {
            webhook: format!("{root}{path}"),
            status: format!("{root}{status_path}"),
            media: format!("{root}{}", media_path(serve)),
        }
    }

    /// Where messages and calls are posted.
    pub(crate) fn webhook(&self) -> &str {
        &self.webhook
    }

    /// Where reports are posted.
    pub(crate) fn status(&self) -> &str {
        &self.status
    }

    /// Where an account's reports on one thing arrive.
    pub(crate) fn report(&self, account: &AccountId, reference: &Reference) -> Option<HttpUrl> {
        let status = self.status.trim_end_matches('/');
        format!("{status}/{account}?{REFERENCE_FIELD}={reference}").parse().ok()
    }

    /// Where a carrier asks what one call is to do.
    pub(crate) fn voice(&self, reference: &Reference) -> Option<HttpUrl> {
        let webhook = self.webhook.trim_end_matches('/');
        format!("{webhook}{VOICE_SEGMENT}{reference}").parse().ok()
    }

    /// What hosted files are fetched below.
    pub(crate) fn media(&self) -> &str {
        &self.media
    }
}
