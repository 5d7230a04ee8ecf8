//! A PostgreSQL that a test starts for itself: nothing else is there but what the test did.
#![allow(clippy::panic, reason = "a test fails by panicking")]

mod cut;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use rustls::{ClientConfig, RootCertStore};
use telephony_core::Secret;

pub use self::cut::Cut;
use super::pool::PostgresPool;
use crate::schema::Schema;

/// Who owns all databases, and the password over TCP.
pub const USER: &str = "telephony";
/// The password of [`USER`], which a socket of Unix does not ask for.
pub const PASSWORD: &str = "hunter2";

/// Where Debian keeps the programs of each version.
const DEBIAN: &str = "/usr/lib/postgresql";

const MISSING: &str = "install Debian's package postgresql: there is no initdb";

/// What the server says once it can be used.
const READY: &str = "database system is ready to accept connections";

/// Keeps the server while the test holds the other end of its standard input, so that it ends with
/// the test however that ends. `keep` is for a server that comes back.
const KEEP: &str = r#"
    folder=$1; shift
    "$@" </dev/null &
    server=$!
    read -r order
    kill -QUIT $server
    wait $server
    [ "$order" = keep ] || rm -rf "$folder"
"#;

/// Settings of a server that may lose everything with its machine, and is quick.
const QUICK: [&str; 6] = [
    "fsync=off",
    "full_page_writes=off",
    "max_connections=400",
    "shared_buffers=64MB",
    "logging_collector=off",
    "log_destination=stderr",
];

/// A server of its own, ended when it is dropped and when the process ends.
#[derive(Debug)]
pub struct TestServer {
    folder: PathBuf,
    programs: PathBuf,
    port: u16,
    settings: Vec<String>,
    keeper: Mutex<Option<Child>>,
    databases: AtomicUsize,
}

