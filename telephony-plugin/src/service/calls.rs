//! Calls that somebody asks for: checked, written down, placed, ended, looked at.

use std::time::Duration;

use telephony_core::{
    AccountId, Body, CallContent, CallId, CallRequest, CallUpdate, EntropyError, HttpUrl, IdError,
    IdempotencyKey, MachineDetection, ProviderCallId, ProviderKind, Reference, Timestamp, Token,
    UrlError,
};
use telephony_providers::{Error as ProviderError, ErrorKind, Outcome, Speech};
use thiserror::Error;

use super::{Account, RequestError, Telephony};
use crate::outbound::{CallOutcome, CallRecord, LedgerError, NewCall, Opened, while_ours};
use crate::report::chain;

/// How long a carrier that reports on calls may be silent before it is asked: longer than a phone
/// rings by default.
const REPORTED: Duration = Duration::from_secs(60);

/// How long is waited before the ledger is told again what came of a call.
const WRITE_AGAIN: Duration = Duration::from_secs(1);

/// What somebody asks to be called.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// Whom to call, as it was written.
    pub to: String,
    /// What to say; the configured greeting when there is neither this nor a URL.
    pub text: Option<String>,
    /// Where the carrier's own instructions are.
    pub url: Option<String>,
    /// The account; the default one when it is missing.
    pub account: Option<AccountId>,
    /// The key under which it is asked for: the same key places one call.
    pub key: Option<IdempotencyKey>,
    /// What is done when a machine answers, where that is not what is configured.
    pub machine_detection: Option<MachineDetection>,
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
    /// The carrier cannot ask us, or tell us, what it has to for a call to speak.
    #[error(
        "publicUrl is missing: {0} reaches our server while a call goes on, to learn what it says; \
         set publicUrl or a tunnel, or give a webhookUrl"
    )]
    NoPublicUrl(ProviderKind),
    /// Another call was asked for under that key.
    #[error("idempotencyKey: another call was asked for under this key: use a new one")]
    Conflict,
    /// There is no such call.
    #[error("id: there is no record of this call, and no account is named whose carrier has it")]
    NotFound,
    /// The carrier has not told its own id of a call.
    #[error(
        "id: the carrier has not told its id of this call yet: try again in a moment, or end it in \
         the carrier's console"
    )]
    NotYet,
    /// There is no randomness for an id.
    #[error("no id can be made for the call")]
    Entropy(#[from] EntropyError),
    /// An id is none, which ours always are.
    #[error("an id that was made is none")]
    Id(#[from] IdError),
    /// It cannot be written down.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The carrier.
    #[error(transparent)]
    Provider(#[from] ProviderError),
}

impl CallError {
    /// The field that is wrong.
    #[must_use]
    pub const fn field(&self) -> Option<&'static str> {
        match self {
            Self::Request(error) => error.field(),
            Self::Off => Some("voice.enabled"),
            Self::Both => Some("message"),
            Self::Url(_) => Some("webhookUrl"),
            Self::NoPublicUrl(_) => Some("publicUrl"),
            Self::Conflict => Some("idempotencyKey"),
            Self::NotFound | Self::NotYet => Some("id"),
            _ => None,
        }
    }

    /// Whether the phone may ring all the same.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        match self {
            Self::Provider(error) => error.outcome(),
            _ => Outcome::NotSent,
        }
    }
}

