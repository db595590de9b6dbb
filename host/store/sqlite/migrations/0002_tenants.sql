-- Tenants with keys and gateways; modules with reports; what explain and replay read. Times are milliseconds since
-- 1970-01-01 UTC.

-- A removed tenant keeps its row, so that its name is never given again.
CREATE TABLE tenants (
    seq        INTEGER PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    removed_ms INTEGER
) STRICT;
-- Whoever registered bots before there were tenants is one.
INSERT INTO tenants (name, created_ms) SELECT tenant, min(created_ms) FROM bots GROUP BY tenant;

-- What belongs to one tenant at a time: a platform's customer account (kind: the platform's name; Khoros: companyKey) and a
-- client_id (kind: 'client_id').
CREATE TABLE claims (
    seq    INTEGER PRIMARY KEY,
    kind   TEXT    NOT NULL,
    value  TEXT    NOT NULL,
    tenant TEXT    NOT NULL,
    UNIQUE (kind, value)
) STRICT;
CREATE INDEX claims_tenant ON claims (tenant);

-- `hash` is the SHA-256 of the whole key, whose secret part is 256 random bits. `replaces` is the key that this one was made
-- to take over from.
CREATE TABLE keys (
    seq          INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    tenant       TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    client_id    TEXT,
    scopes       TEXT    NOT NULL,
    hash         BLOB    NOT NULL,
    replaces     TEXT,
    created_ms   INTEGER NOT NULL,
    expires_ms   INTEGER,
    last_used_ms INTEGER,
    revoked_ms   INTEGER
) STRICT;
CREATE INDEX keys_tenant ON keys (tenant);

-- `token` is sealed: see seal.rs.
CREATE TABLE gateways (
    tenant     TEXT    NOT NULL,
    platform   TEXT    NOT NULL,
    url        TEXT    NOT NULL,
    token      BLOB    NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, platform)
) STRICT, WITHOUT ROWID;

-- What secrets are sealed with, itself sealed with the master key; the newest one seals.
CREATE TABLE data_keys (
    id         INTEGER PRIMARY KEY,
    sealed     BLOB    NOT NULL,
    created_ms INTEGER NOT NULL
) STRICT;

-- What a write with an Idempotency-Key was answered. `key` is the SHA-256 of that. `status` is NULL while it is under way in the process of that `boot`.
-- `body` is sealed: it may hold a new key.
CREATE TABLE idempotency (
    tenant      TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    boot        TEXT    NOT NULL,
    at_ms       INTEGER NOT NULL,
    status      INTEGER,
    media_type  TEXT,
    body        BLOB,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at_ms);

-- Who did what, when and from where. Rows are only ever added.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant  TEXT    NOT NULL,
    at_ms   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    origin  TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    details TEXT    NOT NULL
) STRICT;
CREATE INDEX audit_tenant ON audit (tenant);
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_not_cut BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- `report` is the upload's report as JSON. A deleted version keeps its row, so that its number never means other bytes.
ALTER TABLE versions ADD COLUMN report TEXT;
ALTER TABLE versions ADD COLUMN by TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN origin TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN deleted_ms INTEGER;
CREATE INDEX versions_digest ON versions (digest);
ALTER TABLE activations ADD COLUMN origin TEXT NOT NULL DEFAULT '';

-- `account` is the customer's account on the platform (Khoros: companyKey). `pin` is the version that the bot was pinned to
-- over the API; one in the registration's own `module:` URI goes before it.
ALTER TABLE bots ADD COLUMN account TEXT NOT NULL DEFAULT '';
ALTER TABLE bots ADD COLUMN pin INTEGER;
ALTER TABLE bots ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE INDEX bots_tenant ON bots (tenant);
-- Bots from before have their account in the registration alone. Whoever registered first for one has it.
UPDATE bots SET account = json_extract(registration, '$.companyKey')
    WHERE iif(json_valid(registration), json_type(registration, '$.companyKey') = 'text', 0);
