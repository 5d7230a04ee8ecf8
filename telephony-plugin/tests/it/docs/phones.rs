//! The carriers' side of the documents: where texts arrive that are sent by any of the carriers.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A text that reached a phone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub from: String,
    pub to: String,
    pub words: String,
}

/// The phones, behind all three carriers.
pub struct Phones {
    server: MockServer,
    texts: Arc<Mutex<Vec<Text>>>,
    // Dropped last: the server lives in it.
    _runtime: tokio::runtime::Runtime,
}

impl Phones {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = { runtime }.worker_threads(1).enable_all().build().unwrap();
        let texts = Arc::<Mutex<Vec<Text>>>::default();
        let arriving = Arc::clone(&texts);
        let server = runtime.block_on(async {
            let server = MockServer::builder().disable_request_recording().start().await;
            let answer = move |request: &Request| answer(request, &arriving);
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { server, texts, _runtime: runtime }
    }

    pub fn uri(&self) -> String {
        self.server.uri()
    }

    /// All texts that have arrived.
    pub fn texts(&self) -> Vec<Text> {
        self.texts.lock().unwrap().clone()
    }
}

fn answer(request: &Request, texts: &Mutex<Vec<Text>>) -> ResponseTemplate {
    if request.method != wiremock::http::Method::POST {
        return ResponseTemplate::new(404).set_body_json(json!({}));
    }
    let (carrier, names) = match request.url.path().split('/').nth(1) {
        Some("2010-04-01") => ("twilio", ["From", "To", "Body"]),
        Some("v2") => ("telnyx", ["from", "to", "text"]),
        Some("v1") => ("plivo", ["src", "dst", "text"]),
        _ => return ResponseTemplate::new(404),
    };
    let fields: HashMap<String, String> = if carrier == "twilio" {
        url::form_urlencoded::parse(&request.body).into_owned().collect()
    } else {
        let fields: HashMap<String, Value> = serde_json::from_slice(&request.body).unwrap();
        let texts =
            fields.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())));
        texts.collect()
    };
    let [from, to, words] = names.map(|name| fields.get(name).cloned().unwrap_or_default());
    // Plivo takes numbers with and without the sign.
    let number = |text: String| format!("+{}", text.trim_start_matches('+'));
    let count = {
        let mut texts = texts.lock().unwrap();
        texts.push(Text { from: number(from), to: number(to), words });
        texts.len()
    };
    let (status, body) = match carrier {
        "twilio" => (201, json!({ "sid": format!("SM{count:032}"), "status": "queued" })),
        "telnyx" => {
            (200, json!({ "data": { "id": format!("t{count}"), "to": [{ "status": "queued" }] } }))
        }
        _ => (202, json!({ "message_uuid": [format!("p{count}")] })),
    };
    ResponseTemplate::new(status).set_body_json(body)
}
