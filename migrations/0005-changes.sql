-- What is kept of each change beside the log, and what guards keys, targets and break-glass changes. See docs/lifecycle.md.

CREATE TABLE countersign.change (
  id uuid PRIMARY KEY,
  -- How many entries made it; a state seen late never replaces a newer one.
  version bigint NOT NULL,
  -- The whole Change of domain/change.ts. The columns below are its, for filters.
  document jsonb NOT NULL,
  operation text NOT NULL GENERATED ALWAYS AS (document->>'operation') STORED,
  target text NOT NULL GENERATED ALWAYS AS (document#>>'{target,id}') STORED,
  scope jsonb GENERATED ALWAYS AS (document#>'{target,scope}') STORED,
  requester_issuer text NOT NULL GENERATED ALWAYS AS (document#>>'{requester,issuer}') STORED,
  requester_subject text NOT NULL GENERATED ALWAYS AS (document#>>'{requester,subject}') STORED,
  ticket text GENERATED ALWAYS AS (document#>>'{ticket,id}') STORED,
  decision_status text NOT NULL GENERATED ALWAYS AS (document->>'decisionStatus') STORED,
  execution_status text NOT NULL GENERATED ALWAYS AS (document->>'executionStatus') STORED,
  review_status text NOT NULL GENERATED ALWAYS AS (document->>'reviewStatus') STORED,
  -- Text to timestamptz is not immutable, so these two are given.
  submitted_at timestamptz NOT NULL,
  closed_at timestamptz,
  saved_at timestamptz NOT NULL DEFAULT now(),
  CHECK (document->>'id' = id::text)
);
-- Lists are keyset pages, newest first, with any of these filters.
CREATE INDEX change_newest ON countersign.change (submitted_at DESC, id DESC);
CREATE INDEX change_operation ON countersign.change (operation, submitted_at DESC, id DESC);
CREATE INDEX change_requester ON countersign.change (requester_subject, submitted_at DESC, id DESC);
CREATE INDEX change_ticket ON countersign.change (ticket, submitted_at DESC, id DESC) WHERE ticket IS NOT NULL;
CREATE INDEX change_decision_status ON countersign.change (decision_status, submitted_at DESC, id DESC);
CREATE INDEX change_execution_status ON countersign.change (execution_status, submitted_at DESC, id DESC);
CREATE INDEX change_statuses ON countersign.change (decision_status, execution_status, review_status);
CREATE INDEX change_open ON countersign.change (saved_at, id) WHERE closed_at IS NULL;
-- For any member: scope @> '{"sn":"…"}'. It gives no order. Where few changes match, they are found by it and sorted; where many do,
-- Postgres walks change_newest until the page is full. Measured with 200,000 changes, a page of 50: 2.5 ms at most, whether one change
-- in 200,000 matches or each; 350 ms where 10,000 match and all of them are the oldest, since the walk passes all others.
-- Without a list of pending entries: each page would read all of it.
CREATE INDEX change_scope ON countersign.change USING gin (scope jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX change_policy ON countersign.change ((document#>>'{policy,digest}'), id);
-- Few owe a review at any time.
CREATE INDEX change_review_owed ON countersign.change (requester_subject) WHERE document->>'reviewStatus' = 'owed';

GRANT SELECT ON countersign.change TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, UPDATE ON countersign.change TO countersign_worker;

-- Kept for good: the same key stays guarded when Temporal has forgotten the workflow.
CREATE TABLE countersign.idempotency_key (
  issuer text NOT NULL,
  subject text NOT NULL,
  key text NOT NULL,
  change_id uuid NOT NULL REFERENCES countersign.change (id),
  body_digest text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (issuer, subject, key)
);

-- At most one open change for each target, whatever their operations.
CREATE TABLE countersign.open_target (
  target text PRIMARY KEY,
  change_id uuid NOT NULL UNIQUE REFERENCES countersign.change (id)
);

-- Who has broken the glass: one change for each person, from its opening until its review is signed, or until it has ended
-- without a call. The primary key decides who is first, over all workers; the person behind a machine's token counts as they.
CREATE TABLE countersign.break_glass (
  issuer text NOT NULL,
  subject text NOT NULL,
  change_id uuid NOT NULL UNIQUE REFERENCES countersign.change (id),
  PRIMARY KEY (issuer, subject)
);

GRANT SELECT ON countersign.idempotency_key, countersign.open_target, countersign.break_glass
  TO countersign_api, countersign_worker, countersign_reader;
-- A key is never released.
GRANT INSERT ON countersign.idempotency_key TO countersign_worker;
GRANT INSERT, DELETE ON countersign.open_target, countersign.break_glass TO countersign_worker;
