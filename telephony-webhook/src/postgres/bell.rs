//! How a node that put something into the database wakes the others that wait for it.
//!
//! A `NOTIFY` in each transaction would make all commits of the server wait for one another, for it
//! holds a lock of the whole server until the commit is on disk. So what was done is noted in memory,
//! and one connection says so, for many at once. It is no more than a hint: who waits looks each
//! second as well, so one that is lost costs a second.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_postgres::AsyncMessage;

use super::error::PostgresError;
use super::pool::PostgresPool;

/// The channel of PostgreSQL, of which each database has its own.
const LISTEN: &str = "LISTEN telephony";

/// One notification for each topic.
const NOTIFY: &str = "SELECT pg_notify('telephony', topic) FROM unnest($1::text[]) AS topic";

/// How long at least is between two rings, so that all that happens meanwhile makes one.
const GATHER: Duration = Duration::from_millis(10);

/// How long after a failure a connection is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// What is to be said to other nodes.
#[derive(Default)]
pub(super) struct Rung {
    topics: Mutex<BTreeSet<&'static str>>,
    some: Notify,
}

impl Rung {
    fn add(&self, topics: impl IntoIterator<Item = &'static str>) {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner).extend(topics);
        self.some.notify_one();
    }

    fn take(&self) -> Vec<&'static str> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *topics).into_iter().collect()
    }
}

impl PostgresPool {
    /// Lets the other nodes know, a moment later, that there is something new about `topic`. Only
    /// notes it: [`listen`](Self::listen) is what says so, and has to run.
    pub fn ring(&self, topic: &'static str) {
        self.rung().add([topic]);
    }

    /// Says what is [rung](Self::ring) here, and calls `heard` with each topic that is rung by other
    /// nodes, over a connection of its own that is made again when it fails. Runs until `stop` is
    /// true or its sender is gone.
    ///
    /// What is rung while there is no connection is not heard: who waits for something looks now and
    /// then as well.
    pub async fn listen(
        &self,
        heard: impl Fn(&str) + Send + Sync,
        mut stop: watch::Receiver<bool>,
    ) {
        tokio::select! {
            // An error is the end of the sender.
            _ = stop.wait_for(|stop| *stop) => {}
            () = self.keep_listening(&heard) => {}
        }
    }

    async fn keep_listening(&self, heard: &(impl Fn(&str) + Send + Sync)) {
        let mut is_lost = false;
        loop {
            // Until it has listened once again, a failure is told once.
            let error = self.listen_once(heard, &mut is_lost).await;
            if !is_lost {
                is_lost = true;
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "nodes do not wake each other until the database is back; each looks by itself"
                );
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Until the connection fails; why.
    async fn listen_once(
        &self,
        heard: &(impl Fn(&str) + Send + Sync),
        is_lost: &mut bool,
    ) -> PostgresError {
        let (client, mut connection) = match self.connect_alone().await {
            Ok(connected) => connected,
            Err(error) => return error,
        };
        // The number that the server knows this connection by, to tell our own rings from others'.
        let own = AtomicI32::new(0);
        let receive = async {
            loop {
                match poll_fn(|context| connection.poll_message(context)).await {
                    Some(Ok(AsyncMessage::Notification(ring))) => {
                        if ring.process_id() != own.load(Ordering::Relaxed) {
                            heard(ring.payload());
                        }
                    }
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return PostgresError::from(error),
                    None => return PostgresError::Failed("the connection was closed".into()),
                }
            }
        };
        let send = async {
            let number = client.query_one("SELECT pg_backend_pid()", &[]).await?.try_get(0)?;
            own.store(number, Ordering::Relaxed);
            client.batch_execute(LISTEN).await?;
            let notify = client.prepare(NOTIFY).await?;
            if std::mem::take(is_lost) {
                tracing::info!("nodes wake each other again");
            }
            loop {
                self.rung().some.notified().await;
                let topics = self.rung().take();
                if topics.is_empty() {
                    continue;
                }
                if let Err(error) = client.execute(&notify, &[&topics]).await {
                    self.rung().add(topics);
                    return Err::<std::convert::Infallible, tokio_postgres::Error>(error);
                }
                tokio::time::sleep(GATHER).await;
            }
        };
        tokio::select! {
            error = receive => error,
            Err(error) = send => error.into(),
        }
    }
}
