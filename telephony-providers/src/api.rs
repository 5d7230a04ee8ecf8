//! A carrier's API as one account uses it: where it is, who we are, how its answers are read.

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use serde::de::DeserializeOwned;
use telephony_core::{AccountId, CarrierCode, HttpUrl, ProviderKind, Secret, Timestamp};
use thiserror::Error as ThisError;
use tracing::Instrument as _;

use crate::error::{Error, ErrorKind, Outcome};
use crate::explain::{self, Explanation, outcome_of};
use crate::http::{Answer, BodyFailure, Date, Failure, Phase, Request, RequestBody, Transport};
use crate::retry::{self, Effect};

/// The most bytes that are kept of a carrier's request id.
const MAX_REQUEST_ID_BYTES: usize = 64;

/// The most bytes that are kept of the name of a field.
const MAX_FIELD_BYTES: usize = 64;

/// A carrier's API, bound to an account.
pub(crate) struct Api {
    pub(crate) provider: ProviderKind,
    pub(crate) account: AccountId,
    transport: Transport,
    base: Url,
    authorization: HeaderValue,
    dialect: Dialect,
}

/// How a carrier says no.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// Reads the body of a refusal; empty when it is none.
    pub(crate) refusal: fn(&[u8]) -> Refusal,
    /// What a refusal without a known code means.
    pub(crate) by_status: fn(u16) -> Explanation,
}

/// What the body of a refusal says, as far as it may be shown.
#[derive(Debug, Default)]
pub(crate) struct Refusal {
    pub(crate) code: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) request_id: Option<String>,
    /// What it means, where there is no code to tell that by.
    pub(crate) explanation: Option<Explanation>,
}

/// One thing that is asked of a carrier.
pub(crate) struct Call {
    /// What it is called in logs.
    pub(crate) operation: &'static str,
    pub(crate) effect: Effect,
    pub(crate) method: Method,
    /// Path and query, made of constants and of what [`segment`] let pass.
    pub(crate) path: String,
    pub(crate) body: Option<RequestBody>,
}

impl Call {
    /// A question.
    pub(crate) const fn get(operation: &'static str, path: String) -> Self {
        Self { operation, effect: Effect::Read, method: Method::GET, path, body: None }
    }

    /// A command.
    pub(crate) const fn post(
        operation: &'static str,
        effect: Effect,
        path: String,
        body: RequestBody,
    ) -> Self {
        Self { operation, effect, method: Method::POST, path, body: Some(body) }
    }

    /// A change that is the same however often it is made.
    pub(crate) const fn patch(operation: &'static str, path: String, body: RequestBody) -> Self {
        let (effect, method) = (Effect::Idempotent, Method::PATCH);
        Self { operation, effect, method, path, body: Some(body) }
    }

    /// The end of something. Ending it twice ends it once.
    pub(crate) const fn delete(operation: &'static str, path: String) -> Self {
        Self { operation, effect: Effect::Idempotent, method: Method::DELETE, path, body: None }
    }
}

/// What is wrong with an answer, without what stands in it.
#[derive(Debug, ThisError)]
enum Malformed {
    #[error("more than {} bytes", crate::http::MAX_RESPONSE_BYTES)]
    TooLarge,
    #[error("not the JSON that is documented, at line {line}, column {column}")]
    Json { line: usize, column: usize },
}

fn json_of<T: DeserializeOwned>(body: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(body).map_err(|error| {
        // The library's own text repeats what it found, and that may be a message.
        Malformed::Json { line: error.line(), column: error.column() }
    })
}

impl Api {
    pub(crate) fn new(
        provider: ProviderKind,
        account: AccountId,
        transport: &Transport,
        base: Url,
        authorization: HeaderValue,
        dialect: Dialect,
    ) -> Self {
        Self { provider, account, transport: transport.clone(), base, authorization, dialect }
    }

