//! What is wrong with a database, in words that never hold a password or what is stored.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use deadpool_postgres::{HookError, PoolError};
use thiserror::Error;
use tokio_postgres::error::SqlState;

use super::pool::PATIENCE;

/// Where a server is, as an error says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Host and port, or the folder of a socket.
    pub(super) host: String,
    pub(super) database: String,
    pub(super) user: String,
}

/// Why a database cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// The URL is none, or says something that is not heeded.
    #[error("database: {0}")]
    Url(String),
    /// The file of `sslrootcert` holds no certificates.
    #[error("database: sslrootcert is no file of certificates in PEM: {}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Nobody answers at that host and port.
    #[error("database: {host} cannot be reached: look whether it runs, and at host and port")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// It took longer than a carrier waits.
    #[error("database: no connection within {} ms: it is down, or pool_size too small", PATIENCE.as_millis())]
    TimedOut,
    /// The server offers no TLS.
    #[error(
        "database: {host} offers no TLS: turn it on there, or write sslmode=disable where nobody \
         else can be on the way"
    )]
    NoTls {
        /// Host and port.
        host: String,
    },
    /// The certificate of the server is not one to trust.
    #[error(
        "database: the certificate of {host} is not trusted: sslrootcert=<file> names another \
         authority than the system's"
    )]
    Tls {
        /// Host and port.
        host: String,
        /// What is wrong with it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// User or password are wrong.
    #[error("database: {host} does not let in user `{user}`: check user and password")]
    Denied {
        /// Host and port.
        host: String,
        /// The user.
        user: String,
        /// What the server says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// There is no such database.
    #[error("database: {host} has no database `{database}`: create it, or name another")]
    NoDatabase {
        /// Host and port.
        host: String,
        /// The database.
        database: String,
    },
    /// It cannot hold every text that people write.
    #[error("database: its encoding is {0} and must be UTF8: create another one")]
    Encoding(String),
    /// Tables cannot be brought up to date.
    #[error("the database's `{name}` tables cannot be brought up to date")]
    Migrate {
        /// Whose tables.
        name: &'static str,
        /// What the server says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// A newer version of this program made it.
    #[error(
        "the database's `{name}` tables are of version {found} and this program knows {known}: \
         use the newer program"
    )]
    Newer {
        /// Whose tables.
        name: &'static str,
        /// The version in the database.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// By its clock a node knows what others have given up: it would take what is theirs.
    #[error(
        "database: this machine's clock and the server's differ by {} s: set both by NTP, for by \
         them a node knows what another has given up", .0.as_secs()
    )]
    Clock(Duration),
    /// It failed in another way.
    #[error("database: it failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// What a server says, without the details, in which it repeats what is stored.
#[derive(Debug, Error)]
#[error("{message} (SQLSTATE {code})")]
struct Said {
    code: String,
    message: String,
}

impl From<tokio_postgres::Error> for PostgresError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(cause(error))
    }
}

impl PostgresError {
    /// Why there is no connection to `place`.
    pub(super) fn of_connection(place: &Place, error: tokio_postgres::Error) -> Self {
        let host = place.host.clone();
        match error.code() {
            Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
                return Self::Denied { host, user: place.user.clone(), source: cause(error) };
            }
            Some(&SqlState::INVALID_CATALOG_NAME) => {
                return Self::NoDatabase { host, database: place.database.clone() };
            }
            Some(_) => return Self::Failed(cause(error)),
            None => {}
        }
        // What kind of error it is the library says in words alone.
        let causes: Vec<_> =
            std::iter::successors(error.source(), |error| (*error).source()).collect();
        if causes.iter().any(|cause| cause.to_string() == "server does not support TLS") {
            return Self::NoTls { host };
        }
        let failures = causes.iter().filter_map(|cause| cause.downcast_ref::<io::Error>());
        let of_tls =
            |error: &io::Error| error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
        match failures.map(of_tls).reduce(|one, other| one || other) {
            Some(true) => Self::Tls { host, source: Box::new(error) },
            Some(false) => Self::Unreachable { host, source: Box::new(error) },
            None => Self::Failed(Box::new(error)),
        }
    }

    /// Why the pool gives no connection.
    pub(super) fn of_pool(place: &Place, error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                Self::of_connection(place, error)
            }
            PoolError::Timeout(_) => Self::TimedOut,
            error => Self::Failed(Box::new(error)),
        }
    }

    /// Why tables are not up to date.
    pub(super) fn of_migration(name: &'static str, error: tokio_postgres::Error) -> Self {
        Self::Migrate { name, source: cause(error) }
    }
}

/// The error, without what of it repeats what is stored.
fn cause(error: tokio_postgres::Error) -> Box<dyn Error + Send + Sync> {
    match error.as_db_error() {
        Some(said) => Box::new(Said {
            code: said.code().code().to_owned(),
            message: said.message().to_owned(),
        }),
        None => Box::new(error),
    }
}
