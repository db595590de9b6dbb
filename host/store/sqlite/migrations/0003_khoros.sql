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
