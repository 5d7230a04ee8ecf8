//! Every address that nothing is fetched from, by a redirect and by a name that changes; by itself
//! and by a name it is in [`private`](super::private).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::address::tests::PRIVATE;
use super::carriers::tls_server;
use super::private::{Detour, carriers, host, nobody_was_dialled, traps};
use super::*;

/// What the traps are, and everything else, each of IPv4 as IPv6 too, which some systems dial.
fn everything(traps: &[Trap]) -> Vec<SocketAddr> {
    let written = PRIVATE.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 443));
    let mut all: Vec<_> = traps.iter().map(|trap| trap.address).chain(written).collect();
    let mapped: Vec<_> = all
        .iter()
        .filter_map(|address| match address.ip() {
            IpAddr::V4(ip) => Some(SocketAddr::new(ip.to_ipv6_mapped().into(), address.port())),
            IpAddr::V6(_) => None,
        })
        .collect();
    all.extend(mapped);
    all
}

pub(super) async fn no_redirect_leads_to_any_of_them() {
    let (bench, traps, stand_in) = (Bench::new(), traps().await, MockServer::start().await);
    let base = stand_in.uri();
    let mut asked = 0;
    for (account, name) in [
        (twilio(Some(&base)), "mms.twiliocdn.com"),
        (telnyx(Some(&base)), "media.telnyx.com"),
        (plivo(Some(&base)), "media.plivo.com"),
    ] {
        for address in everything(&traps) {
            bench.names.lead(name, &[&[address]]);
            let literal = host(&address.ip().to_string());
            for target in [
                format!("https://{literal}:{}/1", address.port()),
                format!("https://{literal}/1"),
                format!("https://{name}/1"),
            ] {
                asked += 1;
                let at = format!("/{asked}");
                let answer = ResponseTemplate::new(302).insert_header("location", &*target);
                Mock::given(path(&*at)).respond_with(answer).mount(&stand_in).await;
                let error = bench.fetch(&account, &format!("{base}{at}")).await.unwrap_err();
                assert!(matches!(error, FetchError::Private), "{target} {address}: {error}");
                stand_in.reset().await;
            }
        }
    }
    nobody_was_dialled(&traps).await;
}

/// The name is public when the fetch begins, and private when its next hop leads there again.
pub(super) async fn no_name_that_changes_leads_to_any_of_them() {
    let answers: &[_] = &[
        ("api.twilio.com", "/again"),
        ("media.telnyx.com", "/again"),
        ("media.plivo.com", "/again"),
        ("pictures.example", "/again"),
    ];
    let names: Vec<_> = answers.iter().map(|(name, _)| *name).collect();
    let (server, tls, log) = tls_server(&names, answers).await;
    let bench = Bench::with(|names| {
        let detour = Detour(Guard::new(Reach::Public, names), server);
        let mut clients =
            Clients::new(&super::super::tls, &(Arc::new(SystemResolver) as _)).unwrap();
        clients.public = client(tls, Arc::new(detour)).unwrap();
        clients
    });
    let traps = traps().await;
    let public_v4 = SocketAddr::from((Ipv4Addr::new(1, 1, 1, 1), 0));
    let public_v6 = SocketAddr::new("2606:4700:4700::1111".parse().unwrap(), 0);
    let carriers = carriers();
    for (at, then) in everything(&traps).into_iter().enumerate() {
        let (account, name) = &carriers[at % carriers.len()];
        let first = if at % 3 == 0 { public_v6 } else { public_v4 };
        bench.names.lead(name, &[&[first], &[then]]);
        let error = bench.fetch(account, &format!("https://{name}/1")).await.unwrap_err();
        assert!(matches!(error, FetchError::Private), "{name} {then}: {error}");
        assert_eq!(log.lock().unwrap().len(), at + 1, "the first hop alone is asked");
    }
    nobody_was_dialled(&traps).await;
}
