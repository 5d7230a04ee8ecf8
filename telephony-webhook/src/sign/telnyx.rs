//! Telnyx's signature: Ed25519 over time and body, as [`verify`](crate::verify) checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};

use super::Signed;
use crate::refusal::Refusal;
use crate::request::{Method, Request, Unverified};
use crate::verify::telnyx::{SIGNATURE, TIMESTAMP, signed_bytes};

/// The public key of a seed, as Telnyx's portal shows public keys and `telnyx.publicKey` takes them:
/// base64 of the 32 bytes.
#[must_use]
pub fn telnyx_public_key(seed: &[u8; 32]) -> String {
    STANDARD.encode(SigningKey::from_bytes(seed).verifying_key().as_bytes())
}

pub(super) fn sign(key: &SigningKey, request: &Request<Unverified>) -> Signed {
    if request.method() != Method::Post {
        return Err(Refusal::Method("Telnyx"));
    }
    let timestamp = request.received_at().as_second().to_string();
    let signature = key.sign(&signed_bytes(&timestamp, &request.raw_body));
    Ok(vec![(SIGNATURE, STANDARD.encode(signature.to_bytes())), (TIMESTAMP, timestamp)])
}
