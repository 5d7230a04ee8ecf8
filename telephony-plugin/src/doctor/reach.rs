//! Goes to the public URL stage by stage: asks for its name, connects, and shakes hands.

use std::io;
use std::net::SocketAddr;

use rustls::CertificateError;
use telephony_core::AccountId;

use super::edges::Edges;
use super::finding::Report;
use super::public_url::{Dns, Tcp, Tls, is_private};

/// Goes from the name to the handshake: where it can be asked, if it can. `funnel` is the host of
/// the funnel that runs, if one does.
pub(super) async fn reach(
    edges: &Edges,
    url: &url::Url,
    funnel: Option<&str>,
    of: Option<&AccountId>,
    report: &mut Report,
) -> Option<SocketAddr> {
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    let addresses = match edges.given(host) {
        Some(address) => {
            report.add(&Dns::Given { host: host.to_owned(), address }, of);
            vec![address]
        }
        None => named(edges, (host, port), funnel, of, report).await?,
    };
    let (address, stream) = connected(edges, &addresses, of, report).await?;
    if url.scheme() == "https" {
        let shaken = edges.shake_hands(host, stream).await;
        let found = shaken.map_or_else(|error| handshake(&error, host), |()| Tls::Good);
        report.add(&found, of);
        if found != Tls::Good {
            return None;
        }
    }
    Some(address)
}

async fn named(
    edges: &Edges,
    (host, port): (&str, u16),
    funnel: Option<&str>,
    of: Option<&AccountId>,
    report: &mut Report,
) -> Option<Vec<SocketAddr>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = edges.resolver.resolve(bare, port).await.unwrap_or_default();
    let is_funnel = funnel == Some(host);
    let host = host.to_owned();
    let private = found.iter().map(SocketAddr::ip).find(|address| is_private(*address));
    let says = match (found.len(), private) {
        (0, _) => Dns::Unknown { host },
        (_, Some(address)) if is_funnel => Dns::Funnel { host, address },
        (_, Some(address)) => Dns::Private { host, address },
        (count, None) => Dns::Found { host, count },
    };
    report.add(&says, of);
    (!found.is_empty()).then_some(found)
}

/// The first address that somebody listens at.
async fn connected(
    edges: &Edges,
    addresses: &[SocketAddr],
    of: Option<&AccountId>,
    report: &mut Report,
) -> Option<(SocketAddr, tokio::net::TcpStream)> {
    let mut last = None;
    for address in addresses.iter().take(4) {
        let error = match edges.connect(*address).await {
            Ok(stream) => {
                report.add(&Tcp::Open(*address), of);
                return Some((*address, stream));
            }
            Err(error) => error,
        };
        last = Some(match error.kind() {
            io::ErrorKind::ConnectionRefused => Tcp::Refused(*address),
            io::ErrorKind::TimedOut => Tcp::Silent(*address),
            _ => Tcp::Failed(*address, error.to_string()),
        });
    }
    last.iter().for_each(|last| report.add(last, of));
    None
}

/// What is wrong with a handshake.
fn handshake(error: &io::Error, host: &str) -> Tls {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(certificate)) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Tls::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Tls::NotYet
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Tls::OtherHost(host.to_owned())
            }
            CertificateError::UnknownIssuer
            | CertificateError::BadSignature
            // An authority's own certificate is none that a host may have.
            | CertificateError::Other(_) => Tls::Unvouched,
            other => Tls::Failed(other.to_string()),
        },
        Some(rustls::Error::InvalidMessage(_)) => Tls::None,
        Some(other) => Tls::Failed(other.to_string()),
        None => match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::UnexpectedEof => Tls::None,
            _ => Tls::Failed(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::super::edges::Resolve;
    use super::super::finding::Severity;
    use super::*;

    /// Says the same of each name.
    #[derive(Debug)]
    struct Same(IpAddr);

    #[async_trait::async_trait]
    impl Resolve for Same {
        async fn resolve(&self, _: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            Ok(vec![(self.0, port).into()])
        }
    }

    #[tokio::test]
    async fn a_funnel_may_have_an_address_of_the_tailnet_on_its_own_machine() {
        const HOST: &str = "box.tail1.ts.net";
        for (address, funnel, expected) in [
            ("100.101.102.103", Some(HOST), Severity::Ok),
            ("fd7a:115c:a1e0::1", Some(HOST), Severity::Ok),
            ("100.101.102.103", Some("other.tail1.ts.net"), Severity::Warning),
            ("100.101.102.103", None, Severity::Warning),
            ("1.2.3.4", None, Severity::Ok),
        ] {
            let mut edges = Edges::of_system().unwrap();
            edges.resolver = Arc::new(Same(address.parse().unwrap()));
            let mut report = Report::default();
            let found = named(&edges, (HOST, 443), funnel, None, &mut report).await.unwrap();
            assert_eq!(found.len(), 1, "it is asked all the same");
            assert_eq!(report.worst(), expected, "{address} {funnel:?}");
        }
    }
}
