//! Whose hosts they are, and who is told our credentials.

use std::io::Cursor;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::media::kind::tests::PNG;

/// What is told at a URL: nothing, at once, when it is asked for; or why it is not asked.
fn permitted(account: &Account, url: &str) -> &'static str {
    let url = Url::parse(url).unwrap();
    match Carrier::new(&account.provider).permit(&url, None) {
        Ok(Permit { reach: Reach::Public, credentials }) => match credentials {
            Credentials::None => "plain",
            Credentials::Told(_) => "told",
            Credentials::WhenAsked(_) => "when asked",
        },
        Ok(_) => "configured",
        Err(FetchError::Host) => "host",
        Err(FetchError::NotHttps) => "https",
        Err(FetchError::Private) => "private",
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn each_carrier_has_its_hosts_and_tells_its_own_api_alone() {
    let stand_in = "http://10.0.0.7:9000";
    for (account, cases) in [
        (
            twilio(None),
            &[
                ("https://api.twilio.com/2010-04-01/Accounts/AC0/Messages/MM0/Media/ME0", "told"),
                ("https://api.dublin.ie1.twilio.com/1", "told"),
                ("https://mcs.us1.twilio.com/1", "plain"),
                ("https://mms.twiliocdn.com/AC0/1?Expires=1", "plain"),
                ("https://media.twiliocdn.com/1", "plain"),
                ("https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC0/1", "plain"),
                ("https://s3-external-1.amazonaws.com/somebody/1", "host"),
                ("https://s3-external-1.amazonaws.com/media.twiliocdn.com/../other/1", "host"),
                ("https://media.telnyx.com/1", "host"),
                ("https://api.twilio.com.evil.example/1", "host"),
                ("https://eviltwilio.com/1", "host"),
                ("https://evil.example/api.twilio.com", "host"),
                ("https://api.twilio.com@evil.example/1", "host"),
                ("https://user@api.twilio.com/1", "host"),
                ("https://api.twilio.com./1", "host"),
                ("https://api.twilio.com:8443/1", "host"),
                ("http://api.twilio.com/1", "https"),
                ("ftp://api.twilio.com/1", "https"),
                ("https://8.8.8.8/1", "host"),
                ("http://10.0.0.7:9000/1", "https"),
            ][..],
        ),
        (
            telnyx(None),
            &[
                ("https://media.telnyx.com/1", "told"),
                ("https://api.telnyx.com/v2/1", "told"),
                ("https://us-central-1.telnyxcloudstorage.com/1", "plain"),
                ("https://api.twilio.com/1", "host"),
                ("https://nottelnyx.com/1", "host"),
            ],
        ),
        (
            plivo(None),
            &[
                ("https://media.plivo.com/1", "when asked"),
                ("https://aps1.media.plivo.com/1", "when asked"),
                ("https://media.telnyx.com/1", "host"),
            ],
        ),
        (
            mock(),
            &[
                ("https://pictures.example/1", "plain"),
                ("https://pictures.example:8443/1", "plain"),
                ("https://8.8.8.8/1", "plain"),
                ("http://pictures.example/1", "https"),
                ("http://localhost.example/1", "https"),
                ("https://127.0.0.1/1", "private"),
            ],
        ),
        (
            twilio(Some(stand_in)),
            &[
                ("http://10.0.0.7:9000/1", "configured"),
                ("https://10.0.0.7:9000/1", "private"),
                ("http://10.0.0.7:9001/1", "https"),
                ("http://10.0.0.8:9000/1", "https"),
                ("http://x@10.0.0.7:9000/1", "host"),
                ("https://mms.twiliocdn.com/1", "plain"),
            ],
        ),
    ] {
        for (url, expected) in cases {
            assert_eq!(permitted(&account, url), *expected, "{url}");
        }
    }
}

#[tokio::test]
async fn a_stand_in_is_told_as_the_carrier_is() {
    let server = MockServer::start().await;
    let base = server.uri();
    let sid = format!("AC{:032}", 0);
    let basic = |user: &str| {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(format!("{user}:canary"));
        format!("Basic {text}")
    };
    for (account, authorization) in [
        (twilio(Some(&base)), basic(&sid)),
        (telnyx(Some(&base)), "Bearer canary".to_owned()),
        (plivo(Some(&base)), basic("MA0")),
    ] {
        server.reset().await;
        let picture = ResponseTemplate::new(200).set_body_raw(PNG, "image/png");
        let told = header("authorization", &*authorization);
        Mock::given(path("/1")).and(told).respond_with(picture).mount(&server).await;
        let asks = ResponseTemplate::new(401);
        Mock::given(path("/1")).respond_with(asks).with_priority(9).mount(&server).await;
        let bench = Bench::new();
        bench.fetch(&account, &format!("{base}/1")).await.unwrap();
        let tries = server.received_requests().await.unwrap().len();
        let is_asked = matches!(account.provider, telephony_core::config::Provider::Plivo(_));
        assert_eq!(tries, if is_asked { 2 } else { 1 }, "{:?}", account.provider.kind());
    }
}

#[tokio::test]
async fn an_error_shows_no_credentials_and_no_address() {
    let bench = Bench::new();
    let base = "http://127.0.0.1:1";
    let error = bench.fetch(&twilio(Some(base)), &format!("{base}/secret?Signature=1")).await;
    let error = error.unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(matches!(error, FetchError::Unreachable(_)), "{shown}");
    assert!(!shown.contains("canary") && !shown.contains("secret"), "{shown}");
}

/// Serves TLS for some names: the path is what a line of the journey answers. Tells who was asked
/// what, and with which credentials.
pub(super) async fn tls_server(
    names: &[&str],
    answers: &'static [(&str, &str)],
) -> (SocketAddr, ClientConfig, Log) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(names).unwrap();
    let certificate: CertificateDer<'static> = cert.der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(ring::default_provider());
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (acceptor, log) = (TlsAcceptor::from(Arc::new(server)), Log::default());
    let seen = Arc::clone(&log);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 4096];
            let read = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..read]).to_ascii_lowercase();
            let value = |name: &str| {
                let line = request.lines().find_map(|line| line.strip_prefix(name));
                line.unwrap_or("-").trim().to_owned()
            };
            let (host, told) = (value("host:"), value("authorization:"));
            let told = told.split(' ').next().unwrap_or_default().to_owned();
            seen.lock().unwrap().push(format!("{host} {told}"));
            let answer = answers.iter().find(|(name, _)| *name == host).map(|(_, answer)| *answer);
            let mut body = Cursor::new(Vec::new());
            match answer.unwrap_or("picture") {
                "picture" => {
                    let head = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: {}\r\n\r\n",
                        PNG.len()
                    );
                    body.write_all(head.as_bytes()).await.unwrap();
                    body.write_all(PNG).await.unwrap();
                }
                location => {
                    let head = format!(
                        "HTTP/1.1 307 Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
                    );
                    body.write_all(head.as_bytes()).await.unwrap();
                }
            }
            stream.write_all(body.get_ref()).await.unwrap();
            let _ = stream.shutdown().await;
        }
    });
    (address, client, log)
}

