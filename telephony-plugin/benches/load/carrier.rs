//! The carrier: takes texts as Twilio's API does, and notes when each came.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// What the words of each text begin with; its number follows.
pub(crate) const WORDS: &str = "load ";

/// A carrier that listens.
pub(crate) struct Carrier {
    uri: String,
    taken: Arc<Taken>,
}

#[derive(Default)]
struct Taken {
    /// When the reply to each text came, by its number.
    replies: Mutex<Vec<Vec<Instant>>>,
    /// The texts that are no replies: codes and confirmations.
    others: Mutex<Vec<String>>,
    came: Notify,
}

impl Carrier {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}", listener.local_addr().unwrap());
        let taken = Arc::<Taken>::default();
        let takes = Arc::clone(&taken);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let taken = Arc::clone(&takes);
                let service = service_fn(move |request: hyper::Request<Incoming>| {
                    let taken = Arc::clone(&taken);
                    async move {
                        let body = request.into_body().collect().await.unwrap().to_bytes();
                        Ok::<_, Infallible>(taken.take(&body))
                    }
                });
                tokio::spawn(async move {
                    let connection = http1::Builder::new();
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { uri, taken }
    }

    pub(crate) fn uri(&self) -> String {
        self.uri.clone()
    }

    /// Makes room for so many replies.
    pub(crate) fn expect(&self, count: usize) {
        self.taken.replies.lock().unwrap().resize(count, Vec::new());
    }

    /// The next text that is no reply and says this.
    pub(crate) async fn said(&self, words: &str) -> String {
        let find = || {
            let mut others = self.taken.others.lock().unwrap();
            let position = others.iter().position(|text| text.contains(words))?;
            Some(others.remove(position))
        };
        let wait = async {
            loop {
                let came = self.taken.came.notified();
                match find() {
                    Some(text) => return text,
                    None => came.await,
                }
            }
        };
        let text = tokio::time::timeout(Duration::from_secs(20), wait).await;
        text.unwrap_or_else(|_| panic!("no text says {words:?}"))
    }

    /// Waits until so many texts have a reply, and no longer than that.
    pub(crate) async fn wait_for(&self, count: usize, patience: Duration) {
        let begun = Instant::now();
        let replied =
            || self.taken.replies.lock().unwrap().iter().filter(|times| !times.is_empty()).count();
        while replied() < count && begun.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // One more that should not come would come soon.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// How long after `begun` each reply came, by the number of its text.
    pub(crate) fn replies(&self, begun: Instant) -> Vec<Vec<Duration>> {
        let replies = self.taken.replies.lock().unwrap();
        let since = |at: &Instant| at.saturating_duration_since(begun);
        replies.iter().map(|times| times.iter().map(since).collect()).collect()
    }
}

impl Taken {
    fn take(&self, body: &[u8]) -> hyper::Response<Full<Bytes>> {
        let at = Instant::now();
        let text = url::form_urlencoded::parse(body).find(|(name, _)| name == "Body");
        let text = text.map(|(_, text)| text.into_owned()).unwrap_or_default();
        let number = text.split_once(WORDS).and_then(|(_, rest)| rest.parse::<usize>().ok());
        match number {
            Some(number) => {
                let mut replies = self.replies.lock().unwrap();
                replies[number].push(at);
            }
            None => self.others.lock().unwrap().push(text),
        }
        self.came.notify_waiters();
        let sid = format!("SM{:032x}", number.unwrap_or(usize::MAX));
        let answer = format!(r#"{{"sid":"{sid}","status":"queued"}}"#);
        let mut response = hyper::Response::new(Full::from(answer));
        *response.status_mut() = hyper::StatusCode::CREATED;
        let json = hyper::header::HeaderValue::from_static("application/json");
        response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
        response
    }
}
