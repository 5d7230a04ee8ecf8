//! What a verified request says, as an event of the domain.

mod claims;
mod error;
mod fields;
mod json;
mod mock;
mod plivo;
#[cfg(test)]
mod samples;
mod telnyx;
mod twilio;

use telephony_core::config::Account;
use telephony_core::{
    CallStatus, CallUpdate, DeliveryUpdate, Event, InboundMessage, ProviderCallId, ProviderKind,
    ProviderMessageId, RawStatus, Reference, Sender, StatusReport,
};

pub use self::claims::Claims;
pub use self::error::ParseError;
use crate::form::Form;
use crate::inbox::EventKey;
use crate::request::{Request, Verified};

/// The query parameter of a callback URL that holds our [`Reference`].
pub const REFERENCE_FIELD: &str = "ref";

/// Which route a request came by.
///
/// What a request is about follows from its fields. The route decides only where the fields leave
/// it open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Where carriers post messages and calls.
    Webhook,
    /// Where they post what became of ours.
    Status,
    /// Where they ask what a call of ours is to do. Its [`Reference`] is the last of the path.
    Voice,
}

/// What a request tells us.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Something that counts.
    Event {
        /// What tells it from other events of the account, the same when it is repeated.
        key: EventKey,
        /// What happened.
        event: Box<Event>,
        /// Whom the payload says it is for.
        claims: Claims,
    },
    /// A type of event that is not known here or says nothing: to be acknowledged and counted, and
    /// no error, since carriers add types without notice.
    Ignored {
        /// Its name: printable ASCII without white space, of at most
        /// [`MAX_RAW_STATUS_BYTES`](telephony_core::MAX_RAW_STATUS_BYTES).
        name: String,
    },
}

impl Notice {
    fn ignored(name: &str) -> Self {
        Self::Ignored { name: RawStatus::new(name).as_str().to_owned() }
    }

    fn message(message: InboundMessage, claims: Claims) -> Self {
        let key = EventKey::new("message", message.id.as_str(), "");
        Self::Event { key, event: Box::new(Event::Message(message)), claims }
    }

    /// `detail` tells the reports about one message apart, and holds no white space.
    fn delivery(update: DeliveryUpdate, detail: &str, claims: Claims) -> Self {
        let key = EventKey::new("delivery", update.id.as_str(), detail);
        Self::Event { key, event: Box::new(Event::Delivery(update)), claims }
    }

    /// `detail` tells the reports about one call apart, and holds no white space.
    fn call(update: CallUpdate, detail: &str, claims: Claims) -> Self {
        let key = EventKey::new("call", update.id.as_str(), detail);
        Self::Event { key, event: Box::new(Event::Call(update)), claims }
    }
}

/// Reads what a verified request says, in the words of the account's provider.
///
/// The account names the events, and lends its own number where the mock's payload has none. Of a
/// message's media, the first [`MAX_MEDIA`](telephony_core::MAX_MEDIA) that have a URL are kept.
///
/// ```
/// use telephony_core::config::{Host, load};
/// use telephony_core::{Event, Timestamp};
/// use telephony_webhook::{DangerousUnsigned, Notice, Request, Route, UrlRefusal, parse};
///
/// let config = load(r#"{ provider: "mock", fromNumber: "+15550001111" }"#, Host::Standalone, &|_| None)?;
/// let body = r#"{"from": "+15550001234", "text": "Hello", "messageId": "m-1"}"#;
/// let headers = [("Host", "127.0.0.1:3335")].into_iter().collect();
/// let request = Request::new("POST", "/telephony/webhook", headers, body, Timestamp::EPOCH);
/// let request = request
///     .verify(&DangerousUnsigned::dangerously_accept_unsigned(), Err(UrlRefusal::Unknown))
///     .map_err(|refused| refused.refusal)?;
/// let Notice::Event { key, event, claims } = parse(&request, &config.accounts[0], Route::Webhook)?
/// else { unreachable!() };
/// let Event::Message(message) = *event else { unreachable!() };
/// assert_eq!((key.as_str(), message.body.as_str()), ("message m-1", "Hello"));
/// assert!(claims.belong_to(&config.accounts[0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`ParseError`] when what counts is missing, malformed or contradicts itself.
pub fn parse(
    request: &Request<Verified>,
    account: &Account,
    route: Route,
) -> Result<Notice, ParseError> {
    let incoming = Incoming { request, account, route };
    match account.provider.kind() {
        ProviderKind::Twilio => twilio::parse(&incoming),
        ProviderKind::Telnyx => telnyx::parse(&incoming),
        ProviderKind::Plivo => plivo::parse(&incoming),
        ProviderKind::Mock => mock::parse(&incoming),
    }
}

/// A request, whose it is, and by which way it came.
struct Incoming<'a> {
    request: &'a Request<Verified>,
    account: &'a Account,
    route: Route,
}

impl Incoming<'_> {
    fn message(&self, id: ProviderMessageId, from: Sender, to: Sender) -> InboundMessage {
        InboundMessage::new(self.account.id.clone(), id, from, to, self.request.received_at())
    }

    fn delivery(
        &self,
        id: ProviderMessageId,
        report: StatusReport,
    ) -> Result<DeliveryUpdate, ParseError> {
        let mut update = DeliveryUpdate::new(self.account.id.clone(), id, report);
        update.reference = self.reference()?;
        Ok(update)
    }

    fn call(
        &self,
        id: ProviderCallId,
        status: Option<CallStatus>,
        raw: &str,
    ) -> Result<CallUpdate, ParseError> {
        let mut update = CallUpdate::new(self.account.id.clone(), id, status, raw);
        update.reference = self.reference()?;
        Ok(update)
    }

    /// What the callback URL holds of ours. What is none of ours, as in a URL that somebody else
    /// configured, is not an error.
    fn reference(&self) -> Result<Option<Reference>, ParseError> {
        if self.route == Route::Voice {
            let reference = self.request.path().rsplit('/').next().unwrap_or_default();
            return Ok(Reference::new(reference).ok());
        }
        let query = self.request.query().unwrap_or_default();
        let query = Form::parse(query.as_bytes()).map_err(|_| ParseError::TooManyFields)?;
        let text = query.one(REFERENCE_FIELD);
        let text = text.map_err(|_| ParseError::Contradiction(REFERENCE_FIELD))?;
        Ok(text.and_then(|text| Reference::new(text).ok()))
    }
}

/// Keeps a media type that has the length and the characters of one (RFC 6838, section 4.2: two
/// names of at most 127 characters; parameters are left to whoever wants to know).
fn media_type(text: &str) -> Option<String> {
    let plain = text.len() <= 255 && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    (plain && !text.is_empty()).then(|| text.to_owned())
}
