//! What Twilio posts: forms about messages, receipts and calls.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use telephony_core::config::Account;
use telephony_fuzz::{Posted, account};

static ACCOUNT: LazyLock<Account> = LazyLock::new(|| {
    account(json!({
        "provider": "twilio",
        "twilio": { "accountSid": "AC1", "authToken": "token", "messagingServiceSid": "MG1" },
    }))
});

fuzz_target!(|input: &[u8]| {
    if let Some(posted) = Posted::of(input) {
        posted.check(&ACCOUNT);
    }
});
