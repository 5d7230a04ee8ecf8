//! The tables of the inbox.

/// What each version adds to the one before.
pub(super) const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE inbox_entry (
        position INTEGER PRIMARY KEY,  -- the order of coming, and of the last requeueing
        id TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        key TEXT NOT NULL,
        lane TEXT NOT NULL,
        state INTEGER NOT NULL DEFAULT 0,  -- 0 waiting, 1 done, 2 failed
        leased INTEGER NOT NULL DEFAULT 0, -- whether the last lease has not been given back
        leases INTEGER NOT NULL DEFAULT 0, -- how many leases there have been
        attempts INTEGER NOT NULL DEFAULT 0,
        received_at INTEGER NOT NULL,      -- milliseconds since the Unix epoch, as all times
        due_at INTEGER NOT NULL,           -- while it is leased, when that runs out
        done_at INTEGER,
        reason TEXT,
        event TEXT,                        -- JSON; erased some time after it is done
        UNIQUE (account, key)
    ) STRICT;

    -- Left to itself, SQLite takes the index of states for everything, and reads all that waits:
    -- so the queries name theirs. This one says who is next in a lane.
    CREATE INDEX inbox_entry_waiting ON inbox_entry (lane, position) WHERE state = 0;
    -- What people list and count.
    CREATE INDEX inbox_entry_state ON inbox_entry (state);
    -- What is to be forgotten and erased.
    CREATE INDEX inbox_entry_done ON inbox_entry (received_at) WHERE state = 1;
    CREATE INDEX inbox_entry_unerased ON inbox_entry (done_at)
        WHERE state = 1 AND event IS NOT NULL;

    -- The lanes in which something waits, and when the oldest of each is due: so the lanes to be
    -- leased next are found without looking at what waits behind.
    CREATE TABLE inbox_lane (
        name TEXT PRIMARY KEY,
        due_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX inbox_lane_due ON inbox_lane (due_at);
",
    "
    -- How many of those that wait behind it in its lane are part of it; NULL while nobody said so.
    ALTER TABLE inbox_entry ADD COLUMN joined INTEGER;
",
    "
    -- Each event was written to this one when it came and again when it was done, for what people ask
    -- now and then: what waits and what is done have indexes of their own.
    DROP INDEX inbox_entry_state;
    CREATE INDEX inbox_entry_failed ON inbox_entry (position) WHERE state = 2;
",
    "
    -- How long what waits has waited is asked for again and again, and mostly when much does.
    CREATE INDEX inbox_entry_oldest ON inbox_entry (received_at) WHERE state = 0;
",
];