    /// Asks, and reads the answer.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, call: Call) -> Result<T, Error> {
        self.run(call, &Date::default(), json_of).await
    }

    /// Asks, and tells what the carrier's clock said when it answered, if only with a no.
    pub(crate) async fn ask_and_tell_time<T: DeserializeOwned>(
        &self,
        call: Call,
    ) -> (Option<Timestamp>, Result<T, Error>) {
        let date = Date::default();
        let answer = self.run(call, &date, json_of).await;
        (date.read(), answer)
    }

    /// Commands, and does not care what is in the answer as long as it is a yes.
    pub(crate) async fn tell(&self, call: Call) -> Result<(), Error> {
        self.run(call, &Date::default(), |_| Ok(())).await
    }

    /// Refuses a request before it is made.
    pub(crate) fn refuse(
        &self,
        kind: ErrorKind,
        sentence: impl Into<std::borrow::Cow<'static, str>>,
    ) -> Error {
        Error::refused(self.provider, kind, sentence)
    }

    /// An answer that says yes and leaves out what it must say.
    pub(crate) fn incomplete(&self, sentence: &'static str) -> Error {
        Error::new(self.provider, ErrorKind::Unknown, Outcome::Unknown, sentence)
    }

    async fn run<T>(
        &self,
        call: Call,
        date: &Date,
        parse: impl Fn(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        let Call { operation, effect, method, path, body } = call;
        let url = self.base.join(&path).map_err(|error| {
            self.refuse(ErrorKind::Configuration, "apiBaseUrl cannot be used").with_source(error)
        })?;
        let authorization = self.authorization.clone();
        let request = Request { method, url, authorization, body };
        let span = tracing::debug_span!(
            "carrier",
            provider = %self.provider,
            account_id = %self.account,
            operation,
        );
        let attempt = async || {
            let answer = self.transport.execute(&request).await;
            let answer = answer.map_err(|failure| self.not_answered(failure))?;
            date.note(&answer.headers);
            tracing::debug!(
                status = answer.status,
                request_id = request_id(&answer.headers).as_deref(),
                "answered"
            );
            self.read(answer, &parse)
        };
        let transport = &self.transport;
        let result = retry::retry(*transport.retry(), effect, transport.entropy(), attempt)
            .instrument(span)
            .await;
        // Who only asked has changed nothing, however little of the answer came.
        result.map_err(|error| match effect {
            Effect::Read => error.with_outcome(Outcome::NotSent),
            Effect::Idempotent | Effect::Once => error,
        })
    }

    fn read<T>(
        &self,
        answer: Answer,
        parse: impl Fn(&[u8]) -> Result<T, Malformed>,
    ) -> Result<T, Error> {
        let Answer { status, headers, body } = answer;
        let id = request_id(&headers);
        if !(200..300).contains(&status) {
            return Err(self.refused(status, &headers, &body.unwrap_or_default()));
        }
        let unreadable = |sentence, kind| {
            Error::new(self.provider, kind, Outcome::Unknown, sentence)
                .with_http_status(status)
                .with_request_id(id.clone())
        };
        let body = body.map_err(|failure| match failure {
            BodyFailure::TooLarge => {
                unreadable("its answer is too large to be one", ErrorKind::Unknown)
                    .with_source(Malformed::TooLarge)
            }
            BodyFailure::Cut(source) => {
                unreadable("its answer broke off", ErrorKind::Temporary).with_source(source)
            }
        })?;
        parse(&body).map_err(|malformed| {
            unreadable("its answer cannot be read", ErrorKind::Unknown).with_source(malformed)
        })
    }

    /// What a status that is no yes means.
    fn refused(&self, status: u16, headers: &HeaderMap, body: &[u8]) -> Error {
        let Refusal { code, field, request_id: body_id, explanation } =
            (self.dialect.refusal)(body);
        let code = code.as_deref().and_then(shown_code);
        let known = code.as_ref().and_then(|code| explain::lookup(self.provider, code.as_str()));
        let Explanation { kind, sentence } =
            known.or(explanation).unwrap_or_else(|| (self.dialect.by_status)(status));
        let outcome = outcome_of(status);
        let wait =
            retry::asked_for(headers, kind == ErrorKind::RateLimited, self.transport.clock());
        Error::new(self.provider, kind, outcome, sentence)
            .with_http_status(status)
            .with_code(code)
            .with_field(field.as_deref().and_then(shown_field))
            .with_request_id(request_id(headers).or_else(|| body_id.as_deref().map(shown_id)))
            .with_retry_after(wait)
    }

    fn not_answered(&self, failure: Failure) -> Error {
        let (outcome, sentence) = match failure.phase {
            Phase::Connecting => (
                Outcome::NotSent,
                "no connection could be made: check the network, and apiBaseUrl if it is set",
            ),
            Phase::TimedOut => (Outcome::Unknown, "it did not answer in time"),
            Phase::Lost => (Outcome::Unknown, "the connection was lost before it answered"),
        };
        Error::new(self.provider, ErrorKind::Temporary, outcome, sentence)
            .with_source(failure.source)
    }
}

/// The origin that requests go to: the carrier's own, or the one that replaces it.
pub(crate) fn origin(
    provider: ProviderKind,
    own: &str,
    replacement: Option<&HttpUrl>,
) -> Result<Url, Error> {
    Url::parse(replacement.map_or(own, HttpUrl::as_str)).map_err(|error| {
        Error::refused(provider, ErrorKind::Configuration, "apiBaseUrl is not a URL")
            .with_source(error)
    })
}

