//! What a carrier has said of a part so far, in the order in which it came.

use telephony_core::{StatusReport, Timestamp};

use crate::outbound::delivery::Reported;
use crate::sql::{Answer, Sql, json, values};

/// The most reports that are kept of a part: no carrier has so many states. What it says beyond
/// that is taken into account, and not kept.
pub(super) const MAX_REPORTS: usize = 32;

/// Keeps a report, unless the same was kept before.
pub(super) fn note(db: &dyn Sql, part: i64, report: &StatusReport, now: Timestamp) -> Answer<()> {
    let sql = "SELECT coalesce(history, '[]') FROM outbound_part WHERE sequence = ?1";
    let history: Option<Vec<Reported>> = db.row(sql, values![part], |row| row.json(0))?;
    let Some(mut history) = history else { return Ok(()) };
    if history.len() >= MAX_REPORTS || history.iter().any(|known| known.report == *report) {
        return Ok(());
    }
    history.push(Reported { at: now, report: report.clone() });
    let sql = "UPDATE outbound_part SET history = ?2 WHERE sequence = ?1";
    db.execute(sql, values![part, json(&history)?]).map(drop)
}
