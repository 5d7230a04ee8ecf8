//! The one database of a node: everybody's tables, in a file of its own or on a server that it
//! shares with other nodes.

use std::fs::{File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use telephony_core::{Secret, SystemClock, Timestamp};
use telephony_pairing::{
    PairingStore, PostgresPairingStore, SqlitePairingStore, StoreError, TransactionWork,
    Transactions,
};
use telephony_providers::tls_configuration;
use telephony_webhook::{
    Inbox, InboxError, OpenError, PostgresError, PostgresInbox, PostgresPool, Schema, SqliteInbox,
    SqliteWriter,
};
use thiserror::Error;
use tokio::sync::watch;

use crate::host::Challenges;
use crate::outbound::Ledger;
use crate::sql::Store;
use crate::state::try_lock;

/// How much a node's clock may differ from the server's: less than leases are long.
const MOST_APART: Duration = Duration::from_secs(10);

/// Where everything is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Place {
    /// In this SQLite file, which one process uses at a time.
    File(PathBuf),
    /// On the PostgreSQL server at this URL, for several nodes.
    Server(Secret),
}

impl Place {
    /// Whether something may be kept there. A server is there, or says why it cannot be reached.
    #[must_use]
    pub fn exists(&self) -> bool {
        match self {
            Self::File(path) => path.exists(),
            Self::Server(_) => true,
        }
    }
}

/// What is kept, each by its owner's store.
///
/// In a file all of it goes through one writer, so that one flush of the disk serves everybody who
/// waits for one.
#[derive(Debug, Clone)]
pub struct Database {
    /// What came.
    pub inbox: Arc<dyn Inbox>,
    /// What is to go out, and went.
    pub ledger: Ledger,
    /// Who may talk.
    pub pairing: Arc<dyn PairingStore>,
    /// Whom a host has challenged.
    pub challenges: Challenges,
    owner: Owner,
}

/// Whose it is.
#[derive(Debug, Clone)]
enum Owner {
    /// This process's alone, for as long as the lock is held. What ends with the process needs none.
    Alone(SqliteInbox, #[allow(dead_code, reason = "it is held")] Option<Arc<File>>),
    /// That of several nodes.
    Nodes(PostgresPool),
}

/// Why there is no database.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] OpenError),
    /// Another process has the file: two would send twice what they both find.
    #[error(
        "database: another telephony process uses {}: stop it, or name another file; several share a \
         server (postgres://…)", .0.display()
    )]
    Owned(PathBuf),
    /// The file that says whose it is cannot be used.
    #[error("database: {} cannot be used", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The server cannot be used.
    #[error(transparent)]
    Server(#[from] PostgresError),
    /// There is no way to speak TLS to it.
    #[error("database: TLS cannot be set up")]
    Tls(#[source] rustls::Error),
}

impl DatabaseError {
    /// Whether a newer program made the database.
    #[must_use]
    pub const fn is_newer(&self) -> bool {
        matches!(
            self,
            Self::File(OpenError::Newer { .. }) | Self::Server(PostgresError::Newer { .. })
        )
    }
}

impl Database {
    /// Opens what is kept at `place`, or makes it. A file is this process's alone until it is
    /// dropped, whichever state directory the process has.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] says what is wrong, and holds no password.
    pub async fn at(place: &Place) -> Result<Self, DatabaseError> {
        match place {
            Place::File(path) => {
                let lock = own(path)?;
                let mut this = Self::open(path)?;
                if let Owner::Alone(_, held) = &mut this.owner {
                    *held = Some(Arc::new(lock));
                }
                Ok(this)
            }
            Place::Server(url) => Self::connect(url).await,
        }
    }

    /// Opens the file at `path`, or makes it, whoever else has it open.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        SqliteWriter::open(path, &sqlite_schemas()).map(Self::in_file)
    }

    /// A database that ends with the process.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn in_memory() -> Result<Self, OpenError> {
        SqliteWriter::open_in_memory(&sqlite_schemas()).map(Self::in_file)
    }

    /// Connects to the server at `url`.
    ///
    /// # Errors
    ///
    /// [`DatabaseError`] says what is wrong, and holds no password.
    pub async fn connect(url: &Secret) -> Result<Self, DatabaseError> {
        let tls = tls_configuration().map_err(DatabaseError::Tls)?;
        let pool = PostgresPool::connect(url, tls, &postgres_schemas()).await?;
        pool.heed_clock(MOST_APART, &SystemClock).await?;
        Ok(Self::on_server(pool))
    }

    fn in_file(writer: SqliteWriter) -> Self {
        let (store, inbox) = (Store::Sqlite(writer.clone()), SqliteInbox::new(writer.clone()));
        Self {
            inbox: Arc::new(inbox.clone()),
            ledger: Ledger::new(store.clone()),
            challenges: Challenges::new(store),
            pairing: Arc::new(SqlitePairingStore::over(Arc::new(Shared(writer)))),
            owner: Owner::Alone(inbox, None),
        }
    }

    fn on_server(pool: PostgresPool) -> Self {
        let store = Store::Postgres(pool.clone());
        Self {
            inbox: Arc::new(PostgresInbox::new(pool.clone())),
            ledger: Ledger::new(store.clone()),
            challenges: Challenges::new(store),
            pairing: Arc::new(PostgresPairingStore::new(pool.pool().clone())),
            owner: Owner::Nodes(pool),
        }
    }

    /// Has what the last process was working on be worked on anew, where nobody else uses the
    /// database: how many events that are. Of other nodes, those that live go on, and what dead ones
    /// were working on comes when their leases have run out.
    ///
    /// # Errors
    ///
    /// [`InboxError`] when the database fails.
    pub async fn take_over(&self, now: Timestamp) -> Result<usize, InboxError> {
        match &self.owner {
            Owner::Alone(inbox, _) => inbox.take_over(now).await,
            Owner::Nodes(_) => Ok(0),
        }
    }

    /// Says to other nodes what is new here, and calls `heard` with what is new there, until `stop`
    /// becomes true. Without other nodes there is nothing to do.
    pub(crate) async fn listen(
        &self,
        heard: impl Fn(&str) + Send + Sync,
        stop: watch::Receiver<bool>,
    ) {
        if let Owner::Nodes(pool) = &self.owner {
            pool.listen(heard, stop).await;
        }
    }
}

