//! A verdict on a captured request, for people who look for what is wrong.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use telephony_core::Timestamp;

use super::Verifier;
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::Request;
use crate::url::{PublicUrl, PublicUrls, UrlRefusal};

/// A request as it was captured, to be read from JSON:
///
/// ```json
/// {"method": "POST", "url": "https://example.com/sms?a=1", "headers": {"X-Name": "value"},
///  "body": "From=%2B15550001234", "now": 1767225600}
/// ```
///
/// `url` is the whole URL as the provider requested it; Telnyx does not sign it, so there it may be
/// missing. `body_base64` holds a body that is not UTF-8, and counts for more than `body`. A header
/// that came more than once has a list of values. `now`, in seconds since 1970 or as RFC 3339, is
/// when the request was received. Other members are left aside.
#[derive(Clone, Deserialize)]
pub struct Captured {
    #[serde(default = "post")]
    method: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, Option<Values>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    body_base64: Option<String>,
    #[serde(default)]
    now: Option<Time>,
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Values {
    One(String),
    Many(Vec<String>),
}

#[derive(Clone, Deserialize)]
#[serde(untagged)]
enum Time {
    Seconds(i64),
    Text(Timestamp),
}

fn post() -> String {
    "POST".to_owned()
}

/// The verdict on a captured request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// Whether the signature fits.
    pub valid: bool,
    /// How the request was signed, or claims to be; `None` where that cannot be told.
    pub scheme: Option<&'static str>,
    /// What is wrong and what to change; `None` where nothing is.
    pub reason: Option<String>,
    /// The URLs the signature was checked for, or the one it fits. They are shown whole.
    pub url_tried: Vec<String>,
}

/// Verifies a captured request, at `now` where it does not say when it was received.
///
/// ```
/// use telephony_core::{Secret, Timestamp};
/// use telephony_webhook::{Captured, TwilioVerifier, report};
///
/// let captured: Captured = serde_json::from_str(r#"{
///     "method": "GET", "url": "https://example.com/h?From=%2B15558675310&Body=Hi",
///     "headers": {"X-Twilio-Signature": "N6YI48wJmNsNxw673EoJ3syZms0="}
/// }"#)?;
/// let verifier = TwilioVerifier::new(Secret::new("12345"))?;
/// let report = report(&captured, &verifier, Timestamp::EPOCH);
/// assert!(report.valid);
/// assert_eq!(report.scheme, Some("twilio-hmac-sha1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn report(captured: &Captured, verifier: &dyn Verifier, now: Timestamp) -> Report {
    let invalid = |scheme, reason, url_tried| Report {
        valid: false,
        scheme,
        reason: Some(reason),
        url_tried,
    };
    let (request, urls) = match captured.request(now) {
        Ok(parts) => parts,
        Err(reason) => return invalid(None, reason, Vec::new()),
    };
    let query = request.query().map(str::to_owned);
    let whole = |url: &PublicUrl| url.with_query(query.as_deref());
    let claimed = verifier.claimed(request.method(), request.headers());
    let claimed = claimed.map(|scheme| scheme.as_str()).ok();
    match request.verify(verifier, urls.as_ref().map_err(|refusal| *refusal)) {
        Ok(request) => Report {
            valid: true,
            scheme: Some(request.scheme().as_str()),
            reason: None,
            url_tried: request.url().map(whole).into_iter().collect(),
        },
        Err(refused) => {
            let tried = match &refused.refusal {
                Refusal::Signature { tried, .. } => tried.iter().map(whole).collect(),
                _ => Vec::new(),
            };
            let refusal = refused.refusal;
            invalid(claimed, format!("{refusal}. {}", refusal.advice()), tried)
        }
    }
}

impl Captured {
    /// The request and the URL it was sent to; the reason, where what was captured is none.
    #[allow(clippy::type_complexity, reason = "two parts of one thing, used in one place")]
    fn request(
        &self,
        now: Timestamp,
    ) -> Result<(Request<crate::Unverified>, Result<PublicUrls, UrlRefusal>), String> {
        let (urls, target) = match self.url.as_deref() {
            None | Some("") => (Err(UrlRefusal::Missing), "/".to_owned()),
            Some(url) => {
                let (url, query) =
                    PublicUrl::split(url).map_err(|error| format!("url: {error}"))?;
                let mut target = url.path().to_owned();
                if let Some(query) = query {
                    target = format!("{target}?{query}");
                }
                (Ok(PublicUrls::from(url)), target)
            }
        };
        let body = match (&self.body_base64, &self.body) {
            (Some(encoded), _) => STANDARD
                .decode(encoded)
                .map_err(|_| "body_base64: padded base64 is expected".to_owned())?,
            (None, Some(text)) => text.clone().into_bytes(),
            (None, None) => Vec::new(),
        };
        let received_at = match self.now {
            Some(Time::Seconds(seconds)) => Timestamp::from_second(seconds),
            Some(Time::Text(timestamp)) => timestamp,
            None => now,
        };
        let headers: Headers = self
            .headers
            .iter()
            .flat_map(|(name, values)| {
                let values: &[String] = match values {
                    Some(Values::One(value)) => std::slice::from_ref(value),
                    Some(Values::Many(values)) => values,
                    None => &[],
                };
                values.iter().map(move |value| (name, value))
            })
            .collect();
        let method = self.method.to_ascii_uppercase();
        Ok((Request::new(&method, &target, headers, body, received_at), urls))
    }
}

impl fmt::Debug for Captured {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Captured")
            .field("method", &self.method)
            .field("headers", &self.headers.len())
            .finish_non_exhaustive()
    }
}
