//! Configuration: any text is a configuration or a list of what is wrong, fit to be printed.
//!
//! The input is a letter, `o` for OpenClaw, `e` for an environment that holds credentials, and the
//! text.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use telephony_core::config::{Config, ConfigErrors, Host, load};

/// What the environment gives, and no output may hold.
const CANARY: &str = "canary-of-the-environment";

fuzz_target!(|input: &[u8]| {
    let Some((letter, text)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let host = if *letter == b'o' { Host::OpenClaw } else { Host::Standalone };
    let filled = *letter == b'e';
    let environment = |_: &str| filled.then(|| CANARY.to_owned());
    match load(text, host, &environment) {
        Ok(config) => configured(&config, text),
        Err(errors) => {
            refused(&errors, text);
            let again = load(text, host, &environment).err();
            assert_eq!(again, Some(errors), "the same text is wrong in the same way");
        }
    }
});

fn configured(config: &Config, text: &str) {
    let ids: BTreeSet<_> = config.accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids.len(), config.accounts.len(), "no account is there twice");
    if let Some(id) = &config.default_account {
        assert!(config.account(id).is_some(), "the default is one of them");
    }
    for account in &config.accounts {
        if account.dangerously_skip_signature_verification {
            let bind = config.serve.bind.to_canonical();
            assert!(bind.is_loopback() && account.public_url.is_none());
        }
    }
    let shown = format!("{config:?}");
    assert!(text.contains(CANARY) || !shown.contains(CANARY), "a secret is shown");
}

fn refused(errors: &ConfigErrors, text: &str) {
    let problems = errors.problems();
    assert!(!problems.is_empty());
    assert!(problems.is_sorted_by_key(|problem| &problem.path));
    let shown = errors.to_string();
    // Each mistake costs some bytes of the text, and a list has lines that a terminal can take.
    assert!(shown.len() <= 16 * 1024 + 64 * text.len(), "{} bytes", shown.len());
    assert!(!problems.iter().any(|problem| problem.message.is_empty()));
    assert!(!shown.replace('\n', "").contains(char::is_control), "{shown:?}");
    assert!(text.contains(CANARY) || !shown.contains(CANARY), "a secret is shown");
}
