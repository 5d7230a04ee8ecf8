//! A provider without a carrier: keeps what it is sent, and fails when it is told to.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use telephony_core::{
    CallContent, CallRequest, CallStatus, HttpUrl, MessageStatus, OutboundMessage, ProviderCallId,
    ProviderKind, ProviderMessageId, RawStatus, Sender, StatusReport,
};

use crate::account::{AccountProvider, Checked, NumberSettings, Standing, WebhookOwner};
use crate::error::{Error, ErrorKind, Outcome};
use crate::provider::{
    CallSnapshot, Capabilities, MessagingProvider, PlacedCall, Sent, Speech, VoiceProvider,
};

/// The most messages and calls that are kept; the oldest are forgotten first.
const MAX_KEPT: usize = 10_000;

/// Keeps what it is sent in memory, and writes a readable line to the log for each.
///
/// ```
/// use telephony_core::OutboundMessage;
/// use telephony_providers::{MessagingProvider, MockProvider};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let mock = MockProvider::default();
/// let message = OutboundMessage::builder("+15550001234".parse()?).body("Hello").build()?;
/// mock.send(&message).await?;
/// assert_eq!(mock.sent()[0].message.body().as_str(), "Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct MockProvider {
    from: Option<Sender>,
    state: Mutex<State>,
    tell: Option<Tell>,
}

/// Who is told of each message.
struct Tell(Box<dyn Fn(&SentMessage) + Send + Sync>);

impl fmt::Debug for Tell {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tell")
    }
}

#[derive(Debug, Default)]
struct State {
    sent: VecDeque<SentMessage>,
    calls: VecDeque<(ProviderCallId, CallStatus)>,
    failures: VecDeque<Error>,
    webhook: Option<String>,
    count: u64,
}

/// A message that the mock was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMessage {
    /// The id it was given.
    pub id: ProviderMessageId,
    /// The message.
    pub message: OutboundMessage,
}

impl MockProvider {
    /// A mock that sends as `from`.
    #[must_use]
    pub fn new(from: Option<Sender>) -> Self {
        Self { from, ..Self::default() }
    }

    /// Tells of each message that it is sent: to whoever shows what a phone would.
    #[must_use]
    pub fn telling(mut self, tell: impl Fn(&SentMessage) + Send + Sync + 'static) -> Self {
        self.tell = Some(Tell(Box::new(tell)));
        self
    }

    /// What it was sent, the oldest first.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMessage> {
        self.state().sent.iter().cloned().collect()
    }

    /// The next thing it is asked to do fails like this; told twice, the next two.
    pub fn fail_next(&self, kind: ErrorKind, outcome: Outcome) {
        let sentence = "it was told to fail";
        self.fail_next_with(Error::new(ProviderKind::Mock, kind, outcome, sentence));
    }

    /// The next thing it is asked to do fails with this error: one with a code, or with a wait.
    pub fn fail_next_with(&self, error: Error) {
        self.state().failures.push_back(error);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change is a single step, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn next_id(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{:06}", self.count)
    }

    fn fail(&mut self) -> Result<(), Error> {
        self.failures.pop_front().map_or(Ok(()), Err)
    }

    /// Who only asks has changed nothing, however it failed.
    fn fail_to_tell(&mut self) -> Result<(), Error> {
        self.fail().map_err(|error| error.with_outcome(Outcome::NotSent))
    }
}

fn no_id(error: telephony_core::IdError) -> Error {
    let sentence = "it made an id that is none";
    Error::new(ProviderKind::Mock, ErrorKind::Unknown, Outcome::Unknown, sentence)
        .with_source(error)
}

fn unknown(what: &'static str) -> Error {
    Error::refused(ProviderKind::Mock, ErrorKind::NotFound, what)
}

#[async_trait]
impl MessagingProvider for MockProvider {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Mock
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mms: true,
            gsm7_characters: 1600,
            ucs2_units: 1600,
            segments: None,
            media_count: 10,
            media_total_bytes: 5_000_000,
            media_picture_bytes: 5_000_000,
            media_other_bytes: 5_000_000,
            speech_characters: 4000,
            speech: Speech::Inline,
            idempotent_calls: false,
        }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.capabilities().check(self.kind(), message)?;
        let mut state = self.state();
        state.fail()?;
        let id = ProviderMessageId::new(state.next_id("mock-message-")).map_err(no_id)?;
        if state.sent.len() == MAX_KEPT {
            state.sent.pop_front();
        }
        let sent = SentMessage { id: id.clone(), message: message.clone() };
        if let Some(Tell(tell)) = &self.tell {
            tell(&sent);
        }
        state.sent.push_back(sent);
        let from = message.from().or(self.from.as_ref()).map(Sender::masked);
        tracing::info!(
            provider = "mock",
            message_id = %id,
            from = from.as_deref(),
            to = message.to().masked(),
            characters = message.body().as_str().chars().count(),
            media = message.media().len(),
            "sent"
        );
        Ok(Sent::new(id, StatusReport::new(MessageStatus::Queued, "queued")))
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        let mut state = self.state();
        state.fail_to_tell()?;
        let known = state.sent.iter().any(|sent| sent.id == *id);
        known
            .then(|| StatusReport::new(MessageStatus::Delivered, "delivered"))
            .ok_or_else(|| unknown("there is no such message"))
    }
}

#[async_trait]
impl VoiceProvider for MockProvider {
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error> {
        self.capabilities().check_call(self.kind(), request)?;
        let mut state = self.state();
        state.fail()?;
        let id = ProviderCallId::new(state.next_id("mock-call-")).map_err(no_id)?;
        if state.calls.len() == MAX_KEPT {
            state.calls.pop_front();
        }
        state.calls.push_back((id.clone(), CallStatus::InProgress));
        let speaks = matches!(request.content, CallContent::Say { .. });
        tracing::info!(provider = "mock", call_id = %id, to = request.to.masked(), speaks, "calls");
        Ok(PlacedCall::new(id, CallStatus::Queued))
    }

    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error> {
        let mut state = self.state();
        state.fail_to_tell()?;
        let status = state.calls.iter().find(|(call, _)| call == id).map(|(_, status)| *status);
        let status = status.ok_or_else(|| unknown("there is no such call"))?;
        Ok(CallSnapshot::new(status, RawStatus::new(status.as_str())))
    }

    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error> {
        let mut state = self.state();
        state.fail()?;
        let call = state.calls.iter_mut().find(|(call, _)| call == id);
        let (_, status) = call.ok_or_else(|| unknown("there is no such call"))?;
        *status = CallStatus::Completed;
        Ok(())
    }
}

/// Its number's settings are what was set last.
#[async_trait]
impl AccountProvider for MockProvider {
    async fn check(&self) -> Checked {
        Checked::new(None, self.state().fail_to_tell().map(|()| Standing::Active))
    }

    async fn number(&self) -> Result<Option<NumberSettings>, Error> {
        let mut state = self.state();
        state.fail_to_tell()?;
        let number = NumberSettings::of(WebhookOwner::Number("mock".to_owned()));
        Ok(Some(NumberSettings { message_url: state.webhook.clone(), ..number }))
    }

    async fn set_webhook(&self, _: &NumberSettings, url: &HttpUrl) -> Result<(), Error> {
        let mut state = self.state();
        state.fail()?;
        state.webhook = Some(url.as_str().to_owned());
        Ok(())
    }
}
