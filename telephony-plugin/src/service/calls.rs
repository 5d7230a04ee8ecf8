//! Calls that somebody asks for.

use telephony_core::{
    AccountId, CallContent, CallId, CallRequest, EntropyError, HttpUrl, IdError, ProviderCallId,
    UrlError,
};
use telephony_providers::{CallSnapshot, Error as ProviderError, PlacedCall};
use thiserror::Error;

use super::{RequestError, Telephony};

/// What somebody asks to be called.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whom to call, as it was written.
    pub to: String,
    /// What to say; the configured greeting when there is neither this nor a URL.
    pub text: Option<String>,
    /// Where the carrier's own instructions are.
    pub url: Option<String>,
    /// The account; the default one when it is missing.
    pub account: Option<AccountId>,
}

/// Why a call is not placed, or not known to be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The account or the number cannot be had.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The configuration says so.
    #[error("calls are off: set voice.enabled to true")]
    Off,
    /// Two things are to be done at once.
    #[error("message: give a message to say or a webhookUrl, not both")]
    Both,
    /// The URL is none.
    #[error("webhookUrl: expected an http:// or https:// URL")]
    Url(#[source] UrlError),
    /// There is no randomness for an id.
    #[error("no id can be made for the call")]
    Entropy(#[from] EntropyError),
    /// An id is none, which ours always are.
    #[error("an id that was made is none")]
    Id(#[from] IdError),
    /// The carrier.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl Telephony {
    /// Places a call.
    ///
    /// # Errors
    ///
    /// [`CallError`]; of those of the carrier, the outcome says whether the phone may ring.
    pub async fn call(&self, call: Call) -> Result<(AccountId, PlacedCall), CallError> {
        let account = self.named(call.account.as_ref())?;
        let settings = &account.settings;
        if !settings.voice.enabled {
            return Err(CallError::Off);
        }
        let to = self.allowed(settings, &call.to).await?;
        let content = match (call.text.filter(|text| !text.trim().is_empty()), call.url) {
            (Some(_), Some(_)) => return Err(CallError::Both),
            (None, Some(url)) => CallContent::Url(url.parse::<HttpUrl>().map_err(CallError::Url)?),
            (text, None) => {
                let text = text.unwrap_or_else(|| settings.voice.greeting.clone());
                CallContent::Say { text: text.into(), language: None }
            }
        };
        let id = CallId::generate(&*self.clock, &*self.entropy)?;
        let mut request = CallRequest::new(id, to, content);
        request.max_duration_seconds = Some(settings.voice.max_duration_seconds);
        request.machine_detection = settings.voice.machine_detection;
        let placed = account.connection.voice.place(&request).await?;
        Ok((settings.id.clone(), placed))
    }

    /// Ends a call.
    ///
    /// # Errors
    ///
    /// [`CallError`] when it may go on.
    pub async fn hang_up(
        &self,
        account: Option<&AccountId>,
        id: &ProviderCallId,
    ) -> Result<AccountId, CallError> {
        let account = self.named(account)?;
        account.connection.voice.hang_up(id).await?;
        Ok(account.settings.id.clone())
    }

    /// How far a call has come, as its carrier says.
    ///
    /// # Errors
    ///
    /// [`CallError`] when that is not known.
    pub async fn inspect_call(
        &self,
        account: &AccountId,
        id: &ProviderCallId,
    ) -> Result<CallSnapshot, CallError> {
        Ok(self.named(Some(account))?.connection.voice.inspect(id).await?)
    }
}
