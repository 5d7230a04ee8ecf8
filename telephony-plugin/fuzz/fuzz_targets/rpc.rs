//! Lines of JSON-RPC: each is answered once at most, and every answer is one.
#![no_main]

// The module itself and not the crate around it, which would compile SQLite, TLS and codecs.
#[path = "../../src/rpc/mod.rs"]
#[allow(dead_code, unused_imports, unreachable_pub, reason = "the binary uses the rest")]
mod rpc;

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use rpc::{Connection, ErrorCode, MAX_LINE_BYTES, Methods, RpcError};

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().expect("a runtime"));

struct Echo;

#[async_trait]
impl Methods for Echo {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        if method == "echo" {
            return Ok(params);
        }
        Err(RpcError::new(ErrorCode::NoMethod, "there is no such method"))
    }
}

fuzz_target!(|input: &[u8]| {
    let mut output = Vec::new();
    let (_, run) = Connection::new(input, &mut output, Arc::new(Echo));
    RUNTIME.block_on(run).expect("nothing fails here");

    // What comes after the last end of a line is no line.
    let whole = input.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let lines = input.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.filter(|line| !line.trim_ascii().is_empty()).collect();
    let mut answers: Vec<Value> = output
        .split_inclusive(|byte| *byte == b'\n')
        .map(|line| {
            assert!(line.ends_with(b"\n") && line.len() <= MAX_LINE_BYTES + 1);
            serde_json::from_slice(line).expect("an answer is JSON")
        })
        .collect();
    assert!(answers.len() <= lines.len(), "more answers than lines");
    for answer in &answers {
        assert_eq!(answer["jsonrpc"], "2.0");
        assert!(answer.get("id").is_some());
        assert!(answer.get("result").is_some() != answer.get("error").is_some(), "{answer}");
    }
    for line in lines {
        let Some(id) = asked(line) else { continue };
        let place = answers.iter().position(|answer| answer["id"] == id);
        answers.swap_remove(place.expect("what is asked is answered"));
    }
});

/// The id of a line that is a request without doubt.
fn asked(line: &[u8]) -> Option<Value> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let object = value.as_object()?;
    let known = |key: &str| matches!(key, "jsonrpc" | "id" | "method" | "params");
    let plain = object.keys().all(|key| known(key));
    let id = object.get("id").filter(|id| id.is_string() || id.is_u64() || id.is_i64())?;
    let request = object.get("jsonrpc")? == "2.0" && object.get("method")?.is_string();
    (plain && request).then(|| id.clone())
}
