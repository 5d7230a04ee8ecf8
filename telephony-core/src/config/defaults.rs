//! The defaults of all keys, for reading, for the schema and for the documents alike.

/// `inboundPolicy`.
pub(super) const INBOUND_POLICY: &str = "pairing";
/// `maxConcurrentSessions`: senders in a turn at once.
pub(super) const MAX_CONCURRENT_SESSIONS: u32 = 50;
/// `sms.chunkMode`.
pub(super) const CHUNK_MODE: &str = "auto";
/// `sms.maxLength`, characters.
pub(super) const MAX_LENGTH: u32 = 1600;
/// `sms.segmentNumbering`.
pub(super) const SEGMENT_NUMBERING: bool = true;
/// `voice.maxDurationSeconds`, seconds.
pub(super) const MAX_DURATION_SECONDS: u32 = 300;
/// `voice.ringTimeoutSeconds`, seconds.
pub(super) const RING_TIMEOUT_SECONDS: u32 = 30;
/// `voice.greeting`.
pub(super) const GREETING: &str = "Hello. This is an automated call. Send a text to this number \
                                   to talk to the assistant. Goodbye.";
/// `voice.inboundGreeting`.
pub(super) const INBOUND_GREETING: &str = "Hello. Nobody can talk at this number, but an \
                                           assistant reads its texts. Please send a text message \
                                           to this number. Goodbye.";
/// `serve.port`.
pub(super) const PORT: u16 = 3335;
/// `serve.bind` and `metrics.bind`.
pub(super) const BIND: &str = "127.0.0.1";
/// `metrics.port`, which is that of OpenTelemetry's exporters for Prometheus.
pub(super) const METRICS_PORT: u16 = 9464;
/// `serve.path`.
pub(super) const PATH: &str = "/telephony/webhook";
/// `serve.statusPath`.
pub(super) const STATUS_PATH: &str = "/telephony/status";
/// `retention.contentDays`: long enough to look into a complaint.
pub(super) const CONTENT_DAYS: u32 = 7;
/// `retention.recordDays`.
pub(super) const RECORD_DAYS: u32 = 30;
/// `mediaMaxMb`, megabytes.
pub(super) const MEDIA_MAX_MB: u32 = 5;
