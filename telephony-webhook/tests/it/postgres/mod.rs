//! The inbox in PostgreSQL: it passes what every inbox passes, and what several nodes ask of it.
//! Each test has a database of its own.
#![cfg(unix)]

mod nodes;
mod one;
mod outage;
mod plans;

use telephony_core::Secret;
use telephony_webhook::testing::{TestServer, nobody};
use telephony_webhook::{PostgresInbox, PostgresPool};

/// An inbox with nothing in it.
async fn fresh() -> PostgresInbox {
    PostgresInbox::new(TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await)
}

/// Another node's pool.
async fn pool(url: &Secret) -> PostgresPool {
    PostgresPool::connect(url, nobody(), &[PostgresInbox::SCHEMA]).await.unwrap()
}

/// Two nodes over one new database.
async fn two() -> [PostgresInbox; 2] {
    let url = TestServer::shared().database().await;
    [PostgresInbox::new(pool(&url).await), PostgresInbox::new(pool(&url).await)]
}
