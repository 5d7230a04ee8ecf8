//! What Telnyx posts: JSON about messages, receipts and calls.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use telephony_core::config::Account;
use telephony_fuzz::{Posted, account};

static ACCOUNT: LazyLock<Account> = LazyLock::new(|| {
    account(json!({
        "provider": "telnyx",
        "telnyx": {
            "apiKey": "KEY",
            "publicKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
            "messagingProfileId": "740572b6-099c-44a1-89b9-6c92163bc68d",
            "connectionId": "7267",
        },
    }))
});

fuzz_target!(|input: &[u8]| {
    if let Some(posted) = Posted::of(input) {
        posted.check(&ACCOUNT);
    }
});
