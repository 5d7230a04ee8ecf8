//! The tables of the ledger.

/// What each version adds to the one before, in an SQLite file.
pub(super) const SQLITE: &[&str] = &[
    "
    CREATE TABLE outbound_send (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        recipient TEXT NOT NULL,
        source TEXT NOT NULL, -- 'reply …', 'note …', 'key …' or 'once …'
        fingerprint BLOB NOT NULL,
        created_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
        UNIQUE (account, source)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX outbound_send_recipient ON outbound_send (account, recipient, created_at);
    CREATE INDEX outbound_send_created ON outbound_send (created_at);

    CREATE TABLE outbound_part (
        sequence INTEGER PRIMARY KEY,
        send TEXT NOT NULL REFERENCES outbound_send (id),
        lane TEXT NOT NULL, -- account and recipient
        account TEXT NOT NULL,
        state INTEGER NOT NULL DEFAULT 0, -- 0 queued, 1 sending, 2 sent, 3 refused, 4 unknown
        attempts INTEGER NOT NULL DEFAULT 0,
        due_at INTEGER NOT NULL,
        changed_at INTEGER NOT NULL,
        reference TEXT NOT NULL UNIQUE,
        provider_id TEXT,
        content TEXT, -- JSON; erased when it has been kept long enough
        delivery TEXT, -- JSON of what the carrier reported
        reason TEXT
    ) STRICT;
    CREATE INDEX outbound_part_send ON outbound_part (send, sequence);
    CREATE INDEX outbound_part_due ON outbound_part (due_at) WHERE state = 0;
    CREATE INDEX outbound_part_lane ON outbound_part (lane, sequence) WHERE state < 2;
    CREATE INDEX outbound_part_state ON outbound_part (state) WHERE state <> 2;
    CREATE INDEX outbound_part_provider ON outbound_part (account, provider_id)
        WHERE provider_id IS NOT NULL;
    CREATE INDEX outbound_part_kept ON outbound_part (changed_at)
        WHERE state >= 2 AND content IS NOT NULL;
",
    "
    -- Who asks for the status of a carrier's id does not always say of which account.
    DROP INDEX outbound_part_provider;
    CREATE INDEX outbound_part_provider ON outbound_part (provider_id, account)
        WHERE provider_id IS NOT NULL;
",
    "
    -- Only the first part of a lane may go: what may go is found without looking at what waits
    -- behind it, and by account, because some may not send at the moment.
    ALTER TABLE outbound_part ADD COLUMN is_first INTEGER NOT NULL DEFAULT 0;
    UPDATE outbound_part SET is_first = 1 WHERE sequence IN
        (SELECT min(sequence) FROM outbound_part WHERE state < 2 GROUP BY lane);
    DROP INDEX outbound_part_due;
    CREATE INDEX outbound_part_due ON outbound_part (account, due_at, sequence)
        WHERE state = 0 AND is_first = 1;
",
    "
    -- Who tries again what was not sent: 0 we, 1 whoever asked for it. A part of theirs that was
    -- not sent is in state 5.
    ALTER TABLE outbound_send ADD COLUMN retries INTEGER NOT NULL DEFAULT 0;

    -- Who wrote first and was let in, where only some numbers may be texted: they may be answered.
    CREATE TABLE outbound_contact (
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        PRIMARY KEY (account, number)
    ) STRICT, WITHOUT ROWID;
",
    "
    -- Who wants no more messages.
    CREATE TABLE outbound_opt_out (
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        since INTEGER NOT NULL, -- milliseconds since the Unix epoch
        source TEXT NOT NULL, -- 'word', 'carrier' or 'operator'
        PRIMARY KEY (account, number)
    ) STRICT, WITHOUT ROWID;

    -- When they last wrote, where that matters: in milliseconds since the Unix epoch.
    ALTER TABLE outbound_contact ADD COLUMN heard_at INTEGER NOT NULL DEFAULT 0;
",
    "
    -- Whose codes the reports on a send have: its account may be at another provider by now.
    ALTER TABLE outbound_send ADD COLUMN provider TEXT;

    -- JSON of what the carrier said of a part, in the order in which it came.
    ALTER TABLE outbound_part ADD COLUMN history TEXT;

    -- The latest sends of an account.
    CREATE INDEX outbound_send_latest ON outbound_send (account, created_at);
",
    "
    -- Calls: ours, and those of people who call us.
    CREATE TABLE outbound_call (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        provider TEXT NOT NULL,
        inbound INTEGER NOT NULL,
        number TEXT, -- who is called, or calls
        key TEXT, -- under which somebody asked for it
        fingerprint BLOB,
        reference TEXT UNIQUE, -- what the carrier's reports on it carry
        provider_id TEXT,
        outcome INTEGER NOT NULL, -- 0 pending, 1 placed, 2 refused, 3 not placed, 4 unknown
        content TEXT, -- JSON of what it says; erased when it has said it
        machine_detection TEXT NOT NULL, -- JSON of what is done when a machine answers
        state TEXT, -- JSON of how far it has come
        machine INTEGER, -- whether one answered
        duration_seconds INTEGER,
        code TEXT,
        reason TEXT,
        answered INTEGER, -- whether a call of somebody who calls us was answered; else rejected
        history TEXT, -- JSON of what the carrier told, in the order in which it came
        created_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
        changed_at INTEGER NOT NULL,
        UNIQUE (account, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX outbound_call_provider ON outbound_call (provider_id, account)
        WHERE provider_id IS NOT NULL;
    CREATE INDEX outbound_call_latest ON outbound_call (account, created_at);
    CREATE INDEX outbound_call_created ON outbound_call (created_at);
    CREATE INDEX outbound_call_pending ON outbound_call (id) WHERE outcome = 0;
    CREATE INDEX outbound_call_kept ON outbound_call (changed_at) WHERE content IS NOT NULL;
",
    "
    -- The claim that marked a part as being sent, where several processes send: by it a process finds
    -- what it has claimed without hearing so.
    ALTER TABLE outbound_part ADD COLUMN claim TEXT;
",
];

/// The same in PostgreSQL, which knows them since version 7 of those above. Texts are compared by
/// their bytes, as SQLite compares them.
pub(super) const POSTGRES: &[&str] = &[
    "
    CREATE TABLE outbound_send (
        id TEXT COLLATE \"C\" PRIMARY KEY,
        account TEXT COLLATE \"C\" NOT NULL,
        recipient TEXT COLLATE \"C\" NOT NULL,
        source TEXT COLLATE \"C\" NOT NULL,
        fingerprint BYTEA NOT NULL,
        created_at BIGINT NOT NULL,
        retries BIGINT NOT NULL DEFAULT 0,
        provider TEXT,
        UNIQUE (account, source)
    );
    CREATE INDEX outbound_send_recipient ON outbound_send (account, recipient, created_at);
    CREATE INDEX outbound_send_created ON outbound_send (created_at);
    CREATE INDEX outbound_send_latest ON outbound_send (account, created_at);

    CREATE TABLE outbound_part (
        sequence BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
        send TEXT COLLATE \"C\" NOT NULL,
        lane TEXT COLLATE \"C\" NOT NULL,
        account TEXT COLLATE \"C\" NOT NULL,
        state BIGINT NOT NULL DEFAULT 0,
        attempts BIGINT NOT NULL DEFAULT 0,
        due_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        reference TEXT COLLATE \"C\" NOT NULL UNIQUE,
        provider_id TEXT COLLATE \"C\",
        content TEXT,
        delivery TEXT,
        reason TEXT,
        is_first BIGINT NOT NULL DEFAULT 0,
        history TEXT
    );
    CREATE INDEX outbound_part_send ON outbound_part (send, sequence);
    CREATE INDEX outbound_part_lane ON outbound_part (lane, sequence) WHERE state < 2;
    CREATE INDEX outbound_part_state ON outbound_part (state) WHERE state <> 2;
    CREATE INDEX outbound_part_provider ON outbound_part (provider_id, account)
        WHERE provider_id IS NOT NULL;
    CREATE INDEX outbound_part_kept ON outbound_part (changed_at)
        WHERE state >= 2 AND content IS NOT NULL;
    CREATE INDEX outbound_part_due ON outbound_part (account, due_at, sequence)
        WHERE state = 0 AND is_first = 1;

    CREATE TABLE outbound_contact (
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        heard_at BIGINT NOT NULL DEFAULT 0,
        PRIMARY KEY (account, number)
    );

    CREATE TABLE outbound_opt_out (
        account TEXT COLLATE \"C\" NOT NULL,
        number TEXT COLLATE \"C\" NOT NULL,
        since BIGINT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (account, number)
    );

    CREATE TABLE outbound_call (
        id TEXT COLLATE \"C\" PRIMARY KEY,
        account TEXT COLLATE \"C\" NOT NULL,
        provider TEXT NOT NULL,
        inbound BIGINT NOT NULL,
        number TEXT,
        key TEXT COLLATE \"C\",
        fingerprint BYTEA,
        reference TEXT COLLATE \"C\" UNIQUE,
        provider_id TEXT COLLATE \"C\",
        outcome BIGINT NOT NULL,
        content TEXT,
        machine_detection TEXT NOT NULL,
        state TEXT,
        machine BIGINT,
        duration_seconds BIGINT,
        code TEXT,
        reason TEXT,
        answered BIGINT,
        history TEXT,
        created_at BIGINT NOT NULL,
        changed_at BIGINT NOT NULL,
        UNIQUE (account, key)
    );
    CREATE INDEX outbound_call_provider ON outbound_call (provider_id, account)
        WHERE provider_id IS NOT NULL;
    CREATE INDEX outbound_call_latest ON outbound_call (account, created_at);
    CREATE INDEX outbound_call_created ON outbound_call (created_at);
    CREATE INDEX outbound_call_pending ON outbound_call (id) WHERE outcome = 0;
    CREATE INDEX outbound_call_kept ON outbound_call (changed_at) WHERE content IS NOT NULL;
",
    "
    -- The claim that marked a part as being sent: by it a process finds what it has claimed without
    -- hearing so.
    ALTER TABLE outbound_part ADD COLUMN claim TEXT COLLATE \"C\";
",
];
