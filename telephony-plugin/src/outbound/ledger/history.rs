//! What a carrier has said of a part so far, in the order in which it came.

use rusqlite::{Connection, params};
use telephony_core::{StatusReport, Timestamp};

use super::columns::{json, read_json};
use super::queries::Answer;
use crate::outbound::delivery::Reported;

/// The most reports that are kept of a part: no carrier has so many states. What it says beyond
/// that is taken into account, and not kept.
pub(super) const MAX_REPORTS: usize = 32;

/// Keeps a report, unless the same was kept before.
pub(super) fn note(
    db: &Connection,
    part: i64,
    report: &StatusReport,
    now: Timestamp,
) -> Answer<()> {
    let sql = "SELECT coalesce(history, '[]') FROM outbound_part WHERE sequence = ?1";
    let mut history: Vec<Reported> =
        db.prepare_cached(sql)?.query_row([part], |row| read_json(row, 0))?;
    if history.len() >= MAX_REPORTS || history.iter().any(|known| known.report == *report) {
        return Ok(());
    }
    history.push(Reported { at: now, report: report.clone() });
    db.prepare_cached("UPDATE outbound_part SET history = ?2 WHERE sequence = ?1")?
        .execute(params![part, json(&history)?])
        .map(drop)
}
