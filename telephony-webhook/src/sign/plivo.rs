//! Plivo's signature: V3, as [`verify`](crate::verify) checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use telephony_core::Secret;

use super::{Signed, method};
use crate::refusal::Refusal;
use crate::request::{Method, Request, Unverified};
use crate::url::PublicUrl;
use crate::verify::mac::{Hash, hmac};
use crate::verify::plivo::{V3, signed_strings};

pub(super) fn sign(
    token: &Secret,
    request: &Request<Unverified>,
    url: &PublicUrl,
    nonce: &str,
) -> Signed {
    method(request, "Plivo")?;
    if nonce.is_empty() {
        return Err(Refusal::MissingHeader(V3.nonce));
    }
    if request.method() == Method::Get && !request.raw_body.is_empty() {
        return Err(Refusal::UnsignedBody);
    }
    let signed = signed_strings(&V3, request, url, nonce)?;
    let signed = signed.first().map(String::as_bytes).unwrap_or_default();
    let tag = hmac(Hash::Sha256, token.expose().as_bytes(), &[signed]);
    let [account, _] = V3.signatures;
    Ok(vec![(account, STANDARD.encode(tag)), (V3.nonce, nonce.to_owned())])
}