INSERT OR IGNORE INTO claims (kind, value, tenant)
    SELECT platform, account, tenant FROM bots WHERE account <> '' ORDER BY created_ms, id;

-- What a turn depends on of a registration: one row for each change of it, kept when the bot is gone as long as something may
-- refer to it. `until_ms` is when it was replaced or removed; `used`: whether an event or a turn ever referred to it.
CREATE TABLE bot_revisions (
    bot         TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    used        INTEGER NOT NULL DEFAULT 0,
    until_ms    INTEGER,
    at_ms       INTEGER NOT NULL,
    platform    TEXT    NOT NULL,
    platform_id TEXT    NOT NULL,
    network     TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    module      TEXT    NOT NULL,
    version     INTEGER,
    pin         INTEGER,
    scheme      TEXT    NOT NULL,
    config      TEXT    NOT NULL,
    live        INTEGER NOT NULL,
    PRIMARY KEY (bot, revision)
) STRICT, WITHOUT ROWID;
CREATE INDEX bot_revisions_until ON bot_revisions (until_ms, used) WHERE until_ms IS NOT NULL;
INSERT INTO bot_revisions (bot, revision, used, at_ms, platform, platform_id, network, channel, module, version, scheme, config,
        live)
    SELECT id, 1, 1, updated_ms, platform, platform_id, network, channel, module, version, scheme, config, live FROM bots;

-- What lists ask for: a tenant's conversations with a key, one for each of its bots.
CREATE INDEX conversations_key ON conversations (tenant, key);

-- `bot_revision` is the registration that the event was accepted under. `retry_of` is the failed event that this one repeats
-- by hand. `stripped`: its body, turns and deliveries were forgotten before it, to make room.
ALTER TABLE events ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN bot_revision INTEGER NOT NULL DEFAULT 1;
ALTER TABLE events ADD COLUMN duplicates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN duplicate_ms INTEGER;
ALTER TABLE events ADD COLUMN retry_of INTEGER REFERENCES events (id);
ALTER TABLE events ADD COLUMN stripped INTEGER NOT NULL DEFAULT 0;
UPDATE events SET tenant = (SELECT tenant FROM conversations c WHERE c.id = events.conversation);
-- Lists go from the newest to the oldest: the row's number is the second part of each of these.
CREATE INDEX events_tenant ON events (tenant);
CREATE INDEX events_conversation ON events (conversation);
CREATE INDEX events_retry ON events (retry_of) WHERE retry_of IS NOT NULL;

-- With the event's body and its bot's revision, all that a turn depended on. `activation` is what made the version serve;
-- NULL when the bot was pinned to it. `refusals` is JSON. `bot_revision` is 0 where nothing of this was recorded: in turns from
-- before this schema.
ALTER TABLE turns ADD COLUMN bot_revision INTEGER NOT NULL DEFAULT 0;
ALTER TABLE turns ADD COLUMN state_before TEXT;
ALTER TABLE turns ADD COLUMN owner_before TEXT;
ALTER TABLE turns ADD COLUMN activation INTEGER;
ALTER TABLE turns ADD COLUMN refusals TEXT;

-- status 5: dropped by hand. `forgiven` is how many tries had been made when it was retried by hand.
ALTER TABLE deliveries ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deliveries ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
UPDATE deliveries SET tenant = (SELECT tenant FROM conversations c WHERE c.id = deliveries.conversation);
CREATE INDEX deliveries_tenant ON deliveries (tenant);
CREATE INDEX deliveries_conversation ON deliveries (conversation);
DROP INDEX deliveries_given_up;
CREATE INDEX deliveries_given_up ON deliveries (tenant, status) WHERE status > 2;
-- What the platform answered: the HTTP status and the beginning of the body.
ALTER TABLE attempts ADD COLUMN http_status INTEGER;
ALTER TABLE attempts ADD COLUMN answer TEXT;

