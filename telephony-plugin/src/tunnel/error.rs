//! Why there is no tunnel: one sentence each, with what to do.

use std::net::IpAddr;

use thiserror::Error;

/// Why a tunnel is not up. What the programs print is never shown: ngrok repeats the token.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// The program is not there.
    #[error(
        "tunnel.provider: there is no program {0} on PATH: install it, or set tunnel.provider to \"none\""
    )]
    Missing(&'static str),
    /// The program cannot be run.
    #[error(
        "tunnel.provider: {program} cannot be run ({reason}): see that it starts by hand, as this user"
    )]
    Run {
        /// The program.
        program: &'static str,
        /// What the system says.
        reason: String,
    },
    /// The program does not know what it is asked for.
    #[error("tunnel.provider: this {program} is too old: {fix}")]
    Old {
        /// The program.
        program: &'static str,
        /// What makes it newer.
        fix: &'static str,
    },
    /// ngrok has no token.
    #[error(
        "tunnel.ngrokAuthToken: ngrok has no token: set it, or NGROK_AUTHTOKEN, to the one at \
         https://dashboard.ngrok.com/get-started/your-authtoken"
    )]
    NoToken,
    /// ngrok does not take the token.
    #[error(
        "tunnel.ngrokAuthToken: ngrok refused the token (ERR_NGROK_{0}): set it, or \
         NGROK_AUTHTOKEN, to the one at https://dashboard.ngrok.com/get-started/your-authtoken"
    )]
    Token(u32),
    /// The account has as many agents as it may.
    #[error(
        "tunnel.provider: the ngrok account runs as many agents as it may (ERR_NGROK_108): end the \
         other one, which is listed at https://dashboard.ngrok.com/agents; it is tried again"
    )]
    Sessions,
    /// The URL is online already.
    #[error(
        "tunnel.ngrokDomain: another ngrok agent has this URL online (ERR_NGROK_334): end it, which \
         is listed at https://dashboard.ngrok.com/endpoints, or set another domain; it is \
         tried again"
    )]
    Online,
    /// The account does not have the domain.
    #[error(
        "tunnel.ngrokDomain: ngrok does not give this domain to the account (ERR_NGROK_{0}): \
         reserve it at https://dashboard.ngrok.com/domains, or set the one that is listed there"
    )]
    Domain(u32),
    /// Anything else that ngrok has a number for.
    #[error(
        "tunnel.provider: ngrok failed with ERR_NGROK_{0}: https://ngrok.com/docs/errors/err_ngrok_{0} says what to do"
    )]
    Ngrok(u32),
    /// ngrok cannot reach its servers.
    #[error(
        "tunnel.provider: ngrok does not reach its servers: check this machine's network; it is tried again"
    )]
    Network,
    /// The program ended by itself.
    #[error(
        "tunnel.provider: {0} ended by itself; it is started again: if that goes on, run it by hand \
         to see why"
    )]
    Ended(&'static str),
    /// The program does not answer.
    #[error(
        "tunnel.provider: {0} does not answer; it is tried again: if that goes on, run it by hand to \
         see why"
    )]
    Silent(&'static str),
    /// The program runs, and its tunnel does not.
    #[error(
        "tunnel.provider: {0} has no tunnel any more; it is started again: if that goes on, see in \
         its dashboard who ends it"
    )]
    Gone(&'static str),
    /// There is no URL in time.
    #[error(
        "tunnel.provider: {program} gave no URL within {seconds} s: check this machine's network; it is tried again"
    )]
    NoUrl {
        /// The program.
        program: &'static str,
        /// How long was waited.
        seconds: u64,
    },
    /// tailscaled does not run.
    #[error(
        "tunnel.provider: Tailscale does not run on this machine: start it (sudo systemctl start tailscaled)"
    )]
    NoDaemon,
    /// This machine is in no tailnet.
    #[error("tunnel.provider: this machine is not logged in to Tailscale: run tailscale up")]
    LoggedOut,
    /// It is, and its connection is switched off.
    #[error("tunnel.provider: Tailscale is stopped on this machine: run tailscale up")]
    Stopped,
    /// Somebody has to allow us to change the configuration.
    #[error(
        "tunnel.provider: Tailscale lets this user change nothing: run sudo tailscale set --operator=$USER once"
    )]
    Denied,
    /// The tailnet has no certificates.
    #[error(
        "tunnel.provider: HTTPS is not enabled in the tailnet: enable MagicDNS and HTTPS \
         certificates at https://login.tailscale.com/admin/dns"
    )]
    NoHttps,
    /// The policy does not let this machine open a funnel.
    #[error(
        "tunnel.provider: the tailnet does not let this machine open a funnel: add the node \
         attribute \"funnel\" at https://login.tailscale.com/admin/acls"
    )]
    NoFunnel,
    /// The policy does not let it open this port.
    #[error(
        "tunnel.port: the tailnet does not let a funnel open port {0}: set one that it does, of 443, 8443 and 10000"
    )]
    FunnelPort(u16),
    /// Something else is at our path.
    #[error(
        "serve.path: Tailscale serves {path} on port {port} for something else ({target}): remove \
         that with tailscale serve --https={port} --set-path={path} off, or set another path or \
         tunnel.port"
    )]
    PathTaken {
        /// The path.
        path: String,
        /// The port.
        port: u16,
        /// Where it leads.
        target: String,
    },
    /// Something else than a web server has the port.
    #[error(
        "tunnel.port: Tailscale has port {0} for something else: set tunnel.port to another port"
    )]
    PortTaken(u16),
    /// What is served within the tailnet would be open to everybody, or the other way round.
    #[error("tunnel.port: {0}: set tunnel.port to another port")]
    Mixed(Mixed),
    /// Tailscale can only forward to this machine.
    #[error(
        "serve.bind: Tailscale forwards to 127.0.0.1 alone, not to {0}: set serve.bind to 127.0.0.1"
    )]
    Bind(IpAddr),
    /// Anything else that Tailscale does not do.
    #[error("tunnel.provider: tailscale {0} failed: run it by hand to see why; it is tried again")]
    Tailscale(&'static str),
    /// The URL is not the one that carriers use.
    #[error(
        "publicUrl: the tunnel's URL is {tunnel}, and publicUrl is {public}: remove publicUrl, or \
         set it to the tunnel's URL"
    )]
    Differs {
        /// What the tunnel has.
        tunnel: String,
        /// What is configured.
        public: String,
    },
    /// What was left of a tunnel runs still.
    #[error(
        "tunnel.provider: process {0} of an earlier tunnel does not end: kill it (kill -9 {0})"
    )]
    Runs(u32),
    /// What was left of a tunnel is there by a name that the machine had.
    #[error(
        "tunnel.provider: Tailscale keeps entries of ours by {0}, which was this machine's name: \
         give it that name once more and restart, or remove all that it serves with tailscale serve \
         reset"
    )]
    Renamed(String),
    /// What we started cannot be written down, and so not be ended after a crash.
    #[error(
        "tunnel.provider: what is started cannot be written down in the state directory ({0}): \
         make room there, and let this user read and write tunnel.json"
    )]
    Leftovers(String),
}

