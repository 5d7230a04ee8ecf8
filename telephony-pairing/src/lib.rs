#![doc = include_str!("../README.md")]

mod code;
#[cfg(feature = "testing")]
pub mod conformance;
mod gate;
mod memory;
mod policy;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub use code::{CODE_CHARACTERS, CODE_LIFETIME, CodeError, PairingCode};
pub use gate::{AccessGate, GateError, PolicyGate};
pub use memory::MemoryPairingStore;
pub use policy::{Access, BlockReason, Standing, standing};
#[cfg(feature = "postgres")]
pub use postgres::PostgresPairingStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqlitePairingStore, TransactionWork, Transactions};
pub use store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingRequest, PairingStore,
    Requested, StoreError,
};
