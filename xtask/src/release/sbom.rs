//! What the program is made of, as a CycloneDX document.
//! <https://cyclonedx.org/docs/1.6/json/>

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::Target;
use crate::step::{Failure, Outcome, cargo};

/// Writes the document for a target.
pub(super) fn write(target: &Target, path: &Path) -> Outcome {
    let platform = ["--filter-platform", &*target.triple];
    let arguments = [&["metadata", "--format-version", "1", "--locked"][..], &platform].concat();
    let output = cargo(&arguments).output()?;
    if !output.status.success() {
        return Err(Failure::new("cargo metadata fails; is Cargo.lock up to date?"));
    }
    let document = document(&serde_json::from_slice(&output.stdout)?)?;
    fs::write(path, format!("{}\n", serde_json::to_string_pretty(&document)?))?;
    Ok(())
}

/// The document of what `cargo metadata` says.
fn document(metadata: &Value) -> Result<Value, Failure> {
    let packages: BTreeMap<&str, &Value> =
        list(metadata, "packages").filter_map(|package| Some((id(package)?, package))).collect();
    let nodes = metadata.get("resolve").unwrap_or(&Value::Null);
    let nodes: BTreeMap<&str, &Value> =
        list(nodes, "nodes").filter_map(|node| Some((id(node)?, node))).collect();
    let program = packages.values().find(|package| text(package, "name") == "telephony-plugin");
    let program = program.ok_or_else(|| Failure::new("there is no telephony-plugin"))?;

    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = id(program).into_iter().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(nodes.get(next).into_iter().flat_map(|node| needed(node)));
        }
    }
    let components: Vec<Value> = reached
        .iter()
        .filter(|reached| Some(**reached) != id(program))
        .filter_map(|reached| packages.get(reached))
        .map(|package| component(package, "library"))
        .collect();
    let dependencies: Vec<Value> = reached
        .iter()
        .filter_map(|reached| {
            let package = packages.get(reached)?;
            let on = nodes.get(reached).into_iter().flat_map(|node| needed(node));
            let on: BTreeSet<String> =
                on.filter_map(|on| packages.get(on)).map(|package| purl(package)).collect();
            Some(json!({ "ref": purl(package), "dependsOn": on }))
        })
        .collect();
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component(program, "application") },
        "components": components,
        "dependencies": dependencies,
    }))
}

/// What a package needs to run or to be built, and not only to be tested.
fn needed(node: &Value) -> impl Iterator<Item = &str> {
    list(node, "deps").filter_map(|dependency| {
        let runs =
            list(dependency, "dep_kinds").any(|kind| kind.get("kind") != Some(&json!("dev")));
        dependency.get("pkg").and_then(Value::as_str).filter(|_| runs)
    })
}

fn component(package: &Value, kind: &str) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": purl(package),
        "purl": purl(package),
        "name": text(package, "name"),
        "version": text(package, "version"),
    });
    if let (Some(component), Some(licence)) =
        (component.as_object_mut(), package.get("license").and_then(Value::as_str))
    {
        // Old manifests write `MIT/Apache-2.0`.
        let expression = licence.replace('/', " OR ");
        component.insert("licenses".to_owned(), json!([{ "expression": expression }]));
    }
    component
}

fn purl(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn id(value: &Value) -> Option<&str> {
    value.get("id").and_then(Value::as_str)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tests_need_is_no_part_of_the_program() {
        let package = |name: &str| json!({ "id": name, "name": name, "version": "1.0.0", "license": "MIT/Apache-2.0" });
        let metadata = json!({
            "packages": [package("telephony-plugin"), package("used"), package("tested")],
            "resolve": { "nodes": [
                { "id": "telephony-plugin", "deps": [
                    { "pkg": "used", "dep_kinds": [{ "kind": null }, { "kind": "dev" }] },
                    { "pkg": "tested", "dep_kinds": [{ "kind": "dev" }] },
                ] },
                { "id": "used", "deps": [] },
                { "id": "tested", "deps": [] },
            ] },
        });
        let document = document(&metadata).unwrap_or_else(|failure| panic!("{failure}"));
        let components = document["components"].as_array().cloned().unwrap_or_default();
        assert_eq!(components.len(), 1);
        assert_eq!(components[0]["purl"], "pkg:cargo/used@1.0.0");
        assert_eq!(components[0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(document["dependencies"][0]["dependsOn"], json!(["pkg:cargo/used@1.0.0"]));
    }
}