/// The `Authorization` header, marked so that nothing that prints headers shows it.
pub(crate) fn authorization(
    provider: ProviderKind,
    credentials: &Secret,
    field: &'static str,
) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_str(credentials.expose()).map_err(|_| {
        let sentence = format!("{field} holds characters that no key has: copy it again");
        Error::refused(provider, ErrorKind::Configuration, sentence)
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// HTTP Basic credentials (RFC 7617).
pub(crate) fn basic(user: &str, password: &Secret) -> Secret {
    use base64::Engine as _;
    let pair = Secret::new(format!("{user}:{}", password.expose()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair.expose());
    Secret::new(format!("Basic {encoded}"))
}

/// An id as a segment of a path, percent-encoded; `None` when it cannot be one.
///
/// Only what ids are made of passes. An id of dots would vanish from the path, and what is left
/// of "end this call" is "end all calls".
pub(crate) fn segment(id: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_:=~".contains(&byte);
    let is_id = !id.is_empty() && id.bytes().all(allowed);
    is_id.then(|| url::form_urlencoded::byte_serialize(id.as_bytes()).collect())
}

/// A body of `application/x-www-form-urlencoded`.
pub(crate) fn form(pairs: &[(&'static str, &str)]) -> RequestBody {
    let mut form = url::form_urlencoded::Serializer::new(String::with_capacity(512));
    for (name, value) in pairs {
        form.append_pair(name, value);
    }
    RequestBody {
        content_type: "application/x-www-form-urlencoded",
        bytes: form.finish().into_bytes(),
    }
}

/// A body of `application/json`.
pub(crate) fn json(
    provider: ProviderKind,
    value: &impl serde::Serialize,
) -> Result<RequestBody, Error> {
    let bytes = serde_json::to_vec(value).map_err(|_| {
        Error::refused(provider, ErrorKind::InvalidContent, "the request cannot be written as JSON")
    })?;
    Ok(RequestBody { content_type: "application/json", bytes })
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("twilio-request-id").or_else(|| headers.get("x-request-id"))?;
    value.to_str().ok().map(shown_id)
}

fn shown_id(id: &str) -> String {
    shown(id, "-_", MAX_REQUEST_ID_BYTES)
}

/// What may be shown of something a carrier wrote: letters, digits and `also`.
fn shown(text: &str, also: &str, max_bytes: usize) -> String {
    let kept = |character: &char| character.is_ascii_alphanumeric() || also.contains(*character);
    text.chars().filter(kept).take(max_bytes).collect()
}

/// The most digits in a row of what is no phone number.
const MAX_DIGITS: usize = 6;

/// The name of a field, or the pointer to it. What repeats a number of ours is none.
fn shown_field(field: &str) -> Option<String> {
    let number = |part: &str| part.len() > MAX_DIGITS && part.bytes().all(|b| b.is_ascii_digit());
    let has_number = field.split(|c: char| !c.is_ascii_digit()).any(number);
    (!has_number).then(|| shown(field, "_-./[]", MAX_FIELD_BYTES))
}

/// A code, if it looks like one. What repeats a number or a text of ours is none.
fn shown_code(code: &str) -> Option<CarrierCode> {
    let letters = code.bytes().any(|byte| byte.is_ascii_alphabetic());
    let plain = code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let fits = plain && (1..=32).contains(&code.len()) && (letters || code.len() <= MAX_DIGITS);
    fits.then(|| CarrierCode::new(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_would_change_the_path_is_none() {
        for id in ["", ".", "..", "%2e%2e", "a/b", "a?b", "a#b", "a b", "é", "a\\b"] {
            assert_eq!(segment(id), None, "{id:?}");
        }
        assert_eq!(segment("SM0a").as_deref(), Some("SM0a"));
        assert_eq!(segment("v3:a_b-c==").as_deref(), Some("v3%3Aa_b-c%3D%3D"));
    }

    #[test]
    fn codes_that_are_numbers_of_phones_are_not_shown() {
        assert!(shown_code("30034").is_some());
        assert!(shown_code("D35").is_some());
        for text in ["", "15550001234", "+15550001234", "a secret", &"a".repeat(33)] {
            assert!(shown_code(text).is_none(), "{text}");
        }
    }

    #[test]
    fn fields_that_hold_numbers_of_phones_are_not_shown() {
        assert_eq!(shown_field("/media_urls/0").as_deref(), Some("/media_urls/0"));
        assert_eq!(shown_field("to[0].phone\n").as_deref(), Some("to[0].phone"));
        assert_eq!(shown_field("/to/+15550001234"), None);
    }

    #[test]
    fn credentials_are_marked_and_never_repeated() {
        let value = basic("user", &Secret::new("canary"));
        let header = authorization(ProviderKind::Plivo, &value, "authToken").unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic dXNlcjpjYW5hcnk=");
        assert_eq!(format!("{header:?}"), "Sensitive");
        let broken = Secret::new("Bearer canary\n");
        let error = authorization(ProviderKind::Telnyx, &broken, "apiKey").unwrap_err();
        assert!(!format!("{error:?}{error}").contains("canary"));
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}
