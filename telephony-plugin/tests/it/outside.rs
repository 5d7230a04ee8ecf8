//! What is outside of the server: a carrier that counts what reaches it, a handler that counts what
//! it is given, and death at a chosen moment.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::running::signal;

pub const AGENT: &str = "+15550001111";
pub const SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const TOKEN: &str = "auth-token-0123456789";

/// The beginning of a picture, which says what it is.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0";

/// A moment at which a server can be killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A webhook was answered 200.
    Acknowledged,
    /// The handler has a message and has not answered.
    Handling,
    /// The carrier has a text and has not answered.
    Sending,
}

/// Death at a chosen moment.
#[derive(Debug, Default)]
pub struct Fuse(Mutex<Option<(Moment, usize, u32)>>);

impl Fuse {
    /// Kills `pid` when `moment` has come `times` times from now.
    pub fn set(&self, moment: Moment, times: usize, pid: u32) {
        *self.0.lock().unwrap() = Some((moment, times, pid));
    }

    /// Kills nobody any more.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = None;
    }

    /// Says that a moment has come.
    pub fn reach(&self, moment: Moment) {
        let mut fuse = self.0.lock().unwrap();
        match &mut *fuse {
            Some((wanted, times, pid)) if *wanted == moment => {
                *times -= 1;
                if *times == 0 {
                    signal(*pid, Signal::KILL);
                    *fuse = None;
                }
            }
            _ => {}
        }
    }
}

/// A carrier and a handler.
pub struct Outside {
    server: MockServer,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    /// How often the handler was given each text.
    handled: Mutex<HashMap<String, usize>>,
    /// The texts it was given, in order.
    given: Mutex<Vec<String>>,
    /// Whether it takes nothing.
    is_away: AtomicBool,
    /// Whom texts were for, and what they say.
    texts: Mutex<Vec<(String, String)>>,
    /// The media that they came with.
    media: Mutex<Vec<String>>,
    /// What the carrier answers to the next texts in place of taking them.
    refusals: Mutex<VecDeque<u16>>,
    fuse: Fuse,
}

impl Outside {
    pub fn start() -> Self {
        let seen = Arc::<Seen>::default();
        let answers = Arc::clone(&seen);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::builder().disable_request_recording().start().await;
            let answer = move |request: &Request| answers.answer(request);
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { server, seen }
    }

    /// The credentials of an account of this carrier.
    pub fn twilio(&self) -> Value {
        json!({ "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": self.server.uri() })
    }

    /// The configuration of a server that anybody may text.
    pub fn open(&self) -> Value {
        json!({
            "provider": "twilio", "fromNumber": AGENT, "publicUrl": "https://example.com",
            "inboundPolicy": "open", "allowFrom": ["*"], "serve": { "port": 0 },
            "twilio": self.twilio(),
        })
    }

    pub fn handler(&self) -> String {
        format!("{}/handler", self.server.uri())
    }

    /// Kills `pid` when `moment` has come `times` times from now.
    pub fn kill_at(&self, moment: Moment, times: usize, pid: u32) {
        self.seen.fuse.set(moment, times, pid);
    }

    /// Has the carrier answer the next text with this status.
    pub fn refuse_next(&self, status: u16) {
        self.seen.refusals.lock().unwrap().push_back(status);
    }

    /// Says that a webhook was answered 200.
    pub fn acknowledged(&self) {
        self.seen.fuse.reach(Moment::Acknowledged);
    }

    /// How often the handler was given a text.
    pub fn handled(&self, text: &str) -> usize {
        self.seen.handled.lock().unwrap().get(text).copied().unwrap_or_default()
    }

    /// The texts that the handler was given, in order.
    pub fn given(&self) -> Vec<String> {
        self.seen.given.lock().unwrap().clone()
    }

    /// From now on the handler takes nothing, as behind a proxy whose server is gone; or is back.
    pub fn away(&self, is_away: bool) {
        self.seen.is_away.store(is_away, Ordering::SeqCst);
    }

    /// The texts that reached the carrier.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.seen.texts.lock().unwrap().clone()
    }

    /// Where the carrier is.
    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// The URLs of the media that came with texts.
    pub fn media(&self) -> Vec<String> {
        self.seen.media.lock().unwrap().clone()
    }

    /// How many texts to a number that contain these words reached the carrier.
    pub fn count(&self, to: &str, words: &str) -> usize {
        let texts = self.seen.texts.lock().unwrap();
        texts.iter().filter(|(number, text)| number == to && text.contains(words)).count()
    }
}

impl Seen {
    fn answer(&self, request: &Request) -> ResponseTemplate {
        if request.url.path() == "/handler" {
            if self.is_away.load(Ordering::SeqCst) {
                return ResponseTemplate::new(503);
            }
            let message: Value = serde_json::from_slice(&request.body).unwrap();
            let text = message["text"].as_str().unwrap();
            let time = {
                let mut handled = self.handled.lock().unwrap();
                let times = handled.entry(text.to_owned()).or_default();
                *times += 1;
                *times
            };
            self.given.lock().unwrap().push(text.to_owned());
            self.fuse.reach(Moment::Handling);
            // Another reply each time, as an agent would give it; its last word says to what.
            return ResponseTemplate::new(200).set_body_string(format!("Reply {time} to {text}"));
        }
        if request.method == wiremock::http::Method::GET {
            return ResponseTemplate::new(200).set_body_raw(PNG, "image/png");
        }
        let mut form: HashMap<_, _> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        self.media.lock().unwrap().extend(form.remove("MediaUrl"));
        let text = (form.remove("To").unwrap(), form.remove("Body").unwrap_or_default());
        let sent = {
            let mut texts = self.texts.lock().unwrap();
            texts.push(text);
            texts.len()
        };
        self.fuse.reach(Moment::Sending);
        if let Some(status) = self.refusals.lock().unwrap().pop_front() {
            let code = match status {
                400 => 21_211,
                429 => 20_429,
                _ => 20_500,
            };
            let body = json!({ "code": code, "message": "no", "status": status });
            return ResponseTemplate::new(status).set_body_json(body);
        }
        let sid = format!("SM{sent:032}");
        ResponseTemplate::new(201).set_body_json(json!({ "sid": sid, "status": "queued" }))
    }
}
