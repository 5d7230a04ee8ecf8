//! Credentials of the providers.

use schemars::JsonSchema;
use serde::Deserialize;

use super::SecretInput;

/// Credentials at Twilio.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawTwilio {
    /// The Account SID, `AC` and 32 hexadecimal digits.
    #[schemars(extend("x-label" = "Account SID", "x-env" = "TWILIO_ACCOUNT_SID"))]
    pub(in crate::config) account_sid: Option<String>,

    /// The primary Auth Token. Webhooks are signed with it, also where an API key sends.
    #[schemars(extend("x-label" = "Auth token", "x-sensitive" = true, "x-env" = "TWILIO_AUTH_TOKEN"))]
    pub(in crate::config) auth_token: Option<SecretInput>,

    /// The secret of a shared key, where webhooks are signed with HMAC-SHA256 (public beta).
    #[schemars(extend("x-label" = "Webhook shared key", "x-sensitive" = true, "x-advanced" = true))]
    pub(in crate::config) webhook_shared_key: Option<SecretInput>,

    /// An API key, `SK` and 32 hexadecimal digits, to send with instead of the Auth Token.
    #[schemars(extend("x-label" = "API key SID", "x-advanced" = true))]
    pub(in crate::config) api_key_sid: Option<String>,

    /// The secret of the API key.
    #[schemars(extend("x-label" = "API key secret", "x-sensitive" = true, "x-advanced" = true))]
    pub(in crate::config) api_key_secret: Option<SecretInput>,

    /// A Messaging Service, `MG` and 32 hexadecimal digits, that picks the sender.
    #[schemars(extend("x-label" = "Messaging Service SID", "x-advanced" = true))]
    pub(in crate::config) messaging_service_sid: Option<String>,

    /// The region that processes data, `ie1` or `au1`; the United States when it is not set.
    #[schemars(extend("x-label" = "Region", "x-advanced" = true))]
    pub(in crate::config) region: Option<String>,

    /// An origin that stands in for Twilio's API, for tests and proxies.
    #[schemars(extend("x-label" = "API base URL", "x-advanced" = true))]
    pub(in crate::config) api_base_url: Option<String>,
}

/// Credentials at Telnyx.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawTelnyx {
    /// An API key, which begins with `KEY`.
    #[schemars(extend("x-label" = "API key", "x-sensitive" = true, "x-env" = "TELNYX_API_KEY"))]
    pub(in crate::config) api_key: Option<SecretInput>,

    /// The messaging profile that sends; it picks the sender where no number is set.
    #[schemars(extend("x-label" = "Messaging profile", "x-env" = "TELNYX_MESSAGING_PROFILE_ID"))]
    pub(in crate::config) messaging_profile_id: Option<String>,

    /// The account's public key, by which webhooks are verified: base64 as the portal shows it,
    /// hexadecimal, PEM or SPKI.
    #[schemars(extend("x-label" = "Public key", "x-env" = "TELNYX_PUBLIC_KEY"))]
    pub(in crate::config) public_key: Option<String>,

    /// The Voice API application that places calls.
    #[schemars(extend("x-label" = "Voice application (connection id)", "x-advanced" = true))]
    pub(in crate::config) connection_id: Option<String>,

    /// An origin that stands in for Telnyx' API, for tests and proxies.
    #[schemars(extend("x-label" = "API base URL", "x-advanced" = true))]
    pub(in crate::config) api_base_url: Option<String>,
}

/// Credentials at Plivo.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawPlivo {
    /// The Auth ID, from the console's overview.
    #[schemars(extend("x-label" = "Auth ID", "x-env" = "PLIVO_AUTH_ID"))]
    pub(in crate::config) auth_id: Option<String>,

    /// The Auth Token, from the console's overview.
    #[schemars(extend("x-label" = "Auth token", "x-sensitive" = true, "x-env" = "PLIVO_AUTH_TOKEN"))]
    pub(in crate::config) auth_token: Option<SecretInput>,

    /// Takes webhooks that carry the second version of the signature alone. It covers neither the
    /// body nor the query.
    #[schemars(extend("default" = false, "x-label" = "Allow signature V2", "x-advanced" = true))]
    pub(in crate::config) allow_signature_v2: Option<bool>,

    /// An origin that stands in for Plivo's API, for tests and proxies.
    #[schemars(extend("x-label" = "API base URL", "x-advanced" = true))]
    pub(in crate::config) api_base_url: Option<String>,
}
