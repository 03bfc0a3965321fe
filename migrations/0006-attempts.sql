-- Calls: each attempt, what stops them, and their pace. A call begins when its attempt is marked as sent. See docs/operations.md.

CREATE TABLE countersign.attempt (
  change_id uuid NOT NULL REFERENCES countersign.change (id),
  ordinal integer NOT NULL CHECK (ordinal >= 1),
  -- The id of what it calls for: the change's target.
  target text NOT NULL,
  activity_id text NOT NULL,
  activity_attempt integer NOT NULL CHECK (activity_attempt >= 1),
  started_at timestamptz NOT NULL,
  -- Null until the call begins: in the last transaction before its request leaves.
  sent_at timestamptz,
  ended_at timestamptz,
  outcome text NOT NULL DEFAULT 'open' CHECK (outcome IN ('open', 'succeeded', 'failed', 'unknown')),
  class text,
  http_status integer,
  code text,
  message text,
  request_id text,
  PRIMARY KEY (change_id, ordinal),
  UNIQUE (change_id, activity_id, activity_attempt),
  CHECK ((outcome = 'open') = (ended_at IS NULL))
);
CREATE INDEX attempt_open ON countersign.attempt (started_at) WHERE outcome = 'open';

GRANT SELECT ON countersign.attempt TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, UPDATE ON countersign.attempt TO countersign_worker;

-- Never has a row. It is locked: by whoever begins a call in a mode that others of its kind share (ROW EXCLUSIVE), by
-- whoever stops calls in one that shuts them out (EXCLUSIVE). A lock in memory, which nobody without these rights can take.
CREATE TABLE countersign.call_gate (
  never boolean NOT NULL CHECK (false)
);
GRANT INSERT ON countersign.call_gate TO countersign_worker;
GRANT UPDATE ON countersign.call_gate TO countersign_api;

-- The moment from which an account's next call may start.
CREATE TABLE countersign.call_pace (
  account text PRIMARY KEY,
  next_at timestamptz NOT NULL
);

GRANT SELECT ON countersign.call_pace TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, UPDATE ON countersign.call_pace TO countersign_worker;
