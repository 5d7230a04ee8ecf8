//! Nothing leads into a private network: no literal, no name, no redirect, no name that changes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use wiremock::matchers::path;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::address::tests::PRIVATE;
use super::table::{no_name_that_changes_leads_to_any_of_them, no_redirect_leads_to_any_of_them};
use super::*;

/// The names that carriers' files come from.
pub(super) fn carriers() -> [(Account, &'static str); 4] {
    [
        (twilio(None), "api.twilio.com"),
        (telnyx(None), "media.telnyx.com"),
        (plivo(None), "media.plivo.com"),
        (mock(), "pictures.example"),
    ]
}

/// How an address is written in a URL.
pub(super) fn host(address: &str) -> String {
    if address.contains(':') { format!("[{address}]") } else { address.to_owned() }
}

/// This machine, in every family, as a trap that counts.
pub(super) async fn traps() -> Vec<Trap> {
    let mut traps = vec![Trap::set("127.0.0.1:0").await];
    // Some machines have no IPv6.
    if TcpListener::bind("[::1]:0").await.is_ok() {
        traps.push(Trap::set("[::1]:0").await);
    }
    traps
}

/// Every way to write this machine that leads to the port of the trap.
fn written(trap: &Trap) -> Vec<String> {
    let port = trap.address.port();
    let hosts: &[&str] = match trap.address.ip() {
        IpAddr::V4(_) => &[
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0177.0.0.1",
            "127.0.0.1.",
            "0.0.0.0",
            "[::ffff:127.0.0.1]",
            "[::127.0.0.1]",
            "[64:ff9b::127.0.0.1]",
            "[2002:7f00:1::]",
        ],
        IpAddr::V6(_) => &["[::1]", "[::]", "[0:0:0:0:0:0:0:1]"],
    };
    hosts.iter().map(|host| format!("https://{host}:{port}/1")).collect()
}

pub(super) async fn nobody_was_dialled(traps: &[Trap]) {
    for trap in traps {
        assert_eq!(trap.sprung().await, 0, "{}", trap.address);
    }
}

#[tokio::test]
async fn the_traps_count() {
    // What is configured may be anywhere: the same request is dialled there.
    for trap in traps().await {
        let (bench, base) = (Bench::new(), format!("http://carrier.test:{}", trap.address.port()));
        bench.names.lead("carrier.test", &[&[trap.address]]);
        let error = bench.fetch(&twilio(Some(&base)), &format!("{base}/1")).await.unwrap_err();
        assert!(matches!(error, FetchError::Unreachable(_)), "{error}");
        assert_eq!(trap.sprung().await, 1);
    }
}

/// By a literal, a name, a redirect and a name that changes, in IPv4, IPv6 and the one as the other.
#[tokio::test]
async fn media_fetch() {
    no_literal_is_dialled().await;
    no_name_leads_there().await;
    no_redirect_leads_there().await;
    a_name_that_changes_changes_nothing().await;
    no_redirect_leads_to_any_of_them().await;
    no_name_that_changes_leads_to_any_of_them().await;
}

async fn no_literal_is_dialled() {
    let (bench, traps) = (Bench::new(), traps().await);
    for (account, _) in carriers() {
        for trap in &traps {
            for url in written(trap) {
                let error = bench.fetch(&account, &url).await.unwrap_err();
                assert!(matches!(error, FetchError::Private), "{url}: {error}");
            }
        }
        for address in PRIVATE {
            let url = format!("https://{}/1", host(address));
            let error = bench.fetch(&account, &url).await.unwrap_err();
            assert!(matches!(error, FetchError::Private), "{url}: {error}");
        }
    }
    nobody_was_dialled(&traps).await;
}

async fn no_name_leads_there() {
    let (bench, traps) = (Bench::new(), traps().await);
    let public = SocketAddr::from((Ipv4Addr::new(1, 1, 1, 1), 9));
    for (account, name) in carriers() {
        let url = format!("https://{name}/1");
        for trap in &traps {
            let mapped = match trap.address.ip() {
                IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
                IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            };
            let mapped = SocketAddr::new(mapped, trap.address.port());
            // Alone, after one that is public, and as IPv6.
            for answer in [&[trap.address][..], &[public, trap.address], &[mapped]] {
                bench.names.lead(name, &[answer]);
                let error = bench.fetch(&account, &url).await.unwrap_err();
                assert!(matches!(error, FetchError::Private), "{url} {answer:?}: {error}");
            }
        }
        for address in PRIVATE {
            bench.names.lead(name, &[&[SocketAddr::new(address.parse().unwrap(), 443)]]);
            let error = bench.fetch(&account, &url).await.unwrap_err();
            assert!(matches!(error, FetchError::Private), "{url} {address}: {error}");
        }
    }
    nobody_was_dialled(&traps).await;
}

async fn no_redirect_leads_there() {
    let (bench, traps) = (Bench::new(), traps().await);
    // The operator's own stand-in may be anywhere. What it leads to may not.
    let stand_in = MockServer::start().await;
    let accounts = [
        (twilio(Some(&stand_in.uri())), "mms.twiliocdn.com"),
        (telnyx(Some(&stand_in.uri())), "media.telnyx.com"),
        (plivo(Some(&stand_in.uri())), "media.plivo.com"),
    ];
    for (account, name) in &accounts {
        for trap in &traps {
            bench.names.lead(name, &[&[trap.address]]);
            let by_name = format!("https://{name}/1");
            let plain = format!("http://{}/1", trap.address);
            for (target, is_private) in written(trap)
                .into_iter()
                .map(|target| (target, true))
                .chain([(by_name, true), (plain, false), ("//127.0.0.1:1/1".to_owned(), false)])
            {
                for status in [301, 302, 303, 307, 308] {
                    stand_in.reset().await;
                    let answer = ResponseTemplate::new(status).insert_header("location", &*target);
                    Mock::given(path("/1")).respond_with(answer).mount(&stand_in).await;
                    let url = format!("{}/1", stand_in.uri());
                    let error = bench.fetch(account, &url).await.unwrap_err();
                    let expected = match is_private {
                        true => matches!(error, FetchError::Private),
                        false => matches!(error, FetchError::NotHttps),
                    };
                    assert!(expected, "{status} {target}: {error}");
                }
            }
        }
    }
    nobody_was_dialled(&traps).await;
}

/// What passes the guard leads to a trap or a server of the test's, so that nothing on the Internet
/// is dialled.
pub(super) struct Detour(pub(super) Guard, pub(super) SocketAddr);

impl Resolve for Detour {
    fn resolve(&self, name: Name) -> Resolving {
        let (passed, instead) = (self.0.resolve(name), self.1);
        Box::pin(async move {
            let passed: Vec<_> = passed.await?.collect();
            assert!(passed.iter().all(|address| Reach::Public.allows(address.ip())));
            Ok(Box::new(passed.into_iter().map(move |_| instead)) as Addrs)
        })
    }
}

/// A name that is public when it is looked at, and private a moment later: what was looked at is
/// what is dialled.
async fn a_name_that_changes_changes_nothing() {
    let public_v4 = SocketAddr::from((Ipv4Addr::new(1, 1, 1, 1), 0));
    let public_v6 = SocketAddr::new("2606:4700:4700::1111".parse().unwrap(), 0);
    for private in traps().await {
        let outside = Trap::set("127.0.0.1:0").await;
        let bench = Bench::with(|names| {
            let detour = Detour(Guard::new(Reach::Public, names), outside.address);
            let mut clients = Clients::new(&tls, &(Arc::new(SystemResolver) as _)).unwrap();
            clients.public = client(tls().unwrap(), Arc::new(detour)).unwrap();
            clients
        });
        let mapped = match private.address.ip() {
            IpAddr::V4(address) => IpAddr::V6(address.to_ipv6_mapped()),
            IpAddr::V6(address) => IpAddr::V6(address),
        };
        let mapped = SocketAddr::new(mapped, private.address.port());
        let mut dialled = 0;
        for (account, name) in carriers() {
            let url = format!("https://{name}/1");
            for public in [public_v4, public_v6] {
                for then in [private.address, mapped] {
                    bench.names.lead(name, &[&[public], &[then]]);
                    let error = bench.fetch(&account, &url).await.unwrap_err();
                    assert!(matches!(error, FetchError::Unreachable(_)), "{error}");
                    dialled += 1;
                    // Whoever comes back looks again, and finds what it is now.
                    let error = bench.fetch(&account, &url).await.unwrap_err();
                    assert!(matches!(error, FetchError::Private), "{error}");
                }
            }
        }
        assert_eq!((outside.sprung().await, private.sprung().await), (dialled, 0));
    }
}

/// The mock is served to this machine alone, and may be given what is on it; nobody outside leads
/// in, and it leads to no other machine of the network.
#[tokio::test]
async fn the_mock_reaches_this_machine_and_the_internet() {
    let (bench, traps) = (Bench::new(), traps().await);
    let server = MockServer::start().await;
    let moved = |target: &str| ResponseTemplate::new(302).insert_header("location", target);
    for (number, target) in
        ["http://10.0.0.1/1", "https://10.0.0.1/1", "http://router.local/1"].iter().enumerate()
    {
        let at = format!("/{number}");
        Mock::given(path(&*at)).respond_with(moved(target)).mount(&server).await;
        let error = bench.fetch(&mock(), &format!("{}{at}", server.uri())).await.unwrap_err();
        assert!(matches!(error, FetchError::Private | FetchError::NotHttps), "{error}");
    }
    let carrier_account = mock();
    let carrier = Carrier::new(&carrier_account.provider);
    let local = Url::parse("http://127.0.0.1:9/1").unwrap();
    for (from, is_let_in) in
        [(None, true), (Some(Reach::Loopback), true), (Some(Reach::Public), false)]
    {
        assert_eq!(carrier.permit(&local, from).is_ok(), is_let_in, "{from:?}");
    }
    // `localhost` is a name like others, and leads to this machine or nowhere.
    bench.names.lead("localhost", &[&[SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 0))]]);
    let error = bench.fetch(&mock(), "http://localhost:9/1").await.unwrap_err();
    assert!(matches!(error, FetchError::Private), "{error}");
    nobody_was_dialled(&traps).await;
}
