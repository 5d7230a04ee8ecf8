//! One account.

use super::super::raw::{
    RawAccount, RawChunkMode, RawInboundCalls, RawPolicy, RawQuietHours, RawTransliterate,
};
use super::super::settings::{
    Account, AllowFrom, ChunkMode, InboundPolicy, Provider, QuietHours, Sms, Transliterate, Voice,
};
use super::super::{Host, defaults, text};
use super::context::{Context, items};
use super::credentials;
use super::section::Process;
use crate::phone::PhoneNumber;
use crate::provider::ProviderKind;
use crate::sender::Sender;
use crate::url::HttpUrl;

/// Bytes in a megabyte, as people count them.
const MEGABYTE: u64 = 1_000_000;

/// The account, if nothing that it cannot do without is missing.
pub(super) fn resolve(
    raw: &RawAccount,
    host: Host,
    process: &Process,
    context: &mut Context<'_>,
) -> Option<Account> {
    let enabled = raw.enabled.unwrap_or(host == Host::Standalone);
    let kind = raw.provider;
    if kind.is_none() {
        context.missing("provider", "\"twilio\", \"telnyx\", \"plivo\" or \"mock\"", None);
    }
    let public_url = public_url(raw, kind, context);
    let skip = raw.skip_signature_verification.unwrap_or(false);
    if skip || kind == Some(ProviderKind::Mock) {
        stays_local(kind, public_url.is_some(), process, context);
    }
    let provider = kind.and_then(|kind| credentials::provider(raw, kind, skip, context));
    let from = from_number(raw, provider.as_ref(), context);
    Some(Account {
        id: context.id.clone(),
        enabled,
        name: raw.name.clone(),
        from,
        policy: policy(raw, context),
        allow_from: allow_from(raw, context),
        allow_to: allow_to(raw, context),
        default_to: raw.default_to.as_ref().and_then(|number| {
            let read = PhoneNumber::parse(number);
            context.take("defaultTo", read)
        }),
        public_url,
        dangerously_skip_signature_verification: skip,
        media_max_bytes: u64::from(raw.media_max_mb.unwrap_or(defaults::MEDIA_MAX_MB)) * MEGABYTE,
        sms: sms(raw, context),
        voice: voice(raw, context),
        pairing_silent: raw.pairing.as_ref().and_then(|raw| raw.silent).unwrap_or(false),
        pairing_notify_owner: raw
            .pairing
            .as_ref()
            .and_then(|raw| raw.notify_owner)
            .unwrap_or(false),
        provider: provider?,
    })
}

/// Whoever can reach an account that looks at no signature can speak as anybody.
fn stays_local(
    kind: Option<ProviderKind>,
    has_public_url: bool,
    process: &Process,
    context: &mut Context<'_>,
) {
    let (path, what) = if kind == Some(ProviderKind::Mock) {
        ("provider", "the mock provider looks at no signature")
    } else {
        ("skipSignatureVerification", "no signature is looked at")
    };
    if !process.is_local() {
        let remedy = "serve.bind must be a loopback address and tunnel.provider none";
        context.note(path, format!("{what}, so {remedy}"));
    }
    if has_public_url {
        context.note(path, format!("{what}, so publicUrl must not be set"));
    }
}

fn public_url(
    raw: &RawAccount,
    kind: Option<ProviderKind>,
    context: &mut Context<'_>,
) -> Option<HttpUrl> {
    let read = text::public_url(raw.public_url.as_ref()?, kind != Some(ProviderKind::Mock));
    context.take("publicUrl", read)
}

fn from_number(
    raw: &RawAccount,
    provider: Option<&Provider>,
    context: &mut Context<'_>,
) -> Option<Sender> {
    if let Some(written) = &raw.from_number {
        // What has a plus is meant to be a number, and is told what is wrong with it.
        if written.contains('+') || written.starts_with("tel:") {
            let read = PhoneNumber::parse(written);
            return context.take("fromNumber", read).map(Sender::Number);
        }
        let is_national = written.chars().filter(char::is_ascii_digit).count() > 8;
        if is_national {
            let message = "expected E.164: +, the country code and the number";
            context.note("fromNumber", message);
            return None;
        }
        return context.take("fromNumber", Sender::parse(written));
    }
    let picked = match provider {
        Some(Provider::Twilio(twilio)) => twilio.messaging_service_sid.is_some(),
        Some(Provider::Telnyx(telnyx)) => telnyx.messaging_profile_id.is_some(),
        Some(Provider::Plivo(_) | Provider::Mock) => false,
        // What is missing of the provider is reported already.
        None => true,
    };
    if !picked {
        context.missing("fromNumber", "the number to send from, such as \"+15550001111\"", None);
    }
    None
}

