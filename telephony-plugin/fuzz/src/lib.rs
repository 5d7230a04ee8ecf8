//! What the targets of the carriers' payloads share: accounts, requests, and what holds of notices.

use serde_json::Value;
use telephony_core::config::{Account, Host, from_value};
use telephony_core::{Event, MAX_MEDIA, MAX_RAW_STATUS_BYTES, Timestamp};
use telephony_webhook::{
    DangerousUnsigned, Headers, Notice, Request, Route, UrlRefusal, Verified, parse,
};

/// The longest key that two ids of 255 bytes and a kind make.
const MAX_KEY_BYTES: usize = 700;

/// An input as a request: a letter, the query, a line's end, the body.
///
/// The letter is `w` for the webhook's route, `s` for that of receipts, `v` for that of calls, `g`
/// for a `GET` by the first; any other is a `w`.
#[derive(Debug)]
pub struct Posted<'a> {
    /// `GET` or `POST`.
    pub method: &'static str,
    /// By which way it came.
    pub route: Route,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Posted<'a> {
    /// Takes an input apart; `None` when it has no letter, no line's end or no text for a query.
    #[must_use]
    pub fn of(input: &'a [u8]) -> Option<Self> {
        let (letter, rest) = input.split_first()?;
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (query, body) = rest.split_at_checked(end)?;
        let (method, route) = match letter {
            b'g' => ("GET", Route::Webhook),
            b's' => ("POST", Route::Status),
            b'v' => ("POST", Route::Voice),
            _ => ("POST", Route::Webhook),
        };
        let query = std::str::from_utf8(query).ok()?;
        Some(Self { method, route, query, body: body.get(1..).unwrap_or_default() })
    }

    /// The path and the query.
    #[must_use]
    pub fn target(&self) -> String {
        let path = match self.route {
            Route::Webhook => "/h",
            Route::Status => "/h/status",
            Route::Voice => "/h/voice/0123456789abcdef",
        };
        format!("{path}?{}", self.query)
    }

    fn verified(&self) -> Option<Request<Verified>> {
        let headers: Headers = [("Host", "localhost")].into_iter().collect();
        let request =
            Request::new(self.method, &self.target(), headers, self.body, Timestamp::EPOCH);
        let verifier = DangerousUnsigned::dangerously_accept_unsigned();
        request.verify(&verifier, Err(UrlRefusal::Unknown)).ok()
    }

    /// Reads it as a payload of the account's provider, and checks what holds of all of them.
    pub fn check(&self, account: &Account) {
        let request = self.verified().expect("it came from this machine");
        check(&request, account, self.route);
    }
}

/// The account of a configuration.
#[must_use]
pub fn account(mut configuration: Value) -> Account {
    configuration["fromNumber"] = "+15550001111".into();
    if configuration["provider"] != "mock" {
        configuration["publicUrl"] = "https://example.com".into();
    }
    let config = from_value(configuration, Host::Standalone, &|_| None).expect("a configuration");
    config.accounts.into_iter().next().expect("an account")
}

/// Reads a request, and checks what holds whatever it says.
pub fn check(request: &Request<Verified>, account: &Account, route: Route) {
    let read = parse(request, account, route);
    assert_eq!(read, parse(request, account, route), "the same request is the same notice");
    match read {
        Ok(Notice::Event { key, event, claims }) => {
            let plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            let key = key.as_str();
            assert!(key.len() <= MAX_KEY_BYTES && key.bytes().all(plain), "{key:?}");
            assert!((2..=3).contains(&key.split(' ').count()), "{key:?}");
            assert_eq!(event.account(), &account.id);
            let _ = claims.belong_to(account);
            if let Event::Message(message) = &*event {
                assert!(message.media.len() <= MAX_MEDIA);
            }
            // The inbox keeps it as text, and what it gives back must be what was posted.
            let stored = serde_json::to_string(&event).expect("it can be stored");
            let restored: Event = serde_json::from_str(&stored).expect("it can be read again");
            assert_eq!(restored, *event);
        }
        Ok(Notice::Ignored { name }) => {
            assert!(name.len() <= MAX_RAW_STATUS_BYTES, "{name:?}");
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
        }
        Ok(other) => panic!("{other:?} is not known here"),
        Err(error) => assert!(error.to_string().len() < 200, "{error}"),
    }
}
