//! The database file as a whole: looked at, copied while a server writes it, and put back.

mod backup;
mod error;
mod hold;
mod look;
mod partial;
mod postgres;
mod restore;

pub use self::backup::backup;
pub use self::error::FileError;
pub use self::look::{Look, Standing, Tables, check};
pub use self::postgres::{MoveError, Moved, Source, sqlite_file};
pub use self::restore::{OptOuts, Restore, RestoreError, Restored};

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::database::{Database, sqlite_schemas};

    #[test]
    fn a_database_has_the_tables_that_are_known_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telephony.db");
        drop(Database::open(&path).unwrap());
        let look = check(&path, Standing::Live).unwrap();
        let found: BTreeSet<_> = look.tables.iter().map(|tables| tables.name.as_str()).collect();
        assert_eq!(found, sqlite_schemas().iter().map(|schema| schema.name).collect());
        assert!(look.tables.iter().all(|tables| tables.version == tables.known), "{look:?}");
    }
}
