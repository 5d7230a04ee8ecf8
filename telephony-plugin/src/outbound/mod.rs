//! From a text to the carrier: planned, written down, sent, and never sent twice.

mod call;
mod callback;
mod delivery;
mod ledger;
mod limits;
mod outbox;
mod pace;
mod plan;
mod send;

pub(crate) use self::call::Opened;
pub use self::call::{
    CallEvent, CallOutcome, CallRecord, CallReport, Direction, NewCall, Reception,
};
pub use self::delivery::{Delivery, Reported};
pub(crate) use self::ledger::CHANGED;
pub(crate) use self::ledger::Unheard;
pub use self::ledger::{Backlog, Claimed, Ledger, LedgerError, OptOutSource, OptedOut};
pub(crate) use self::limits::is_time_zone;
pub(crate) use self::outbox::while_ours;
pub use self::outbox::{Outbox, Sender, SubmitError};
pub use self::plan::plan;
pub use self::send::{
    Enqueued, NewSend, Part, PartState, PartStatus, Retries, SendOutcome, SendStatus, Source,
};
