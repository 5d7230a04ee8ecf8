//! What a request is answered with, as data for any framework: fixed texts, and what a call is to
//! do.

use std::borrow::Cow;
use std::fmt;

use telephony_core::ProviderKind;

/// A status, a content type and a body.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The value of `Content-Type`; `None` where there is no body.
    pub content_type: Option<&'static str>,
    /// The body. `Debug` shows its size alone, since a call may say there what nobody else may read.
    pub body: Cow<'static, str>,
    /// The value of `Allow`.
    pub allow: Option<&'static str>,
    /// The value of `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Answer {
    /// The answer to everything that is not verified. It is the same whatever was wrong, so that
    /// a stranger learns nothing from it.
    pub const REFUSED: Self = Self::plain(403, "forbidden\n");

    /// The answer to a path that leads nowhere.
    pub const NOT_FOUND: Self = Self::plain(404, "not found\n");

    /// The answer to a method that no carrier uses.
    pub const METHOD: Self = Self::not_allowed("GET, POST");

    /// The answer to a body that does not come in time.
    pub const TOO_SLOW: Self = Self::plain(408, "request timeout\n");

    /// The answer to a body of more than [`MAX_BODY_BYTES`](crate::MAX_BODY_BYTES).
    pub const TOO_LARGE: Self = Self::plain(413, "content too large\n");

    /// The answer to a body that is neither a form nor JSON.
    pub const MEDIA_TYPE: Self = Self::plain(415, "unsupported media type\n");

    /// The answer to a signed request that cannot be read.
    pub const UNREADABLE: Self = Self::plain(400, "bad request\n");

    /// The answer to more than there may be.
    pub const TOO_MANY: Self = Self::later(429, "too many requests\n", Some(10));

    /// The answer while nothing can be taken: the carrier is to try again.
    pub const UNAVAILABLE: Self = Self::later(503, "service unavailable\n", Some(5));

    /// The answer that says what a call is to do.
    #[must_use]
    pub const fn document(content_type: &'static str, body: String) -> Self {
        let (allow, retry_after) = (None, None);
        let content_type = Some(content_type);
        Self { status: 200, content_type, body: Cow::Owned(body), allow, retry_after }
    }

    const fn plain(status: u16, body: &'static str) -> Self {
        Self::later(status, body, None)
    }

    const fn later(status: u16, body: &'static str, retry_after: Option<u32>) -> Self {
        let content_type = Some("text/plain");
        Self { status, content_type, body: Cow::Borrowed(body), allow: None, retry_after }
    }

    /// The answer to another method than those that are allowed.
    pub(crate) const fn not_allowed(allow: &'static str) -> Self {
        let (content_type, body) = (Some("text/plain"), Cow::Borrowed("method not allowed\n"));
        Self { status: 405, content_type, body, allow: Some(allow), retry_after: None }
    }

    const fn ok(content_type: Option<&'static str>, body: &'static str) -> Self {
        let body = Cow::Borrowed(body);
        Self { status: 200, content_type, body, allow: None, retry_after: None }
    }

    /// The answer by which a carrier knows that its webhook was taken.
    ///
    /// Twilio and Plivo read instructions from it, and Twilio texts a plain answer back to the
    /// sender, so theirs is a document without instructions. Telnyx looks at the status alone.
    #[must_use]
    pub const fn accepted(provider: ProviderKind) -> Self {
        match provider {
            ProviderKind::Twilio => Self::ok(
                Some("text/xml"),
                r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#,
            ),
            ProviderKind::Plivo => Self::ok(Some("application/xml"), "<Response></Response>"),
            ProviderKind::Telnyx => Self::ok(None, ""),
            ProviderKind::Mock => Self::ok(Some("application/json"), "{}"),
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
