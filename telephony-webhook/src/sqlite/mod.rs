//! One SQLite file, one thread that writes it, and the ledger of what its tables have become.

mod arrivals;
mod batch;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

pub use schema::{OpenError, open_sqlite, sqlite_versions};
pub use writer::{MAX_BATCH_JOBS, MAX_QUEUED_JOBS, SqliteWriter, WriteError};
