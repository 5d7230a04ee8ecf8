//! What the ledger promises.