impl Telephony {
    /// Places a call. It is written down first, so that what the carrier reports on it is
    /// understood even where its answer never reaches us.
    ///
    /// # Errors
    ///
    /// [`CallError`] when nothing is written down, and no phone rings. Whether the carrier took what
    /// is written down, the record's outcome says.
    pub async fn call(&self, call: Call) -> Result<CallRecord, CallError> {
        let account = self.named(call.account.as_ref())?;
        let settings = &account.settings;
        if !settings.voice.enabled {
            return Err(CallError::Off);
        }
        let to = self.allowed(settings, &call.to).await?;
        let asked = format!("{to}\n{:?}\n{:?}\n{:?}", call.url, call.machine_detection, call.text);
        let content = content(&account, call.text, call.url)?;
        let reference = Reference::new(Token::generate(&*self.entropy)?.as_str())?;
        let id = CallId::generate(&*self.clock, &*self.entropy)?;
        let voice = &settings.voice;
        let mut request = CallRequest::new(id.clone(), to.clone(), content.clone());
        request.ring_seconds = Some(voice.ring_timeout_seconds);
        request.max_duration_seconds = Some(voice.max_duration_seconds);
        request.machine_detection = call.machine_detection.unwrap_or(voice.machine_detection);
        let provider = settings.provider.kind();
        let capabilities = account.connection.messaging.capabilities();
        capabilities.check_call(provider, &request)?;
        let speaks = matches!(request.content, CallContent::Say { .. });
        let urls = account.urls();
        if speaks && capabilities.speech != Speech::Inline && urls.is_none() {
            return Err(CallError::NoPublicUrl(provider));
        }
        if let Some(urls) = &urls {
            request.status_callback = urls.report(&settings.id, &reference);
            request.answer_url = urls.voice(&reference);
        }
        let opened = NewCall {
            id: id.clone(),
            account: settings.id.clone(),
            provider,
            to,
            content,
            machine_detection: request.machine_detection,
            reference,
            key: call.key,
            asked,
        };
        let opened_at = self.clock.now();
        match self.ledger.open_call(opened, opened_at).await? {
            Opened::New => self.place(&account, &request, opened_at).await,
            Opened::Known(known) => Ok(*known),
            Opened::Conflict => Err(CallError::Conflict),
        }
    }

    async fn place(
        &self,
        account: &Account,
        request: &CallRequest,
        opened_at: Timestamp,
    ) -> Result<CallRecord, CallError> {
        let account_id = &account.settings.id;
        // Where others share the ledger, they give up a call that was not placed in time.
        let until = self.ledger.until(opened_at);
        let placed = while_ours(until, &*self.clock, account.connection.voice.place(request));
        let placed = placed.await.unwrap_or_else(|| Err(held_up(account.settings.provider.kind())));
        let now = self.clock.now();
        match placed {
            Ok(placed) => {
                tracing::info!(%account_id, call_id = %request.id, "placed");
                let raw = placed.status.as_str();
                let update =
                    CallUpdate::new(account_id.clone(), placed.id, Some(placed.status), raw);
                let written = || self.ledger.call_placed(&request.id, update.clone(), now);
                until_written(written).await.ok_or(CallError::NotFound)
            }
            Err(error) => {
                let outcome = match error.outcome() {
                    Outcome::NotSent if error.is_transient() => CallOutcome::NotPlaced,
                    Outcome::NotSent => CallOutcome::Refused,
                    _ => CallOutcome::Unknown,
                };
                let reason = chain(&error);
                tracing::warn!(%account_id, call_id = %request.id, reason, "not placed");
                let written = || self.ledger.call_failed(&request.id, outcome, reason.clone(), now);
                until_written(written).await.ok_or(CallError::NotFound)
            }
        }
    }

    /// Ends a call, by our id or the carrier's; what is known of it, where it is one of ours. That
    /// it is over already is no error.
    ///
    /// # Errors
    ///
    /// [`CallError`] when it may go on.
    pub async fn hang_up(
        &self,
        account: Option<&AccountId>,
        id: &str,
    ) -> Result<Option<CallRecord>, CallError> {
        let known = self.ledger.call(id).await?;
        let (account, provider_id) = match &known {
            Some(call) if call.is_over() => return Ok(known),
            Some(call) => {
                let id = call.provider_id.clone().ok_or(CallError::NotYet)?;
                (self.named(Some(&call.account))?, id)
            }
            None => (self.named(account)?, ProviderCallId::new(id)?),
        };
        let voice = &account.connection.voice;
        let ended = voice.hang_up(&provider_id).await;
        if let Err(error) = ended {
            // It may have been over a moment before us; then its carrier says so.
            let now = voice.inspect(&provider_id).await;
            let is_over = now.is_ok_and(|now| now.status.is_terminal());
            if error.kind() != ErrorKind::NotFound || !is_over {
                return Err(error.into());
            }
        }
        Ok(known)
    }

