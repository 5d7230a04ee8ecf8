//! A fetcher among servers and names of the test's own.

mod carriers;
mod contents;
mod private;
mod table;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use serde_json::{Value, json};
use telephony_core::config::{Account, Host, from_value};
use telephony_core::{InboundMedia, OsEntropy};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;

/// Names that lead where the test says; each look-up takes the next answer, and the last stays.
#[derive(Default)]
struct Names(Mutex<HashMap<String, Vec<Vec<SocketAddr>>>>);

impl Names {
    fn lead(&self, name: &str, answers: &[&[SocketAddr]]) {
        let mut answers: Vec<_> = answers.iter().map(|answer| answer.to_vec()).collect();
        answers.reverse();
        self.0.lock().unwrap().insert(name.to_owned(), answers);
    }
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(name.as_str());
        let answer = answers.and_then(|answers| match answers.len() {
            0 | 1 => answers.first().cloned(),
            _ => answers.pop(),
        });
        Box::pin(async move {
            let addresses = answer.ok_or("there is no such name")?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// A listener that counts who connects, and answers nobody.
struct Trap {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Trap {
    async fn set(at: &str) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                count.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { address, connections }
    }

    /// How many connected. Whoever did before is in the listener's queue before this one.
    async fn sprung(&self) -> usize {
        let before = self.connections.load(Ordering::SeqCst);
        let _probe = tokio::net::TcpStream::connect(self.address).await.unwrap();
        loop {
            let now = self.connections.load(Ordering::SeqCst);
            if now > before {
                return now - 1;
            }
            tokio::task::yield_now().await;
        }
    }
}

struct Bench {
    fetcher: Fetcher,
    names: Arc<Names>,
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        Self::with(|names| Clients::new(&tls, &(names as _)).unwrap())
    }

    fn with(clients: impl FnOnce(Arc<Names>) -> Clients) -> Self {
        let (directory, names) = (tempfile::tempdir().unwrap(), Arc::new(Names::default()));
        let clients = clients(Arc::clone(&names));
        let inner = directory.path().join("media-in");
        let fetcher = Fetcher::with(&inner, Arc::new(OsEntropy), clients).unwrap();
        Self { fetcher, names, directory }
    }

    async fn fetch(&self, account: &Account, url: &str) -> Result<Fetched, FetchError> {
        self.fetcher.fetch(account, &media(url)).await
    }

    /// How many files there are.
    fn files(&self) -> usize {
        std::fs::read_dir(self.directory.path().join("media-in")).unwrap().count()
    }
}

fn media(url: &str) -> InboundMedia {
    InboundMedia::new(url.parse().unwrap())
}

fn account(config: Value) -> Account {
    let mut config = from_value(config, Host::Standalone, &|_| None).unwrap();
    config.accounts.remove(0)
}

fn mock() -> Account {
    account(json!({ "provider": "mock", "fromNumber": "+15550001111" }))
}

fn twilio(base: Option<&str>) -> Account {
    let mut section = json!({ "accountSid": format!("AC{:032}", 0), "authToken": "canary" });
    if let Some(base) = base {
        section["apiBaseUrl"] = base.into();
    }
    account(json!({ "provider": "twilio", "fromNumber": "+15550001111", "twilio": section }))
}

fn telnyx(base: Option<&str>) -> Account {
    // The base point of Ed25519, which is a point of the curve and nobody's key.
    let key = format!("58{}", "66".repeat(31));
    let mut section = json!({ "apiKey": "canary", "publicKey": key });
    if let Some(base) = base {
        section["apiBaseUrl"] = base.into();
    }
    account(json!({ "provider": "telnyx", "fromNumber": "+15550001111", "telnyx": section }))
}

fn plivo(base: Option<&str>) -> Account {
    let mut section = json!({ "authId": "MA0", "authToken": "canary" });
    if let Some(base) = base {
        section["apiBaseUrl"] = base.into();
    }
    account(json!({ "provider": "plivo", "fromNumber": "+15550001111", "plivo": section }))
}
