//! `telephony serve`.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use telephony_core::{OsEntropy, SystemClock};
use telephony_providers::Transport;
use tokio::sync::watch;

use super::carrier::read;
use super::state::State;
use super::{REFUSED, complain};
use crate::carrier::carrier;
use crate::control::ControlSocket;
use crate::database::Database;
use crate::handler::HandlerChoice;
use crate::logging::{self, Format};
use crate::media::Media;
use crate::report::chain;
use crate::serve::{Setup, Started, unsupported};
use crate::state::Lock;
use crate::tunnel::Tunnels;

/// Run the channel alone: take webhooks, pair strangers, answer by a handler.
///
/// Prints the URLs for the carrier's console. Ends on SIGTERM or Ctrl-C, after what is in flight
/// is finished. A second one on the same state directory is refused.
#[derive(Debug, Args)]
pub(super) struct Serve {
    /// An OpenClaw configuration, or a JSON5 file that holds its channels.telephony alone.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// What answers: `echo`; `command:<program>`, which gets each message as JSON on standard input
    /// and writes the reply; or a URL that each message is posted to. Each message has an id, and
    /// may come more than once.
    #[arg(long, value_name = "HANDLER", default_value = "echo")]
    handler: HandlerChoice,

    /// How the log on standard error is written.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    log_format: Format,

    #[command(flatten)]
    state: State,
}

impl Serve {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.log_format {
            Format::Text => logging::start(logging::SERVER),
            Format::Json => logging::start_json(logging::SERVER),
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        match runtime.block_on(self.serve()) {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(message) => {
                complain(&message);
                Ok(ExitCode::from(REFUSED))
            }
        }
    }

    async fn serve(self) -> Result<(), String> {
        let config = read(&self.config)?;
        if let Some(sentence) = unsupported(&config) {
            return Err(sentence);
        }
        let state = self.state.find()?;
        state.make().map_err(|error| chain(&error))?;
        // From here on nobody else touches the state directory; dropped last.
        let lock = Lock::acquire(&state).map_err(|error| chain(&error))?;
        raise_socket_limit();
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let media = Media::open(state.path(), clock.clone(), entropy.clone());
        let database = Database::at(&state.database_of(&config)).await;
        let setup = Setup {
            config: config.clone(),
            database: database.map_err(|error| chain(&error))?,
            media: Some(media.map_err(|error| chain(&error))?),
            tunnels: Arc::new(Tunnels::new(state.path(), entropy.clone())),
            handler: self.handler.make().map_err(|error| chain(&error))?,
            clock,
            entropy,
        };
        let transport = Transport::builder().build().map_err(|error| chain(&error))?;
        let control = ControlSocket::bind(&lock.own().socket);
        let control = control.map_err(|error| format!("the control socket: {error}"))?;
        let (stop, mut stopped) = watch::channel(false);
        let signals = stop_on_signals(stop).map_err(|error| format!("signals: {error}"))?;
        let signals = tokio::spawn(signals);
        let tunnels = Arc::clone(&setup.tunnels);
        let started = tokio::select! {
            started = Started::new(setup, |account| carrier(account, &transport)) => started,
            _ = stopped.wait_for(|stop| *stop) => {
                tunnels.end().await;
                return Ok(());
            }
        };
        let started = match started {
            Ok(started) => started,
            Err(error) => {
                tunnels.end().await;
                return Err(chain(&error));
            }
        };
        print(&started.describe());
        started.run(Some(control), print, stopped).await;
        signals.abort();
        tracing::info!("stopped");
        drop(lock);
        Ok(())
    }
}

/// Whoever started us may have closed our standard output; that is no reason not to serve.
fn print(text: &str) {
    let mut output = io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

fn stop_on_signals(stop: watch::Sender<bool>) -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
        let _ = stop.send(true);
        // Whoever asks twice does not want to wait.
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(i32::from(REFUSED));
    })
}

/// Many systems allow 256 or 1,024 sockets by default and far more on request.
pub(super) fn raise_socket_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    const WANTED: u64 = 8_192;
    let mut limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(WANTED).min(WANTED);
    if limit.current.is_some_and(|current| current < most) {
        limit.current = Some(most);
        // With fewer sockets the server works all the same, for fewer clients at once.
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
        }
    }
}
