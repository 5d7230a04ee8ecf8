//! A carrier as the doctor asks it: who we are, and where the number's messages go.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use telephony_core::{Clock as _, SystemClock};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::outside::{AGENT, SID, TOKEN};

pub const NUMBER: &str = "PN00000000000000000000000000000001";
pub const SERVICE: &str = "MG00000000000000000000000000000001";

/// What it knows and says.
#[derive(Debug, Clone)]
pub struct Knows {
    /// The only token or key that it takes.
    pub token: &'static str,
    /// How the account is.
    pub status: &'static str,
    /// How many seconds its clock is ahead of ours.
    pub ahead: i64,
    /// Where it posts messages, if anywhere.
    pub url: Option<String>,
    /// By which method.
    pub method: &'static str,
    /// In which version of its API.
    pub version: &'static str,
    /// Whether the number is assigned to what posts its messages.
    pub assigned: bool,
    /// Whether the number takes messages.
    pub takes_messages: bool,
    /// Where it posts calls, if anywhere.
    pub voice_url: Option<String>,
    /// Whether it lets its settings be changed.
    pub is_open: bool,
    /// Where the number's Messaging Service posts messages, if it has one.
    pub service_url: Option<String>,
}

impl Knows {
    pub fn of(url: &str) -> Self {
        Self {
            token: TOKEN,
            status: "active",
            ahead: 0,
            url: Some(url.to_owned()),
            method: "POST",
            version: "2",
            assigned: true,
            takes_messages: true,
            voice_url: None,
            is_open: true,
            service_url: None,
        }
    }

    fn answer(&mut self, request: &Request) -> ResponseTemplate {
        let header = request.headers.get("authorization").unwrap().to_str().unwrap();
        if header != format!("Bearer {}", self.token) && !basic(header, self.token) {
            return ResponseTemplate::new(401).set_body_json(json!({}));
        }
        let path = request.url.path();
        let changes = request.method != wiremock::http::Method::GET;
        if changes && !self.is_open {
            return ResponseTemplate::new(400).set_body_json(json!({ "code": 21_402 }));
        }
        if changes {
            let form: HashMap<_, _> =
                url::form_urlencoded::parse(&request.body).into_owned().collect();
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            let new = ["SmsUrl", "InboundRequestUrl"].iter().find_map(|key| form.get(*key));
            let new = new.map(String::as_str).or_else(|| {
                ["webhook_url", "message_url"].iter().find_map(|key| body.get(*key)?.as_str())
            });
            self.url = Some(new.unwrap().to_owned());
            (self.method, self.version) = ("POST", "2");
            return ResponseTemplate::new(200).set_body_json(json!({}));
        }
        let digits = AGENT.trim_start_matches('+');
        let url = self.url.as_deref().unwrap_or_default();
        let voice_url = self.voice_url.as_deref().unwrap_or_default();
        let body = if path == format!("/2010-04-01/Accounts/{SID}.json") {
            json!({ "status": self.status, "type": "Full" })
        } else if path == format!("/2010-04-01/Accounts/{SID}/IncomingPhoneNumbers.json") {
            let asked = request.url.query_pairs().any(|(_, value)| value == AGENT);
            let number = json!({
                "sid": NUMBER, "phone_number": AGENT, "sms_url": url, "sms_method": self.method,
                "voice_url": voice_url, "capabilities": { "sms": self.takes_messages },
            });
            json!({ "incoming_phone_numbers": if asked { vec![number] } else { vec![] } })
        } else if path == format!("/2010-04-01/Accounts/{SID}/Messages.json") {
            json!({ "messages": [] })
        } else if path == "/v1/Services" {
            let service = |url: &String| {
                json!({
                    "sid": SERVICE, "inbound_request_url": url, "inbound_method": "POST",
                    "use_inbound_webhook_on_number": false,
                })
            };
            json!({ "services": self.service_url.iter().map(service).collect::<Vec<_>>() })
        } else if path == format!("/v1/Services/{SERVICE}/PhoneNumbers/{NUMBER}") {
            json!({ "sid": NUMBER })
        } else if path == "/v2/messaging_profiles" {
            json!({ "data": [] })
        } else if path == "/v2/phone_numbers" {
            let asked = request.url.query_pairs().any(|(_, value)| value == digits);
            let profile = self.assigned.then_some("mp-1");
            let number = json!({ "phone_number": AGENT, "messaging_profile_id": profile });
            json!({ "data": if asked { vec![number] } else { vec![] } })
        } else if path == "/v2/messaging_profiles/mp-1" {
            let version = self.version;
            json!({ "data": { "webhook_url": url, "webhook_api_version": version, "enabled": true } })
        } else if path == "/v1/Account/MA1/" {
            json!({ "auth_id": "MA1" })
        } else if path == format!("/v1/Account/MA1/Number/{digits}/") {
            let application = self.assigned.then_some("/v1/Account/MA1/Application/77/");
            json!({ "application": application, "sms_enabled": self.takes_messages })
        } else if path == "/v1/Account/MA1/Application/77/" {
            json!({ "message_url": url, "message_method": self.method, "answer_url": voice_url })
        } else {
            return ResponseTemplate::new(404).set_body_json(json!({}));
        };
        ResponseTemplate::new(200).set_body_json(body)
    }

    fn date(&self) -> String {
        let now = SystemClock.now().as_second();
        let at = jiff::Timestamp::from_second(now + self.ahead).unwrap();
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
    }
}

/// Whether a header has the token as its password.
fn basic(header: &str, token: &str) -> bool {
    use base64::Engine as _;
    let pair = header.strip_prefix("Basic ").unwrap_or_default();
    let pair = base64::engine::general_purpose::STANDARD.decode(pair).unwrap_or_default();
    String::from_utf8(pair).unwrap().ends_with(&format!(":{token}"))
}

/// A carrier that runs.
pub struct Carrier {
    server: MockServer,
    pub knows: Arc<Mutex<Knows>>,
    _runtime: tokio::runtime::Runtime,
}

impl Carrier {
    pub fn start(knows: Knows) -> Self {
        let knows = Arc::new(Mutex::new(knows));
        let answers = Arc::clone(&knows);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            let answer = move |request: &Request| {
                let mut knows = answers.lock().unwrap();
                let answer = knows.answer(request);
                answer.insert_header("date", knows.date())
            };
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        Self { server, knows, _runtime: runtime }
    }

    pub fn uri(&self) -> String {
        self.server.uri()
    }
}
