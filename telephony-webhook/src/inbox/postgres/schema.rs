//! The tables of the inbox in PostgreSQL.

/// What each version adds to the one before.
pub(super) const MIGRATIONS: &[&str] = &["
    -- The order of coming, and of the last requeueing. A number is taken while the lane is locked, so
    -- that within a lane who has the smaller one has committed before.
    CREATE SEQUENCE inbox_position;

    CREATE TABLE inbox_entry (
        position BIGINT PRIMARY KEY,
        id TEXT COLLATE \"C\" NOT NULL UNIQUE,
        account TEXT COLLATE \"C\" NOT NULL,
        key TEXT COLLATE \"C\" NOT NULL,
        lane TEXT COLLATE \"C\" NOT NULL,
        state SMALLINT NOT NULL DEFAULT 0,      -- 0 waiting, 1 done, 2 failed
        leased BOOLEAN NOT NULL DEFAULT FALSE,  -- whether the last lease has not been given back
        leases BIGINT NOT NULL DEFAULT 0,       -- how many leases there have been
        attempts INTEGER NOT NULL DEFAULT 0,
        received_at BIGINT NOT NULL,            -- milliseconds since the Unix epoch, as all times
        due_at BIGINT NOT NULL,                 -- while it is leased, when that runs out
        done_at BIGINT,
        joined BIGINT,                          -- how many of those behind it are part of it
        reason TEXT,
        event TEXT,                             -- JSON; erased some time after it is done
        UNIQUE (account, key)
    ) WITH (autovacuum_vacuum_scale_factor = 0.05);

    -- Who is next in a lane.
    CREATE INDEX inbox_entry_waiting ON inbox_entry (lane, position) WHERE state = 0;
    -- What people list and count.
    CREATE INDEX inbox_entry_state ON inbox_entry (state, position);
    CREATE INDEX inbox_entry_oldest ON inbox_entry (received_at) WHERE state = 0;
    -- What is to be forgotten and erased.
    CREATE INDEX inbox_entry_done ON inbox_entry (received_at) WHERE state = 1;
    CREATE INDEX inbox_entry_unerased ON inbox_entry (done_at)
        WHERE state = 1 AND event IS NOT NULL;

    -- The lanes in which something waits, and when the oldest of each is due: so the lanes to be
    -- leased next are found without looking at what waits behind. Whoever changes what waits in a
    -- lane locks its row first.
    CREATE TABLE inbox_lane (
        name TEXT COLLATE \"C\" PRIMARY KEY,
        account TEXT COLLATE \"C\" NOT NULL,
        due_at BIGINT NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0.02);
    CREATE INDEX inbox_lane_due ON inbox_lane (due_at, name);
"];