pub(super) type Log = Arc<Mutex<Vec<String>>>;

/// A bench on which some names are looked up as public, and lead to `address` all the same.
fn bench_at(address: SocketAddr, tls: &ClientConfig) -> Bench {
    struct Straight(SocketAddr);

    impl Resolve for Straight {
        fn resolve(&self, _: Name) -> Resolving {
            let address = self.0;
            Box::pin(async move { Ok(Box::new(std::iter::once(address)) as Addrs) })
        }
    }

    Bench::with(|names| {
        let mut clients = Clients::new(&super::super::tls, &(names as _)).unwrap();
        clients.public = client(tls.clone(), Arc::new(Straight(address))).unwrap();
        clients
    })
}

#[tokio::test]
async fn twilios_cdn_hears_nothing_of_the_credentials() {
    let names = ["api.twilio.com", "mms.twiliocdn.com", "s3-external-1.amazonaws.com"];
    let (address, tls, log) = tls_server(
        &names,
        &[
            ("api.twilio.com", "https://mms.twiliocdn.com/AC0/1?Signature=1"),
            ("mms.twiliocdn.com", "https://s3-external-1.amazonaws.com/media.twiliocdn.com/AC0/1"),
        ],
    )
    .await;
    let bench = bench_at(address, &tls);
    let fetched = bench.fetch(&twilio(None), "https://api.twilio.com/1").await.unwrap();
    assert_eq!(std::fs::read(fetched.path).unwrap(), PNG);
    let expected = ["api.twilio.com basic", "mms.twiliocdn.com -", "s3-external-1.amazonaws.com -"];
    assert_eq!(*log.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_certificate_of_somebody_else_is_none() {
    let (address, tls, log) = tls_server(&["mms.twiliocdn.com"], &[]).await;
    let bench = bench_at(address, &tls);
    let error = bench.fetch(&twilio(None), "https://api.twilio.com/1").await.unwrap_err();
    assert!(matches!(error, FetchError::Unreachable(_)), "{error}");
    assert!(log.lock().unwrap().is_empty(), "nobody was told anything");
}

#[tokio::test]
async fn hops_are_counted() {
    let (address, tls, log) =
        tls_server(&["media.telnyx.com"], &[("media.telnyx.com", "/again")]).await;
    let bench = bench_at(address, &tls);
    let error = bench.fetch(&telnyx(None), "https://media.telnyx.com/1").await.unwrap_err();
    assert!(matches!(error, FetchError::Redirects), "{error}");
    assert_eq!(log.lock().unwrap().len(), 1 + MAX_REDIRECTS);
    let moved = MockServer::start().await;
    Mock::given(path("/1")).respond_with(ResponseTemplate::new(302)).mount(&moved).await;
    let error = bench.fetch(&mock(), &format!("{}/1", moved.uri())).await.unwrap_err();
    assert!(matches!(error, FetchError::Moved), "{error}");
}
