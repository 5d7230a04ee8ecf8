//! Every store passes the same suite; those on disk survive as well.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use telephony_core::{AccountId, OsEntropy, PhoneNumber, Timestamp};
use telephony_pairing::{
    MemoryPairingStore, OpenError, PairingCode, PairingStore, Requested, SqlitePairingStore,
    StoreError, TransactionWork, Transactions, pairing_store_conformance,
};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

pairing_store_conformance!(memory, MemoryPairingStore::new());
pairing_store_conformance!(sqlite, fresh().1);
pairing_store_conformance!(shared, SqlitePairingStore::over(Arc::new(SharedFile::new())));

/// A file that others write too, as somebody else may run it.
#[derive(Debug)]
struct SharedFile(Mutex<Connection>);

impl SharedFile {
    fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE others (word TEXT)").unwrap();
        for migration in SqlitePairingStore::MIGRATIONS {
            connection.execute_batch(migration).unwrap();
        }
        Self(Mutex::new(connection))
    }
}

#[async_trait::async_trait]
impl Transactions for SharedFile {
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError> {
        let mut connection = self.0.lock().unwrap();
        let transaction = connection.transaction().map_err(StoreError::new)?;
        work(&transaction).and_then(|()| transaction.commit()).map_err(StoreError::new)
    }
}

/// A file whose disk is full.
#[derive(Debug)]
struct FullDisk;

#[async_trait::async_trait]
impl Transactions for FullDisk {
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError> {
        let SharedFile(connection) = SharedFile::new();
        work(&connection.into_inner().unwrap()).unwrap();
        Err(StoreError::new("the work was done and could not be committed"))
    }
}

#[tokio::test]
async fn what_was_not_committed_is_not_answered() {
    let store = SqlitePairingStore::over(Arc::new(FullDisk));
    let code = PairingCode::generate(&OsEntropy).unwrap();
    let result = store.request(&AccountId::default_account(), &person(), &code, NOW).await;
    assert!(result.is_err());
}

/// A store in a folder of its own below `target/`.
fn fresh() -> (std::path::PathBuf, SqlitePairingStore) {
    let path = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep().join("pairing.sqlite");
    let store = SqlitePairingStore::open(&path).unwrap();
    (path, store)
}

fn person() -> PhoneNumber {
    "+15550001234".parse().unwrap()
}

#[tokio::test]
async fn what_is_owed_survives_a_restart() {
    let (path, store) = fresh();
    let (account, code) =
        (AccountId::default_account(), PairingCode::generate(&OsEntropy).unwrap());
    store.request(&account, &person(), &code, NOW).await.unwrap();
    drop(store);
    let store = SqlitePairingStore::open(&path).unwrap();
    let owed = store.owed(&account, NOW).await.unwrap();
    assert_eq!(owed.len(), 1);
    store.approve(&account, &code, NOW).await.unwrap();
    drop(store);
    let store = SqlitePairingStore::open(&path).unwrap();
    assert!(store.is_approved(&account, &person()).await.unwrap());
    assert_eq!(store.owed(&account, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_who_ask_at_once_one_is_new() {
    let (path, store) = fresh();
    let others = SqlitePairingStore::open(&path).unwrap();
    let stores = [Arc::new(store), Arc::new(others)];
    let tasks: Vec<_> = (0..32)
        .map(|index| {
            let store = Arc::clone(&stores[index % 2]);
            tokio::spawn(async move {
                let code = PairingCode::generate(&OsEntropy).unwrap();
                let account = AccountId::default_account();
                store.request(&account, &person(), &code, NOW).await.unwrap()
            })
        })
        .collect();
    let mut new = 0;
    for task in tasks {
        new += usize::from(matches!(task.await.unwrap(), Requested::New(_)));
    }
    assert_eq!(new, 1);
}

#[test]
fn a_newer_file_is_refused_and_a_broken_one_too() {
    let (path, store) = fresh();
    drop(store);
    let connection = Connection::open(&path).unwrap();
    connection.execute("UPDATE schema_version SET version = 99", []).unwrap();
    drop(connection);
    let error = SqlitePairingStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1 }), "{error}");
    std::fs::write(&path, "this is not a database, and it is long enough to be seen as none")
        .unwrap();
    assert!(SqlitePairingStore::open(&path).is_err());
}