/// What else is on a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Mixed {
    /// We want a funnel.
    #[error(
        "a funnel on port {0} would open to everybody what Tailscale serves there within the tailnet"
    )]
    Opened(u16),
    /// We want the tailnet alone.
    #[error("serving within the tailnet would close the funnel that Tailscale has on port {0}")]
    Closed(u16),
}

impl TunnelError {
    /// Whether somebody has to do something first: then a start fails with it. What an agent of
    /// ours that was cut off holds still, at ngrok's end, passes by itself.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Sessions
                | Self::Online
                | Self::Ngrok(_)
                | Self::Network
                | Self::Ended(_)
                | Self::Silent(_)
                | Self::Gone(_)
                | Self::NoUrl { .. }
                | Self::Tailscale(_)
        )
    }

    /// Whether an agent that has no tunnel yet is ended for it: it might try for ever.
    #[must_use]
    pub(super) const fn ends_agent(&self) -> bool {
        self.is_refusal() || matches!(self, Self::Sessions | Self::Online)
    }

    /// What a number of ngrok's means: <https://ngrok.com/docs/errors/reference>.
    #[must_use]
    pub(super) const fn of_ngrok(code: u32) -> Self {
        match code {
            4018 => Self::NoToken,
            105 | 106 | 107 | 300 => Self::Token(code),
            108 => Self::Sessions,
            120 => Self::Old { program: "ngrok", fix: "run ngrok update" },
            334 | 18_009 => Self::Online,
            313 | 314 | 319 | 320 | 7117 | 7118 => Self::Domain(code),
            _ => Self::Ngrok(code),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_can_do_something_about_it_hears_which_key_and_what() {
        for code in [4018, 105, 107, 108, 120, 334, 320] {
            let error = TunnelError::of_ngrok(code);
            assert_eq!(error.is_refusal(), ![108, 334].contains(&code), "{error}");
            assert!(error.to_string().starts_with("tunnel."), "{error}");
        }
        assert!(!TunnelError::of_ngrok(802).is_refusal());
        assert!(TunnelError::of_ngrok(802).to_string().contains("err_ngrok_802"));
    }
}
