//! Plivo: <https://www.plivo.com/docs/messaging/api/message/send-a-message>,
//! <https://www.plivo.com/docs/voice/api/call/make-a-call>.

mod code;
mod number;
mod wire;

use std::fmt;

use async_trait::async_trait;
use telephony_core::config::{self, Account};
use telephony_core::{
    CallContent, CallRequest, CallStatus, CallStep, MachineDetection, OutboundMessage,
    ProviderCallId, ProviderKind, ProviderMessageId, Sender, StatusReport,
};

use crate::api::{self, Api, Call, Dialect};
use crate::error::{Error, ErrorKind};
use crate::http::Transport;
use crate::provider::{
    CallDocument, CallSnapshot, Capabilities, MessagingProvider, PlacedCall, Sent, Speech,
    VoiceProvider,
};
use crate::retry::Effect;
pub(crate) use code::CODES;

/// The most characters of a text that GSM-7 can write.
const MAX_GSM7_CHARACTERS: u32 = 1600;

/// The most UCS-2 units of a text that it cannot.
const MAX_UCS2_UNITS: u32 = 737;

/// The most characters that a call says. The document that they stand in has at most 100 KB, and
/// no character takes more than six bytes of it.
const MAX_SPEECH: u32 = 16_000;

/// A client for one Plivo account.
pub struct Plivo {
    api: Api,
    auth_id: String,
    from: Option<Sender>,
}

impl Plivo {
    /// A client for `account`, whose credentials are `settings`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when a credential cannot be put into a request.
    pub fn new(
        account: &Account,
        settings: &config::Plivo,
        transport: &Transport,
    ) -> Result<Self, Error> {
        let provider = ProviderKind::Plivo;
        let credentials = api::basic(&settings.auth_id, &settings.auth_token);
        let own = "https://api.plivo.com";
        let auth_id = api::segment(&settings.auth_id).ok_or_else(|| {
            Error::refused(provider, ErrorKind::Configuration, "plivo.authId is not an Auth ID")
        })?;
        Ok(Self {
            api: Api::new(
                provider,
                account.id.clone(),
                transport,
                api::origin(provider, own, settings.api_base_url.as_ref())?,
                api::authorization(provider, &credentials, "plivo.authToken")?,
                Dialect { refusal: wire::refusal, by_status: code::by_plivo_status },
            ),
            auth_id,
            from: account.from.clone(),
        })
    }

    /// Every path ends with a slash.
    fn path(&self, resource: &str) -> String {
        format!("/v1/Account/{}/{resource}/", self.auth_id)
    }

    /// Without an id, what is left of "end this call" would end all of the account's.
    fn instance(&self, resource: &str, id: &str) -> Result<String, Error> {
        let id = api::segment(id)
            .ok_or_else(|| self.api.refuse(ErrorKind::NotFound, "the id is not one of Plivo's"))?;
        Ok(self.path(&format!("{resource}/{id}")))
    }
}

/// Plivo writes numbers without their plus.
fn source(sender: &Sender) -> &str {
    sender.number().map_or(sender.as_str(), |number| number.digits())
}

#[async_trait]
impl MessagingProvider for Plivo {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Plivo
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mms: true,
            gsm7_characters: MAX_GSM7_CHARACTERS,
            ucs2_units: MAX_UCS2_UNITS,
            segments: None,
            media_count: 10,
            media_total_bytes: 5_000_000,
            media_picture_bytes: 2_000_000,
            media_other_bytes: 2_000_000,
            speech_characters: MAX_SPEECH,
            speech: Speech::Asked,
            idempotent_calls: false,
        }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.capabilities().check(self.kind(), message)?;
        let Some(from) = message.from().or(self.from.as_ref()) else {
            let sentence = "fromNumber is missing: set the number to send from";
            return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
        };
        let is_mms = !message.media().is_empty();
        let callback = message.status_callback().map(|url| url.as_str());
        let body = wire::NewMessage {
            src: source(from),
            dst: message.to().digits(),
            text: (!message.body().is_empty()).then(|| message.body().as_str()),
            kind: if is_mms { "mms" } else { "sms" },
            media_urls: message.media().iter().map(|url| url.as_str()).collect(),
            url: callback,
            method: callback.map(|_| "POST"),
        };
        let body = api::json(ProviderKind::Plivo, &body)?;
        let call = Call::post("send", Effect::Once, self.path("Message"), body);
        let answer: wire::Taken = self.api.ask(call).await?;
        answer.sent().ok_or_else(|| self.api.incomplete("it took the message and gave it no id"))
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        let call = Call::get("fetch", self.instance("Message", id.as_str())?);
        let answer: wire::Message = self.api.ask(call).await?;
        answer.report().ok_or_else(|| self.api.incomplete("it does not say what became of it"))
    }
}

