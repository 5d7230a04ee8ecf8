//! What a server will make of a webhook, looked at before it is posted.

use telephony_core::config::Account;
use telephony_core::{Event as Parsed, ProviderKind, Timestamp};
use telephony_webhook::{
    Headers, Notice, ParseError, PublicUrl, PublicUrlError, PublicUrls, Refusal, Request, Route,
    VerifierError, parse, verifier,
};
use thiserror::Error;

use super::{Event, Posting};

/// Why the carrier would not post it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LookError {
    /// The account has no usable key.
    #[error("the account's webhooks cannot be verified")]
    Verifier(#[from] VerifierError),
    /// What is signed is no URL.
    #[error("the URL cannot be signed")]
    Url(#[from] PublicUrlError),
    /// The account's own key does not fit.
    #[error("the account would not take its own signature")]
    Refused(#[source] Refusal),
    /// A field has not the carrier's shape.
    #[error("{0} posts nothing like it")]
    Parse(ProviderKind, #[source] ParseError),
    /// A server would acknowledge it, and leave it at that.
    #[error("{0} has no such status of a message or a call: {1}")]
    Status(ProviderKind, String),
}

impl Posting {
    /// Verifies and reads it as the server of `account` does, with `url` as what was signed.
    /// Whether it is for the account: a server acknowledges and drops what is for another number.
    ///
    /// # Errors
    ///
    /// [`LookError`] when the server would not take it, or take it for something else.
    pub fn is_for(
        &self,
        account: &Account,
        event: &Event,
        url: &str,
        now: Timestamp,
    ) -> Result<bool, LookError> {
        let kind = account.provider.kind();
        let (without_query, query) = match url.split_once('?') {
            Some((url, query)) => (url, format!("?{query}")),
            None => (url, String::new()),
        };
        let urls = PublicUrls::from(PublicUrl::parse(without_query)?);
        // Whether unsigned requests may come at all depends on where the server listens.
        let own = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let headers: Headers = own.chain([("host", "localhost")]).collect();
        let target = format!("{}{query}", urls.first().path());
        let request = Request::new("POST", &target, headers, self.body.as_bytes(), now);
        let request = request.verify(&*verifier(account)?, Ok(&urls));
        let request = request.map_err(|refused| LookError::Refused(refused.refusal))?;
        let route = match event {
            Event::Message { .. } | Event::Call { .. } => Route::Webhook,
            Event::Receipt { .. } | Event::Progress { .. } => Route::Status,
        };
        let notice = parse(&request, account, route);
        match (notice.map_err(|error| LookError::Parse(kind, error))?, event) {
            (Notice::Event { event: parsed, claims, .. }, Event::Message { .. })
                if matches!(*parsed, Parsed::Message(_)) =>
            {
                Ok(claims.belong_to(account))
            }
            (Notice::Event { event: parsed, claims, .. }, Event::Receipt { .. })
                if matches!(*parsed, Parsed::Delivery(_)) =>
            {
                Ok(claims.belong_to(account))
            }
            (Notice::Event { event: parsed, claims, .. }, Event::Call { .. }) if matches!(&*parsed, Parsed::Call(update) if update.inbound) => {
                Ok(claims.belong_to(account))
            }
            (Notice::Event { event: parsed, claims, .. }, Event::Progress { .. }) if matches!(&*parsed, Parsed::Call(update) if update.status.is_some()) => {
                Ok(claims.belong_to(account))
            }
            (_, Event::Receipt { status, .. } | Event::Progress { status, .. }) => {
                Err(LookError::Status(kind, status.clone()))
            }
            (_, Event::Message { .. } | Event::Call { .. }) => Ok(false),
        }
    }
}
