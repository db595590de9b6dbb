-- Modes and bots elsewhere. Times are milliseconds since 1970-01-01 UTC.

-- `mode`: LIVE, MAINTENANCE or MONITORING. `relay` is where a bot elsewhere listens; its `module` is empty.
ALTER TABLE bots ADD COLUMN mode TEXT NOT NULL DEFAULT 'LIVE';
UPDATE bots SET mode = iif(live, 'LIVE', 'MAINTENANCE');
UPDATE bots SET mode = 'MONITORING'
    WHERE iif(json_valid(registration), json_extract(registration, '$.mode') = 'MONITORING', 0);
ALTER TABLE bots DROP COLUMN live;
ALTER TABLE bots ADD COLUMN relay TEXT;
ALTER TABLE bot_revisions ADD COLUMN mode TEXT NOT NULL DEFAULT 'LIVE';
UPDATE bot_revisions SET mode = iif(live, 'LIVE', 'MAINTENANCE');
ALTER TABLE bot_revisions DROP COLUMN live;
ALTER TABLE bot_revisions ADD COLUMN relay TEXT;

-- `ongoing` is the event since which a customer is in conversation with the bot; NULL once it is closed, and where no
-- customer ever wrote but to a bot that was MONITORING. `leaving`: an event that hands it over waits in it.
ALTER TABLE conversations ADD COLUMN ongoing INTEGER;
ALTER TABLE conversations ADD COLUMN leaving INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_ongoing ON conversations (bot) WHERE ongoing IS NOT NULL;
UPDATE conversations SET ongoing =
    (SELECT max(e.id) FROM events e WHERE e.conversation = conversations.id AND e.kind = 'message')
    WHERE bot IN (SELECT id FROM bots WHERE mode = 'LIVE');
UPDATE conversations SET ongoing = NULL WHERE EXISTS
    (SELECT 1 FROM events e
     WHERE e.conversation = conversations.id AND e.id > conversations.ongoing AND e.kind = 'update'
     AND iif(json_valid(CAST(e.body AS TEXT)), CAST(e.body AS TEXT) ->> '$.operation' = 'CLOSED', 0));

-- Until when the host's own word on who holds the conversation counts more than an event's: events accepted by then
-- cannot know of the last hand-off or take-over that was sent. While one is still to be sent, that is for ever.
ALTER TABLE conversations ADD COLUMN own_ms INTEGER NOT NULL DEFAULT 0;
-- Whether that was so in a turn.
ALTER TABLE turns ADD COLUMN owner_firm INTEGER NOT NULL DEFAULT 0;

-- A bot that left, as long as ongoing conversations of it are to be handed over: those up to `last_conversation` that
-- were ongoing when `last_event` was the last one. Those up to `passed` have their event.
CREATE TABLE hand_overs (
    id                INTEGER PRIMARY KEY,
    bot               TEXT    NOT NULL,
    revision          INTEGER NOT NULL,
    holder            TEXT    NOT NULL,
    reason            TEXT    NOT NULL,
    passed            INTEGER NOT NULL DEFAULT 0,
    last_conversation INTEGER NOT NULL,
    last_event        INTEGER NOT NULL
) STRICT;
CREATE INDEX hand_overs_bot ON hand_overs (bot);

-- `hand_over` makes it an event of the host's own: why the conversation goes to an agent. Its body is that of the
-- conversation's last message.
ALTER TABLE events ADD COLUMN hand_over TEXT;

-- `withheld` are the places of those actions in the outcome that a MONITORING bot may not do, as a JSON list.
-- `relayed` is what a bot elsewhere answered.
ALTER TABLE turns ADD COLUMN withheld TEXT;
ALTER TABLE turns ADD COLUMN relayed TEXT;

-- When the conversation last changed hands by a call or by its bot's own doing; NULL: it did not.
ALTER TABLE conversations ADD COLUMN owner_ms INTEGER;