#[async_trait]
impl VoiceProvider for Plivo {
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error> {
        let own = self.from.as_ref().and_then(Sender::number);
        let Some(from) = request.from.as_ref().or(own) else {
            let sentence = "fromNumber is missing: set the number to call from";
            return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
        };
        self.capabilities().check_call(self.kind(), request)?;
        // Plivo takes no words with the call: it asks a server for them once it is answered.
        let answer_url = match &request.content {
            CallContent::Url(url) => Some(url),
            _ => request.answer_url.as_ref(),
        };
        let Some(answer_url) = answer_url else {
            let sentence = "publicUrl is missing: Plivo asks our server what the call says";
            return Err(self.api.refuse(ErrorKind::Configuration, sentence));
        };
        let callback = request.status_callback.as_ref().map(|url| url.as_str());
        let body = wire::NewCall {
            from: from.digits(),
            to: request.to.digits(),
            answer_url: answer_url.as_str(),
            answer_method: "POST",
            ring_url: callback,
            hangup_url: callback,
            ring_timeout: request.ring_seconds,
            time_limit: request.max_duration_seconds,
            machine_detection: match request.machine_detection {
                MachineDetection::Off => None,
                MachineDetection::Report => Some("true"),
                MachineDetection::Hangup => Some("hangup"),
            },
            // Else whoever answers hears nothing until it is known what they are.
            machine_detection_url: callback
                .filter(|_| request.machine_detection != MachineDetection::Off),
        };
        let body = api::json(ProviderKind::Plivo, &body)?;
        let call = Call::post("call", Effect::Once, self.path("Call"), body);
        let answer: wire::Fired = self.api.ask(call).await?;
        answer.placed().ok_or_else(|| self.api.incomplete("it took the call and gave it no id"))
    }

    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error> {
        let path = self.instance("Call", id.as_str())?;
        let live = Call::get("inspect", format!("{path}?status=live"));
        match self.api.ask::<wire::LiveCall>(live).await {
            Ok(call) => call
                .snapshot()
                .ok_or_else(|| self.api.incomplete("it does not say how far the call is")),
            // Calls that are over are kept in another place.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let over: wire::FinishedCall = self.api.ask(Call::get("inspect", path)).await?;
                Ok(over.snapshot())
            }
            Err(error) => Err(error),
        }
    }

    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error> {
        let path = self.instance("Call", id.as_str())?;
        match self.api.tell(Call::delete("hang up", path)).await {
            // A call that has not begun to ring is a request still.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let path = self.instance("Request", id.as_str())?;
                self.api.tell(Call::delete("hang up", path)).await.map_err(|other| {
                    if other.kind() == ErrorKind::NotFound { error } else { other }
                })
            }
            answer => answer,
        }
    }

    fn document(&self, step: &CallStep) -> Option<CallDocument> {
        Some(CallDocument::xml(&wire::plivo_xml(step)))
    }
}

/// A call that Plivo took and has not dialled yet.
const FIRED: CallStatus = CallStatus::Queued;

impl fmt::Debug for Plivo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Plivo")
            .field("account", &self.api.account)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
