//! The URL of a database, with options of our own beside those of PostgreSQL.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use telephony_core::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::error::{Place, PostgresError};
use super::pool::PATIENCE;

/// The most connections that `pool_size` may ask for.
pub const MAX_POOL_SIZE: usize = 100;

/// How many connections there are unless `pool_size` says so.
const POOL_SIZE: usize = 8;

/// What tokio-postgres has where the URL says nothing.
const KEEPALIVES_IDLE_UNSET: Duration = Duration::from_secs(2 * 60 * 60);

/// After how much silence a connection is probed, how often, and how long what was sent may stay
/// unacknowledged: a server that died without a word is noticed within about as long.
const PROBE_AFTER: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(5);
const PROBES: u32 = 3;
const UNACKNOWLEDGED: Duration = Duration::from_secs(5);

/// Where a database is, and how it is talked to.
pub(super) struct Address {
    pub(super) config: Config,
    pub(super) place: Place,
    pub(super) pool_size: usize,
    /// The authorities to trust instead of the system's.
    roots: Option<PathBuf>,
}

impl Address {
    /// Reads a URL.
    ///
    /// `sslmode` is `require` where it is not said and the server is on another machine, and
    /// `disable` where it is on this one. Certificates are verified, with the name in them, whenever
    /// TLS is spoken; so `verify-full` is the same as `require`, and modes that ask for less are
    /// refused.
    pub(super) fn parse(url: &Secret) -> Result<Self, PostgresError> {
        let wrong = |what: &str| PostgresError::Url(what.to_owned());
        let url = url.expose();
        let scheme = ["postgresql://", "postgres://"].into_iter().find(|it| url.starts_with(it));
        let Some(rest) = scheme.and_then(|scheme| url.strip_prefix(scheme)) else {
            return Err(wrong("expected postgresql://user:password@host/database"));
        };
        // As the library reads it: user and password end at the first `@`.
        let after_credentials = rest.find('@').map_or(0, |at| at + 1);
        let (credentials, rest) = rest.split_at(after_credentials);
        if rest.contains('@') {
            // Where the password ends is not sure, and a host may be shown.
            return Err(wrong("write an @ in user, password or an option as %40"));
        }
        let (place, options) = rest.split_once('?').unwrap_or((rest, ""));
        let ours = Options::take(options)?;
        let url = format!("postgresql://{credentials}{place}?{}", ours.others);
        // The error of the library names the option; the text that is wrong may be the password.
        let mut config = Config::from_str(&url).map_err(|error| {
            let option = std::error::Error::source(&error).map(ToString::to_string);
            PostgresError::Url(format!(
                "the URL cannot be read: {}",
                option.unwrap_or_else(|| "write what is special in it as %xx".to_owned()),
            ))
        })?;
        if config.get_user().is_none_or(str::is_empty) {
            return Err(wrong(
                "the URL names no user: expected postgresql://user:password@host/database",
            ));
        }
        if config.get_dbname().is_none_or(str::is_empty) {
            return Err(wrong(
                "the URL names no database: expected postgresql://user:password@host/database",
            ));
        }
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(wrong(
                "the URL names no host: expected postgresql://user:password@host/database",
            ));
        }
        let is_here = config.get_hosts().iter().all(is_here)
            && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback);
        config.ssl_mode(ours.ssl_mode.unwrap_or(if is_here {
            SslMode::Disable
        } else {
            SslMode::Require
        }));
        keep_alive(&mut config);
        let pool_size = ours.pool_size.unwrap_or(POOL_SIZE);
        Ok(Self { place: place_of(&config), config, pool_size, roots: ours.roots })
    }

    /// Whom to trust: who is known to `tls`, or those of the file that the URL names.
    pub(super) fn tls(&self, tls: ClientConfig) -> Result<ClientConfig, PostgresError> {
        let Some(path) = &self.roots else { return Ok(tls) };
        let wrong = |source| PostgresError::Certificates { path: path.clone(), source };
        let roots = read_roots(path).map_err(wrong)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(tls.crypto_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong(Box::new(error)))?;
        Ok(builder.with_root_certificates(roots).with_no_client_auth())
    }
}

/// The options that are read here, and the text of all others.
#[derive(Default)]
struct Options {
    pool_size: Option<usize>,
    roots: Option<PathBuf>,
    ssl_mode: Option<SslMode>,
    others: String,
}

impl Options {
    fn take(text: &str) -> Result<Self, PostgresError> {
        let mut options = Self::default();
        for option in text.split('&').filter(|option| !option.is_empty()) {
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            match name {
                "pool_size" => options.pool_size = Some(pool_size(value)?),
                "sslmode" => options.ssl_mode = Some(ssl_mode(value)?),
                "sslrootcert" if value == "system" => options.roots = None,
                "sslrootcert" => options.roots = Some(decoded(value)?.into()),
                _ => {
                    if !options.others.is_empty() {
                        options.others.push('&');
                    }
                    options.others.push_str(option);
                }
            }
        }
        Ok(options)
    }
}

fn pool_size(value: &str) -> Result<usize, PostgresError> {
    let size = value.parse().ok().filter(|size| (1..=MAX_POOL_SIZE).contains(size));
    size.ok_or_else(|| {
        PostgresError::Url(format!("pool_size is a number from 1 to {MAX_POOL_SIZE}"))
    })
}

fn ssl_mode(value: &str) -> Result<SslMode, PostgresError> {
    match value {
        "disable" => Ok(SslMode::Disable),
        "require" | "verify-full" => Ok(SslMode::Require),
        _ => Err(PostgresError::Url(
            "sslmode is disable, require or verify-full: certificate and name are verified \
             whenever TLS is spoken"
                .to_owned(),
        )),
    }
}

