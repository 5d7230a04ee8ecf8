//! How the tables in PostgreSQL are brought up to date, whoever else is about to do so.

use deadpool_postgres::Client;

use super::error::PostgresError;
use crate::schema::Schema;

/// The lock that a node holds while it brings tables up to date; the number is anyone's.
const LOCK: i64 = 0x7465_6C65_7068_6F6E;

/// How long it waits for another node, and for others who read the tables.
const LIMITS: &str = "SET LOCAL lock_timeout = '60s'; SET LOCAL statement_timeout = 0";

/// Brings the tables of all owners up to date, in one transaction.
pub(super) async fn migrate(client: &mut Client, schemas: &[Schema]) -> Result<(), PostgresError> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LIMITS).await?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    let ledger = "SELECT to_regclass('schema_version') IS NOT NULL";
    if !transaction.query_one(ledger, &[]).await?.try_get::<_, bool>(0)? {
        let table = "CREATE TABLE schema_version (
            name TEXT COLLATE \"C\" PRIMARY KEY,
            version BIGINT NOT NULL
        )";
        transaction.batch_execute(table).await?;
    }
    for Schema { name, migrations } in schemas {
        let failed = |error| PostgresError::of_migration(name, error);
        let version = "SELECT version FROM schema_version WHERE name = $1";
        let row = transaction.query_opt(version, &[name]).await.map_err(failed)?;
        let found: i64 = row.map_or(Ok(0), |row| row.try_get(0)).map_err(failed)?;
        let (found, known) = (usize::try_from(found).unwrap_or(usize::MAX), migrations.len());
        let Some(pending) = migrations.get(found..) else {
            return Err(PostgresError::Newer { name, found, known });
        };
        if pending.is_empty() {
            continue;
        }
        for migration in pending {
            transaction.batch_execute(migration).await.map_err(failed)?;
        }
        let note = "INSERT INTO schema_version (name, version) VALUES ($1, $2)
            ON CONFLICT (name) DO UPDATE SET version = excluded.version";
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        transaction.execute(note, &[name, &known]).await.map_err(failed)?;
    }
    Ok(transaction.commit().await?)
}
