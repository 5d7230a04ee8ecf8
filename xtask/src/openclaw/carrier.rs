//! A stand-in for the carriers' HTTP APIs, which counts what reaches it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::http::{Answer, Asked, serve};
use crate::step::Failure;

/// The account of Twilio's that it knows, and its token.
pub(crate) const SID: &str = "AC00000000000000000000000000000000";
pub(crate) const TOKEN: &str = "twilio-auth-token-0123456789abcdef";

/// The beginning of a picture, which says what it is.
pub(crate) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

/// What it does with the next text.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Next {
    /// Answers with this status.
    Status(u16),
    /// Takes it, and says so this much later.
    Slow(Duration),
}

/// A text that reached it.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) to: String,
    pub(crate) body: String,
    pub(crate) media: Option<String>,
}

/// A carrier on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    texts: Vec<Text>,
    /// What each call is to do, as it was given.
    calls: Vec<String>,
    next: VecDeque<Next>,
}

impl Carrier {
    pub(crate) fn start() -> Result<Self, Failure> {
        let state = Arc::<Mutex<State>>::default();
        let noting = Arc::clone(&state);
        let address = serve(move |asked| answer(&asked, &noting))?;
        Ok(Self { address, state })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// An account at it, as Twilio's.
    pub(crate) fn twilio(&self) -> Value {
        json!({
            "enabled": true, "provider": "twilio", "fromNumber": "+15550001111",
            "publicUrl": "https://phone.example.com",
            "twilio": { "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": self.url() },
        })
    }

    /// Has it do this with the next texts.
    pub(crate) fn next(&self, next: impl IntoIterator<Item = Next>) {
        self.state().next.extend(next);
    }

    /// How many texts to a number, with these words, reached it.
    pub(crate) fn count(&self, to: &str, words: &str) -> usize {
        let state = self.state();
        state.texts.iter().filter(|text| text.to == to && text.body.contains(words)).count()
    }

    pub(crate) fn texts(&self) -> Vec<Text> {
        self.state().texts.clone()
    }

    pub(crate) fn calls(&self) -> Vec<String> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn answer(asked: &Asked, state: &Mutex<State>) -> Answer {
    if asked.method == "GET" && asked.path.contains("/Media/") {
        let content_type = "image/png";
        return Answer { status: 200, content_type, body: PNG.to_vec(), after: Duration::ZERO };
    }
    if asked.method == "GET" {
        let code = json!({ "code": 20_404, "message": "not found", "status": 404 });
        return Answer::json(404, &code);
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    if asked.path.contains("/Calls") {
        state.calls.push(field(&asked.body, "Twiml").unwrap_or_default());
        let sid = format!("CA{:032}", state.calls.len());
        return Answer::json(201, &json!({ "sid": sid, "status": "queued" }));
    }
    let text =
        if asked.path.starts_with("/v1/") { plivo(&asked.body) } else { twilio(&asked.body) };
    state.texts.push(text);
    let count = state.texts.len();
    let mut taken = if asked.path.starts_with("/v1/") {
        let id = format!("00000000-0000-0000-0000-{count:012}");
        let body = json!({ "api_id": id, "message": "message(s) queued", "message_uuid": [id] });
        Answer::json(202, &body)
    } else {
        let body = json!({ "sid": format!("SM{count:032}"), "status": "queued" });
        Answer::json(201, &body)
    };
    match state.next.pop_front() {
        Some(Next::Status(status)) => {
            Answer::json(status, &json!({ "code": 20_429, "message": "no", "status": status }))
        }
        Some(Next::Slow(after)) => {
            taken.after = after;
            taken
        }
        None => taken,
    }
}

fn plivo(body: &str) -> Text {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let field = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let to = field("dst");
    let to = if to.starts_with('+') { to } else { format!("+{to}") };
    Text { to, body: field("text"), media: None }
}

fn twilio(body: &str) -> Text {
    let get = |name: &str| field(body, name);
    let (to, media) = (get("To").unwrap_or_default(), get("MediaUrl"));
    Text { to, body: get("Body").unwrap_or_default(), media }
}

/// A field of a form.
fn field(body: &str, wanted: &str) -> Option<String> {
    let found = body.split('&').filter_map(|pair| pair.split_once('='));
    found.filter(|(key, _)| *key == wanted).map(|(_, value)| decoded(value)).next()
}

/// A value of a form.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = [rest.next().unwrap_or_default(), rest.next().unwrap_or_default()];
                let digits = String::from_utf8_lossy(&digits).into_owned();
                bytes.extend(u8::from_str_radix(&digits, 16));
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
