//! PostgreSQL, for several nodes over one database: connections, the ledger of what its tables have
//! become, and a bell by which nodes wake each other.

mod address;
mod bell;
mod error;
mod pool;
mod schema;
#[cfg(all(any(test, feature = "testing"), unix))]
pub mod testing;

#[cfg(test)]
#[cfg(unix)]
mod tests;

pub use address::MAX_POOL_SIZE;
pub use error::PostgresError;
pub use pool::{PATIENCE, PostgresPool};