-- What stripping can free, by tenant; the triggers below count it. `events` are those that had no turn at being
-- stripped yet: those numbered above `passed`. `bytes` is what bodies, turns, requests and answers take.
CREATE TABLE details (
    tenant TEXT    PRIMARY KEY,
    passed INTEGER NOT NULL DEFAULT 0,
    events INTEGER NOT NULL DEFAULT 0,
    bytes  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
INSERT INTO details (tenant, events, bytes)
    SELECT tenant, count(*), sum(octet_length(body)) FROM events GROUP BY tenant;
UPDATE details SET bytes = bytes
    + (SELECT coalesce(sum(octet_length(t.log)
        + octet_length(coalesce(t.outcome, '')) + octet_length(coalesce(t.cause, ''))), 0)
        FROM turns t JOIN events e ON e.id = t.event WHERE e.tenant = details.tenant)
    + (SELECT coalesce(sum(octet_length(d.path) + octet_length(d.body)), 0)
        FROM deliveries d WHERE d.tenant = details.tenant)
    + (SELECT coalesce(sum(octet_length(coalesce(a.reason, ''))), 0)
        FROM attempts a JOIN deliveries d ON d.id = a.delivery WHERE d.tenant = details.tenant);
CREATE TRIGGER event_came AFTER INSERT ON events BEGIN
    INSERT INTO details (tenant, events, bytes) VALUES (NEW.tenant, 1, octet_length(NEW.body))
        ON CONFLICT (tenant) DO UPDATE SET events = events + 1, bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER event_was_stripped AFTER UPDATE OF body ON events BEGIN
    UPDATE details SET bytes = bytes - octet_length(OLD.body) + octet_length(NEW.body) WHERE tenant = NEW.tenant;
END;
CREATE TRIGGER event_went AFTER DELETE ON events BEGIN
    UPDATE details SET events = events - (OLD.id > passed), bytes = bytes - octet_length(OLD.body)
        WHERE tenant = OLD.tenant;
END;
CREATE TRIGGER turn_came AFTER INSERT ON turns BEGIN
    UPDATE details SET bytes = bytes + octet_length(NEW.log) + octet_length(coalesce(NEW.outcome, ''))
        + octet_length(coalesce(NEW.cause, '')) + octet_length(coalesce(NEW.state_before, ''))
        + octet_length(coalesce(NEW.refusals, ''))
        WHERE tenant = (SELECT tenant FROM events WHERE id = NEW.event);
END;
CREATE TRIGGER turn_went AFTER DELETE ON turns BEGIN
    UPDATE details SET bytes = bytes - octet_length(OLD.log) - octet_length(coalesce(OLD.outcome, ''))
        - octet_length(coalesce(OLD.cause, '')) - octet_length(coalesce(OLD.state_before, ''))
        - octet_length(coalesce(OLD.refusals, ''))
        WHERE tenant = (SELECT tenant FROM events WHERE id = OLD.event);
END;
CREATE TRIGGER delivery_came AFTER INSERT ON deliveries BEGIN
    UPDATE details SET bytes = bytes + octet_length(NEW.path) + octet_length(NEW.body) WHERE tenant = NEW.tenant;
END;
CREATE TRIGGER delivery_went AFTER DELETE ON deliveries BEGIN
    UPDATE details SET bytes = bytes - octet_length(OLD.path) - octet_length(OLD.body) WHERE tenant = OLD.tenant;
END;
CREATE TRIGGER attempt_came AFTER INSERT ON attempts BEGIN
    UPDATE details SET bytes = bytes + octet_length(coalesce(NEW.reason, '')) + octet_length(coalesce(NEW.answer, ''))
        WHERE tenant = (SELECT tenant FROM deliveries WHERE id = NEW.delivery);
END;
CREATE TRIGGER attempt_went AFTER DELETE ON attempts BEGIN
    UPDATE details SET bytes = bytes - octet_length(coalesce(OLD.reason, '')) - octet_length(coalesce(OLD.answer, ''))
        WHERE tenant = (SELECT tenant FROM deliveries WHERE id = OLD.delivery);
END;
