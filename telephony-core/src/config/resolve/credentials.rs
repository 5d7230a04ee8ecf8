//! The provider of an account, and what it needs.

use super::super::raw::RawAccount;
use super::super::settings::{Plivo, Provider, Telnyx, Twilio};
use super::super::text;
use super::context::Context;
use crate::ed25519::Ed25519PublicKey;
use crate::provider::ProviderKind;
use crate::url::HttpUrl;

/// The provider, if all that it needs is there. `unverified` accounts take webhooks without
/// looking at their signatures and need no key for them.
pub(super) fn provider(
    raw: &RawAccount,
    kind: ProviderKind,
    unverified: bool,
    context: &mut Context<'_>,
) -> Option<Provider> {
    match kind {
        ProviderKind::Twilio => twilio(raw, context).map(Provider::Twilio),
        ProviderKind::Telnyx => telnyx(raw, unverified, context).map(Provider::Telnyx),
        ProviderKind::Plivo => plivo(raw, context).map(Provider::Plivo),
        ProviderKind::Mock => Some(Provider::Mock),
    }
}

fn twilio(raw: &RawAccount, context: &mut Context<'_>) -> Option<Twilio> {
    let empty = Default::default();
    let raw = raw.twilio.as_ref().unwrap_or(&empty);
    let account_sid = context.text(raw.account_sid.as_ref(), Some("TWILIO_ACCOUNT_SID"));
    match &account_sid {
        Some(sid) => shape("twilio.accountSid", sid, "AC", context),
        None => {
            let what = "the Account SID (AC…)";
            context.missing("twilio.accountSid", what, Some("TWILIO_ACCOUNT_SID"));
        }
    }
    let written = raw.auth_token.as_ref();
    let auth_token = context.secret("twilio.authToken", written, Some("TWILIO_AUTH_TOKEN"));
    if auth_token.is_none() && written.is_none() {
        let what = "the Auth Token, which verifies webhooks even where an API key sends";
        context.missing("twilio.authToken", what, Some("TWILIO_AUTH_TOKEN"));
    }
    let api_key_secret = context.secret("twilio.apiKeySecret", raw.api_key_secret.as_ref(), None);
    let api_key = match (context.text(raw.api_key_sid.as_ref(), None), api_key_secret) {
        (Some(sid), Some(secret)) => {
            shape("twilio.apiKeySid", &sid, "SK", context);
            Some((sid, secret))
        }
        (Some(_), None) if raw.api_key_secret.is_none() => {
            context.missing("twilio.apiKeySecret", "the secret of twilio.apiKeySid", None);
            None
        }
        (None, Some(_)) => {
            context.missing("twilio.apiKeySid", "the key that twilio.apiKeySecret is for", None);
            None
        }
        _ => None,
    };
    let messaging_service_sid = context.text(raw.messaging_service_sid.as_ref(), None);
    if let Some(sid) = &messaging_service_sid {
        shape("twilio.messagingServiceSid", sid, "MG", context);
    }
    let region = context.text(raw.region.as_ref(), None);
    if let Some(region) = &region {
        let plain = region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if !plain || region.len() > 16 {
            context.note("twilio.region", "expected a region such as \"ie1\"");
        }
    }
    Some(Twilio {
        account_sid: account_sid?,
        auth_token: auth_token?,
        webhook_shared_key: context.secret(
            "twilio.webhookSharedKey",
            raw.webhook_shared_key.as_ref(),
            None,
        ),
        api_key,
        messaging_service_sid,
        region,
        api_base_url: origin("twilio.apiBaseUrl", raw.api_base_url.as_ref(), context),
    })
}

fn telnyx(raw: &RawAccount, unverified: bool, context: &mut Context<'_>) -> Option<Telnyx> {
    let empty = Default::default();
    let raw = raw.telnyx.as_ref().unwrap_or(&empty);
    let api_key = context.secret("telnyx.apiKey", raw.api_key.as_ref(), Some("TELNYX_API_KEY"));
    if api_key.is_none() && raw.api_key.is_none() {
        context.missing("telnyx.apiKey", "an API key (KEY…)", Some("TELNYX_API_KEY"));
    }
    let written = context.text(raw.public_key.as_ref(), Some("TELNYX_PUBLIC_KEY"));
    let public_key = match written {
        Some(key) => {
            let read = Ed25519PublicKey::parse(&key);
            let where_it_is = "copy it from the portal's Keys & Credentials > Public Key";
            let read = read.map_err(|error| format!("{error}; {where_it_is}"));
            context.take("telnyx.publicKey", read)
        }
        None if unverified => None,
        None => {
            let what = "the account's public key, which verifies webhooks";
            context.missing("telnyx.publicKey", what, Some("TELNYX_PUBLIC_KEY"));
            None
        }
    };
    let profile = raw.messaging_profile_id.as_ref();
    Some(Telnyx {
        api_key: api_key?,
        messaging_profile_id: context.text(profile, Some("TELNYX_MESSAGING_PROFILE_ID")),
        public_key,
        connection_id: context.text(raw.connection_id.as_ref(), None),
        api_base_url: origin("telnyx.apiBaseUrl", raw.api_base_url.as_ref(), context),
    })
}

fn plivo(raw: &RawAccount, context: &mut Context<'_>) -> Option<Plivo> {
    let empty = Default::default();
    let raw = raw.plivo.as_ref().unwrap_or(&empty);
    let auth_id = context.text(raw.auth_id.as_ref(), Some("PLIVO_AUTH_ID"));
    match &auth_id {
        // It stands in a path of the API, so it must not change that.
        Some(id) if !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            context.note("plivo.authId", "expected the Auth ID: letters and digits only");
        }
        Some(_) => {}
        None => context.missing("plivo.authId", "the Auth ID", Some("PLIVO_AUTH_ID")),
    }
    let written = raw.auth_token.as_ref();
    let auth_token = context.secret("plivo.authToken", written, Some("PLIVO_AUTH_TOKEN"));
    if auth_token.is_none() && written.is_none() {
        context.missing("plivo.authToken", "the Auth Token", Some("PLIVO_AUTH_TOKEN"));
    }
    Some(Plivo {
        auth_id: auth_id?,
        auth_token: auth_token?,
        allow_signature_v2: raw.allow_signature_v2.unwrap_or(false),
        api_base_url: origin("plivo.apiBaseUrl", raw.api_base_url.as_ref(), context),
    })
}

/// Twilio's SIDs begin with two letters that say of what, and stand in paths of the API.
fn shape(path: &str, sid: &str, prefix: &str, context: &mut Context<'_>) {
    let plain = sid.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if !sid.starts_with(prefix) || !plain {
        let message = format!("expected a SID that begins with {prefix}, letters and digits only");
        context.note(path, message);
    }
}

fn origin(path: &str, written: Option<&String>, context: &mut Context<'_>) -> Option<HttpUrl> {
    let read = text::origin(written?);
    context.take(path, read)
}
