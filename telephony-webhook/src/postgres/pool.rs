//! Connections to PostgreSQL, shared by all who keep tables there.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime,
    Timeouts,
};
use rustls::ClientConfig;
use telephony_core::{Clock, Secret, Timestamp};
use tokio_postgres::Config;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::Address;
use super::bell::Rung;
use super::error::{Place, PostgresError};
use super::schema::migrate;
use crate::schema::Schema;

/// How long a connection is waited for, and how long what is done for a carrier may take: it gives
/// up after two seconds, and is to hear 503 before.
pub const PATIENCE: Duration = Duration::from_millis(1_800);

/// How long a server may take for the first connection.
const AT_START: Duration = Duration::from_secs(15);

/// What every session is set to. A statement or a lock that takes longer than these would be of no
/// use to whoever asked, and a node that is paused within a transaction holds up the others. What is acknowledged must be on disk, also where the server is set to say so
/// before. Which rows a statement sees is what the queries count on.
pub(super) const SESSION: &str = "
    SET statement_timeout = '5s';
    SET lock_timeout = '3s';
    SET idle_in_transaction_session_timeout = '5s';
    SET default_transaction_isolation = 'read committed';
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') = 'off'";

/// A pool of connections to one database. Clones share it.
#[derive(Clone)]
pub struct PostgresPool(Arc<Shared>);

struct Shared {
    pool: Pool,
    /// For the one connection beside the pool, which hears what other nodes do.
    config: Config,
    tls: MakeRustlsConnect,
    place: Place,
    rung: Rung,
    /// How many milliseconds a clock may differ from the server's.
    most_apart: AtomicU64,
}

impl PostgresPool {
    /// Connects to the database at `url` and brings the tables of all `schemas` up to date, alone
    /// among all nodes. Two nodes at once wait for each other.
    ///
    /// A URL is `postgresql://user:password@host:port/database?options`. Beside the options of
    /// PostgreSQL there are
    ///
    /// - `pool_size`: the most connections, from 1 to [`MAX_POOL_SIZE`](crate::MAX_POOL_SIZE),
    ///   8 unless it is said;
    /// - `sslmode`: `disable`, `require` or `verify-full`, which are the same: who speaks TLS
    ///   verifies the certificate and the name in it. Unless it is said, it is `require` where a host
    ///   is not this machine. Modes that can be talked out of TLS, or of the name, are refused;
    /// - `sslrootcert`: a file of certificates in PEM that are trusted instead of those of `tls`.
    ///
    /// Of several hosts the first that takes writes is used.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] says what is wrong, and holds no password.
    pub async fn connect(
        url: &Secret,
        tls: ClientConfig,
        schemas: &[Schema],
    ) -> Result<Self, PostgresError> {
        let address = Address::parse(url)?;
        let tls = MakeRustlsConnect::new(address.tls(tls)?);
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_config(address.config.clone(), tls.clone(), recycling);
        let pool = Pool::builder(manager)
            .max_size(address.pool_size)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts {
                wait: Some(PATIENCE),
                create: Some(PATIENCE),
                recycle: Some(PATIENCE),
            })
            .post_create(Hook::async_fn(|client: &mut ClientWrapper, _| {
                Box::pin(async move { set_session(client).await.map_err(HookError::Backend) })
            }))
            .build()
            .map_err(|error| PostgresError::Failed(Box::new(error)))?;
        let Address { config, place, .. } = address;
        let this = Self(Arc::new(Shared {
            pool,
            config,
            tls,
            place,
            rung: Rung::default(),
            most_apart: AtomicU64::new(u64::MAX),
        }));
        migrate(&mut this.first_client().await?, schemas).await?;
        Ok(this)
    }

    /// From now on nothing is leased by a clock that differs from the server's by more than that.
    /// Without this, any does.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Clock`] when `clock` does now.
    pub async fn heed_clock(
        &self,
        most_apart: Duration,
        clock: &dyn Clock,
    ) -> Result<(), PostgresError> {
        let most = u64::try_from(most_apart.as_millis()).unwrap_or(u64::MAX);
        self.0.most_apart.store(most, Ordering::Relaxed);
        let client = self.client().await?;
        self.check_clock(&client, clock.now()).await
    }

    pub(crate) fn heeds_clock(&self) -> bool {
        self.0.most_apart.load(Ordering::Relaxed) != u64::MAX
    }

    /// Whether `now` is right enough to say what others have given up.
    ///
    /// # Errors
    ///
    /// [`PostgresError::Clock`] when it is not.
    pub async fn check_clock(&self, client: &Client, now: Timestamp) -> Result<(), PostgresError> {
        if !self.heeds_clock() {
            return Ok(());
        }
        let most = Duration::from_millis(self.0.most_apart.load(Ordering::Relaxed));
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        let statement = client.prepare_cached(sql).await?;
        let row = client.query_one(&statement, &[]).await?;
        let there = Timestamp::from_millisecond(row.try_get(0)?);
        let apart = now.saturating_since(there).max(there.saturating_since(now));
        if apart > most { Err(PostgresError::Clock(apart)) } else { Ok(()) }
    }

    /// The first connection: no carrier waits yet, so a server that has just started is given time.
    async fn first_client(&self) -> Result<Client, PostgresError> {
        let begun = Instant::now();
        loop {
            match self.client().await {
                Err(PostgresError::TimedOut) if begun.elapsed() < AT_START => {}
                other => return other,
            }
        }
    }

    /// A connection, which goes back into the pool when it is dropped.
    ///
    /// # Errors
    ///
    /// [`PostgresError`] when there is none within [`PATIENCE`], or the server gives none.
    pub async fn client(&self) -> Result<Client, PostgresError> {
        let got = tokio::time::timeout(PATIENCE, self.0.pool.get()).await;
        let got = got.map_err(|_| PostgresError::TimedOut)?;
        got.map_err(|error| PostgresError::of_pool(&self.0.place, error))
    }

    /// Gives up what a connection is at, and the connection: whoever took it next would wait as long.
    /// The server is told, or it would keep a session for what nobody waits for, beyond `pool_size`.
    pub(crate) fn abandon(&self, client: Client) {
        let (token, tls) = (client.cancel_token(), self.0.tls.clone());
        drop(Client::take(client));
        tokio::spawn(async move {
            // Where that is not heard either, the session ends when its statement does.
            let _ = tokio::time::timeout(PATIENCE, token.cancel_query(tls)).await;
        });
    }

    /// The pool itself, for stores that know nothing of this crate.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    pub(super) fn rung(&self) -> &Rung {
        &self.0.rung
    }

    /// A connection of its own, beside the pool.
    pub(super) async fn connect_alone(
        &self,
    ) -> Result<
        (
            tokio_postgres::Client,
            tokio_postgres::Connection<
                tokio_postgres::Socket,
                <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<
                    tokio_postgres::Socket,
                >>::Stream,
            >,
        ),
        PostgresError,
    > {
        let connecting = self.0.config.connect(self.0.tls.clone());
        let connected = tokio::time::timeout(PATIENCE, connecting).await;
        let connected = connected.map_err(|_| PostgresError::TimedOut)?;
        connected.map_err(|error| PostgresError::of_connection(&self.0.place, error))
    }
}

impl fmt::Debug for PostgresPool {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { host, database, user } = &self.0.place;
        formatter
            .debug_struct("PostgresPool")
            .field("host", host)
            .field("database", database)
            .field("user", user)
            .field("status", &self.0.pool.status())
            .finish_non_exhaustive()
    }
}

async fn set_session(client: &tokio_postgres::Client) -> Result<(), tokio_postgres::Error> {
    client.batch_execute(SESSION).await
}
