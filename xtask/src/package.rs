//! Packs each library as it is published, and builds it from the package, outside the workspace.

use crate::step::{Outcome, execute_cargo};
use crate::workspace::LIBRARIES;

pub(crate) fn run() -> Outcome {
    // Cargo unpacks each archive and builds it there; those that need one another find each other
    // as if they had been published.
    let mut arguments = vec!["package", "--quiet", "--allow-dirty", "--locked"];
    for library in LIBRARIES {
        arguments.extend(["-p", library]);
    }
    execute_cargo(&arguments, "a package must build with what it contains and depends on alone")
}
