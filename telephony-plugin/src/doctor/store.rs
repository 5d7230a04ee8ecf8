//! What is kept: whether it is closed to others, has room, opens, and gets worked off.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::Timestamp;

use super::finding::{Report, Said, Says};
use super::server::State;
use crate::control::ControlError;
use crate::database::Place;
use crate::report::chain;

/// Below how many free bytes there is not enough room for long.
const LOW_BYTES: u64 = 512 * 1024 * 1024;

/// Below how many free bytes events may not be stored any more.
const FULL_BYTES: u64 = 32 * 1024 * 1024;

/// How long what waits may wait before something is wrong.
const PATIENCE: Duration = Duration::from_secs(600);

/// How the store is.
#[derive(Debug)]
pub(super) enum Store {
    /// There is none yet.
    Fresh,
    /// Others can look into it.
    Open { what: &'static str, mode: u32, wanted: u32 },
    /// There is little room.
    Room { megabytes: u64 },
    /// A newer program made it.
    Newer(String),
    /// Its server does not answer.
    Unasked,
    /// Its file does not open.
    Broken(String),
    /// The server that has it cannot be used.
    Away(String),
    /// Events were set aside.
    Failed(u64),
    /// Events wait.
    Waits { count: u64, minutes: u64 },
    /// Texts wait.
    Unsent { count: u64, minutes: u64 },
    /// Events could not be stored.
    NotStored(u64),
    /// It is as it should be.
    Good,
}

impl Store {
    /// What is kept at `place` does not open.
    fn broken(place: &Place, why: String) -> Self {
        match place {
            Place::File(_) => Self::Broken(why),
            Place::Server(_) => Self::Away(why),
        }
    }
}

impl Says for Store {
    fn check(&self) -> &'static str {
        "store"
    }

    fn says(&self) -> Said {
        match self {
            Self::Fresh => {
                Said::note("nothing is kept yet", "Start `telephony serve`, which makes it.")
            }
            Self::Open { what, mode, wanted } => Said::warning(
                format!("the {what} can be looked into by others: its mode is {mode:o}"),
                format!("Set its mode to {wanted:o} by chmod."),
            ),
            Self::Room { megabytes } if megabytes.saturating_mul(1024 * 1024) < FULL_BYTES => {
                Said::error(
                    format!("the disk is full: {megabytes} MB are free"),
                    "Free some: what cannot be stored is answered 503, and carriers give up.",
                )
            }
            Self::Room { megabytes } => Said::warning(
                format!("the disk has {megabytes} MB left"),
                "Free some before events cannot be stored any more.",
            ),
            Self::Newer(why) => Said::error(why, "Install the newer telephony again."),
            Self::Unasked => Said::note(
                "what waits is not known: the server that has it open does not answer",
                "See the finding about the server.",
            ),
            Self::Broken(why) => Said::error(
                format!("the database does not open: {why}"),
                "Check its rights and its disk; `telephony store restore` puts a copy back, as \
                 docs/operations.md says.",
            ),
            Self::Away(why) => Said::error(
                format!("the database does not open: {why}"),
                "See that PostgreSQL runs, can be reached from here, and lets the user of \
                 `database` in; docs/scaling.md says what it needs.",
            ),
            Self::Failed(count) => Said::warning(
                format!("{count} events were set aside after too many tries"),
                "See `telephony inbox list`, and try each again by `telephony inbox retry`.",
            ),
            Self::Waits { count, minutes } => Said::warning(
                format!("{count} events wait, one for {minutes} minutes"),
                "See that the handler or the gateway answers, and the server's log.",
            ),
            Self::Unsent { count, minutes } => Said::warning(
                format!("{count} texts wait to be sent, one for {minutes} minutes"),
                "See `telephony message` for the reason, and that the carrier can be reached.",
            ),
            Self::NotStored(count) => Said::warning(
                format!("{count} events could not be stored since the server began"),
                "See its log; free the disk, or end what locks the database.",
            ),
            Self::Good => Said::ok("opens, has room, and is worked off"),
        }
    }
}

