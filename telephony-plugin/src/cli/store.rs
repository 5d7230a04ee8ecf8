//! `telephony store`: the database file, copied, put back and looked at.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use telephony_core::config::Database;
use telephony_core::{Clock as _, Secret, SystemClock};
use telephony_providers::tls_configuration;
use telephony_webhook::PostgresPool;

use super::carrier::read;
use super::state::{State, print};
use crate::database::{Place, postgres_schemas};
use crate::report::chain;
use crate::state::{Lock, StateDirectory};
use crate::store::{
    Look, Moved, OptOuts, Restore, Restored, Source, Standing, backup, check, sqlite_file,
};

/// Copy the database while a server runs, put a copy back, and look whether it is whole.
#[derive(Debug, Args)]
pub(super) struct Store {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Copy the database into a file, whether a server runs or not, and read the copy again.
    Backup {
        /// The file, which is readable for you alone.
        file: PathBuf,
        /// Replace the file when it is there.
        #[arg(long)]
        overwrite: bool,
        #[command(flatten)]
        of: Of,
    },
    /// Put a copy in place of the database, which is kept beside it. No server may run.
    ///
    /// What waited to be sent when the copy was made is unknown afterwards and not sent, for it may
    /// have been since. What waited to be answered is answered, again if it was. Who has opted out
    /// by the database that is replaced has opted out.
    Restore {
        /// The copy, which is left as it is.
        file: PathBuf,
        /// Send what waited to be sent, too: only when nothing has run since the copy was made.
        #[arg(long)]
        resend: bool,
        #[command(flatten)]
        of: Of,
    },
    /// Read all of the database or of a copy: its version, whether it is whole, what is in it.
    Check {
        /// A copy; the database itself when it is missing.
        file: Option<PathBuf>,
        #[command(flatten)]
        of: Of,
    },
    /// Move everything from an SQLite file into an empty PostgreSQL database. No server may run.
    ///
    /// All of it arrives or nothing, and how many rows there are is compared. What was being sent
    /// when the last server ended is unknown afterwards, as after any start. The file stays as it
    /// is; from then on no server may run on it.
    Migrate(Migrate),
}

/// What is moved, and where.
#[derive(Debug, Args)]
struct Migrate {
    /// Where everything is: `sqlite:<file>`. The database of --config or of the state directory when
    /// it is missing.
    #[arg(long, value_name = "URL")]
    from: Option<String>,

    /// The empty database: `postgres://…`. The database of --config when it is missing, which keeps
    /// a password out of the list of processes.
    #[arg(long, value_name = "URL")]
    to: Option<String>,

    #[command(flatten)]
    of: Of,
}

/// Which database.
#[derive(Debug, Args)]
struct Of {
    #[command(flatten)]
    state: State,

    /// A configuration, whose `database` is meant.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Store {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.command {
            Command::Backup { file, overwrite, of } => {
                let made = of.find().and_then(|(_, database)| {
                    backup(&database, &file, overwrite).map_err(|error| chain(&error))
                });
                of.print(made, |look| {
                    format!("{} are in {}, read again and whole", size(look), look.file.display())
                })
            }
            Command::Restore { file, resend, of } => {
                let restored = of.find().and_then(|(state, database)| {
                    let (database, from, now) = (&database, &file, SystemClock.now());
                    let restore = Restore { state: &state, database, from, resend, now };
                    restore.run().map_err(|error| chain(&error))
                });
                of.print(restored, restored_lines)
            }
            Command::Check { file: Some(file), of } => {
                let found = check(&file, Standing::Still).map_err(|error| chain(&error));
                of.print(found, look_lines)
            }
            Command::Check { file: None, of } => {
                let found = of.find().and_then(|(state, database)| {
                    let owner = Lock::owner(&state).map_err(|error| chain(&error))?;
                    let standing = if owner.is_some() { Standing::Live } else { Standing::Still };
                    check(&database, standing).map_err(|error| chain(&error))
                });
                of.print(found, look_lines)
            }
            Command::Migrate(migrate) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let moved = runtime.block_on(migrate.run());
                migrate.of.print(moved, moved_lines)
            }
        }
    }
}

