//! The store in PostgreSQL: it passes what every store passes, and what two nodes ask of it at once.
#![cfg(unix)]

use std::collections::HashSet;

use telephony_core::{AccountId, OsEntropy, PhoneNumber, Timestamp};
use telephony_pairing::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, NoteKind, PairingCode, PairingStore,
    PostgresPairingStore, Requested, pairing_store_conformance,
};
use telephony_webhook::testing::{TestServer, nobody};
use telephony_webhook::{PostgresPool, Schema};
use tokio::task::JoinSet;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

const SCHEMA: Schema = Schema { name: "pairing", migrations: PostgresPairingStore::MIGRATIONS };

pairing_store_conformance!(
    suite,
    fresh().await,
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
);

/// A store with nothing in it.
async fn fresh() -> PostgresPairingStore {
    PostgresPairingStore::new(TestServer::shared().pool(&[SCHEMA]).await.pool().clone())
}

/// Two nodes over one new database.
async fn two() -> [PostgresPairingStore; 2] {
    let url = TestServer::shared().database().await;
    let node = async || {
        let pool = PostgresPool::connect(&url, nobody(), &[SCHEMA]).await.unwrap();
        PostgresPairingStore::new(pool.pool().clone())
    };
    [node().await, node().await]
}

fn person(number: usize) -> PhoneNumber {
    format!("+1555000{number:04}").parse().unwrap()
}

fn code() -> PairingCode {
    PairingCode::generate(&OsEntropy).unwrap()
}

/// What came of `count` tasks that are begun at once, on both nodes.
async fn at_once<T, F>(count: usize, mut begin: impl FnMut(usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for index in 0..count {
        tasks.spawn(begin(index));
    }
    tasks.join_all().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn who_asks_often_at_once_has_one_code_and_few_wait() {
    let nodes = two().await;
    let account = AccountId::default_account();
    let answers = at_once(48, |index| {
        let (store, account) = (nodes[index % 2].clone(), account.clone());
        async move { store.request(&account, &person(index % 6), &code(), NOW).await.unwrap() }
    })
    .await;
    let mut new = HashSet::new();
    for answer in &answers {
        if let Requested::New(request) = answer {
            assert!(new.insert(request.number.clone()), "one code a number");
        }
    }
    assert_eq!(new.len(), MAX_PENDING);
    let pending = nodes[0].pending(&account, NOW).await.unwrap();
    assert_eq!(pending.len(), MAX_PENDING);
    for answer in answers {
        if let Requested::Waiting(request) = answer {
            assert!(pending.contains(&request), "all are told the same code");
        }
    }
    assert_eq!(nodes[1].owed(&account, NOW).await.unwrap().len(), MAX_PENDING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_code_is_approved_once_and_its_texts_are_settled_once() {
    let nodes = two().await;
    for round in 0..12 {
        let account: AccountId = format!("a{round}").parse().unwrap();
        let code = code();
        nodes[0].request(&account, &person(1), &code, NOW).await.unwrap();
        // Fewer than would be too many wrong ones.
        let answers = at_once(8, |index| {
            let (store, account, code) = (nodes[index % 2].clone(), account.clone(), code.clone());
            async move { store.approve(&account, &code, NOW).await }
        })
        .await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let unknown = |answer: &Result<_, _>| matches!(answer, Err(ApproveError::Unknown));
        assert_eq!(answers.iter().filter(|answer| unknown(answer)).count(), 7);
        assert_eq!(nodes[1].approved(&account).await.unwrap(), [person(1)]);
        let owed = nodes[1].owed(&account, NOW).await.unwrap();
        assert_eq!(owed.iter().map(|note| note.kind).collect::<Vec<_>>(), [NoteKind::Confirmation]);
        let settled = at_once(8, |index| {
            let (store, note) = (nodes[index % 2].clone(), owed[0].clone());
            async move { store.settle(&note).await.unwrap() }
        })
        .await;
        assert_eq!(settled.into_iter().filter(|&settled| settled).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn guessing_at_once_ends_as_soon() {
    let nodes = two().await;
    let account = AccountId::default_account();
    let answers = at_once(40, |index| {
        let (store, account) = (nodes[index % 2].clone(), account.clone());
        async move { store.approve(&account, &code(), NOW).await.unwrap_err() }
    })
    .await;
    let tried = answers.iter().filter(|error| matches!(error, ApproveError::Unknown)).count();
    assert_eq!(tried, MAX_FAILED_APPROVALS as usize);
}

/// A server that refuses a row repeats it; what is kept of that does not.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn errors_hold_no_number_and_no_code() {
    let pool = TestServer::shared().pool(&[SCHEMA]).await;
    let client = pool.client().await.unwrap();
    let broken = "ALTER TABLE pairing_request ADD CHECK (number = '')";
    client.batch_execute(broken).await.unwrap();
    let store = PostgresPairingStore::new(pool.pool().clone());
    let (account, code) = (AccountId::default_account(), code());
    let error = store.request(&account, &person(1), &code, NOW).await.unwrap_err();
    let said = format!("{error:?} {}", std::error::Error::source(&error).unwrap());
    assert!(said.contains("pairing_request"), "{said}");
    assert!(!said.contains(person(1).as_str()) && !said.contains(code.as_str()), "{said}");
    assert!(!format!("{store:?}").contains("hunter2"));
}