/// Undoes the percent signs of a URL.
fn decoded(value: &str) -> Result<String, PostgresError> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let byte = digit().zip(digit()).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bytes.push(byte.ok_or_else(|| {
            PostgresError::Url("sslrootcert has a % without two digits".to_owned())
        })?);
    }
    String::from_utf8(bytes).map_err(|_| PostgresError::Url("sslrootcert is no UTF-8".to_owned()))
}

fn read_roots(path: &Path) -> Result<RootCertStore, Box<dyn std::error::Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path)? {
        roots.add(certificate?)?;
    }
    if roots.is_empty() { Err("there is no certificate in it".into()) } else { Ok(roots) }
}

/// Whether a host is this machine, so that nobody is on the way.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(host) => {
            host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

/// What is not said in the URL is set so that a dead server is noticed. Where there are several, the
/// one that takes writes is meant.
fn keep_alive(config: &mut Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNACKNOWLEDGED);
    }
    if config.get_keepalives_idle() == KEEPALIVES_IDLE_UNSET {
        config.keepalives_idle(PROBE_AFTER);
        config.keepalives_interval(PROBE_EVERY);
        config.keepalives_retries(PROBES);
    }
    if config.get_application_name().is_none() {
        config.application_name("telephony");
    }
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
}

fn place_of(config: &Config) -> Place {
    let ports = config.get_ports();
    let port = |index| ports.get(index).or(ports.first()).copied().unwrap_or(5432);
    let hosts = config.get_hosts().iter().enumerate().map(|(index, host)| match host {
        Host::Tcp(host) => format!("{host}:{}", port(index)),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let mut hosts: Vec<_> = hosts.collect();
    if hosts.is_empty() {
        let addresses = config.get_hostaddrs().iter().enumerate();
        hosts = addresses.map(|(index, address)| format!("{address}:{}", port(index))).collect();
    }
    Place {
        host: hosts.join(","),
        database: config.get_dbname().unwrap_or_default().to_owned(),
        user: config.get_user().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(&Secret::new(url)).map_err(|error| format!("{error} {error:?}"))
    }

    #[test]
    fn options_of_ours_are_taken_out() {
        let url = "postgres://me:pa%3Fss@db.example:6432/tel?pool_size=3&connect_timeout=7&sslmode=verify-full\
            &sslrootcert=/etc/a%20b.pem&application_name=other";
        let address = parse(url).unwrap();
        assert_eq!((address.pool_size, address.config.get_ssl_mode()), (3, SslMode::Require));
        assert_eq!(address.roots.as_deref(), Some(Path::new("/etc/a b.pem")));
        assert_eq!(address.config.get_connect_timeout(), Some(&Duration::from_secs(7)));
        assert_eq!(address.config.get_application_name(), Some("other"));
        assert_eq!(address.config.get_password(), Some(&b"pa?ss"[..]));
        assert_eq!(address.place.host, "db.example:6432");
        let odd = parse("postgres://me:p?pool_size=9@localhost/tel").unwrap();
        assert_eq!(odd.config.get_password(), Some(&b"p?pool_size=9"[..]));
        assert_eq!(odd.pool_size, POOL_SIZE);
    }

    #[test]
    fn tls_is_spoken_unless_the_server_is_here() {
        let mode = |url| parse(url).unwrap().config.get_ssl_mode();
        for url in ["postgres://me@db.example/tel", "postgres://me@127.0.0.1,10.0.0.1/tel"] {
            assert_eq!(mode(url), SslMode::Require, "{url}");
        }
        for url in [
            "postgres://me@localhost/tel",
            "postgres://me@[::1]/tel",
            "postgres://me@%2Frun%2Fpg/tel",
            "postgres:///tel?user=me&host=/run/pg",
            "postgres://me@db.example/tel?sslmode=disable",
        ] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
        assert_eq!(mode("postgres://me@localhost/tel?sslmode=require"), SslMode::Require);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_password_is_not() {
        for (url, expected) in [
            ("mysql://me:hunter2@host/tel", "expected postgresql://"),
            ("host=db user=me password=hunter2", "expected postgresql://"),
            ("postgres://me:odd@hunter2@host/tel", "as %40"),
            ("postgres://me:odd@host?hunter2=@host/tel", "as %40"),
            ("postgres://host/tel", "names no user"),
            ("postgres://me:hunter2@host", "names no database"),
            ("postgres://me:hunter2@/tel", "names no host"),
            ("postgres://me:hunter2@host:port/tel", "port"),
            ("postgres://me:hunter2@host/tel?pool_size=0", "pool_size is a number from 1 to 100"),
            ("postgres://me:hunter2@host/tel?pool_size=101", "pool_size is"),
            ("postgres://me:hunter2@host/tel?sslmode=prefer", "sslmode is disable, require"),
            ("postgres://me:hunter2@host/tel?sslmode=verify-ca", "sslmode is disable, require"),
            ("postgres://me:hunter2@host/tel?sslrootcert=%2", "sslrootcert"),
            ("postgres://me:hunter2@host/tel?colour=red", "colour"),
        ] {
            let error = parse(url).err().unwrap();
            assert!(error.starts_with("database: ") && error.contains(expected), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{url}: {error}");
        }
    }

    #[test]
    fn a_dead_server_is_noticed() {
        let config = parse("postgres://me@db.example/tel").unwrap().config;
        assert_eq!(config.get_connect_timeout(), Some(&PATIENCE));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNACKNOWLEDGED));
        assert_eq!(config.get_keepalives_idle(), PROBE_AFTER);
    }
}
