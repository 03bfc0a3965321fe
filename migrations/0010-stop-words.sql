-- Words that stop a change are entries of the API's own; a call begins when its attempt is marked as sent. See
-- docs/operations.md.
INSERT INTO audit.event_type (type, appender) VALUES
  ('stop.requested', 'api'),
  ('stop.lifted', 'api');

-- Null until the call begins: in the last transaction before its request leaves.
ALTER TABLE countersign.attempt ADD COLUMN sent_at timestamptz;

-- Never has a row. It is locked: by whoever begins a call in a mode that others of its kind share (ROW EXCLUSIVE), by
-- whoever stops calls in one that shuts them out (EXCLUSIVE). A lock in memory, which nobody without these rights can take.
CREATE TABLE countersign.call_gate (
  never boolean NOT NULL CHECK (false)
);
GRANT INSERT ON countersign.call_gate TO countersign_worker;
GRANT UPDATE ON countersign.call_gate TO countersign_api;