/// Makes the file at `path` this process's. The lock is on a file beside it, for the system gives
/// SQLite's own locks back when anybody in the process closes the file.
fn own(path: &Path) -> Result<File, DatabaseError> {
    let mut name = real(path).into_os_string();
    name.push(".lock");
    let beside = PathBuf::from(name);
    try_lock(&beside).map_err(|error| match error {
        TryLockError::WouldBlock => DatabaseError::Owned(path.to_owned()),
        TryLockError::Error(source) => DatabaseError::Lock { path: beside, source },
    })
}

/// A file's one path, whatever links lead there and whether it is there yet.
fn real(path: &Path) -> PathBuf {
    let of_folder = || Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?));
    path.canonicalize().ok().or_else(of_folder).unwrap_or_else(|| path.to_owned())
}

/// Everybody's tables in a file, as this program knows them.
pub(crate) fn sqlite_schemas() -> [Schema; 4] {
    let pairing = Schema { name: "pairing", migrations: SqlitePairingStore::MIGRATIONS };
    [SqliteInbox::SCHEMA, Ledger::SQLITE, pairing, Challenges::SQLITE]
}

/// The same in PostgreSQL.
pub(crate) fn postgres_schemas() -> [Schema; 4] {
    let pairing = Schema { name: "pairing", migrations: PostgresPairingStore::MIGRATIONS };
    [PostgresInbox::SCHEMA, Ledger::POSTGRES, pairing, Challenges::POSTGRES]
}

/// The one writer of a file, as the pairing store uses it.
#[derive(Debug)]
struct Shared(SqliteWriter);

#[async_trait]
impl Transactions for Shared {
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError> {
        self.0.transact(work).await.map_err(StoreError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_one_process_s_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::File(folder.path().join("telephony.db"));
        let database = Database::at(&place).await.unwrap();
        let kept = database.clone();
        drop(database);
        let error = Database::at(&place).await.unwrap_err().to_string();
        assert!(error.contains("another telephony process uses") && error.contains("telephony.db"));
        let link = folder.path().join("linked.db");
        #[cfg(unix)]
        std::os::unix::fs::symlink(folder.path().join("telephony.db"), &link).unwrap();
        #[cfg(unix)]
        assert!(matches!(Database::at(&Place::File(link)).await, Err(DatabaseError::Owned(_))));
        drop(kept);
        Database::at(&place).await.unwrap();
        let nowhere = Place::File(folder.path().join("missing/telephony.db"));
        let error = Database::at(&nowhere).await.unwrap_err().to_string();
        assert!(error.contains("missing/telephony.db.lock cannot be used"), "{error}");
    }
}
