//! A server as the binary runs it, but for its clock, which a test sets: as a process of its own,
//! so that it can be killed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use telephony_core::config::{Host, load};
use telephony_core::{Clock, OsEntropy, SystemClock, Timestamp};
use telephony_plugin::control::ControlSocket;
use telephony_plugin::database::Database;
use telephony_plugin::handler::HandlerChoice;
use telephony_plugin::media::Media;
use telephony_plugin::serve::{Setup, Started};
use telephony_plugin::state::{Lock, StateDirectory};
use telephony_plugin::tunnel::Tunnels;
use telephony_providers::{Transport, connect};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// How the test binary is run as a node.
pub const ARGUMENTS: [&str; 3] = ["--exact", "faults::node::node", "--nocapture"];

/// The variables that say where its home is, and what answers.
pub const FOLDER: &str = "TELEPHONY_TEST_NODE";
pub const HANDLER: &str = "TELEPHONY_TEST_HANDLER";

/// The file that says how many seconds the clock is ahead.
pub fn clock(folder: &Path) -> PathBuf {
    folder.join("clock")
}

#[derive(Debug)]
struct Stepped(PathBuf);

impl Clock for Stepped {
    fn now(&self) -> Timestamp {
        let ahead: i64 = std::fs::read_to_string(&self.0).unwrap().parse().unwrap();
        let by = Duration::from_secs(ahead.unsigned_abs());
        if ahead < 0 {
            SystemClock.now().saturating_sub(by)
        } else {
            SystemClock.now().saturating_add(by)
        }
    }
}

/// A server where another test starts it as one; in a run of all tests there is none to be.
#[test]
fn node() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let handler: HandlerChoice = std::env::var(HANDLER).unwrap().parse().unwrap();
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    log.log_internal_errors(false).init();
    tokio::runtime::Runtime::new().unwrap().block_on(serve(&folder, &handler));
}

async fn serve(folder: &Path, handler: &HandlerChoice) {
    let text = std::fs::read_to_string(folder.join("telephony.json5")).unwrap();
    let config = load(&text, Host::Standalone, &|_| None).unwrap();
    let state = StateDirectory::find(Some(&folder.join("state"))).unwrap();
    state.make().unwrap();
    let lock = Lock::acquire(&state).unwrap();
    let (clock, entropy) = (Arc::new(Stepped(clock(folder))), Arc::new(OsEntropy));
    let setup = Setup {
        config: config.clone(),
        database: Database::open(&state.database()).unwrap(),
        media: Some(Media::open(state.path(), clock.clone(), entropy.clone()).unwrap()),
        tunnels: Arc::new(Tunnels::new(state.path(), entropy.clone())),
        handler: handler.make().unwrap(),
        clock,
        entropy,
    };
    let transport = Transport::builder().build().unwrap();
    let control = ControlSocket::bind(&lock.own().socket).unwrap();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        terminate.recv().await;
        stop.send(true).unwrap();
    });
    let started = Started::new(setup, |account| connect(account, &transport)).await.unwrap();
    let print = |text: &str| std::io::stdout().lock().write_all(text.as_bytes()).unwrap();
    print(&started.describe());
    started.run(Some(control), print, stopped).await;
}
