//! What is copied: every table, its columns, and from which one numbers are counted on.

/// A table that both databases have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The columns that both have under one name.
    pub(super) columns: &'static [&'static str],
    /// A column that PostgreSQL has alone, and how SQLite says what is in it.
    pub(super) more: Option<(&'static str, &'static str)>,
    /// The column whose numbers are counted on, and the sequence that counts them where the column
    /// has none of its own.
    pub(super) counted: Option<(&'static str, &'static str)>,
}

const fn table(name: &'static str, columns: &'static [&'static str]) -> Table {
    Table { name, columns, more: None, counted: None }
}

const fn counted(
    name: &'static str,
    columns: &'static [&'static str],
    by: (&'static str, &'static str),
) -> Table {
    Table { name, columns, more: None, counted: Some(by) }
}

/// All of them; what others refer to comes first.
pub(super) const TABLES: &[Table] = &[
    counted(
        "inbox_entry",
        &[
            "position",
            "id",
            "account",
            "key",
            "lane",
            "state",
            "leased",
            "leases",
            "attempts",
            "received_at",
            "due_at",
            "done_at",
            "reason",
            "event",
            "joined",
        ],
        ("position", "inbox_position"),
    ),
    Table {
        name: "inbox_lane",
        columns: &["name", "due_at"],
        // A lane's name begins with its account.
        more: Some(("account", "substr(name, 1, instr(name, ' ') - 1)")),
        counted: None,
    },
    table(
        "outbound_send",
        &[
            "id",
            "account",
            "recipient",
            "source",
            "fingerprint",
            "created_at",
            "retries",
            "provider",
        ],
    ),
    counted(
        "outbound_part",
        &[
            "sequence",
            "send",
            "lane",
            "account",
            "state",
            "attempts",
            "due_at",
            "changed_at",
            "reference",
            "provider_id",
            "content",
            "delivery",
            "reason",
            "is_first",
            "history",
            "claim",
        ],
        ("sequence", "outbound_part_sequence"),
    ),
    table(
        "outbound_call",
        &[
            "id",
            "account",
            "provider",
            "inbound",
            "number",
            "key",
            "fingerprint",
            "reference",
            "provider_id",
            "outcome",
            "content",
            "machine_detection",
            "state",
            "machine",
            "duration_seconds",
            "code",
            "reason",
            "answered",
            "history",
            "created_at",
            "changed_at",
        ],
    ),
    table("outbound_contact", &["account", "number", "heard_at"]),
    table("outbound_opt_out", &["account", "number", "since", "source"]),
    table("pairing_request", &["account", "number", "code", "created_at", "expires_at"]),
    table("pairing_approved", &["account", "number"]),
    counted(
        "pairing_owed",
        &["sequence", "account", "number", "code", "kind", "expires_at"],
        ("sequence", "pairing_owed_sequence"),
    ),
    table("pairing_failure", &["account", "at"]),
    table(
        "host_challenge",
        &["account", "number", "code", "created_at", "texted_at", "approved_at", "closed_at"],
    ),
];

impl Table {
    /// The columns, as PostgreSQL is told them.
    pub(super) fn names(&self) -> String {
        let more = self.more.map(|(name, _)| name);
        let names: Vec<_> = self.columns.iter().copied().chain(more).map(quoted).collect();
        names.join(", ")
    }

    /// The question to SQLite for all rows.
    pub(super) fn query(&self) -> String {
        let more = self.more.map(|(_, expression)| expression.to_owned());
        let columns: Vec<_> = self.columns.iter().copied().map(quoted).chain(more).collect();
        format!("SELECT {} FROM {} ORDER BY 1", columns.join(", "), self.name)
    }
}

/// Some columns have names that mean something.
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}
