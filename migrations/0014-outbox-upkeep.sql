-- What keeps the outbox small, and its receivers' pauses and its tickets found.

-- Until when a receiver has asked for rest: no deliverer brings it anything before.
ALTER TABLE countersign.subscription ADD COLUMN paused_until timestamptz;
GRANT SELECT (paused_until) ON countersign.subscription TO countersign_api, countersign_reader;
-- The API lifts a pause, with a replay or an activation.
GRANT UPDATE (paused_until) ON countersign.subscription TO countersign_api, countersign_deliverer;

-- By which a hint finds the change of a ticket.
CREATE INDEX outbox_ticket ON countersign.outbox ((memory->>'ticket')) WHERE memory->>'ticket' IS NOT NULL;
-- What is delivered, the oldest first: in the end it is deleted.
CREATE INDEX outbox_delivered ON countersign.outbox (next_at) WHERE wanted_index = last_index AND dead_since IS NULL;
GRANT DELETE ON countersign.outbox TO countersign_deliverer;

-- Changes that have ended lately: their tickets are still looked at.
CREATE INDEX change_closed ON countersign.change (closed_at) WHERE closed_at IS NOT NULL;

-- A ticket that another open change holds is not moved.
GRANT SELECT ON countersign.open_ticket TO countersign_deliverer;
