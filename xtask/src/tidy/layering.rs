//! Which crate may depend on which.

use crate::workspace::{Metadata, Package};

/// The crates of ours that each may depend on.
const LAYERS: [(&str, &[&str]); 7] = [
    ("telephony-core", &[]),
    ("telephony-sms", &[]),
    ("telephony-providers", &["telephony-core", "telephony-sms"]),
    ("telephony-webhook", &["telephony-core"]),
    ("telephony-pairing", &["telephony-core"]),
    (
        "telephony-plugin",
        &[
            "telephony-core",
            "telephony-sms",
            "telephony-providers",
            "telephony-webhook",
            "telephony-pairing",
        ],
    ),
    ("xtask", &["telephony-core", "telephony-plugin"]),
];

pub(super) fn problems(metadata: &Metadata) -> Vec<String> {
    metadata.members().flat_map(of_package).collect()
}

fn of_package(package: &Package) -> Vec<String> {
    let name = package.name.as_str();
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
        return vec![format!("{name}: has no place among the layers")];
    };
    let normal = package.dependencies.iter().filter(|dependency| dependency.kind.is_none());
    let mut problems = Vec::new();
    for dependency in normal {
        let ours = LAYERS.iter().any(|(layer, _)| *layer == dependency.name);
        if ours && !allowed.contains(&dependency.name.as_str()) {
            problems.push(format!("{name}: must not depend on {}", dependency.name));
        }
        if name == "telephony-sms" && !dependency.optional {
            problems.push(format!("{name}: depends on {} without a feature", dependency.name));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, on: &str, kind: Option<&str>) -> Package {
        let dependency =
            Dependency { name: on.into(), kind: kind.map(str::to_owned), optional: false };
        let dependencies = vec![dependency];
        Package {
            id: name.into(),
            name: name.into(),
            version: "1.0.0".into(),
            rust_version: None,
            dependencies,
        }
    }

    #[test]
    fn dependencies_against_the_layers_are_found() {
        let broken = [
            ("telephony-core", "telephony-sms"),
            ("telephony-webhook", "telephony-providers"),
            ("telephony-pairing", "telephony-plugin"),
            ("telephony-sms", "libc"),
            ("telephony-new", "libc"),
        ];
        for (name, on) in broken {
            assert_eq!(of_package(&package(name, on, None)).len(), 1, "{name} on {on}");
        }
        assert!(of_package(&package("telephony-providers", "telephony-sms", None)).is_empty());
        assert!(of_package(&package("telephony-sms", "proptest", Some("dev"))).is_empty());
    }
}
