//! Twilio's signatures: HMAC over the URL and the sorted form.
//!
//! <https://www.twilio.com/docs/usage/security#validating-requests>, and for shared keys
//! <https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys>.

use sha2::{Digest, Sha256};
use telephony_core::Secret;
use url::form_urlencoded;

use super::mac::{Hash, is_hmac};
use super::{EmptyKey, Verifier, decode};
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::{Method, Proof, Request, Scheme, Unverified};
use crate::url::{PublicUrl, PublicUrls, UrlRefusal};

pub(crate) const SIGNATURE: &str = "X-Twilio-Signature";
const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";

/// Verifies what Twilio sends.
///
/// The key is the account's primary auth token, even where an API key sends the messages.
#[derive(Debug, Clone)]
pub struct TwilioVerifier {
    auth_token: Secret,
    shared_key: Option<Secret>,
}

impl TwilioVerifier {
    /// Verifies with the account's auth token.
    ///
    /// # Errors
    ///
    /// [`EmptyKey`] when it is empty.
    pub fn new(auth_token: Secret) -> Result<Self, EmptyKey> {
        if auth_token.expose().is_empty() {
            return Err(EmptyKey("twilio.authToken"));
        }
        Ok(Self { auth_token, shared_key: None })
    }

    /// Verifies HMAC-SHA256 signatures with the secret of a shared key. Without one they are
    /// verified with the auth token.
    ///
    /// # Errors
    ///
    /// [`EmptyKey`] when it is empty.
    pub fn with_shared_key(mut self, secret: Secret) -> Result<Self, EmptyKey> {
        if secret.expose().is_empty() {
            return Err(EmptyKey("twilio.webhookSharedKey"));
        }
        self.shared_key = Some(secret);
        Ok(self)
    }
}

impl Verifier for TwilioVerifier {
    fn claimed(&self, method: Method, headers: &Headers) -> Result<Scheme, Refusal> {
        if method == Method::Other {
            return Err(Refusal::Method("Twilio"));
        }
        headers.required(SIGNATURE)?;
        algorithm(headers.optional(SETTINGS)?.unwrap_or_default())
    }

    fn verify(
        &self,
        request: &Request<Unverified>,
        urls: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Proof, Refusal> {
        let scheme = self.claimed(request.method, &request.headers)?;
        let signature =
            decode(request.headers.required(SIGNATURE)?).ok_or(Refusal::MalformedHeader {
                header: SIGNATURE,
                expected: "a signature in base64",
            })?;
        let (fields, body_hash) = signed_content(request)?;
        let urls = urls.map_err(Refusal::Url)?;
        let tried: Vec<_> = urls.iter().flat_map(variants).collect();
        let (hash, key) = match scheme {
            Scheme::TwilioSha256 => {
                (Hash::Sha256, self.shared_key.as_ref().unwrap_or(&self.auth_token))
            }
            _ => (Hash::Sha1, &self.auth_token),
        };
        let fits = |url: &&PublicUrl| {
            let url = url.with_query(request.query());
            let signed = [url.as_bytes(), fields.as_bytes()];
            is_hmac(hash, key.expose().as_bytes(), &signed, &signature)
        };
        let Some(url) = tried.iter().find(fits).cloned() else {
            let key = match scheme {
                Scheme::TwilioSha256 => "twilio.webhookSharedKey",
                _ => "twilio.authToken",
            };
            return Err(Refusal::Signature { header: SIGNATURE, key, tried });
        };
        // The URL is signed and holds the hash, so the hash is right and the body must fit it.
        if body_hash.is_some_and(|expected| expected != sha256_hex(&request.raw_body)) {
            return Err(Refusal::BodyHash);
        }
        Ok(Proof { scheme, url: Some(url), nonce: None })
    }
}

/// The algorithm that the settings header names: `key=…,algorithm=HMAC_SHA256`.
fn algorithm(settings: &str) -> Result<Scheme, Refusal> {
    let named = settings
        .split(',')
        .filter_map(|setting| setting.split_once('='))
        .find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty())
        .map(|(_, value)| value.trim().to_ascii_uppercase());
    match named.as_deref() {
        None | Some("HMAC_SHA1") => Ok(Scheme::TwilioSha1),
        Some("HMAC_SHA256") => Ok(Scheme::TwilioSha256),
        Some(_) => Err(Refusal::UnknownAlgorithm),
    }
}

/// What is signed after the URL, and the hash that the URL claims for a JSON body.
pub(crate) fn signed_content(
    request: &Request<Unverified>,
) -> Result<(String, Option<String>), Refusal> {
    if request.method == Method::Get {
        let signed = String::new();
        return if request.raw_body.is_empty() {
            Ok((signed, None))
        } else {
            Err(Refusal::UnsignedBody)
        };
    }
    let hash = || {
        form_urlencoded::parse(request.query().unwrap_or_default().as_bytes())
            .find(|(name, _)| name == "bodySHA256")
            .map(|(_, value)| value.into_owned())
    };
    match (request.declares_json(), hash()) {
        (Some(true), None) => Err(Refusal::MissingBodyHash),
        // Twilio sends the hash with JSON alone, so it tells where the type got lost.
        (Some(true) | None, Some(hash)) => Ok((String::new(), Some(hash))),
        (Some(false), _) | (None, None) => {
            let form = request.raw_form()?;
            let mut fields = form.sorted();
            fields.dedup();
            let mut signed = String::with_capacity(form.bytes());
            signed.extend(fields.into_iter().flat_map(|(name, value)| [name, value]));
            Ok((signed, None))
        }
    }
}

/// The forms of a URL that Twilio may have signed: its products differ about the port, and it
/// leaves out user name and password.
fn variants(url: &PublicUrl) -> Vec<PublicUrl> {
    let plain = url.without_userinfo();
    plain.iter().chain([url]).flat_map(|url| [url.without_port(), url.with_port()]).collect()
}

fn sha256_hex(body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
