//! `protocol.gen.ts`: the types of what the plugin and the sidecar say to each other.

use std::fmt::Write as _;

use serde_json::Value;

use super::{at, text};
use crate::step::Failure;

const HEAD: &str = "\
// Made by `cargo xtask codegen` from telephony-plugin/src/host/protocol.rs. Change that.

/** The version of all of this. Both sides must have the same. */
export const PROTOCOL = ";

/// The maps of methods, by who asks.
const MAPS: [(&str, &str, &str); 3] = [
    ("SidecarMethods", "toSidecar", "What the plugin asks the sidecar."),
    ("HostMethods", "toHost", "What the sidecar asks the plugin."),
    ("Notifications", "notification", "What the sidecar tells the plugin."),
];

/// The whole file.
pub(super) fn typescript(protocol: &Value) -> Result<String, Failure> {
    let mut file = format!("{HEAD}{};\n", at(protocol, "/version")?);
    let definitions = at(protocol, "/definitions")?.as_object();
    for (name, schema) in definitions.into_iter().flatten() {
        file.push('\n');
        comment(&mut file, schema, "");
        let _ = match schema.get("properties") {
            Some(_) => writeln!(file, "export interface {name} {}", of(schema, "")?),
            None => writeln!(file, "export type {name} = {};", of(schema, "")?),
        };
    }
    let methods = at(protocol, "/methods")?.as_array();
    for (map, direction, sentence) in MAPS {
        let _ = writeln!(file, "\n/** {sentence} */\nexport interface {map} {{");
        for method in methods.into_iter().flatten() {
            if method.get("direction").and_then(Value::as_str) != Some(direction) {
                continue;
            }
            let (params, result) =
                (of(at(method, "/params")?, "")?, of(at(method, "/result")?, "")?);
            let name = text(method, "/name")?;
            let _ = writeln!(file, "  \"{name}\": {{ params: {params}; result: {result} }};");
        }
        file.push_str("}\n");
    }
    Ok(file)
}

/// A schema as a type.
pub(super) fn of(schema: &Value, indent: &str) -> Result<String, Failure> {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return Ok(reference.rsplit('/').next().unwrap_or(reference).to_owned());
    }
    if let Some(word) = schema.get("const") {
        return Ok(word.to_string());
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return Ok(words.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "));
    }
    for alternatives in ["oneOf", "anyOf"] {
        if let Some(alternatives) = schema.get(alternatives).and_then(Value::as_array) {
            let types = alternatives.iter().map(|schema| of(schema, indent));
            return Ok(types.collect::<Result<Vec<_>, _>>()?.join(" | "));
        }
    }
    match schema.get("type") {
        Some(Value::String(name)) => named(name, schema, indent),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            let types = names.map(|name| named(name, schema, indent));
            Ok(types.collect::<Result<Vec<_>, _>>()?.join(" | "))
        }
        _ => Ok("unknown".to_owned()),
    }
}

fn named(name: &str, schema: &Value, indent: &str) -> Result<String, Failure> {
    Ok(match name {
        "string" | "boolean" | "null" => name.to_owned(),
        "integer" | "number" => "number".to_owned(),
        "array" => match schema.get("items") {
            Some(items) => format!("Array<{}>", of(items, indent)?),
            None => "unknown[]".to_owned(),
        },
        "object" => object(schema, indent)?,
        other => return Err(Failure::new(format!("{other} is no type that is known here"))),
    })
}

fn object(schema: &Value, indent: &str) -> Result<String, Failure> {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return Ok("Record<string, never>".to_owned());
    };
    let required: Vec<_> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let inner = format!("{indent}  ");
    let mut text = "{\n".to_owned();
    for (name, property) in properties {
        comment(&mut text, property, &inner);
        let is_required = required.iter().any(|required| required.as_str() == Some(name));
        let mark = if is_required { "" } else { "?" };
        let _ = writeln!(text, "{inner}{name}{mark}: {};", of(property, &inner)?);
    }
    let _ = write!(text, "{indent}}}");
    Ok(text)
}

fn comment(text: &mut String, schema: &Value, indent: &str) {
    if let Some(sentence) = schema.get("description").and_then(Value::as_str) {
        let sentence = sentence.replace(['\n', '\r'], " ").replace("*/", "* /");
        let sentence = sentence.replace("[`", "{@link ").replace("`]", "}");
        let _ = writeln!(text, "{indent}/** {sentence} */");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn schemas_become_types() {
        for (schema, expected) in [
            (json!({ "type": "string" }), "string"),
            (json!({ "type": ["integer", "null"] }), "number | null"),
            (json!({ "$ref": "#/$defs/Name" }), "Name"),
            (json!({ "type": "array", "items": { "type": "boolean" } }), "Array<boolean>"),
            (json!({ "oneOf": [{ "const": "a" }, { "const": "b" }] }), "\"a\" | \"b\""),
            (json!({ "description": "anything" }), "unknown"),
            (json!({ "type": "object" }), "Record<string, never>"),
            (
                json!({ "type": "object", "required": ["a"], "properties": {
                    "a": { "type": "string", "description": "One." }, "b": { "type": "null" },
                } }),
                "{\n  /** One. */\n  a: string;\n  b?: null;\n}",
            ),
        ] {
            assert_eq!(of(&schema, "").unwrap(), expected);
        }
        assert!(of(&json!({ "type": "tuple" }), "").is_err());
    }

    #[test]
    fn methods_are_told_apart_by_who_asks() {
        let schema = |name: &str| json!({ "$ref": format!("#/$defs/{name}") });
        let method = |name: &str, direction: &str| {
            json!({
                "name": name, "direction": direction,
                "params": schema("Ask"), "result": schema("Answer"),
            })
        };
        let protocol = json!({
            "version": 7,
            "definitions": {
                "Ask": { "type": "object", "properties": { "a": { "type": "string" } } },
                "Answer": { "description": "Answers [`Ask`]. */", "enum": ["yes", "no"] },
            },
            "methods": [
                method("one", "toSidecar"),
                method("two", "toHost"),
                method("three", "notification"),
            ],
        });
        let expected = "
/** The version of all of this. Both sides must have the same. */
export const PROTOCOL = 7;

export interface Ask {
  a?: string;
}

/** Answers {@link Ask}. * / */
export type Answer = \"yes\" | \"no\";

/** What the plugin asks the sidecar. */
export interface SidecarMethods {
  \"one\": { params: Ask; result: Answer };
}

/** What the sidecar asks the plugin. */
export interface HostMethods {
  \"two\": { params: Ask; result: Answer };
}

/** What the sidecar tells the plugin. */
export interface Notifications {
  \"three\": { params: Ask; result: Answer };
}
";
        let file = typescript(&protocol).unwrap();
        assert_eq!(file.split_once('\n').unwrap().1, expected);
    }
}
