//! Logs: lines on standard error, since standard output is a result or a protocol.

use tracing_subscriber::EnvFilter;

/// The variable that says what is logged, as `tracing`'s filter directives: `debug`, or
/// `warn,telephony_webhook=trace`.
pub const VARIABLE: &str = "TELEPHONY_LOG";

/// What commands that do one thing log: what went wrong, and what the mock would have sent.
pub(crate) const QUIET: &str = "warn,telephony_providers::mock=info";

/// What a server logs: what it takes, decides and sends, without contents.
pub(crate) const SERVER: &str = "info";

/// How a log is written.
#[cfg(unix)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// A line for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// Starts logging; `directives` count where [`VARIABLE`] is not set. A second start changes
/// nothing.
pub(crate) fn start(directives: &str) {
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter(directives))
        .with_target(false)
        .with_writer(std::io::stderr)
        // A line that cannot be written, as on a full disk, would be complained of where it cannot be
        // either, and that is a panic in whatever logs.
        .log_internal_errors(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .finish();
    // Whoever embeds the library may log already, and then goes on as before.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// The same, with a JSON object a line for a program to read: what it says is in `fields`, and what it
/// is about in those of `spans`, the innermost last.
#[cfg(unix)]
pub(crate) fn start_json(directives: &str) {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_env_filter(filter(directives))
        .with_current_span(false)
        .with_span_list(true)
        .with_writer(std::io::stderr)
        .log_internal_errors(false)
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
}

fn filter(directives: &str) -> EnvFilter {
    let wanted = std::env::var(VARIABLE).unwrap_or_default();
    let wanted = if wanted.is_empty() { directives } else { &wanted };
    // What cannot be read of a filter is left out, and the rest of it counts.
    EnvFilter::builder().parse_lossy(wanted)
}
