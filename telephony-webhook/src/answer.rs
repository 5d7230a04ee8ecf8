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
}

impl Answer {
    /// The answer to everything that is not verified. It is the same whatever was wrong, so that
    /// a stranger learns nothing from it.
    pub const REFUSED: Self =
        Self { status: 403, content_type: Some("text/plain"), body: "forbidden\n" };

    /// The answer by which a carrier knows that its webhook was taken.
    ///
    /// Twilio and Plivo read instructions from it, and Twilio texts a plain answer back to the
    /// sender, so theirs is a document without instructions. Telnyx looks at the status alone.
    #[must_use]
    pub const fn accepted(provider: ProviderKind) -> Self {
        match provider {
            ProviderKind::Twilio => Self {
                status: 200,
                content_type: Some("text/xml"),
                body: r#"<?xml version="1.0" encoding="UTF-8"?><Response></Response>"#,
            },
            ProviderKind::Plivo => Self {
                status: 200,
                content_type: Some("application/xml"),
                body: "<Response></Response>",
            },
            ProviderKind::Telnyx => Self { status: 200, content_type: None, body: "" },
            ProviderKind::Mock => {
                Self { status: 200, content_type: Some("application/json"), body: "{}" }
            }
        }
    }
}
