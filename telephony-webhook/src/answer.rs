//! What a request is answered with: fixed texts, as data for any framework.

use telephony_core::ProviderKind;

/// A status, a content type and a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The value of `Content-Type`; `None` where there is no body.
    pub content_type: Option<&'static str>,
    /// The body.
    pub body: &'static str,
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
    pub const METHOD: Self =
        Self { allow: Some("GET, POST"), ..Self::plain(405, "method not allowed\n") };

    /// The answer to a body that does not come in time.
    pub const TOO_SLOW: Self = Self::plain(408, "request timeout\n");

    /// The answer to a body of more than [`MAX_BODY_BYTES`](crate::MAX_BODY_BYTES).
    pub const TOO_LARGE: Self = Self::plain(413, "content too large\n");

    /// The answer to a body that is neither a form nor JSON.
    pub const MEDIA_TYPE: Self = Self::plain(415, "unsupported media type\n");

    /// The answer to a signed request that cannot be read.
    pub const UNREADABLE: Self = Self::plain(400, "bad request\n");

    /// The answer to more than there may be.
    pub const TOO_MANY: Self =
        Self { retry_after: Some(10), ..Self::plain(429, "too many requests\n") };

    /// The answer while nothing can be taken: the carrier is to try again.
    pub const UNAVAILABLE: Self =
        Self { retry_after: Some(5), ..Self::plain(503, "service unavailable\n") };

    const fn plain(status: u16, body: &'static str) -> Self {
        Self { status, content_type: Some("text/plain"), body, allow: None, retry_after: None }
    }

    const fn ok(content_type: Option<&'static str>, body: &'static str) -> Self {
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
