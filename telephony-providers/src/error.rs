//! What went wrong, whether the carrier may have acted all the same, and what to do about it.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use telephony_core::{CarrierCode, ProviderKind};

/// An error's cause as it is kept: any error at all.
type Source = Box<dyn std::error::Error + Send + Sync>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The carrier does not know these credentials.
    Authentication,
    /// The account may not do this: a country, a feature, a trial's limits.
    Permission,
    /// What is asked for cannot work as it is configured: a sender, an id, a URL is missing.
    Configuration,
    /// The recipient's number is none.
    InvalidRecipient,
    /// The sender is not the account's, or cannot do this.
    InvalidSender,
    /// The recipient does not want messages from this sender.
    OptedOut,
    /// The recipient is a landline.
    Landline,
    /// The recipient cannot be reached, now or ever.
    Unreachable,
    /// A filter against spam or fraud stopped it.
    Blocked,
    /// The sender is not registered for this traffic (10DLC, toll-free verification).
    Compliance,
    /// The text is longer than the carrier takes.
    TooLong,
    /// Text, media or another field is not what the carrier takes.
    InvalidContent,
    /// Too much at once; it may be tried again after a while.
    RateLimited,
    /// The account is suspended, disabled or out of credit.
    Account,
    /// It waited too long and was given up.
    Expired,
    /// There is no such message or call.
    NotFound,
    /// A failure that is likely to pass: the network, the carrier's servers.
    Temporary,
    /// Nothing more is known.
    Unknown,
}

impl ErrorKind {
    /// The kind as configuration, protocols and logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Permission => "permission",
            Self::Configuration => "configuration",
            Self::InvalidRecipient => "invalid-recipient",
            Self::InvalidSender => "invalid-sender",
            Self::OptedOut => "opted-out",
            Self::Landline => "landline",
            Self::Unreachable => "unreachable",
            Self::Blocked => "blocked",
            Self::Compliance => "compliance",
            Self::TooLong => "too-long",
            Self::InvalidContent => "invalid-content",
            Self::RateLimited => "rate-limited",
            Self::Account => "account",
            Self::Expired => "expired",
            Self::NotFound => "not-found",
            Self::Temporary => "temporary",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Whether the carrier may have done what was asked, although it did not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did not: nothing left us, or the carrier refused. Asking again does nothing twice.
    NotSent,
    /// It may have: the request left and no usable answer came. Asking again may do it twice.
    Unknown,
}

impl Outcome {
    /// The outcome as protocols and logs write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not-sent",
            Self::Unknown => "unknown",
        }
    }
}

/// Why a provider did not do what was asked, or cannot be known to have done it.
///
/// `Display` is one sentence with the way out, the carrier's code and its request id; it never
/// holds a number, a message, a credential or anything else a carrier wrote.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    provider: ProviderKind,
    kind: ErrorKind,
    outcome: Outcome,
    sentence: Cow<'static, str>,
    code: Option<CarrierCode>,
    field: Option<String>,
    http_status: Option<u16>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

