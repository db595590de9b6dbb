-- The first schema. Times are milliseconds since 1970-01-01 UTC.

-- A conversation is the unit of order. It carries the lease on its oldest pending event and the lease on its oldest open
-- delivery; `ready_at` and `send_at` say when each may be leased (again), and are NULL when nothing waits. While a lease is
-- held they are the moment at which it runs out, so that an abandoned one becomes claimable by itself.
-- `claims` and `tries` count for the oldest pending event and start again with the next.
CREATE TABLE conversations (
    id          INTEGER PRIMARY KEY,
    tenant      TEXT    NOT NULL,
    bot         TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    owner       TEXT,
    fence       INTEGER NOT NULL DEFAULT 0,
    leased      INTEGER NOT NULL DEFAULT 0,
    claims      INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 0,
    ready_at    INTEGER,
    send_fence  INTEGER NOT NULL DEFAULT 0,
    send_leased INTEGER NOT NULL DEFAULT 0,
    send_at     INTEGER,
    UNIQUE (bot, key)
) STRICT;
CREATE INDEX conversations_ready ON conversations (ready_at) WHERE ready_at IS NOT NULL;
CREATE INDEX conversations_send ON conversations (send_at) WHERE send_at IS NOT NULL;

-- Beside the conversations, so that a lease does not rewrite a long state.
CREATE TABLE states (
    conversation INTEGER PRIMARY KEY REFERENCES conversations (id),
    state        TEXT NOT NULL
) STRICT;

-- status: 0 pending, 1 done, 2 failed. `ending` says why an event was closed without a turn.
-- The dedupe key lives in the event's own row: it is there exactly when the event is. It is NULL once it has expired and
-- another event came with it.
CREATE TABLE events (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation    INTEGER NOT NULL REFERENCES conversations (id),
    bot             TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    status          INTEGER NOT NULL DEFAULT 0,
    accepted_ms     INTEGER NOT NULL,
    ended_ms        INTEGER,
    ending          TEXT,
    dedupe_key      TEXT,
    dedupe_until_ms INTEGER NOT NULL,
    body            BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX events_dedupe ON events (bot, dedupe_key) WHERE dedupe_key IS NOT NULL;
CREATE INDEX events_pending ON events (conversation, status) WHERE status = 0;
CREATE INDEX events_ended ON events (ended_ms) WHERE ended_ms IS NOT NULL;

-- `seed` is the unsigned number's bits. `digest` and `version` are NULL when there was no module to run.
CREATE TABLE turns (
    id           INTEGER PRIMARY KEY,
    event        INTEGER NOT NULL REFERENCES events (id),
    attempt      INTEGER NOT NULL,
    digest       TEXT,
    version      INTEGER,
    instructions INTEGER NOT NULL,
    elapsed_us   INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    now_ms       INTEGER NOT NULL,
    seed         INTEGER NOT NULL,
    outcome      TEXT,
    cause_kind   TEXT,
    cause        TEXT,
    log          TEXT    NOT NULL,
    UNIQUE (event, attempt)
) STRICT;

-- status: 0 planned, 1 sending, 2 sent, 3 parked, 4 unknown. Below 2 it is still to be sent, above 2 it was given up.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL REFERENCES conversations (id),
    event        INTEGER NOT NULL REFERENCES events (id),
    platform     TEXT    NOT NULL,
    action       TEXT    NOT NULL,
    method       TEXT    NOT NULL,
    path         TEXT    NOT NULL,
    body         TEXT    NOT NULL,
    repeatable   INTEGER NOT NULL,
    status       INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    due_ms       INTEGER NOT NULL,
    maybe_sent   INTEGER NOT NULL DEFAULT 0,
    reference    TEXT,
    last_error   TEXT
) STRICT;
CREATE INDEX deliveries_open ON deliveries (conversation) WHERE status < 2;
CREATE INDEX deliveries_given_up ON deliveries (status) WHERE status > 2;
CREATE INDEX deliveries_event ON deliveries (event);

-- One row for each try that ended: sent, again, parked, unknown.
CREATE TABLE attempts (
    delivery INTEGER NOT NULL REFERENCES deliveries (id),
    attempt  INTEGER NOT NULL,
    at_ms    INTEGER NOT NULL,
    result   TEXT    NOT NULL,
    reason   TEXT,
    PRIMARY KEY (delivery, attempt)
) STRICT, WITHOUT ROWID;

-- `secret` is sealed: see seal.rs.
CREATE TABLE bots (
    id              TEXT    PRIMARY KEY,
    tenant          TEXT    NOT NULL,
    platform        TEXT    NOT NULL,
    platform_id     TEXT    NOT NULL,
    network         TEXT    NOT NULL,
    channel         TEXT    NOT NULL,
    module          TEXT    NOT NULL,
    version         INTEGER,
    scheme          TEXT    NOT NULL,
    scheme_header   TEXT,
    scheme_encoding TEXT,
    identity        TEXT    NOT NULL,
    secret          BLOB    NOT NULL,
    config          TEXT    NOT NULL,
    registration    TEXT    NOT NULL,
    created_ms      INTEGER NOT NULL,
    updated_ms      INTEGER NOT NULL,
    live            INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE versions (
    tenant     TEXT    NOT NULL,
    module     TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    digest     TEXT    NOT NULL,
    bytes      INTEGER NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, module, version)
) STRICT, WITHOUT ROWID;

-- Rows are only ever added; a module's last one says what serves. `version` NULL: nothing does. `previous` is the
-- activation that a roll-back returns to.
CREATE TABLE activations (
    seq      INTEGER PRIMARY KEY,
    tenant   TEXT    NOT NULL,
    module   TEXT    NOT NULL,
    version  INTEGER,
    previous INTEGER REFERENCES activations (seq),
    by       TEXT    NOT NULL,
    at_ms    INTEGER NOT NULL,
    FOREIGN KEY (tenant, module, version) REFERENCES versions (tenant, module, version)
) STRICT;
CREATE INDEX activations_module ON activations (tenant, module, seq);

-- Always empty: a probe writes and deletes here to learn whether there is room again.
CREATE TABLE probe (filler BLOB NOT NULL) STRICT;
