//! The database file as a whole: looked at, copied while a server writes it, and put back.

mod backup;
mod error;
mod look;
mod partial;
mod postgres;
mod restore;

pub use self::backup::backup;
pub use self::error::FileError;
pub use self::look::{Look, Standing, Tables, check};
pub use self::postgres::{MoveError, Moved, Source, sqlite_file};
pub use self::restore::{OptOuts, Restore, RestoreError, Restored};
use telephony_pairing::{PostgresPairingStore, SqlitePairingStore};
use telephony_webhook::{PostgresInbox, Schema, SqliteInbox};

use crate::host::Challenges;
use crate::outbound::SqliteLedger;

/// Everybody's tables, as this program knows them.
pub(crate) fn schemas() -> [Schema; 4] {
    let pairing = Schema { name: "pairing", migrations: SqlitePairingStore::MIGRATIONS };
    [SqliteInbox::SCHEMA, SqliteLedger::SCHEMA, pairing, Challenges::SCHEMA]
}

/// Everybody's tables in PostgreSQL.
pub(crate) fn postgres_schemas() -> [Schema; 2] {
    let pairing = Schema { name: "pairing", migrations: PostgresPairingStore::MIGRATIONS };
    [PostgresInbox::SCHEMA, pairing]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::database::Database;

    #[test]
    fn a_database_has_the_tables_that_are_known_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telephony.db");
        drop(Database::open(&path).unwrap());
        let look = check(&path, Standing::Live).unwrap();
        let found: BTreeSet<_> = look.tables.iter().map(|tables| tables.name.as_str()).collect();
        assert_eq!(found, schemas().iter().map(|schema| schema.name).collect());
        assert!(look.tables.iter().all(|tables| tables.version == tables.known), "{look:?}");
    }
}