impl Error {
    /// An error of `provider`. `sentence` is one lower-case clause that says what went wrong and
    /// what to do, and holds nothing that must not be logged.
    #[must_use]
    pub fn new(
        provider: ProviderKind,
        kind: ErrorKind,
        outcome: Outcome,
        sentence: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            provider,
            kind,
            outcome,
            sentence: sentence.into(),
            code: None,
            field: None,
            http_status: None,
            request_id: None,
            retry_after: None,
            source: None,
        }))
    }

    /// A request that was refused before anything left us.
    pub(crate) fn refused(
        provider: ProviderKind,
        kind: ErrorKind,
        sentence: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(provider, kind, Outcome::NotSent, sentence)
    }

    /// With the carrier's code.
    #[must_use]
    pub fn with_code(mut self, code: Option<CarrierCode>) -> Self {
        self.0.code = code;
        self
    }

    /// With another outcome.
    #[must_use]
    pub(crate) fn with_outcome(mut self, outcome: Outcome) -> Self {
        self.0.outcome = outcome;
        self
    }

    /// With the field that the carrier objects to.
    #[must_use]
    pub(crate) fn with_field(mut self, field: Option<String>) -> Self {
        self.0.field = field;
        self
    }

    /// With the status of the HTTP answer.
    #[must_use]
    pub fn with_http_status(mut self, status: u16) -> Self {
        self.0.http_status = Some(status);
        self
    }

    /// With the carrier's id of the request, by which its support finds it.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    /// With how long the carrier asks to wait.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    /// With its cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Whose error it is.
    #[must_use]
    pub const fn provider(&self) -> ProviderKind {
        self.0.provider
    }

    /// What kind of thing went wrong.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the carrier may have acted all the same.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.0.outcome
    }

    /// The carrier's code, where it gave one.
    #[must_use]
    pub const fn code(&self) -> Option<&CarrierCode> {
        self.0.code.as_ref()
    }

    /// The status of the HTTP answer, where there was one.
    #[must_use]
    pub const fn http_status(&self) -> Option<u16> {
        self.0.http_status
    }

    /// The carrier's id of the request, where it gave one.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// What went wrong and what to do, without code and request id.
    #[must_use]
    pub fn sentence(&self) -> &str {
        &self.0.sentence
    }

    /// Whether the same request may well succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self.0.kind, ErrorKind::RateLimited | ErrorKind::Temporary)
    }

    /// Whether too much was asked for at once.
    #[must_use]
    pub const fn is_throttled(&self) -> bool {
        matches!(self.0.kind, ErrorKind::RateLimited)
    }

    /// Whether it is known that nothing was done, so that asking again does nothing twice.
    #[must_use]
    pub const fn is_not_sent(&self) -> bool {
        matches!(self.0.outcome, Outcome::NotSent)
    }

    /// How long to wait at least before asking again, where that is known.
    #[must_use]
    pub const fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { provider, outcome, sentence, code, field, http_status, request_id, .. } =
            &*self.0;
        write!(formatter, "{provider}: {sentence}")?;
        if *outcome == Outcome::Unknown {
            formatter.write_str("; it may have been carried out all the same")?;
        }
        let mut details = Vec::new();
        match (code, http_status) {
            (Some(code), _) => details.push(format!("code {}", code.as_str())),
            (None, Some(status)) => details.push(format!("HTTP {status}")),
            (None, None) => {}
        }
        details.extend(field.iter().map(|field| format!("field {field}")));
        details.extend(request_id.iter().map(|id| format!("request {id}")));
        if details.is_empty() { Ok(()) } else { write!(formatter, " ({})", details.join(", ")) }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_is_one_clause_with_code_and_request() {
        let error = Error::refused(ProviderKind::Twilio, ErrorKind::OptedOut, "they said STOP")
            .with_http_status(400)
            .with_code(Some(CarrierCode::new("21610")))
            .with_request_id(Some("RQ1".into()))
            .with_source(std::io::Error::other("cause"));
        assert_eq!(error.to_string(), "twilio: they said STOP (code 21610, request RQ1)");
        assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "cause");
        let error = Error::refused(ProviderKind::Plivo, ErrorKind::Unknown, "it failed");
        assert_eq!(error.to_string(), "plivo: it failed");
        assert_eq!(error.with_http_status(418).to_string(), "plivo: it failed (HTTP 418)");
    }

    #[test]
    fn predicates_follow_the_kind() {
        let of = |kind| Error::refused(ProviderKind::Mock, kind, "");
        assert!(of(ErrorKind::RateLimited).is_transient());
        assert!(of(ErrorKind::RateLimited).is_throttled());
        assert!(of(ErrorKind::Temporary).is_transient());
        assert!(!of(ErrorKind::Temporary).is_throttled());
        assert!(!of(ErrorKind::OptedOut).is_transient());
    }

    #[test]
    fn names_are_those_that_are_serialised() {
        for kind in [ErrorKind::InvalidRecipient, ErrorKind::TooLong, ErrorKind::Unknown] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(serde_json::to_value(Outcome::NotSent).unwrap(), Outcome::NotSent.as_str());
    }

    #[test]
    fn an_error_is_as_small_as_a_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