impl Migrate {
    async fn run(&self) -> Result<Moved, String> {
        let state = self.of.state.find()?;
        let configured = self.of.config.as_deref().map(read).transpose()?;
        let configured = configured.map(|config| config.database);
        let file = match (&self.from, &configured) {
            (Some(url), _) => sqlite_file(url).ok_or("--from: expected sqlite:<file>")?,
            (None, Some(Database::Sqlite(file))) => file.clone(),
            (None, _) => state.database(),
        };
        let url = match (&self.to, configured) {
            (Some(url), _) => Secret::new(url.clone()),
            (None, Some(Database::Postgres(url))) => url,
            (None, _) => return Err("--to: expected postgres://<user>@<host>/<name>".to_owned()),
        };
        // Whoever serves from the file has one of these.
        let folder = file.parent().map(|folder| StateDirectory::find(Some(folder)));
        let folder = folder.transpose().map_err(|error| chain(&error))?;
        let mut locks = Vec::new();
        for state in folder.iter().chain([&state]) {
            let path = state.path().canonicalize().unwrap_or_else(|_| state.path().to_owned());
            let is_new = locks.iter().all(|(other, _)| *other != path);
            if is_new && state.path().join("telephony.lock").exists() {
                let lock = Lock::acquire(state);
                let lock = lock.map_err(|error| format!("{}: stop it first", chain(&error)))?;
                locks.push((path, lock));
            }
        }
        // One that cannot be moved leaves nothing in PostgreSQL, not even tables.
        let source = Source::of(&file, SystemClock.now()).map_err(|error| chain(&error))?;
        let tls = tls_configuration().map_err(|error| chain(&error))?;
        let pool = PostgresPool::connect(&url, tls, &postgres_schemas()).await;
        let pool = pool.map_err(|error| chain(&error))?;
        let mut client = pool.client().await.map_err(|error| chain(&error))?;
        source.copy_into(&mut client).await.map_err(|error| chain(&error))
    }
}

impl Of {
    /// The state directory, and the database file.
    fn find(&self) -> Result<(StateDirectory, PathBuf), String> {
        let state = self.state.find()?;
        let Some(path) = &self.config else {
            let database = state.database();
            return Ok((state, database));
        };
        match state.database_of(&read(path)?) {
            Place::File(database) => Ok((state, database)),
            Place::Server(_) => {
                let sentence = "this configuration keeps everything in PostgreSQL: use pg_dump and \
                                pg_restore, as docs/scaling.md says";
                Err(sentence.to_owned())
            }
        }
    }

    fn print<T: Serialize>(
        &self,
        answer: Result<T, String>,
        sentence: impl FnOnce(&T) -> String,
    ) -> io::Result<ExitCode> {
        print(self.json, answer, sentence)
    }
}

fn size(look: &Look) -> String {
    // A tenth of a megabyte is near enough for people; programs have the bytes.
    let tenths = look.bytes.div_ceil(100_000);
    format!("{} rows ({}.{} MB)", look.all_rows(), tenths / 10, tenths % 10)
}

fn look_lines(look: &Look) -> String {
    let mut lines = format!("{}: {}, whole\n", look.file.display(), size(look));
    for tables in &look.tables {
        // Writing to a string does not fail.
        let _ = write!(lines, "{} tables: version {}", tables.name, tables.version);
        if tables.version < tables.known {
            let _ = write!(lines, ", brought up to {} when a server starts", tables.known);
        }
        lines.push('\n');
    }
    for (table, rows) in &look.rows {
        let _ = writeln!(lines, "{table}: {rows} rows");
    }
    lines
}

fn moved_lines(moved: &Moved) -> String {
    let mut lines = String::new();
    for (table, rows) in &moved.rows {
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{table}: {rows} rows");
    }
    lines.push_str(
        "all of it is in PostgreSQL: set `database` to its URL, and start no server on the file",
    );
    lines
}

fn restored_lines(restored: &Restored) -> String {
    let Restored {
        database,
        replaced,
        unknown_parts,
        unknown_calls,
        pairing_texts,
        to_send,
        to_handle,
        opt_outs,
    } = restored;
    let mut lines = format!("{} are in {} now\n", size(database), database.file.display());
    if let Some(replaced) = replaced {
        let _ = writeln!(lines, "what was there before is {}", replaced.display());
    }
    if unknown_parts + unknown_calls > 0 {
        let _ = writeln!(
            lines,
            "{unknown_parts} texts and {unknown_calls} calls waited to be sent when the copy was \
             made: they are unknown, and are not sent; see `telephony message`"
        );
    }
    if *pairing_texts > 0 {
        let _ = writeln!(
            lines,
            "{pairing_texts} codes and confirmations of pairing waited to be texted: they are not, \
             for they may have been"
        );
    }
    if *to_send > 0 {
        let _ = writeln!(lines, "{to_send} texts are sent when the server starts");
    }
    if *to_handle > 0 {
        let _ = writeln!(
            lines,
            "{to_handle} events waited when the copy was made: they are handled when the server \
             starts, and answered again if they were answered since"
        );
    }
    match opt_outs {
        OptOuts::None | OptOuts::Kept(0) => {}
        OptOuts::Kept(kept) => {
            let _ = writeln!(lines, "{kept} opt-outs that are not in the copy are kept");
        }
        OptOuts::Unreadable => lines.push_str(
            "who opted out after the copy was made is not known, for what was replaced cannot be \
             read: see the carrier's own list, and `telephony optout add`\n",
        ),
    }
    lines
}
