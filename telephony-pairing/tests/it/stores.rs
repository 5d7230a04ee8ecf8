//! Every store passes the same suite; those on disk survive as well.

use std::sync::Arc;

use telephony_core::{AccountId, OsEntropy, PhoneNumber, Timestamp};
use telephony_pairing::{
    MemoryPairingStore, OpenError, PairingCode, PairingStore, Requested, SqlitePairingStore,
    pairing_store_conformance,
};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

pairing_store_conformance!(memory, MemoryPairingStore::new());
pairing_store_conformance!(sqlite, fresh().1);

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
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("INSERT INTO pairing_schema (version) VALUES (99)", []).unwrap();
    drop(connection);
    let error = SqlitePairingStore::open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1 }), "{error}");
    std::fs::write(&path, "this is not a database, and it is long enough to be seen as none")
        .unwrap();
    assert!(SqlitePairingStore::open(&path).is_err());
}
