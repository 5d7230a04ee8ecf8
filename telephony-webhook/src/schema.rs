//! Whose tables a database holds, and how they came to be what they are.

/// The tables of one owner.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// What its tables' names begin with, and what the ledger knows it by.
    pub name: &'static str,
    /// What each version adds to the one before. Only ever appended to.
    pub migrations: &'static [&'static str],
}
