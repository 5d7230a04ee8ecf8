//! Every code of a carrier that is known: the carrier, the code, its kind and what it means, between
//! tabs. The operators' guides are made from it.
#![allow(clippy::print_stdout, reason = "this is a program for a terminal")]

use telephony_core::ProviderKind;
use telephony_providers::codes;

fn main() {
    for provider in ProviderKind::ALL {
        for (code, explanation) in codes(provider) {
            println!("{provider}\t{code}\t{}\t{}", explanation.kind.as_str(), explanation.sentence);
        }
    }
}