pub(super) async fn look(
    state: &State<'_>,
    status: Option<&Value>,
    now: Timestamp,
    report: &mut Report,
) {
    let mut found = Vec::new();
    let (directory, database) = (state.directory().path(), &state.kept().database);
    if !directory.exists() || !database.exists() {
        return report.add(&Store::Fresh, None);
    }
    let file = if let Place::File(path) = database { Some(path.as_path()) } else { None };
    let file = file.map(|path| ("database", path, 0o600));
    for (what, path, wanted) in [("state directory", directory, 0o700)].into_iter().chain(file) {
        if let Some(mode) = mode(path).filter(|mode| mode & 0o077 != 0) {
            found.push(Store::Open { what, mode, wanted });
        }
    }
    if let Some(bytes) = free(directory).filter(|bytes| *bytes < LOW_BYTES) {
        found.push(Store::Room { megabytes: bytes / 1024 / 1024 });
    }
    match state.ask("inbox.list", json!({ "state": "waiting", "limit": 1000 })).await {
        Ok(answer) => found.extend(events(&answer, now)),
        Err(ControlError::Open(error)) if error.is_newer() => {
            found.push(Store::Newer(chain(&error)));
        }
        // That is said of the server already, and says nothing of the store.
        Err(ControlError::Unreachable { .. }) => found.push(Store::Unasked),
        Err(error) => found.push(Store::broken(database, chain(&error))),
    }
    if let Ok(answer) = state.ask("telephony.messages", json!({})).await {
        found.extend(texts(&answer, now));
    }
    let not_stored = status.and_then(|status| status.pointer("/webhooks/notStored")?.as_u64());
    found.extend(not_stored.filter(|count| *count > 0).map(Store::NotStored));
    if found.is_empty() {
        found.push(Store::Good);
    }
    found.iter().for_each(|found| report.add(found, None));
}

/// What waits and what failed of what came.
fn events(answer: &Value, now: Timestamp) -> Vec<Store> {
    let mut found = Vec::new();
    let count = |name: &str| answer.pointer(name).and_then(Value::as_u64).unwrap_or_default();
    if count("/counts/failed") > 0 {
        found.push(Store::Failed(count("/counts/failed")));
    }
    let entries = answer.get("entries").and_then(Value::as_array);
    let oldest = entries.into_iter().flatten().filter_map(|entry| time(entry, "receivedAt")).min();
    if let Some(minutes) = oldest.and_then(|oldest| late(oldest, now)) {
        found.push(Store::Waits { count: count("/counts/waiting"), minutes });
    }
    found
}

/// What waits of what is to go out, as far as the latest texts show it.
fn texts(answer: &Value, now: Timestamp) -> Option<Store> {
    let messages = answer.get("messages").and_then(Value::as_array)?;
    let is_pending =
        |message: &&Value| message.get("outcome").and_then(Value::as_str) == Some("pending");
    let pending: Vec<_> = messages.iter().filter(is_pending).collect();
    let oldest = pending.iter().filter_map(|message| time(message, "createdAt")).min()?;
    let count = u64::try_from(pending.len()).unwrap_or(u64::MAX);
    Some(Store::Unsent { count, minutes: late(oldest, now)? })
}

pub(super) fn time(value: &Value, key: &str) -> Option<Timestamp> {
    Timestamp::parse_rfc3339(value.get(key)?.as_str()?).ok()
}

/// For how many minutes something has waited that waits for too long.
fn late(since: Timestamp, now: Timestamp) -> Option<u64> {
    let waited = now.saturating_since(since);
    (waited > PATIENCE).then_some(waited.as_secs() / 60)
}

fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(std::fs::metadata(path).ok()?.permissions().mode() & 0o777)
}

/// The bytes that are free for us.
fn free(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn what_waits_for_long_or_has_failed_is_found() {
        let now = Timestamp::parse_rfc3339("2026-07-01T12:00:00Z").unwrap();
        let answer = |at: &str, failed: u64| {
            json!({
                "entries": [{ "receivedAt": at }, { "receivedAt": "2026-07-01T11:59:00Z" }],
                "counts": { "waiting": 2, "done": 5, "failed": failed },
            })
        };
        assert!(events(&answer("2026-07-01T11:50:00Z", 0), now).is_empty());
        let found = events(&answer("2026-07-01T11:30:00Z", 3), now);
        let said: Vec<_> = found.iter().map(|found| found.of(None).finding).collect();
        assert_eq!(
            said,
            ["3 events were set aside after too many tries", "2 events wait, one for 30 minutes"]
        );
    }

    #[test]
    fn texts_that_wait_are_found_and_sent_ones_are_not() {
        let now = Timestamp::parse_rfc3339("2026-07-01T12:00:00Z").unwrap();
        let answer = |outcome: &str| json!({ "messages": [{ "outcome": outcome, "createdAt": "2026-07-01T11:00:00Z" }] });
        assert!(texts(&answer("sent"), now).is_none());
        assert_eq!(
            texts(&answer("pending"), now).unwrap().of(None).finding,
            "1 texts wait to be sent, one for 60 minutes"
        );
    }

    #[test]
    fn a_copy_is_put_back_in_place_of_a_file_alone() {
        let fix = |place: &Place| Store::broken(place, "why".to_owned()).of(None).fix.unwrap();
        assert!(fix(&Place::File("telephony.db".into())).contains("telephony store restore"));
        let server = fix(&Place::Server(telephony_core::Secret::new("postgres://db/tel")));
        assert!(server.contains("PostgreSQL") && !server.contains("restore"), "{server}");
    }

    #[test]
    fn a_disk_is_low_before_it_is_full() {
        let severity = |megabytes| Store::Room { megabytes }.of(None).severity;
        assert_eq!((severity(100), severity(31)), (Severity::Warning, Severity::Error));
    }
}
