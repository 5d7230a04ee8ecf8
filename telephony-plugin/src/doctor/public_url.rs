//! Whether the public URL can lead here: what is said of its form, name, socket and certificate.

use std::net::{IpAddr, SocketAddr};

use telephony_core::ProviderKind;

use super::finding::{Said, Says};

/// What the public URL is like before anything is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Form {
    /// There is none.
    Missing,
    /// It will be that of a tunnel.
    Awaited,
    /// It is not encrypted.
    Plain,
    /// It names a machine that carriers do not reach.
    Private,
    /// It is as carriers need it.
    Good(String),
}

/// Whether its name has an address.
#[derive(Debug)]
pub(super) enum Dns {
    /// It has none.
    Unknown { host: String },
    /// It is one that only this network knows.
    Private { host: String, address: IpAddr },
    /// It is one that the tailnet alone knows, and others know another, at which the funnel begins.
    Funnel { host: String, address: IpAddr },
    /// It was given on the command line.
    Given { host: String, address: SocketAddr },
    /// It has some.
    Found { host: String, count: usize },
}

/// Whether somebody listens there.
#[derive(Debug)]
pub(super) enum Tcp {
    /// Nobody does.
    Refused(SocketAddr),
    /// Nothing comes back.
    Silent(SocketAddr),
    /// Something else is wrong.
    Failed(SocketAddr, String),
    /// Somebody does.
    Open(SocketAddr),
}

/// Whether the one who listens can be trusted to be it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tls {
    /// The certificate is too old.
    Expired,
    /// The certificate is of the future.
    NotYet,
    /// The certificate is another host's.
    OtherHost(String),
    /// Nobody vouches for the certificate.
    Unvouched,
    /// It does not speak TLS.
    None,
    /// Something else is wrong.
    Failed(String),
    /// It can.
    Good,
}

impl Says for Form {
    fn check(&self) -> &'static str {
        "publicUrl"
    }

    fn says(&self) -> Said {
        match self {
            Self::Missing => Said::error(
                "nothing public leads to this server: there is neither publicUrl nor a tunnel",
                "Set publicUrl to the https:// URL that leads to this server, or tunnel.provider.",
            ),
            Self::Awaited => Said::note(
                "it is the tunnel's, which is known once the server runs and the tunnel is up",
                "See the finding about the tunnel, and run the doctor again then.",
            ),
            Self::Plain => Said::error(
                "publicUrl begins with http://, so that anybody on the way reads what people write",
                "Set publicUrl to an https:// URL, and have the proxy or tunnel end TLS.",
            ),
            Self::Private => Said::error(
                "publicUrl names this machine or a private network, where no carrier can post",
                "Set publicUrl to a host that the Internet knows, or set up a tunnel.",
            ),
            Self::Good(url) => Said::ok(url),
        }
    }
}

impl Says for Dns {
    fn check(&self) -> &'static str {
        "dns"
    }

    fn says(&self) -> Said {
        match self {
            Self::Unknown { host } => Said::error(
                format!("{host} has no address"),
                format!("Correct publicUrl, or add an A or AAAA record for {host}."),
            ),
            Self::Private { host, address } => Said::warning(
                format!("{host} is {address} from here, which no carrier reaches"),
                "Give the name a public address, unless this network has an answer of its own.",
            ),
            Self::Funnel { host, address } => Said::ok(format!(
                "{host} is {address} within the tailnet, and Tailscale's to everybody else"
            )),
            Self::Given { host, address } => Said::ok(format!("{host} is given as {address}")),
            Self::Found { host, count } => {
                let plural = if *count == 1 { "" } else { "es" };
                Said::ok(format!("{host} has {count} address{plural}"))
            }
        }
    }
}

impl Says for Tcp {
    fn check(&self) -> &'static str {
        "tcp"
    }

    fn says(&self) -> Said {
        match self {
            Self::Refused(address) => Said::error(
                format!("nobody listens at {address}"),
                "Start the proxy or tunnel that publicUrl names, or correct the port of publicUrl.",
            ),
            Self::Silent(address) => Said::error(
                format!("{address} does not answer"),
                "Open the port in the firewall. If only this network cannot reach its own public \
                 address, name the proxy with --resolve.",
            ),
            Self::Failed(address, why) => Said::error(
                format!("{address} cannot be connected to: {why}"),
                "Check this machine's network.",
            ),
            Self::Open(address) => Said::ok(format!("{address} answers")),
        }
    }
}

impl Says for Tls {
    fn check(&self) -> &'static str {
        "tls"
    }

    fn says(&self) -> Said {
        match self {
            Self::Expired => Said::error(
                "the certificate has expired",
                "Renew it, and have the proxy load it again.",
            ),
            Self::NotYet => Said::error(
                "the certificate is not valid yet",
                "Set this machine's clock, or install the certificate that is valid now.",
            ),
            Self::OtherHost(host) => Said::error(
                format!("the certificate is not {host}'s"),
                format!("Install a certificate that names {host}, or correct publicUrl."),
            ),
            Self::Unvouched => Said::error(
                "nobody vouches for the certificate: it is self-signed, or sent without the one \
                 between",
                "Install a certificate of a public authority with its whole chain.",
            ),
            Self::None => Said::error(
                "it does not speak TLS",
                "Have the proxy end TLS at this port, or correct the port of publicUrl.",
            ),
            Self::Failed(why) => Said::error(
                format!("the TLS handshake fails: {why}"),
                "Have the proxy offer TLS 1.2 or 1.3.",
            ),
            Self::Good => Said::ok("the certificate is the host's, and is trusted"),
        }
    }
}

/// What a URL is like.
pub(super) fn form(url: &url::Url, kind: ProviderKind) -> Form {
    let is_private = match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost"
                || [".localhost", ".local", ".internal", ".lan", ".home.arpa"]
                    .iter()
                    .any(|end| name.ends_with(end))
        }
        Some(url::Host::Ipv4(address)) => is_private(address.into()),
        Some(url::Host::Ipv6(address)) => is_private(address.into()),
        None => true,
    };
    match (is_private, url.scheme()) {
        (true, _) => Form::Private,
        (false, "https") => Form::Good(super::number::shown(url.as_str())),
        _ if kind == ProviderKind::Mock => Form::Good(super::number::shown(url.as_str())),
        _ => Form::Plain,
    }
}

/// Whether an address is one that the Internet does not know.
pub(super) fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_carrier_reaches_is_known_by_its_form() {
        let plain = Form::Plain;
        for (url, expected) in [
            ("https://localhost/x", Form::Private),
            ("https://127.0.0.1:3335", Form::Private),
            ("https://192.168.1.4", Form::Private),
            ("https://[fd00::1]/", Form::Private),
            ("https://box.local/", Form::Private),
            ("http://sms.example.com", plain),
            ("https://8.8.8.8/", Form::Good("https://8.8.8.8/".to_owned())),
            ("https://sms.example.com/", Form::Good("https://sms.example.com/".to_owned())),
        ] {
            assert_eq!(form(&url.parse().unwrap(), ProviderKind::Twilio), expected, "{url}");
        }
    }
}
