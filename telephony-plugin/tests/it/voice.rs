//! Calls from end to end: the real program, and a carrier that plays its part on this machine.

mod carrier;
mod inbound;
mod outcomes;
mod speaking;
#[allow(dead_code, reason = "what answers look like is checked where it is at home")]
#[path = "../../../telephony-providers/tests/it/openapi/spec.rs"]
mod spec;

pub const PERSON: &str = "+15550001234";

/// What a call says here: it has to be written out in XML.
const WORDS: &str = "Tea & cake at <five>";
