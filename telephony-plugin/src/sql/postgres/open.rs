//! A transaction in PostgreSQL whose end is known, also where the connection is lost just then.

use std::time::Duration;

use deadpool_postgres::Client;
use telephony_webhook::PostgresPool;
use tokio_postgres::SimpleQueryMessage;

use crate::sql::{Answer, SqlError};

/// How often the server is asked what became of a transaction, and how long is waited in between: in
/// all less than a part is for whoever claimed it.
const ASKED: u32 = 6;
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// A transaction that has begun. Where this is dropped the connection is closed, and so the server
/// undoes everything.
pub(super) struct Open {
    client: Option<Client>,
    /// The number that the server knows it by.
    number: String,
}

impl Open {
    pub(super) async fn begin(client: Client) -> Answer<Self> {
        let mut this = Self { client: Some(client), number: String::new() };
        // Both in one question.
        let begin = "START TRANSACTION; SELECT txid_current()";
        let begun = this.client()?.simple_query(begin).await?;
        let number = begun.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        number.ok_or(SqlError::Unreadable(0, None))?.clone_into(&mut this.number);
        Ok(this)
    }

    /// The connection, until this has ended.
    pub(super) fn client(&self) -> Answer<&Client> {
        self.client.as_ref().ok_or(SqlError::Panicked)
    }

    /// Where the connection is lost meanwhile, the server is asked over another one what it has done:
    /// whoever hears an error can count on nothing being done, unless the server stays away.
    pub(super) async fn commit(mut self, pool: &PostgresPool) -> Answer<()> {
        match self.client()?.batch_execute("COMMIT").await {
            Ok(()) => {
                self.give_back();
                Ok(())
            }
            Err(error) => {
                let number = std::mem::take(&mut self.number);
                drop(self);
                if is_committed(pool, &number).await { Ok(()) } else { Err(error.into()) }
            }
        }
    }

    pub(super) async fn roll_back(mut self) {
        let Ok(client) = self.client() else { return };
        if client.batch_execute("ROLLBACK").await.is_ok() {
            self.give_back();
        }
    }

    /// Puts the connection back into the pool.
    fn give_back(&mut self) {
        self.client = None;
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Client::take(client));
        }
    }
}

/// Whether a transaction was committed, as far as the server can be asked.
async fn is_committed(pool: &PostgresPool, number: &str) -> bool {
    let ask = async || -> Answer<Option<String>> {
        let sql = "SELECT txid_status($1::text::bigint)";
        Ok(pool.client().await?.query_one(sql, &[&number]).await?.try_get(0)?)
    };
    for _ in 0..ASKED {
        match ask().await.as_ref().map(Option::as_deref) {
            Ok(Some("in progress")) | Err(_) => tokio::time::sleep(ASK_AGAIN).await,
            Ok(status) => return status == Some("committed"),
        }
    }
    false
}
