//! Twilio: <https://www.twilio.com/docs/messaging/api/message-resource>,
//! <https://www.twilio.com/docs/voice/api/call-resource>.

mod code;
mod number;
mod wire;

use std::fmt;

use async_trait::async_trait;
use telephony_core::config::{self, Account};
use telephony_core::{
    CallContent, CallRequest, CallStep, HttpUrl, MachineDetection, OutboundMessage, ProviderCallId,
    ProviderKind, ProviderMessageId, Secret, Sender, StatusReport,
};

use crate::api::{self, Api, Call, Dialect};
use crate::error::{Error, ErrorKind};
use crate::explain::by_status;
use crate::http::Transport;
use crate::provider::{
    CallDocument, CallSnapshot, Capabilities, MessagingProvider, PlacedCall, Sent, Speech,
    VoiceProvider,
};
use crate::retry::Effect;
pub(crate) use code::CODES;

/// The most characters of inline TwiML.
const MAX_TWIML: usize = 4000;

/// The most characters that a call says: they stand in TwiML, with some markup around them.
const MAX_SPEECH: u32 = 3800;

/// The most characters of a text, whichever encoding it needs.
const MAX_CHARACTERS: u32 = 1600;

/// The longest a phone may ring, in seconds.
const MAX_RING_SECONDS: u32 = 600;

/// A client for one Twilio account.
pub struct Twilio {
    api: Api,
    account_sid: String,
    from: Option<Sender>,
    messaging_service_sid: Option<String>,
    /// Where the API of Messaging Services is; empty where it is with the rest.
    messaging_origin: String,
    /// Whether a key asks in place of the account's own token.
    has_api_key: bool,
}

impl Twilio {
    /// A client for `account`, whose credentials are `settings`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] when a credential cannot be put into a request.
    pub fn new(
        account: &Account,
        settings: &config::Twilio,
        transport: &Transport,
    ) -> Result<Self, Error> {
        let provider = ProviderKind::Twilio;
        let own = match &settings.region {
            Some(region) => format!("https://api.{region}.twilio.com"),
            None => "https://api.twilio.com".to_owned(),
        };
        let messaging_origin = match (&settings.api_base_url, &settings.region) {
            (Some(_), _) => String::new(),
            (None, Some(region)) => format!("https://messaging.{region}.twilio.com"),
            (None, None) => "https://messaging.twilio.com".to_owned(),
        };
        let (user, password) = match &settings.api_key {
            Some((sid, secret)) => (sid, secret),
            None => (&settings.account_sid, &settings.auth_token),
        };
        let credentials: Secret = api::basic(user, password);
        let api = Api::new(
            provider,
            account.id.clone(),
            transport,
            api::origin(provider, &own, settings.api_base_url.as_ref())?,
            api::authorization(provider, &credentials, "twilio.authToken")?,
            Dialect { refusal: wire::refusal, by_status },
        );
        let account_sid = api::segment(&settings.account_sid).ok_or_else(|| {
            let sentence = "twilio.accountSid is not a SID";
            Error::refused(provider, ErrorKind::Configuration, sentence)
        })?;
        Ok(Self {
            api,
            account_sid,
            from: account.from.clone(),
            messaging_service_sid: settings.messaging_service_sid.clone(),
            messaging_origin,
            has_api_key: settings.api_key.is_some(),
        })
    }

    fn path(&self, resource: &str) -> String {
        format!("/2010-04-01/Accounts/{}/{resource}.json", self.account_sid)
    }

    fn instance(&self, resource: &str, id: &str) -> Result<String, Error> {
        let id = api::segment(id)
            .ok_or_else(|| self.api.refuse(ErrorKind::NotFound, "the id is not one of Twilio's"))?;
        Ok(self.path(&format!("{resource}/{id}")))
    }
}

