//! `telephony rpc`.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use telephony_core::{OsEntropy, SystemClock};
use telephony_providers::Transport;

use super::serve::raise_socket_limit;
use super::{REFUSED, complain};
use crate::carrier::carrier;
use crate::host::Sidecar;
use crate::logging;
use crate::report::chain;
use crate::rpc::Connection;

/// How often is looked whether the process that started us still runs: it may be gone while
/// somebody else holds our standard input open.
const LOOK: Duration = Duration::from_secs(1);

/// Run the channel inside a gateway, which speaks JSON-RPC with it.
///
/// One JSON object a line, on standard input and output; logs are JSON lines on standard error.
/// Ends when standard input ends, when the process that started it ends, and on SIGTERM, after what
/// is in flight is finished.
#[derive(Debug, Args)]
pub(super) struct Rpc {
    /// Print what the gateway's plugin is made of, and end.
    #[arg(long, hide = true)]
    schema: bool,
}

impl Rpc {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.schema {
            let document = serde_json::to_string_pretty(&crate::host::document())?;
            writeln!(io::stdout(), "{document}")?;
            return Ok(ExitCode::SUCCESS);
        }
        logging::start_json(logging::SERVER);
        let transport = match Transport::builder().build() {
            Ok(transport) => transport,
            Err(error) => {
                complain(&chain(&error));
                return Ok(ExitCode::from(REFUSED));
            }
        };
        raise_socket_limit();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let ended = runtime.block_on(serve(transport));
        // Whoever still reads standard input waits for a line that nobody needs.
        runtime.shutdown_background();
        Ok(if ended? { ExitCode::SUCCESS } else { ExitCode::from(REFUSED) })
    }
}

async fn serve(transport: Transport) -> io::Result<bool> {
    let connect = Box::new(move |account: &_| carrier(account, &transport));
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
    let hash = crate::host::surfaces_hash();
    let sidecar = Arc::new(Sidecar::new(clock, entropy, hash, connect));
    let methods: Arc<Sidecar> = Arc::clone(&sidecar);
    let (connection, run) = Connection::new(tokio::io::stdin(), tokio::io::stdout(), methods);
    sidecar.attach(connection.clone());
    let running = tokio::spawn(run);
    let (mut terminate, mut interrupt) = signals()?;
    tokio::select! {
        () = connection.closed() => tracing::info!("standard input has ended"),
        () = orphaned() => tracing::warn!("the process that started this has ended"),
        () = sidecar.stopped() => tracing::info!("the end was asked for"),
        _ = terminate.recv() => tracing::info!("SIGTERM"),
        _ = interrupt.recv() => tracing::info!("SIGINT"),
    }
    let ended = sidecar.finish().await;
    // The last answers are written by now, or nobody reads them.
    let _ = tokio::time::timeout(LOOK, running).await;
    tracing::info!("ended");
    Ok(ended)
}

fn signals() -> io::Result<(tokio::signal::unix::Signal, tokio::signal::unix::Signal)> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok((signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
}

/// Waits until this process is somebody else's child.
async fn orphaned() {
    let parent = rustix::process::getppid();
    loop {
        tokio::time::sleep(LOOK).await;
        if rustix::process::getppid() != parent {
            return;
        }
    }
}
