//! A carrier on this machine: it answers the requests of the program, checks them against what the
//! real one documents, and posts what the real one would, to the URLs that it was given.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use telephony_core::{ProviderKind, Secret, Timestamp};
use telephony_webhook::{Signer, telnyx_public_key};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::PERSON;
use super::spec::Spec;
use crate::running::{Running, eventually, post};

const AGENT: &str = "+15550001111";
const PUBLIC: &str = "https://example.com";
const SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "auth-token-0123456789";
const SEED: &[u8; 32] = b"a seed of thirty-two bytes, fine";

/// All carriers.
pub const ALL: [ProviderKind; 3] =
    [ProviderKind::Twilio, ProviderKind::Telnyx, ProviderKind::Plivo];

/// The id that a carrier gives a call.
pub fn call_id(kind: ProviderKind) -> &'static str {
    match kind {
        ProviderKind::Twilio => "CA0123456789abcdef0123456789abcdef",
        ProviderKind::Telnyx => "v3:T02llQxIyaRkhfRKxgAP8nY511EhFLizdvdUKJiSw8d6A9BborherQ",
        _ => "9834029e-58b6-11e1-b8b7-a5bd0e4e126f",
    }
}

/// The id that Plivo gives a call when it is placed: another than that of the call.
const REQUEST_ID: &str = "a9058528-58b6-11e1-b8b7-a5bd0e4e126f";

/// A request of the program's.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: String,
    pub path: String,
    content_type: String,
    body: String,
}

