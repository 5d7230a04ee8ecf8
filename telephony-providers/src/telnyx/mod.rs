//! Telnyx: <https://developers.telnyx.com/api-reference/messages/send-a-message>,
//! <https://developers.telnyx.com/api-reference/call-commands/dial>.

mod code;
mod follow;
mod number;
mod state;
mod wire;

use std::fmt;

use async_trait::async_trait;
use telephony_core::config::{self, Account};
use telephony_core::{
    CallContent, CallRequest, CallStep, CallUpdate, MachineDetection, OutboundMessage,
    ProviderCallId, ProviderKind, ProviderMessageId, Secret, Sender, StatusReport,
};

use self::state::State;
use crate::api::{self, Api, Call, Dialect};
use crate::error::{Error, ErrorKind};
use crate::explain::by_status;
use crate::http::Transport;
use crate::provider::{
    CallSnapshot, Capabilities, MessagingProvider, PlacedCall, Sent, Speech, VoiceProvider,
};
use crate::retry::Effect;
pub(crate) use code::CODES;

/// The most characters that a call can be given to speak.
const MAX_SPEECH: u32 = 3000;

/// How long a phone may ring, in seconds.
const RING_SECONDS: (u32, u32) = (5, 600);

/// How long a call may last, in seconds.
const DURATION_SECONDS: (u32, u32) = (30, 14_400);

/// A client for one Telnyx account.
pub struct Telnyx {
    api: Api,
    from: Option<Sender>,
    messaging_profile_id: Option<String>,
    connection_id: Option<String>,
}

impl Telnyx {
    /// A client for `account`, whose credentials are `settings`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when a credential cannot be put into a request.
    pub fn new(
        account: &Account,
        settings: &config::Telnyx,
        transport: &Transport,
    ) -> Result<Self, Error> {
        let provider = ProviderKind::Telnyx;
        let bearer = Secret::new(format!("Bearer {}", settings.api_key.expose()));
        let own = "https://api.telnyx.com";
        Ok(Self {
            api: Api::new(
                provider,
                account.id.clone(),
                transport,
                api::origin(provider, own, settings.api_base_url.as_ref())?,
                api::authorization(provider, &bearer, "telnyx.apiKey")?,
                Dialect { refusal: wire::refusal, by_status },
            ),
            from: account.from.clone(),
            messaging_profile_id: settings.messaging_profile_id.clone(),
            connection_id: settings.connection_id.clone(),
        })
    }

    /// Has a call do something. The same again does nothing: each has an id within its call.
    async fn command(
        &self,
        id: &ProviderCallId,
        action: &'static str,
        body: &serde_json::Value,
    ) -> Result<(), Error> {
        let path = format!("{}/actions/{action}", self.instance("calls", id.as_str())?);
        let body = api::json(ProviderKind::Telnyx, body)?;
        self.api.tell(Call::post(action, Effect::Idempotent, path, body)).await
    }

    fn instance(&self, resource: &str, id: &str) -> Result<String, Error> {
        let id = api::segment(id)
            .ok_or_else(|| self.api.refuse(ErrorKind::NotFound, "the id is not one of Telnyx'"))?;
        Ok(format!("/v2/{resource}/{id}"))
    }
}

