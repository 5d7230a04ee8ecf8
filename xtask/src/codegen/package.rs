//! The parts of `package.json` that are made from the code: the version and the fields of the
//! set-up. The rest is written by hand.

use serde_json::Value;

use super::{at, text};
use crate::step::Failure;

/// The whole file, with those parts as they are to be.
pub(super) fn package(found: &str, document: &Value) -> Result<Value, Failure> {
    let mut package: Value = serde_json::from_str(found)?;
    set(&mut package, "/version", text(document, "/version")?.into())?;
    let fields = at(document, "/surfaces/setupFields")?.as_array().into_iter().flatten();
    let fields = fields.cloned().map(|mut field| {
        if let Some(field) = field.as_object_mut() {
            // Ours alone: the host knows no paths.
            field.shift_remove("path");
        }
        field
    });
    set(&mut package, "/openclaw/channel/setup/fields", fields.collect())?;
    Ok(package)
}

fn set(package: &mut Value, pointer: &str, value: Value) -> Result<(), Failure> {
    let place = package.pointer_mut(pointer);
    *place.ok_or_else(|| Failure::new(format!("package.json has no {pointer}")))? = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_version_and_the_fields_are_replaced() {
        let found = json!({
            "name": "n", "version": "0.0.0", "openclaw": {
                "extensions": ["./dist/index.js"],
                "channel": { "id": "telephony", "setup": { "fields": ["old"] }, "order": 1 },
            },
        });
        let document = json!({
            "version": "1.2.3",
            "surfaces": { "setupFields": [{ "key": "a", "path": "b.c", "kind": "string" }] },
        });
        let made = package(&found.to_string(), &document).unwrap();
        let mut expected = found.clone();
        expected["version"] = json!("1.2.3");
        expected["openclaw"]["channel"]["setup"]["fields"] =
            json!([{ "key": "a", "kind": "string" }]);
        // As text, so that the order of keys counts too.
        assert_eq!(made.to_string(), expected.to_string());
        assert!(package("{}", &document).is_err());
    }
}
