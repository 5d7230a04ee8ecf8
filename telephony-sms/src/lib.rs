#![doc = include_str!("../README.md")]
#![no_std]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod alphabet;
mod analyze;
mod boundary;
mod encoding;
mod error;
#[cfg(feature = "nli")]
pub mod nli;
#[cfg(feature = "pdu")]
pub mod pdu;
#[cfg(feature = "alloc")]
mod plan;
mod scan;
mod split;
#[cfg(feature = "translit")]
pub mod translit;

pub use analyze::{Analysis, NonGsm, analyze, analyze_as, analyze_with_reference};
pub use boundary::Boundary;
pub use encoding::{Encoding, MAX_PARTS, Reference, USER_DATA_OCTETS};
pub use error::Error;
#[cfg(feature = "alloc")]
pub use plan::{ChunkMode, Message, MessageCap, Plan, PlanOptions, plan};
pub use split::{Segment, Segments, SplitOptions, split};
