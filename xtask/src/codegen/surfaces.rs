//! `surfaces.gen.ts`: what the plugin registers before any process runs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{at, text};
use crate::step::Failure;

const HEAD: &str = "\
// Made by `cargo xtask codegen` from telephony-plugin/src/host/surfaces.rs. Change that.
";

/// The constants, and what each is.
const CONSTANTS: [(&str, &str, &str); 4] = [
    ("TOOL", "/surfaces/tool", "The tool that the agent has."),
    (
        "GATEWAY_METHODS",
        "/surfaces/gatewayMethods",
        "The gateway's methods, and who may call them.",
    ),
    ("COMMANDS", "/surfaces/commands", "The commands below `openclaw telephony`."),
    ("SECRET_PATHS", "/surfaces/secretPaths", "Paths of secrets, of the root and of each account."),
];

/// The whole file.
pub(super) fn typescript(document: &Value) -> Result<String, Failure> {
    let mut file = HEAD.to_owned();
    let (version, hash) = (text(document, "/version")?, text(document, "/surfacesHash")?);
    let _ = writeln!(file, "\n/** The version of the binary that fits. */");
    let _ = writeln!(file, "export const VERSION = {};", json!(version));
    let _ = writeln!(file, "\n/** The hash of all of this and the protocol. */");
    let _ = writeln!(file, "export const SURFACES_HASH = {};", json!(hash));
    for (name, pointer, sentence) in CONSTANTS {
        let value = serde_json::to_string_pretty(at(document, pointer)?)?;
        let _ = writeln!(file, "\n/** {sentence} */\nexport const {name} = {value} as const;");
    }
    let fields = at(document, "/surfaces/setupFields")?.as_array();
    let paths = fields.into_iter().flatten().filter_map(|field| {
        Some((field.get("key")?.as_str()?.to_owned(), field.get("path")?.clone()))
    });
    let paths: serde_json::Map<_, _> = paths.collect();
    let _ =
        writeln!(file, "\n/** The key of the configuration that each field of the set-up is. */");
    let paths = serde_json::to_string_pretty(&paths)?;
    let _ = writeln!(file, "export const SETUP_PATHS = {paths} as const;");
    Ok(file)
}
