//! A request before and after its verification, told apart by its type.

use std::fmt;
use std::sync::OnceLock;

use telephony_core::Timestamp;

use crate::form::{Form, TooManyFields};
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::url::{PublicUrl, PublicUrls, UrlRefusal};
use crate::verify::Verifier;

/// A request as it came over the wire. What it says can be read only from a
/// `Request<`[`Verified`]`>`, which only a [`Verifier`] makes.
///
/// It is made of plain parts, so it fits any framework:
///
/// ```
/// use telephony_core::Timestamp;
/// use telephony_webhook::{Headers, Request};
///
/// let headers: Headers = [("Content-Type", "application/json")].into_iter().collect();
/// let now = Timestamp::from_second(1_767_225_600);
/// let request = Request::new("POST", "/telephony/webhook?a=1", headers, *b"{}", now);
/// assert_eq!(request.path(), "/telephony/webhook");
/// assert_eq!(request.query(), Some("a=1"));
/// ```
///
/// There is no way to the body without a verification:
///
/// ```compile_fail
/// # use telephony_webhook::{Headers, Request, Unverified};
/// fn read(request: &Request<Unverified>) -> &[u8] {
///     request.body()
/// }
/// ```
pub struct Request<State> {
    pub(crate) method: Method,
    path: String,
    query: Option<String>,
    pub(crate) headers: Headers,
    pub(crate) raw_body: Vec<u8>,
    /// What a form says, once somebody asked: it is read to be verified, and again to be understood.
    form: OnceLock<Result<Form, TooManyFields>>,
    received_at: Timestamp,
    state: State,
}

/// Not verified: anybody may have sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unverified(());

/// Verified: the provider sent it, as far as its [`Scheme`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified(Proof);

/// The method of a request, as far as signatures know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`: what is said is in the query.
    Get,
    /// `POST`: what is said is in the body.
    Post,
    /// Another, which no carrier uses.
    Other,
}

/// How a request was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// Twilio's HMAC-SHA1, with the account's auth token.
    TwilioSha1,
    /// Twilio's HMAC-SHA256, with a shared key.
    TwilioSha256,
    /// Telnyx's Ed25519.
    TelnyxEd25519,
    /// Plivo's V3: HMAC-SHA256 over URL, fields and nonce.
    PlivoV3,
    /// Plivo's V2: HMAC-SHA256 over URL and nonce, without query and body.
    PlivoV2,
    /// Not at all.
    Unsigned,
}

/// What a verifier found, from which a verified request is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    pub(crate) scheme: Scheme,
    pub(crate) url: Option<PublicUrl>,
    pub(crate) nonce: Option<String>,
}

/// A request that was not verified, given back so that another account's key can be tried.
#[derive(Debug)]
pub struct Refused {
    /// The request as it was.
    pub request: Request<Unverified>,
    /// What was wrong with it.
    pub refusal: Refusal,
}

impl Method {
    /// Reads a method in upper case, as HTTP has it.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "GET" => Self::Get,
            "POST" => Self::Post,
            _ => Self::Other,
        }
    }
}

impl Scheme {
    /// The name in reports and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TwilioSha1 => "twilio-hmac-sha1",
            Self::TwilioSha256 => "twilio-hmac-sha256",
            Self::TelnyxEd25519 => "telnyx-ed25519",
            Self::PlivoV3 => "plivo-v3",
            Self::PlivoV2 => "plivo-v2",
            Self::Unsigned => "unsigned",
        }
    }

    /// Whether what the request says is not signed, so that a captured header fits any of it.
    #[must_use]
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::PlivoV2 | Self::Unsigned)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl Request<Unverified> {
    /// Takes a request: its method, its target (`/path?query`, as it came), its headers, its body
    /// and when it was received.
    #[must_use]
    pub fn new(
        method: &str,
        target: &str,
        headers: Headers,
        body: impl Into<Vec<u8>>,
        received_at: Timestamp,
    ) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query.to_owned())),
            None => (target, None),
        };
        Self {
            method: Method::from_name(method),
            path: path.to_owned(),
            query,
            headers,
            raw_body: body.into(),
            form: OnceLock::new(),
            received_at,
            state: Unverified(()),
        }
    }

    /// Verifies the request with one account's keys. `urls` is what
    /// [`UrlRules::resolve`](crate::UrlRules::resolve) gave.
    ///
    /// # Errors
    ///
    /// [`Refused`] holds the reason, and the request for the next account.
    #[allow(clippy::result_large_err, reason = "the request is moved back, not copied")]
    pub fn verify(
        self,
        verifier: &dyn Verifier,
        urls: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Request<Verified>, Refused> {
        match verifier.verify(&self, urls) {
            Ok(proof) => Ok(Request {
                method: self.method,
                path: self.path,
                query: self.query,
                headers: self.headers,
                raw_body: self.raw_body,
                form: self.form,
                received_at: self.received_at,
                state: Verified(proof),
            }),
            Err(refusal) => Err(Refused { request: self, refusal }),
        }
    }
}

impl<State> Request<State> {
    /// The method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path, as it came.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The query, as it came, without its question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// When it was received.
    #[must_use]
    pub const fn received_at(&self) -> Timestamp {
        self.received_at
    }

    /// What a form request says: the body of a `POST`, the query of a `GET`.
    pub(crate) fn raw_form(&self) -> Result<&Form, Refusal> {
        let read = self.form.get_or_init(|| {
            Form::parse(match self.method {
                Method::Get => self.query().unwrap_or_default().as_bytes(),
                Method::Post | Method::Other => &self.raw_body,
            })
        });
        read.as_ref().map_err(|_| Refusal::TooManyFields)
    }

    /// Whether the body is declared as JSON; `None` where nothing is declared.
    pub(crate) fn declares_json(&self) -> Option<bool> {
        let value = self.headers.all("content-type").next()?;
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        Some(essence.trim_ascii().eq_ignore_ascii_case(b"application/json"))
    }
}

impl Request<Verified> {
    /// The request as it was before, to be verified with another account's key.
    #[cfg(feature = "server")]
    pub(crate) fn again(self) -> Request<Unverified> {
        Request {
            method: self.method,
            path: self.path,
            query: self.query,
            headers: self.headers,
            raw_body: self.raw_body,
            form: self.form,
            received_at: self.received_at,
            state: Unverified(()),
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.raw_body
    }

    /// How it was signed.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.state.0.scheme
    }

    /// The URL for which the signature fits; `None` where the URL is not signed.
    #[must_use]
    pub const fn url(&self) -> Option<&PublicUrl> {
        self.state.0.url.as_ref()
    }

    /// Plivo's nonce. With a [weak](Scheme::is_weak) scheme it must be taken once only.
    #[must_use]
    pub fn nonce(&self) -> Option<&str> {
        self.state.0.nonce.as_deref()
    }
}

impl<State> fmt::Debug for Request<State> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("path_bytes", &self.path.len())
            .field("query_bytes", &self.query.as_ref().map(String::len))
            .field("headers", &self.headers)
            .field("body_bytes", &self.raw_body.len())
            .finish_non_exhaustive()
    }
}
