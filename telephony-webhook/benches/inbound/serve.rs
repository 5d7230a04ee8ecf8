//! The servers: the real one, and the least that hyper can do.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use telephony_core::config::{Host, load};
use telephony_core::{OsEntropy, SystemClock};
use telephony_webhook::{
    Endpoint, Health, HealthProbe, Inbox as _, Limits, Quota, Receiver, Routes, Server,
    SqliteInbox, SqliteWriter,
};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub(crate) const ACCOUNT_SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const TOKEN: &str = "auth-token-0123456789";
pub(crate) const OWN: &str = "+15550001111";
pub(crate) const URL: &str = "https://example.com/telephony/webhook";

/// Reads each body and says hello.
pub(crate) fn hello() -> ExitCode {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let serve = async {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let service = service_fn(async |request: hyper::Request<Incoming>| {
                    request.into_body().collect().await.unwrap();
                    let hello = Full::new(Bytes::from_static(b"hello"));
                    Ok::<_, Infallible>(hyper::Response::new(hello))
                });
                tokio::spawn(async move {
                    let _ =
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        };
        tokio::select! {
            () = serve => {}
            () = end_of_input() => {}
        }
    })
}

/// The real server over the real store.
pub(crate) fn serve(folder: &str) -> ExitCode {
    block_on(async {
        let config = format!(
            "{{ provider: 'twilio', fromNumber: '{OWN}', publicUrl: '{URL}', \
               twilio: {{ accountSid: '{ACCOUNT_SID}', authToken: '{TOKEN}' }} }}"
        );
        let config = load(&config, Host::Standalone, &|_| None).unwrap();
        let file = std::path::Path::new(folder).join("inbox.db");
        let writer = SqliteWriter::open(&file, &[SqliteInbox::SCHEMA]).unwrap();
        let inbox = Arc::new(SqliteInbox::new(writer));
        // What a route takes is counted, but is no bound to what is measured.
        let mut limits = Limits::default();
        limits.route = Quota { burst: 1_000_000, every: Duration::from_micros(1) };
        let clock = Arc::new(SystemClock);
        let receiver = Receiver::new(inbox.clone(), clock, Arc::new(OsEntropy), &limits);
        let receiver = Arc::new(receiver);
        let (serve, security) = (&config.serve, &config.webhook_security);
        let endpoint = Endpoint::new(&config.accounts[0], serve, security, None).unwrap();
        receiver.set_routes(Routes::new(serve, [endpoint]));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server::new(listener, receiver, Arc::new(Ready), limits).unwrap();
        println!("{}", server.address());
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server.run(stopped));
        end_of_input().await;
        stop.send(true).unwrap();
        server.await.unwrap();
        println!("{}", inbox.counts().await.unwrap().waiting);
    })
}

#[derive(Debug)]
struct Ready;

#[async_trait]
impl HealthProbe for Ready {
    async fn health(&self) -> Health {
        Health::new(true, true, None)
    }
}

fn block_on(work: impl Future<Output = ()>) -> ExitCode {
    // Without a subscriber, events would cost nothing at all, and warnings would be lost.
    let level = tracing_subscriber::filter::LevelFilter::WARN;
    tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(work);
    ExitCode::SUCCESS
}

async fn end_of_input() {
    let _ = tokio::io::stdin().read(&mut [0]).await;
}