impl Asked {
    /// A field of its form or JSON; empty where there is none.
    pub fn field(&self, name: &str) -> String {
        if self.content_type.starts_with("application/json") {
            let body: Value = serde_json::from_str(&self.body).unwrap();
            return match &body[name] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
        }
        let mut form = url::form_urlencoded::parse(self.body.as_bytes());
        form.find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

/// A carrier.
pub struct Carrier {
    pub kind: ProviderKind,
    server: MockServer,
    asked: Arc<Mutex<Vec<Asked>>>,
    /// What it answers to the next request with such an end, in place of doing it.
    refusal: Arc<Mutex<Option<(&'static str, u16)>>>,
}

impl Carrier {
    pub fn start(kind: ProviderKind) -> Self {
        let (asked, refusal) = (Arc::<Mutex<Vec<Asked>>>::default(), Arc::default());
        let (seen, refuses) = (Arc::clone(&asked), Arc::clone(&refusal));
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::builder().disable_request_recording().start().await;
            let answer = move |request: &Request| answer(kind, request, &seen, &refuses);
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { kind, server, asked, refusal }
    }

    /// The configuration of an account of this carrier's, with these keys of `voice`.
    pub fn config(&self, voice: &Value) -> Value {
        let base = self.server.uri();
        let mut config = json!({
            "provider": self.kind.as_str(), "fromNumber": AGENT, "publicUrl": PUBLIC,
            "inboundPolicy": "open", "allowFrom": ["*"], "serve": { "port": 0 }, "voice": voice,
        });
        let (key, credentials) = match self.kind {
            ProviderKind::Twilio => {
                ("twilio", json!({ "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": base }))
            }
            ProviderKind::Telnyx => (
                "telnyx",
                json!({ "apiKey": "KEY1", "publicKey": telnyx_public_key(SEED),
                    "connectionId": "7267", "apiBaseUrl": base }),
            ),
            _ => (
                "plivo",
                json!({ "authId": "MA00000000000000000A", "authToken": TOKEN, "apiBaseUrl": base }),
            ),
        };
        config[key] = credentials;
        config
    }

    /// Has it answer the next call with this status.
    pub fn refuse_next(&self, status: u16) {
        self.refuse("", status);
    }

    /// Has it answer the next request of the program's whose path ends so with this status.
    pub fn refuse(&self, end: &'static str, status: u16) {
        *self.refusal.lock().unwrap() = Some((end, status));
    }

    /// What it was asked so far. Each request is one that the carrier documents, where it does.
    pub fn asked(&self) -> Vec<Asked> {
        let asked = self.asked.lock().unwrap().clone();
        let spec = match self.kind {
            ProviderKind::Twilio => Spec::twilio(),
            ProviderKind::Telnyx => Spec::telnyx(),
            _ => return asked,
        };
        for Asked { method, path, content_type, body } in &asked {
            // The extract of Telnyx' document leaves out these two commands.
            if path.ends_with("/actions/answer") || path.ends_with("/actions/reject") {
                continue;
            }
            let request = (method.clone(), path.clone(), content_type.clone(), body.clone());
            let mistakes = spec.mistakes(&request);
            assert!(mistakes.is_empty(), "{request:?}: {mistakes:#?}");
        }
        asked
    }

    /// The request that places the call.
    pub fn placed(&self) -> Asked {
        let is_call = |asked: &&Asked| asked.method == "POST" && is_placing(&asked.path);
        self.asked().iter().find(is_call).cloned().expect("no call was placed")
    }

    /// Waits for a request whose path ends so.
    pub fn wait(&self, end: &str) -> Asked {
        let found = || self.asked().into_iter().find(|asked| asked.path.ends_with(end));
        eventually(end, || found().is_some());
        found().unwrap()
    }

    /// How many requests have a path that ends so.
    pub fn count(&self, end: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path.ends_with(end)).count()
    }

    /// Where reports on the call were asked for.
    pub fn callback(&self) -> String {
        let key = match self.kind {
            ProviderKind::Twilio => "StatusCallback",
            ProviderKind::Telnyx => "webhook_url",
            _ => "hangup_url",
        };
        self.placed().field(key)
    }

    /// Posts a form, signed, to a URL of the program's; its answer.
    pub fn form(&self, server: &Running, url: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let account = [("AccountSid", SID)];
        let account = if self.kind == ProviderKind::Twilio { &account[..] } else { &[] };
        let fields = fields.iter().chain(account);
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.post(server, url, "application/x-www-form-urlencoded", &body)
    }

    /// Posts an event of a call in JSON, signed.
    pub fn event(&self, server: &Running, url: &str, event: &str, fields: &Value) -> u16 {
        let mut payload = json!({
            "call_control_id": call_id(self.kind), "connection_id": "7267",
            "from": AGENT, "to": PERSON,
        });
        payload.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        // An event is told apart by its id: here by its name.
        let body = json!({ "data": {
            "record_type": "event", "event_type": event, "id": event,
            "occurred_at": "2026-01-01T00:00:00Z", "payload": payload,
        } });
        self.post(server, url, "application/json", &body.to_string()).0
    }

    fn post(&self, server: &Running, url: &str, kind: &str, body: &str) -> (u16, String) {
        let signer = match self.kind {
            ProviderKind::Twilio => Signer::twilio(Secret::new(TOKEN)),
            ProviderKind::Telnyx => Signer::telnyx(SEED),
            _ => Signer::plivo(Secret::new(TOKEN)),
        };
        let now = Timestamp::from_second(
            std::time::UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap(),
        );
        let signed = signer.sign("POST", url, body.as_bytes(), now, "nonce").unwrap();
        let mut headers = vec![("content-type", kind)];
        headers.extend(signed.iter().map(|(name, value)| (*name, value.as_str())));
        let path = url.strip_prefix(PUBLIC).unwrap();
        post(server.address, path, &headers, body)
    }
}

/// Where the carrier posts that somebody calls.
pub fn webhook() -> String {
    format!("{PUBLIC}/telephony/webhook")
}

/// What a form says of a call of the program's.
pub fn progress<'a>(
    kind: ProviderKind,
    status: &'a str,
    more: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    let mut fields = match kind {
        ProviderKind::Twilio => vec![
            ("CallSid", call_id(kind)),
            ("From", AGENT),
            ("To", PERSON),
            ("Direction", "outbound-api"),
            ("CallbackSource", "call-progress-events"),
        ],
        _ => vec![
            ("CallUUID", call_id(kind)),
            ("RequestUUID", REQUEST_ID),
            ("From", AGENT.trim_start_matches('+')),
            ("To", PERSON.trim_start_matches('+')),
            ("Direction", "outbound"),
        ],
    };
    fields.push(("CallStatus", status));
    fields.extend(more);
    fields
}

fn is_placing(path: &str) -> bool {
    ["/Calls.json", "/v2/calls", "/Call/"].iter().any(|end| path.ends_with(end))
}

fn answer(
    kind: ProviderKind,
    request: &Request,
    asked: &Mutex<Vec<Asked>>,
    refusal: &Mutex<Option<(&'static str, u16)>>,
) -> ResponseTemplate {
    let header = |name: &str| {
        let value = request.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or_default().to_owned()
    };
    let path = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    let (method, body) = (request.method.to_string(), request.body.clone());
    let body = String::from_utf8(body).unwrap();
    let placing = is_placing(&path) && method == "POST";
    let refused = {
        let mut refusal = refusal.lock().unwrap();
        refusal.take_if(|(end, _)| path.ends_with(*end))
    };
    asked.lock().unwrap().push(Asked { method, path, content_type: header("content-type"), body });
    if let Some((_, status)) = refused {
        return ResponseTemplate::new(status).set_body_json(json!({ "code": 21_211 }));
    }
    let id = call_id(kind);
    match kind {
        ProviderKind::Twilio => ResponseTemplate::new(if placing { 201 } else { 200 })
            .set_body_json(json!({ "sid": id, "status": "queued" })),
        ProviderKind::Telnyx => ResponseTemplate::new(200).set_body_json(json!({
            "data": { "call_control_id": id, "is_alive": true, "result": "ok" },
        })),
        _ if placing => ResponseTemplate::new(201)
            .set_body_json(json!({ "message": "call fired", "request_uuid": REQUEST_ID })),
        _ => ResponseTemplate::new(204),
    }
}
