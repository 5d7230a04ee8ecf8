//! Shows that the segmenter needs neither the standard library nor an allocator.
//!
//! A program that brings its own panic handler cannot be compiled together with `std`, which has
//! one too, and one without an allocator cannot be linked with `alloc`. So a static library with
//! a panic handler and without an allocator, built from the segmenter with every feature that
//! claims to do without, is the proof.

use std::fs;

use crate::step::{self, Outcome, cargo, root};

const MANIFEST: &str = r#"[package]
name = "bare-metal"
edition = "2024"

[lib]
crate-type = ["staticlib"]

[dependencies]
telephony-sms = { path = "../../telephony-sms", default-features = false, features = [
    "grapheme", "nli", "pdu", "serde", "translit",
] }

[profile.dev]
panic = "abort"

[workspace]
"#;

const SOURCE: &str = r#"//! Counts segments with neither std nor alloc.
#![no_std]

use telephony_sms::{Boundary, SplitOptions, split};

#[unsafe(no_mangle)]
extern "C" fn segments() -> usize {
    let options = SplitOptions::new().boundary(Boundary::Grapheme);
    let parts = split("a text", options).map_or(0, |parts| parts.count());
    let maps = telephony_sms::translit::MapSet::EVERYDAY;
    parts + telephony_sms::translit::savings("a text", maps).segments()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
"#;

pub(crate) fn run() -> Outcome {
    let folder = root().join("target/bare-metal");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), MANIFEST)?;
    fs::write(folder.join("src/lib.rs"), SOURCE)?;
    let mut command = cargo(&["build", "--quiet"]);
    command.env("CARGO_TARGET_DIR", folder.join("target")).current_dir(folder);
    step::execute(&mut command, "without `std` and `alloc`, telephony-sms must need neither")
}
