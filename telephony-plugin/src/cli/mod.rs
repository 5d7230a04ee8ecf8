//! The command line, one module a command.

mod call;
mod carrier;
#[cfg(unix)]
mod demo;
mod doctor;
#[cfg(unix)]
mod guard;
#[cfg(unix)]
mod inbox;
#[cfg(unix)]
mod message;
#[cfg(unix)]
mod optout;
#[cfg(unix)]
mod pairing;
#[cfg(unix)]
mod rpc;
mod segment;
mod send;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod simulate;
#[cfg(unix)]
mod state;
#[cfg(unix)]
mod status;
#[cfg(unix)]
mod store;
mod verify;

use std::io;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// SMS, MMS and calls for AI agents and any other program.
#[derive(Debug, Parser)]
#[command(name = "telephony", version, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(unix)]
    Demo(demo::Demo),
    #[cfg(unix)]
    Serve(serve::Serve),
    #[cfg(unix)]
    Rpc(rpc::Rpc),
    #[cfg(unix)]
    Doctor(doctor::Doctor),
    #[cfg(unix)]
    Status(status::Status),
    #[cfg(unix)]
    Pairing(pairing::Pairing),
    #[cfg(unix)]
    #[command(name = "optout")]
    OptOut(optout::OptOut),
    #[cfg(unix)]
    Inbox(inbox::Inbox),
    #[cfg(unix)]
    Store(store::Store),
    #[cfg(unix)]
    Simulate(simulate::Simulate),
    Segment(segment::Segment),
    Send(send::Send),
    Message(send::Message),
    Call(call::Call),
    #[cfg(unix)]
    Calls(call::Calls),
    Hangup(call::Hangup),
    Verify(verify::Verify),
    #[cfg(unix)]
    #[command(hide = true)]
    Become(guard::Become),
}

/// Exit code of a command that was refused or failed.
const REFUSED: u8 = 1;

/// Exit code of a command that was not written right.
const USAGE: u8 = 2;

impl Cli {
    /// Runs the command that was asked for.
    #[must_use]
    pub fn run(self) -> ExitCode {
        // Whoever runs this has our hidden command too.
        #[cfg(unix)]
        guard::offer();
        let result = match self.command {
            #[cfg(unix)]
            Command::Demo(demo) => demo.run(),
            #[cfg(unix)]
            Command::Serve(serve) => serve.run(),
            #[cfg(unix)]
            Command::Rpc(rpc) => rpc.run(),
            #[cfg(unix)]
            Command::Doctor(doctor) => doctor.run(),
            #[cfg(unix)]
            Command::Status(status) => status.run(),
            #[cfg(unix)]
            Command::Pairing(pairing) => pairing.run(),
            #[cfg(unix)]
            Command::OptOut(optout) => optout.run(),
            #[cfg(unix)]
            Command::Inbox(inbox) => inbox.run(),
            #[cfg(unix)]
            Command::Store(store) => store.run(),
            #[cfg(unix)]
            Command::Simulate(simulate) => simulate.run(),
            Command::Segment(segment) => segment.run(),
            Command::Send(send) => send.run(),
            Command::Message(message) => message.run(),
            Command::Call(call) => call.run(),
            #[cfg(unix)]
            Command::Calls(calls) => calls.run(),
            Command::Hangup(hangup) => hangup.run(),
            Command::Verify(verify) => verify.run(),
            #[cfg(unix)]
            Command::Become(become_other) => become_other.run(),
        };
        match result {
            Ok(code) => code,
            // Whoever reads our output has had enough: `telephony segment … | head`.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                complain(&error.to_string());
                ExitCode::from(REFUSED)
            }
        }
    }
}

/// Says on standard error what went wrong. That standard error is closed is nobody's loss.
fn complain(message: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "telephony: {message}");
}
