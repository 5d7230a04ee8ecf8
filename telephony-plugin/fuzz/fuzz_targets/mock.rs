//! What is posted to the mock: JSON about messages and receipts.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use serde_json::json;
use telephony_core::config::Account;
use telephony_fuzz::{Posted, account};

static ACCOUNT: LazyLock<Account> = LazyLock::new(|| account(json!({ "provider": "mock" })));

fuzz_target!(|input: &[u8]| {
    if let Some(posted) = Posted::of(input) {
        posted.check(&ACCOUNT);
    }
});