#[async_trait]
impl MessagingProvider for Telnyx {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Telnyx
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mms: true,
            // Ten segments of either encoding.
            gsm7_characters: 1530,
            ucs2_units: 670,
            segments: Some(10),
            media_count: 10,
            // Everything together has to stay below a megabyte.
            media_total_bytes: 999_999,
            media_picture_bytes: 999_999,
            media_other_bytes: 999_999,
            speech_characters: MAX_SPEECH,
            speech: Speech::Commanded,
            idempotent_calls: true,
        }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.capabilities().check(self.kind(), message)?;
        let from = message.from().or(self.from.as_ref());
        if from.is_none() && self.messaging_profile_id.is_none() {
            let sentence = "fromNumber is missing: set it, or telnyx.messagingProfileId";
            return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
        }
        let body = wire::NewMessage {
            to: message.to().as_str(),
            from: from.map(Sender::as_str),
            messaging_profile_id: self.messaging_profile_id.as_deref(),
            text: (!message.body().is_empty()).then(|| message.body().as_str()),
            media_urls: message.media().iter().map(|url| url.as_str()).collect(),
            webhook_url: message.status_callback().map(|url| url.as_str()),
        };
        let body = api::json(ProviderKind::Telnyx, &body)?;
        let call = Call::post("send", Effect::Once, "/v2/messages".to_owned(), body);
        let answer: wire::Data<wire::Message> = self.api.ask(call).await?;
        answer
            .data
            .sent()
            .ok_or_else(|| self.api.incomplete("it took the message and gave it no id"))
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        let call = Call::get("fetch", self.instance("messages", id.as_str())?);
        let answer: wire::Data<wire::Message> = self.api.ask(call).await?;
        let report = answer.data.report();
        report.ok_or_else(|| self.api.incomplete("it does not say what became of it"))
    }
}

#[async_trait]
impl VoiceProvider for Telnyx {
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error> {
        let Some(connection_id) = self.connection_id.as_deref() else {
            let sentence = "telnyx.connectionId is missing: set the Voice API application's id";
            return Err(self.api.refuse(ErrorKind::Configuration, sentence));
        };
        let own = self.from.as_ref().and_then(Sender::number);
        let Some(from) = request.from.as_ref().or(own) else {
            let sentence = "fromNumber is missing: set the number to call from";
            return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
        };
        self.capabilities().check_call(self.kind(), request)?;
        let mut webhook_url = request.status_callback.as_ref().map(|url| url.as_str());
        let mut client_state = None;
        match &request.content {
            CallContent::Say { text, language } => {
                // Whether to speak to whoever answers is not known before it is known what they are.
                let waits = request.machine_detection == MachineDetection::Hangup;
                let state = State::to_say(text.as_str(), language.as_deref(), waits);
                client_state = Some(state.encode());
            }
            CallContent::Url(url) => webhook_url = Some(url.as_str()),
            _ => return Err(self.api.refuse(ErrorKind::InvalidContent, "nothing to say")),
        }
        let body = wire::NewCall {
            connection_id,
            to: request.to.as_str(),
            from: from.as_str(),
            command_id: request.id.as_str(),
            timeout_secs: request.ring_seconds.map(|s| s.clamp(RING_SECONDS.0, RING_SECONDS.1)),
            time_limit_secs: request
                .max_duration_seconds
                .map(|s| s.clamp(DURATION_SECONDS.0, DURATION_SECONDS.1)),
            webhook_url,
            client_state,
            answering_machine_detection: (request.machine_detection != MachineDetection::Off)
                .then_some("detect"),
        };
        let body = api::json(ProviderKind::Telnyx, &body)?;
        // The command id makes a repeat the same call.
        let call = Call::post("call", Effect::Idempotent, "/v2/calls".to_owned(), body);
        let answer: wire::Data<wire::CallAnswer> = self.api.ask(call).await?;
        answer
            .data
            .placed()
            .ok_or_else(|| self.api.incomplete("it took the call and gave it no id"))
    }

    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error> {
        let call = Call::get("inspect", self.instance("calls", id.as_str())?);
        let answer: wire::Data<wire::CallAnswer> = self.api.ask(call).await?;
        let snapshot = answer.data.snapshot();
        snapshot.ok_or_else(|| self.api.incomplete("it does not say how far the call is"))
    }

    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error> {
        self.command(id, "hangup", &serde_json::json!({})).await
    }

    async fn follow(&self, update: &CallUpdate, inbound: &CallStep) -> Result<(), Error> {
        let Some((action, body)) = follow::next(update, inbound) else { return Ok(()) };
        self.command(&update.id, action, &body).await
    }
}

impl fmt::Debug for Telnyx {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Telnyx")
            .field("account", &self.api.account)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
