//! Twilio's signature: HMAC-SHA1 over URL and fields, as [`verify`](crate::verify) checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use telephony_core::Secret;

use super::{Signed, method};
use crate::request::{Request, Unverified};
use crate::url::PublicUrl;
use crate::verify::mac::{Hash, hmac};
use crate::verify::twilio::{SIGNATURE, signed_content};

pub(super) fn sign(token: &Secret, request: &Request<Unverified>, url: &PublicUrl) -> Signed {
    method(request, "Twilio")?;
    let (fields, _) = signed_content(request)?;
    let url = url.with_query(request.query());
    let tag = hmac(Hash::Sha1, token.expose().as_bytes(), &[url.as_bytes(), fields.as_bytes()]);
    Ok(vec![(SIGNATURE, STANDARD.encode(tag))])
}
