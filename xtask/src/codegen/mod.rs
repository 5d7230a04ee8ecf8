//! `cargo xtask codegen`: the files that are made from the code, and whether they still are.

mod configuration;
mod guides;
mod manifest;
mod package;
mod protocol;
mod surfaces;

use std::fs;

use serde_json::Value;
use telephony_core::config::{json_schema, key_reference};

use crate::step::{Failure, Outcome, cargo, root};

/// Where the plugin is.
const PLUGIN: &str = "telephony-plugin/openclaw";

/// Writes the files, or with `check` compares them with what is there.
pub(crate) fn run(check: bool) -> Outcome {
    let document = document()?;
    let schema = json_schema();
    let package = fs::read_to_string(root().join(PLUGIN).join("package.json"))?;
    let files = [
        ("docs/configuration.md".to_owned(), configuration::configuration(&key_reference())),
        ("docs/configuration.schema.json".to_owned(), json(&schema)?),
        (plugin("src/protocol.gen.ts"), protocol::typescript(at(&document, "/protocol")?)?),
        (plugin("src/surfaces.gen.ts"), surfaces::typescript(&document, &package)?),
        (plugin("src/policy.vectors.json"), json(at(&document, "/vectors")?)?),
        (plugin("openclaw.plugin.json"), json(&manifest::manifest(&document, &schema)?)?),
        (plugin("package.json"), json(&package::package(&package, &document)?)?),
    ];
    for (path, expected) in files.into_iter().chain(guides::guides()?) {
        let found = fs::read_to_string(root().join(&path)).unwrap_or_default();
        if found == expected {
            continue;
        }
        if check {
            let remedy = "is not what the code makes: run `cargo xtask codegen`";
            return Err(Failure::new(format!("{path} {remedy}")));
        }
        fs::write(root().join(&path), expected)?;
        println!("    wrote {path}");
    }
    Ok(())
}

fn plugin(path: &str) -> String {
    format!("{PLUGIN}/{path}")
}

/// What the program says of its protocol and its surfaces.
fn document() -> Result<Value, Failure> {
    let arguments =
        ["run", "--quiet", "--locked", "-p", "telephony-plugin", "--", "rpc", "--schema"];
    let output = cargo(&arguments).stderr(std::process::Stdio::inherit()).output()?;
    if !output.status.success() {
        return Err(Failure::new("`telephony rpc --schema` failed: see above"));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn json(value: &Value) -> Result<String, Failure> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// What is at a path of the document.
fn at<'a>(value: &'a Value, pointer: &str) -> Result<&'a Value, Failure> {
    value.pointer(pointer).ok_or_else(|| Failure::new(format!("the document has no {pointer}")))
}

/// A text at a path of the document.
fn text<'a>(value: &'a Value, pointer: &str) -> Result<&'a str, Failure> {
    let found = at(value, pointer)?.as_str();
    found.ok_or_else(|| Failure::new(format!("{pointer} of the document is no text")))
}
