//! Signs as the providers do, and makes the requests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;
use telephony_core::Timestamp;
use telephony_webhook::{
    Headers, Proof, PublicUrl, PublicUrls, Refusal, Request, TelnyxKey, Unverified, Verifier,
};

pub const TOKEN: &str = "auth-token-0123456789";
pub const NOW: i64 = 1_767_225_600;
pub const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");
pub const JSON: (&str, &str) = ("Content-Type", "application/json");

pub fn sha1(key: &str, text: &str) -> String {
    let mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap().chain_update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

pub fn sha256(key: &str, text: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).unwrap().chain_update(text);
    STANDARD.encode(mac.finalize().into_bytes())
}

pub fn ed25519(timestamp: &str, body: &[u8]) -> String {
    let signed = [timestamp.as_bytes(), b"|", body].concat();
    STANDARD.encode(SigningKey::from_bytes(&[7; 32]).sign(&signed).to_bytes())
}

pub fn telnyx_key() -> TelnyxKey {
    let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
    STANDARD.encode(key.as_bytes()).parse().unwrap()
}

pub fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().copied().collect()
}

/// A request at [`NOW`] for the path and query of `url`.
pub fn request(
    method: &str,
    url: &str,
    pairs: &[(&str, &str)],
    body: &[u8],
) -> Request<Unverified> {
    let after_host = url.split_once("://").unwrap().1;
    let target = &after_host[after_host.find(['/', '?']).unwrap_or(after_host.len())..];
    Request::new(method, target, headers(pairs), body, Timestamp::from_second(NOW))
}

/// Verifies a request for `url`.
pub fn verify(
    verifier: &dyn Verifier,
    method: &str,
    url: &str,
    pairs: &[(&str, &str)],
    body: &[u8],
) -> Result<Proof, Refusal> {
    let urls = PublicUrls::from(PublicUrl::parse(url).unwrap());
    verifier.verify(&request(method, url, pairs, body), Ok(&urls))
}
