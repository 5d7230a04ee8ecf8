//! Where the program runs: Rust's name for it, and npm's words.

use crate::step::Failure;
use crate::workspace::host_triple;

/// A target that packages are made for.
#[derive(Debug)]
pub(crate) struct Target {
    /// Rust's name for it.
    pub(crate) triple: String,
    /// `process.platform` there.
    pub(crate) os: &'static str,
    /// `process.arch` there.
    pub(crate) cpu: &'static str,
    /// The C library, where there are several.
    pub(crate) libc: Option<&'static str>,
}

/// Each target that there is a package for: triple, os, cpu, libc.
const TARGETS: [(&str, &str, &str, Option<&str>); 6] = [
    ("x86_64-unknown-linux-gnu", "linux", "x64", Some("glibc")),
    ("aarch64-unknown-linux-gnu", "linux", "arm64", Some("glibc")),
    ("x86_64-unknown-linux-musl", "linux", "x64", Some("musl")),
    ("aarch64-unknown-linux-musl", "linux", "arm64", Some("musl")),
    ("x86_64-apple-darwin", "darwin", "x64", None),
    ("aarch64-apple-darwin", "darwin", "arm64", None),
];

impl Target {
    /// A target by Rust's name for it.
    pub(crate) fn parse(triple: &str) -> Result<Self, Failure> {
        let found = TARGETS.iter().find(|(known, ..)| *known == triple);
        let Some(&(_, os, cpu, libc)) = found else {
            let known = TARGETS.map(|(triple, ..)| triple).join(", ");
            return Err(Failure::new(format!("{triple} is no target of ours; there are {known}")));
        };
        Ok(Self { triple: triple.to_owned(), os, cpu, libc })
    }

    /// The machine that this runs on.
    pub(crate) fn of_this_machine() -> Result<Self, Failure> {
        Self::parse(&host_triple()?)
    }

    pub(crate) fn is_this_machine(&self) -> bool {
        host_triple().is_ok_and(|host| host == self.triple)
    }

    /// The package that carries the program.
    pub(crate) fn package(&self) -> String {
        package_name(self.os, self.cpu, self.libc)
    }

    /// The packages of all targets.
    pub(crate) fn packages() -> Vec<String> {
        TARGETS.iter().map(|(_, os, cpu, libc)| package_name(os, cpu, *libc)).collect()
    }
}

/// As `platformPackage` of the shim looks it up.
fn package_name(os: &str, cpu: &str, libc: Option<&str>) -> String {
    let suffix = if libc == Some("musl") { "-musl" } else { "" };
    format!("@openclaw/telephony-{os}-{cpu}{suffix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_target_has_a_package_of_its_own() {
        let mut packages = Target::packages();
        assert!(packages.contains(&"@openclaw/telephony-linux-arm64-musl".to_owned()));
        packages.sort();
        packages.dedup();
        assert_eq!(packages.len(), TARGETS.len());
        assert!(Target::parse("riscv64gc-unknown-linux-gnu").is_err());
    }
}