fn policy(raw: &RawAccount, context: &mut Context<'_>) -> InboundPolicy {
    if let (Some(one), Some(other)) = (raw.inbound_policy, raw.dm_policy)
        && one != other
    {
        context.note("dmPolicy", "differs from inboundPolicy, of which it is another name");
    }
    match raw.inbound_policy.or(raw.dm_policy).unwrap_or(RawPolicy::Pairing) {
        RawPolicy::Disabled => InboundPolicy::Disabled,
        RawPolicy::Allowlist => InboundPolicy::Allowlist,
        RawPolicy::Pairing => InboundPolicy::Pairing,
        RawPolicy::Open => InboundPolicy::Open,
    }
}

fn allow_from(raw: &RawAccount, context: &mut Context<'_>) -> Vec<AllowFrom> {
    let mut allowed = Vec::new();
    for (index, written) in items(raw.allow_from.as_ref()) {
        if written == "*" {
            allowed.push(AllowFrom::Anyone);
        } else if let Some(group) = written.strip_prefix("accessGroup:") {
            allowed.push(AllowFrom::AccessGroup(group.to_owned()));
        } else {
            let read = PhoneNumber::parse(written);
            let path = format!("allowFrom.{index}");
            allowed.extend(context.take(&path, read).map(AllowFrom::Number));
        }
    }
    allowed
}

fn allow_to(raw: &RawAccount, context: &mut Context<'_>) -> Vec<PhoneNumber> {
    let mut allowed = Vec::new();
    for (index, written) in items(raw.allow_to.as_ref()) {
        let read = PhoneNumber::parse(written);
        allowed.extend(context.take(&format!("allowTo.{index}"), read));
    }
    allowed
}

fn sms(raw: &RawAccount, context: &mut Context<'_>) -> Sms {
    let empty = Default::default();
    let raw = raw.sms.as_ref().unwrap_or(&empty);
    Sms {
        chunk_mode: match raw.chunk_mode.unwrap_or(RawChunkMode::Auto) {
            RawChunkMode::Auto => ChunkMode::Auto,
            RawChunkMode::Single => ChunkMode::Single,
            RawChunkMode::Multi => ChunkMode::Multi,
        },
        max_length: raw.max_length.unwrap_or(defaults::MAX_LENGTH),
        segment_numbering: raw.segment_numbering.unwrap_or(defaults::SEGMENT_NUMBERING),
        transliterate: match raw.transliterate.unwrap_or(RawTransliterate::Off) {
            RawTransliterate::Off => Transliterate::Off,
            RawTransliterate::Saves => Transliterate::Saves,
            RawTransliterate::Always => Transliterate::Always,
        },
        max_segments_per_reply: raw.max_segments_per_reply,
        segments_per_second: raw.segments_per_second,
        join_window_ms: raw.join_window_ms.unwrap_or(0),
        daily_cap_per_recipient: raw.daily_cap_per_recipient,
        quiet_hours: raw.quiet_hours.as_ref().and_then(|raw| quiet_hours(raw, context)),
    }
}

fn quiet_hours(raw: &RawQuietHours, context: &mut Context<'_>) -> Option<QuietHours> {
    let mut time = |key: &str, written: Option<&String>| match written {
        Some(written) => context.take(&format!("sms.quietHours.{key}"), text::clock_time(written)),
        None => {
            context.missing(
                &format!("sms.quietHours.{key}"),
                "a time of day such as \"21:00\"",
                None,
            );
            None
        }
    };
    let (start, end) = (time("start", raw.start.as_ref()), time("end", raw.end.as_ref()));
    let zone = raw.time_zone.as_deref().unwrap_or("UTC");
    let time_zone = context.take("sms.quietHours.timeZone", text::time_zone(zone));
    Some(QuietHours { start: start?, end: end?, time_zone: time_zone? })
}

fn voice(raw: &RawAccount, context: &mut Context<'_>) -> Voice {
    let empty = Default::default();
    let raw = raw.voice.as_ref().unwrap_or(&empty);
    let or = |text: &Option<String>, default: &str| text.as_deref().unwrap_or(default).to_owned();
    let language = raw.language.as_deref();
    Voice {
        enabled: raw.enabled.unwrap_or(false),
        max_duration_seconds: raw.max_duration_seconds.unwrap_or(defaults::MAX_DURATION_SECONDS),
        ring_timeout_seconds: raw.ring_timeout_seconds.unwrap_or(defaults::RING_TIMEOUT_SECONDS),
        greeting: or(&raw.greeting, defaults::GREETING),
        language: language
            .and_then(|written| context.take("voice.language", text::language(written))),
        answer_inbound: matches!(raw.inbound, Some(RawInboundCalls::Answer)),
        inbound_greeting: or(&raw.inbound_greeting, defaults::INBOUND_GREETING),
        machine_detection: raw.machine_detection.unwrap_or_default(),
    }
}
