//! How texts are sent, and calls.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{RawMachineDetection, defaults};

/// `inboundPolicy`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawPolicy {
    Disabled,
    Allowlist,
    Pairing,
    Open,
}

/// `sms.chunkMode`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawChunkMode {
    Auto,
    Single,
    Multi,
}

/// `sms.transliterate`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawTransliterate {
    Off,
    Saves,
    Always,
}

/// How texts are sent.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawSms {
    /// How a text that is longer than a segment is sent: `auto` in numbered parts, or as one
    /// message without `segmentNumbering`; `multi` always in parts; `single` cut off.
    #[schemars(extend("default" = defaults::CHUNK_MODE, "x-label" = "Chunk mode"))]
    pub(in crate::config) chunk_mode: Option<RawChunkMode>,

    /// The most characters that are sent of one text.
    #[schemars(
        range(min = 1, max = 15_000),
        extend("default" = defaults::MAX_LENGTH, "x-label" = "Maximum length")
    )]
    pub(in crate::config) max_length: Option<u32>,

    /// Begins the parts of a longer text with `[1/3] `.
    #[schemars(extend("default" = defaults::SEGMENT_NUMBERING, "x-label" = "Segment numbering"))]
    pub(in crate::config) segment_numbering: Option<bool>,

    /// Writes quotes, dashes and letters that force UCS-2 otherwise: never (`off`), where that
    /// `saves` a segment, or `always`.
    #[schemars(extend("default" = "off", "x-label" = "Transliterate", "x-advanced" = true))]
    pub(in crate::config) transliterate: Option<RawTransliterate>,

    /// The most segments of one reply; what is beyond is cut off. No limit when it is not set.
    #[schemars(
        range(min = 1, max = 255),
        extend("x-label" = "Segments per reply", "x-advanced" = true)
    )]
    pub(in crate::config) max_segments_per_reply: Option<u32>,

    /// Sends at most so many segments a second. Carriers queue by themselves, so it is off when
    /// it is not set.
    #[schemars(
        range(min = 0.01, max = 1000.0),
        extend("x-label" = "Segments per second", "x-advanced" = true)
    )]
    pub(in crate::config) segments_per_second: Option<f64>,

    /// Joins texts that one sender sends within so many milliseconds into one turn.
    #[schemars(range(min = 0, max = 60_000), extend("x-label" = "Join window (ms)", "x-advanced" = true))]
    pub(in crate::config) join_window_ms: Option<u32>,

    /// The most messages that one number is sent in 24 hours.
    #[schemars(
        range(min = 1, max = 100_000),
        extend("x-label" = "Daily cap per recipient", "x-advanced" = true)
    )]
    pub(in crate::config) daily_cap_per_recipient: Option<u32>,

    /// When no text is sent that nobody asked for.
    #[schemars(extend("x-label" = "Quiet hours", "x-advanced" = true))]
    pub(in crate::config) quiet_hours: Option<RawQuietHours>,
}

/// When no text is sent that nobody asked for.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawQuietHours {
    /// When they begin, `21:00`.
    #[schemars(extend("x-label" = "Start"))]
    pub(in crate::config) start: Option<String>,

    /// When they end, `08:00`; the next day when that is earlier.
    #[schemars(extend("x-label" = "End"))]
    pub(in crate::config) end: Option<String>,

    /// The time zone they are meant in, `America/New_York`; UTC when it is not set.
    #[schemars(extend("x-label" = "Time zone"))]
    pub(in crate::config) time_zone: Option<String>,
}

/// `voice.inbound`.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawInboundCalls {
    Reject,
    Answer,
}

/// Calls.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawVoice {
    /// Whether calls may be placed.
    #[schemars(extend("default" = false, "x-label" = "Enabled"))]
    pub(in crate::config) enabled: Option<bool>,

    /// The longest a call may last, in seconds.
    #[schemars(
        range(min = 30, max = 14_400),
        extend("default" = defaults::MAX_DURATION_SECONDS, "x-label" = "Maximum duration (s)")
    )]
    pub(in crate::config) max_duration_seconds: Option<u32>,

    /// How long a phone may ring, in seconds.
    #[schemars(
        range(min = 5, max = 600),
        extend("default" = defaults::RING_TIMEOUT_SECONDS, "x-label" = "Ring time-out (s)")
    )]
    pub(in crate::config) ring_timeout_seconds: Option<u32>,

    /// What a call says that is given nothing to say.
    #[schemars(extend("default" = defaults::GREETING, "x-label" = "Greeting"))]
    pub(in crate::config) greeting: Option<String>,

    /// The language that calls are spoken in, a BCP 47 tag such as `de-DE`; English when it is not
    /// set.
    #[schemars(extend("x-label" = "Language", "x-advanced" = true))]
    pub(in crate::config) language: Option<String>,

    /// What happens when somebody calls: `reject`, or `answer` with `inboundGreeting`.
    #[schemars(extend("default" = "reject", "x-label" = "Inbound calls"))]
    pub(in crate::config) inbound: Option<RawInboundCalls>,

    /// What somebody hears who calls, where calls are answered.
    #[schemars(extend("default" = defaults::INBOUND_GREETING, "x-label" = "Inbound greeting"))]
    pub(in crate::config) inbound_greeting: Option<String>,

    /// What to do when a machine answers: nothing (`off`), `report` it, or `hangup`.
    #[schemars(extend("default" = "off", "x-label" = "Machine detection", "x-advanced" = true))]
    pub(in crate::config) machine_detection: Option<RawMachineDetection>,
}
