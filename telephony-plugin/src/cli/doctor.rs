//! `telephony doctor`: what is wrong with a set-up, and what to do about it.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use telephony_core::AccountId;
use telephony_core::config::{Account, Config};
use telephony_providers::Transport;

use super::state::State;
use crate::carrier::carrier;
use crate::doctor::{self, Edges, Finding, Given, Report};
use crate::logging;
use crate::report::chain;
use crate::state::StateDirectory;

/// Look for mistakes of the set-up, from the configuration to what the carrier posts, and say of
/// each what to do.
///
/// Something harmless is posted to the public URL, signed as the carrier would; no message comes of
/// it. Exits with 0 when all is well or only notes are left, 1 when there are warnings, and 3 when
/// there are errors.
#[derive(Debug, Args)]
pub(super) struct Doctor {
    /// An OpenClaw configuration, or a JSON5 file that holds its channels.telephony alone.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The account; all of them when it is missing.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    /// Set the webhook with the carrier where it is another, after showing the difference.
    #[arg(long)]
    fix: bool,

    /// Do not ask before setting it.
    #[arg(long, requires = "fix")]
    yes: bool,

    /// Ask for a host at this address, whatever its name's is: for a network that does not reach its
    /// own public address. May be repeated.
    #[arg(long, value_name = "HOST=ADDRESS:PORT")]
    resolve: Vec<Given>,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    state: State,
}

impl Doctor {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        // What a probe logs of its own, the findings say better.
        logging::start("off");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.examine())
    }

    async fn examine(self) -> io::Result<ExitCode> {
        let config = match doctor::configuration(&self.config) {
            Ok(config) => config,
            Err(report) => return self.tell(&report, 0),
        };
        let (state, mut edges, transport) = match self.needs() {
            Ok(needs) => needs,
            Err(finding) => {
                let mut report = Report::default();
                report.findings.push(finding);
                return self.tell(&report, 0);
            }
        };
        edges.given.clone_from(&self.resolve);
        let connect = |account: &Account| carrier(account, &transport);
        let look = async || self.doctor(&config, &state, &edges, &connect).examine().await;
        let mut report = look().await;
        let mut set = 0;
        if self.fix && !report.repairs.is_empty() && self.is_meant(&report)? {
            for repair in &report.repairs {
                match repair.apply().await {
                    Ok(()) => set += 1,
                    Err(error) => super::complain(&chain(&error)),
                }
            }
            report = look().await;
        }
        self.tell(&report, set)
    }

    /// What an examination needs; else what is wrong with this machine.
    fn needs(&self) -> Result<(StateDirectory, Edges, Transport), Finding> {
        let state = self.state.find().map_err(|why| {
            Finding::error("store", &why, "Name the state directory with --state-dir.")
        })?;
        let tls = |error: &dyn std::error::Error| {
            let sentence = format!("TLS cannot be set up: {}", chain(error));
            let fix = "Install this machine's certificates of authorities (ca-certificates), or \
                       correct SSL_CERT_FILE.";
            Finding::error("tls", &sentence, fix)
        };
        let edges = Edges::of_system().map_err(|error| tls(&error))?;
        let transport = Transport::builder().build().map_err(|error| tls(&error))?;
        Ok((state, edges, transport))
    }

    fn doctor<'a>(
        &self,
        config: &'a Config,
        state: &'a StateDirectory,
        edges: &Edges,
        connect: &'a doctor::Connect<'a>,
    ) -> doctor::Doctor<'a> {
        let (account, edges) = (self.account.clone(), edges.clone());
        doctor::Doctor { config, account, state, edges, connect, is_hosted: false }
    }

    /// Shows the difference, and asks whether it is meant.
    fn is_meant(&self, report: &Report) -> io::Result<bool> {
        let mut output = anstream::stderr().lock();
        for repair in &report.repairs {
            write!(output, "{repair}")?;
        }
        if self.yes {
            return Ok(true);
        }
        if !io::stdin().is_terminal() {
            writeln!(output, "nothing is set: nobody can be asked; add --yes")?;
            return Ok(false);
        }
        write!(output, "Set it? [y/N] ")?;
        output.flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    fn tell(&self, report: &Report, set: usize) -> io::Result<ExitCode> {
        let code = report.worst().exit_code();
        match self.print(report, code, set) {
            // Who has read enough is told by the code all the same: `telephony doctor | head -1`.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(ExitCode::from(code)),
        }
    }

    fn print(&self, report: &Report, code: u8, set: usize) -> io::Result<()> {
        let mut output = anstream::stdout().lock();
        if self.json {
            let answer = json!({
                "worst": report.worst(), "exitCode": code, "findings": report.findings,
                "repairs": report.repairs, "set": set,
            });
            writeln!(output, "{answer}")?;
        } else {
            output.write_all(doctor::table(report).as_bytes())?;
        }
        output.flush()
    }
}