    /// What is known of a call, by our id or the carrier's: our record, with what the carrier says
    /// now where the last word is not spoken.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the record cannot be read.
    pub async fn call_status(&self, id: &str) -> Result<Option<CallRecord>, LedgerError> {
        let Some(call) = self.ledger.call(id).await? else { return Ok(None) };
        let account = self.account(&call.account).filter(|_| !call.is_over());
        let (Some(account), Some(provider_id)) = (account, call.provider_id.clone()) else {
            return Ok(Some(call));
        };
        // Where the carrier reports, it says more than it does when it is asked: how a call has ended.
        let latest = call.history.last().map_or(call.created_at, |event| event.at);
        let silent = self.clock.now().saturating_since(latest);
        if account.urls().is_some() && call.outcome == CallOutcome::Placed && silent < REPORTED {
            return Ok(Some(call));
        }
        // A carrier that does not answer leaves us with what we know.
        let Ok(now) = account.connection.voice.inspect(&provider_id).await else {
            return Ok(Some(call));
        };
        // Where a call is told by its events, all that can be asked is whether it is alive.
        let told = account.connection.messaging.capabilities().speech == Speech::Commanded;
        if told && !now.status.is_terminal() {
            return Ok(Some(call));
        }
        let (status, raw) = (Some(now.status), now.raw.as_str());
        let mut update = CallUpdate::new(call.account.clone(), provider_id, status, raw);
        update.duration_seconds = now.duration_seconds;
        self.take_call(&account, &update).await?;
        self.ledger.call(id).await
    }

    /// How far a call of which there is no record has come, as its carrier says.
    ///
    /// # Errors
    ///
    /// [`CallError`] when that is not known.
    pub async fn inspect_call(
        &self,
        account: &AccountId,
        id: &ProviderCallId,
    ) -> Result<telephony_providers::CallSnapshot, CallError> {
        Ok(self.named(Some(account))?.connection.voice.inspect(id).await?)
    }
}

/// What a call does.
fn content(
    account: &Account,
    text: Option<String>,
    url: Option<String>,
) -> Result<CallContent, CallError> {
    let voice = &account.settings.voice;
    let text = text.filter(|text| !text.trim().is_empty());
    let text = match (text, url) {
        (Some(_), Some(_)) => return Err(CallError::Both),
        (None, Some(url)) => {
            return Ok(CallContent::Url(url.parse::<HttpUrl>().map_err(CallError::Url)?));
        }
        (text, None) => text.unwrap_or_else(|| voice.greeting.clone()),
    };
    Ok(CallContent::Say { text: Body::new(text), language: voice.language.clone() })
}

/// Tries until what became of a call is written down: whoever asked for it must not hear that it was
/// not placed because the database failed for a moment. What is known of the call then.
async fn until_written<T, W>(mut write: impl FnMut() -> W) -> Option<T>
where
    W: Future<Output = Result<Option<T>, LedgerError>>,
{
    loop {
        match write().await {
            Ok(known) => return known,
            Err(error) => tracing::error!(error = chain(&error), "cannot be written down"),
        }
        tokio::time::sleep(WRITE_AGAIN).await;
    }
}

fn held_up(provider: ProviderKind) -> ProviderError {
    let sentence = "this process was held up for so long that others gave the call up";
    ProviderError::new(provider, ErrorKind::Temporary, Outcome::Unknown, sentence)
}