-- When the request was planned.
ALTER TABLE deliveries ADD COLUMN created_ms INTEGER NOT NULL DEFAULT 0;
UPDATE deliveries SET created_ms = (SELECT coalesce(ended_ms, accepted_ms) FROM events e WHERE e.id = deliveries.event);
-- Of what changes hands: who held the conversation before it and since when, and who does with it, since when.
ALTER TABLE deliveries ADD COLUMN owner_before TEXT;
ALTER TABLE deliveries ADD COLUMN owner_before_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN owner_after TEXT;
ALTER TABLE deliveries ADD COLUMN owner_after_ms INTEGER;
-- What the list of a tenant's requests looks at, so that it does not read past the bodies to find it.
DROP INDEX deliveries_tenant;
CREATE INDEX deliveries_tenant ON deliveries (tenant, id, status, created_ms, conversation);

-- Tokens that the host gave out, for its own API in a platform's form. `key`, which signs it, is sealed; the token itself is
-- nowhere. Of an app's rows one at most has not been `replaced`; the others go on for a grace. `maker` is the id of the
-- key that the first was asked for with: all of them end with it.
CREATE TABLE tokens (
    id         TEXT    PRIMARY KEY,
    tenant     TEXT    NOT NULL,
    platform   TEXT    NOT NULL,
    app        TEXT    NOT NULL,
    user       TEXT    NOT NULL,
    maker      TEXT    NOT NULL,
    key        BLOB    NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    replaced   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tokens_current ON tokens (tenant, platform, app) WHERE replaced = 0;
CREATE INDEX tokens_app ON tokens (tenant, platform, app);
CREATE INDEX tokens_expiry ON tokens (expires_ms);
CREATE INDEX tokens_maker ON tokens (maker);

-- A gateway with a `login_url` gets its tokens there; `token` is the password then, and sealed like a token.
ALTER TABLE gateways ADD COLUMN login_url TEXT;
ALTER TABLE gateways ADD COLUMN login_user TEXT;

-- Tokens that the host got for gateways. `token` is sealed. `gateway` is what it was got for.
CREATE TABLE gateway_tokens (
    tenant     TEXT    NOT NULL,
    platform   TEXT    NOT NULL,
    app        TEXT    NOT NULL,
    gateway    TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    detail     TEXT,
    token      BLOB,
    expires_ms INTEGER NOT NULL,
    refresh_ms INTEGER NOT NULL,
    failures   INTEGER NOT NULL,
    PRIMARY KEY (tenant, platform, app)
) STRICT, WITHOUT ROWID;

-- `leased_ms` is when the last try began. `doubt_ms` is since when there may be one that the platform did without our
-- knowing, and `doubt_reference` the platform's id of it, where it is one alone and the platform told it.
ALTER TABLE deliveries ADD COLUMN leased_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN doubt_ms INTEGER;
ALTER TABLE deliveries ADD COLUMN doubt_reference TEXT;
-- The platform's id of the request, where it told one.
ALTER TABLE attempts ADD COLUMN reference TEXT;

-- Brand Messenger goes by an older name as well: a conversation is in the books by the name that its bot was registered with.
UPDATE OR IGNORE conversations SET key = 'brandmessenger' || substr(key, 7)
    WHERE key LIKE 'smooch/%' AND bot IN (SELECT id FROM bots WHERE platform = 'khoros' AND network = 'brandmessenger');

-- Conversations go with their last event from now on: those that are over and without any go as well.
DELETE FROM states WHERE conversation IN (SELECT id FROM conversations c WHERE ready_at IS NULL AND send_at IS NULL
    AND ongoing IS NULL AND NOT EXISTS (SELECT 1 FROM events WHERE conversation = c.id));
DELETE FROM conversations WHERE ready_at IS NULL AND send_at IS NULL
    AND ongoing IS NULL AND NOT EXISTS (SELECT 1 FROM events WHERE conversation = conversations.id);