#[async_trait]
impl MessagingProvider for Twilio {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Twilio
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            mms: true,
            gsm7_characters: MAX_CHARACTERS,
            ucs2_units: MAX_CHARACTERS,
            segments: None,
            media_count: 10,
            media_total_bytes: 5_000_000,
            media_picture_bytes: 5_000_000,
            media_other_bytes: 500_000,
            speech_characters: MAX_SPEECH,
            speech: Speech::Inline,
            idempotent_calls: false,
        }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.capabilities().check(self.kind(), message)?;
        let mut fields = vec![("To", message.to().as_str())];
        // A sender that is named pins it; else a Messaging Service picks one of its own.
        match (message.from(), &self.messaging_service_sid, &self.from) {
            (Some(from), ..) | (None, None, Some(from)) => fields.push(("From", from.as_str())),
            (None, Some(service), _) => fields.push(("MessagingServiceSid", service)),
            (None, None, None) => {
                let sentence = "fromNumber is missing: set the number to send from";
                return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
            }
        }
        if !message.body().is_empty() {
            fields.push(("Body", message.body().as_str()));
        }
        fields.extend(message.media().iter().map(|url| ("MediaUrl", url.as_str())));
        fields.extend(message.status_callback().map(|url| ("StatusCallback", url.as_str())));
        let body = api::form(&fields);
        let call = Call::post("send", Effect::Once, self.path("Messages"), body);
        let answer: wire::Message = self.api.ask(call).await?;
        answer.sent().ok_or_else(|| self.api.incomplete("it took the message and gave it no id"))
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        let call = Call::get("fetch", self.instance("Messages", id.as_str())?);
        let answer: wire::Message = self.api.ask(call).await?;
        answer.report().ok_or_else(|| self.api.incomplete("it does not say what became of it"))
    }
}

#[async_trait]
impl VoiceProvider for Twilio {
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error> {
        let own = self.from.as_ref().and_then(Sender::number);
        let Some(from) = request.from.as_ref().or(own) else {
            let sentence = "fromNumber is missing: set the number to call from";
            return Err(self.api.refuse(ErrorKind::InvalidSender, sentence));
        };
        let mut fields = vec![("To", request.to.as_str()), ("From", from.as_str())];
        self.capabilities().check_call(self.kind(), request)?;
        // Without it the person who answers would wait for what nobody hears of.
        if request.machine_detection != MachineDetection::Off && request.status_callback.is_none() {
            let sentence = "publicUrl is missing: Twilio tells there whether a machine answered; \
                            set it, or voice.machineDetection to off";
            return Err(self.api.refuse(ErrorKind::Configuration, sentence));
        }
        let twiml;
        match &request.content {
            CallContent::Say { text, language } => {
                let (text, language) = (text.clone(), language.clone());
                twiml = wire::twiml(&CallStep::Say { text, language });
                // What is markup in a text is longer when it is written so that it is none.
                if twiml.chars().count() > MAX_TWIML {
                    let sentence = "the call would say too much: Twilio takes 4000 characters \
                                    with &, <, > and quotes written out; cut it";
                    return Err(self.api.refuse(ErrorKind::TooLong, sentence));
                }
                fields.push(("Twiml", &twiml));
            }
            CallContent::Url(url) => fields.push(("Url", url.as_str())),
            _ => return Err(self.api.refuse(ErrorKind::InvalidContent, "nothing to say")),
        }
        let ring = request.ring_seconds.map(|seconds| seconds.clamp(1, MAX_RING_SECONDS));
        let (ring, limit) = (ring.map(text), request.max_duration_seconds.map(text));
        fields.extend(ring.iter().map(|ring| ("Timeout", ring.as_str())));
        fields.extend(limit.iter().map(|limit| ("TimeLimit", limit.as_str())));
        if let Some(url) = request.status_callback.as_ref().map(HttpUrl::as_str) {
            fields.push(("StatusCallback", url));
            let events = ["initiated", "ringing", "answered", "completed"];
            fields.extend(events.map(|event| ("StatusCallbackEvent", event)));
        }
        if request.machine_detection != MachineDetection::Off {
            fields.push(("MachineDetection", "Enable"));
            // Else whoever answers hears nothing until it is known what they are.
            if let Some(url) = request.status_callback.as_ref().map(HttpUrl::as_str) {
                fields.push(("AsyncAmd", "true"));
                fields.push(("AsyncAmdStatusCallback", url));
            }
        }
        let body = api::form(&fields);
        let call = Call::post("call", Effect::Once, self.path("Calls"), body);
        let answer: wire::CallAnswer = self.api.ask(call).await?;
        answer.placed().ok_or_else(|| self.api.incomplete("it took the call and gave it no id"))
    }

    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error> {
        let call = Call::get("inspect", self.instance("Calls", id.as_str())?);
        let answer: wire::CallAnswer = self.api.ask(call).await?;
        answer.snapshot().ok_or_else(|| self.api.incomplete("it does not say how far the call is"))
    }

    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error> {
        let path = self.instance("Calls", id.as_str())?;
        let body = api::form(&[("Status", "completed")]);
        self.api.tell(Call::post("hang up", Effect::Idempotent, path, body)).await
    }

    fn document(&self, step: &CallStep) -> Option<CallDocument> {
        Some(CallDocument::xml(&wire::twiml(step)))
    }
}

fn text(number: u32) -> String {
    number.to_string()
}

impl fmt::Debug for Twilio {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Twilio")
            .field("account", &self.api.account)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}
