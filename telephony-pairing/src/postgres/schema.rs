//! The tables in PostgreSQL.

/// What each version adds to the one before.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE pairing_request (
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        code TEXT COLLATE \"C\" NOT NULL,
        created_at BIGINT NOT NULL, -- milliseconds since the Unix epoch
        expires_at BIGINT NOT NULL,
        PRIMARY KEY (account, number)
    );
    CREATE TABLE pairing_approved (
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        PRIMARY KEY (account, number)
    );
    CREATE TABLE pairing_owed (
        sequence BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        code TEXT COLLATE \"C\" NOT NULL,
        kind SMALLINT NOT NULL, -- 0 challenge, 1 confirmation
        expires_at BIGINT,
        UNIQUE (account, number, code, kind)
    );
    CREATE TABLE pairing_failure (
        account TEXT COLLATE \"C\" NOT NULL,
        at BIGINT NOT NULL
    );
    CREATE INDEX pairing_failure_account ON pairing_failure (account, at);
"];
