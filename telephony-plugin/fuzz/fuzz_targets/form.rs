//! Forms, decoded as they are signed: what a carrier signs is taken, a field more is not.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use telephony_core::config::Account;
use telephony_core::{Secret, Timestamp};
use telephony_fuzz::{Posted, account, check};
use telephony_webhook::{
    Headers, PlivoVerifier, PublicUrl, PublicUrls, Refusal, Refused, Request, Signer,
    TwilioVerifier, Verified, Verifier,
};

const TOKEN: &str = "token";

/// A field that makes another form of any.
const MORE: &str = "zz=1";

struct Carrier {
    account: Account,
    signer: Signer,
    verifier: Box<dyn Verifier>,
}

static CARRIERS: LazyLock<[Carrier; 2]> = LazyLock::new(|| {
    let token = || Secret::new(TOKEN);
    let twilio = json!({
        "provider": "twilio", "twilio": { "accountSid": "AC1", "authToken": TOKEN },
    });
    let plivo = json!({ "provider": "plivo", "plivo": { "authId": "MA1", "authToken": TOKEN } });
    [
        Carrier {
            account: account(twilio),
            signer: Signer::twilio(token()),
            verifier: Box::new(TwilioVerifier::new(token()).expect("a key")),
        },
        Carrier {
            account: account(plivo),
            signer: Signer::plivo(token()),
            verifier: Box::new(PlivoVerifier::new(token()).expect("a key")),
        },
    ]
});

fuzz_target!(|input: &[u8]| {
    let Some(posted) = Posted::of(input) else { return };
    // A fragment is no part of what is requested.
    if posted.query.contains('#') {
        return;
    }
    for carrier in CARRIERS.iter() {
        sign_and_verify(carrier, &posted);
    }
});

fn sign_and_verify(carrier: &Carrier, posted: &Posted<'_>) {
    let target = posted.target();
    let url = format!("https://example.com{target}");
    let now = Timestamp::EPOCH;
    let Ok(signed) = carrier.signer.sign(posted.method, &url, posted.body, now, "n1") else {
        return;
    };
    match verify(carrier, posted.method, &target, &signed, posted.body) {
        Ok(request) => check(&request, &carrier.account, posted.route),
        // The query names a hash, and the body has another one.
        Err(Refused { refusal: Refusal::BodyHash, .. }) => {}
        Err(Refused { refusal, .. }) => panic!("signed and refused: {refusal}"),
    }
    let (more_target, more_body) = if posted.method == "GET" {
        (format!("{target}&{MORE}"), posted.body.to_vec())
    } else {
        (target.clone(), [posted.body, b"&", MORE.as_bytes()].concat())
    };
    // Twilio signs a field that is repeated once.
    let repeats = [target.as_bytes(), posted.body]
        .iter()
        .any(|text| text.windows(2).any(|two| two == b"zz") || text.contains(&b'%'));
    if !repeats && verify(carrier, posted.method, &more_target, &signed, &more_body).is_ok() {
        panic!("a field that was not signed was taken");
    }
}

#[allow(clippy::result_large_err, reason = "as `verify` has it")]
fn verify(
    carrier: &Carrier,
    method: &str,
    target: &str,
    signed: &[(&'static str, String)],
    body: &[u8],
) -> Result<Request<Verified>, Refused> {
    let headers: Headers = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let request = Request::new(method, target, headers, body, Timestamp::EPOCH);
    let url: PublicUrl = format!("https://example.com{}", request.path()).parse().expect("a URL");
    request.verify(&*carrier.verifier, Ok(&PublicUrls::from(url)))
}
