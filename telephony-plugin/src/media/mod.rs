//! Pictures and files, both ways: fetched from the carrier, and hosted for it.
//!
//! Neither trusts what a file is said to be: what counts are its first bytes, and what is no
//! picture, sound, video or plain document goes neither way.

pub mod fetch;
mod files;
pub mod host;
mod kind;

pub use self::kind::Family;