impl TestServer {
    /// The one that all tests of a program share.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<TestServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts one.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[], &[])
    }

    /// Starts one with more settings and with files, for its own user alone, beside its data.
    ///
    /// # Panics
    ///
    /// When PostgreSQL is not installed, or does not start.
    #[must_use]
    pub fn start_with(settings: &[&str], files: &[(&str, &str)]) -> Self {
        let programs = programs().unwrap_or_else(|| panic!("{MISSING}"));
        let folder = make_folder();
        let password = folder.join("password");
        for (name, content) in files.iter().copied().chain([("password", PASSWORD)]) {
            let path = folder.join(name);
            let mut file = std::fs::OpenOptions::new();
            let file = file.write(true).create_new(true).mode(0o600).open(&path);
            done(done(file).write_all(content.as_bytes()));
            own(&path);
        }
        let mut init = as_its_user(&programs.join("initdb"));
        init.args(["--no-sync", "--encoding=UTF8", "--locale=C", "--auth-local=trust"])
            .args(["--auth-host=scram-sha-256", "--username", USER, "--pwfile"])
            .arg(&password)
            .arg("--pgdata")
            .arg(folder.join("data"))
            .current_dir(&folder);
        let output = done(init.output());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        for (name, _) in files {
            done(std::fs::rename(folder.join(name), folder.join("data").join(name)));
        }
        let settings = QUICK.iter().chain(settings).map(|&setting| setting.to_owned()).collect();
        let (keeper, databases) = (Mutex::default(), AtomicUsize::new(0));
        let mut server = Self { folder, programs, port: 0, settings, keeper, databases };
        // Somebody else may take the port between the two.
        let is_up = (0..5).any(|_| {
            server.port = free_port();
            server.run().is_ok()
        });
        assert!(is_up, "PostgreSQL does not start: {:?}", server.run());
        server
    }

    /// Ends it at once, as if it had crashed; what is committed stays.
    ///
    /// # Panics
    ///
    /// When it cannot be ended.
    pub fn stop(&self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut keeper) = keeper {
            if let Some(mut input) = keeper.stdin.take() {
                done(input.write_all(b"keep\n"));
            }
            done(keeper.wait());
        }
    }

    /// Starts it again, where and as it was.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub fn start_again(&self) {
        done(self.run());
    }

    /// The URL of a new and empty database, over TCP.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn database(&self) -> Secret {
        let name = format!("t_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let pool = done(PostgresPool::connect(&self.url_of("postgres"), nobody(), &[]).await);
        let client = done(pool.client().await);
        // It copies files, which takes its time on a busy machine.
        done(client.batch_execute("SET statement_timeout = 0").await);
        done(client.batch_execute(&format!("CREATE DATABASE {name}")).await);
        self.url_of(&name)
    }

    /// A pool of a new database with tables of `schemas`.
    ///
    /// # Panics
    ///
    /// When it cannot be made.
    pub async fn pool(&self, schemas: &[Schema]) -> PostgresPool {
        done(PostgresPool::connect(&self.database().await, nobody(), schemas).await)
    }

    /// The URL of a database, over TCP.
    #[must_use]
    pub fn url_of(&self, database: &str) -> Secret {
        Secret::new(format!("postgresql://{USER}:{PASSWORD}@127.0.0.1:{}/{database}", self.port))
    }

    /// The URL of a database, over a socket of Unix.
    #[must_use]
    pub fn socket_url_of(&self, database: &str) -> Secret {
        let (folder, port) = (self.folder.display(), self.port);
        Secret::new(format!("postgresql:///{database}?user={USER}&host={folder}&port={port}"))
    }

    /// Starts the server, and returns once it can be used.
    fn run(&self) -> std::io::Result<()> {
        let mut command = as_its_user(Path::new("/bin/sh"));
        command.args(["-c", KEEP, "sh"]).arg(&self.folder);
        command.arg(self.programs.join("postgres")).arg("-D").arg(self.folder.join("data"));
        command.arg("-k").arg(&self.folder).args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        // A signal from the terminal ends the test, and that ends the server.
        command.current_dir(&self.folder).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut keeper = command.spawn()?;
        let mut log = BufReader::new(keeper.stderr.take().ok_or(std::io::ErrorKind::BrokenPipe)?);
        let mut said = String::new();
        while !said.contains(READY) {
            // It either comes up or says why it does not.
            if log.read_line(&mut said)? == 0 || said.contains("FATAL") {
                drop(keeper.stdin.take().map(|mut input| input.write_all(b"keep\n")));
                keeper.wait()?;
                return Err(std::io::Error::other(said));
            }
        }
        // What it says later is read, so that it never waits to say it.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        *self.keeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(keeper);
        Ok(())
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.stop();
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// TLS that trusts nobody, for servers on this machine.
///
/// # Panics
///
/// Never: the provider speaks TLS.
#[must_use]
pub fn nobody() -> ClientConfig {
    let provider = rustls::crypto::ring::default_provider();
    let builder = ClientConfig::builder_with_provider(provider.into());
    done(builder.with_safe_default_protocol_versions())
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth()
}

/// The folder of the newest server's programs.
fn programs() -> Option<PathBuf> {
    let has_them = |folder: &PathBuf| folder.join("initdb").is_file();
    let debian = std::fs::read_dir(DEBIAN).into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let mut versions: Vec<_> = debian.map(|entry| entry.path()).collect();
    versions.sort_by_key(version);
    let newest = versions.into_iter().rev().map(|folder| folder.join("bin")).find(has_them);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(has_them))
}

/// A folder with a name of its own: that of the process is not enough where there are containers.
fn make_folder() -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let process = std::process::id();
    let folder = (0..1_000).find_map(|_| {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("telephony-pg-{process}-{count}"));
        std::fs::DirBuilder::new().mode(0o700).create(&folder).ok()?;
        Some(folder)
    });
    let folder = folder.unwrap_or_else(|| panic!("no folder can be made in the temporary folder"));
    own(&folder);
    folder
}

pub(super) fn free_port() -> u16 {
    let listener = done(std::net::TcpListener::bind(("127.0.0.1", 0)));
    done(listener.local_addr()).port()
}

/// A program that runs as somebody whom PostgreSQL takes, which root is not.
fn as_its_user(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LC_ALL", "C").env_remove("PGDATA");
    if let Some((user, group)) = other_user() {
        command.uid(user).gid(group);
    }
    command
}

/// Gives a file to whom the server runs as.
fn own(path: &Path) {
    if let Some((user, group)) = other_user() {
        done(chown(path, Some(user), Some(group)));
    }
}

/// User and group to run as when this is root: those of Debian's package, or nobody's.
fn other_user() -> Option<(u32, u32)> {
    static OTHER: OnceLock<Option<(u32, u32)>> = OnceLock::new();
    *OTHER.get_or_init(|| {
        let output = done(Command::new("id").arg("-u").output());
        if output.stdout != b"0\n" {
            return None;
        }
        let users = done(std::fs::read_to_string("/etc/passwd"));
        let ids = |name: &str| {
            let user = users.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
            let mut fields = user.split(':').skip(1);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        Some(ids("postgres").or_else(|| ids("nobody")).unwrap_or((65_534, 65_534)))
    })
}

fn done<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}
