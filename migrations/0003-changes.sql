-- What is kept beside the log: changes as last seen, and what guards keys, targets and the vendor's rate.

CREATE SCHEMA IF NOT EXISTS countersign;
GRANT USAGE ON SCHEMA countersign TO countersign_api, countersign_worker, countersign_signer, countersign_reader;

CREATE TABLE countersign.change (
  id uuid PRIMARY KEY,
  -- The workflow counts it upward; a state seen late never replaces a newer one.
  version bigint NOT NULL,
  -- The whole Change of domain/change.ts. The columns below are its, for filters.
  document jsonb NOT NULL,
  operation text NOT NULL GENERATED ALWAYS AS (document->>'operation') STORED,
  target text NOT NULL GENERATED ALWAYS AS (document->>'target') STORED,
  sn text GENERATED ALWAYS AS (document#>>'{input,sn}') STORED,
  mqtt_instance_id text GENERATED ALWAYS AS (document#>>'{input,mqttInstanceId}') STORED,
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
CREATE INDEX change_sn ON countersign.change (sn, submitted_at DESC, id DESC);
CREATE INDEX change_mqtt_instance_id ON countersign.change (mqtt_instance_id, submitted_at DESC, id DESC);
CREATE INDEX change_requester ON countersign.change (requester_subject, submitted_at DESC, id DESC);
CREATE INDEX change_ticket ON countersign.change (ticket, submitted_at DESC, id DESC) WHERE ticket IS NOT NULL;
CREATE INDEX change_decision_status ON countersign.change (decision_status, submitted_at DESC, id DESC);
CREATE INDEX change_execution_status ON countersign.change (execution_status, submitted_at DESC, id DESC);
CREATE INDEX change_statuses ON countersign.change (decision_status, execution_status, review_status);
CREATE INDEX change_open ON countersign.change (saved_at, id) WHERE closed_at IS NULL;

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

-- At most one open change for each target.
CREATE TABLE countersign.open_target (
  operation text NOT NULL,
  target text NOT NULL,
  change_id uuid NOT NULL UNIQUE REFERENCES countersign.change (id),
  PRIMARY KEY (operation, target)
);

CREATE TABLE countersign.attempt (
  change_id uuid NOT NULL REFERENCES countersign.change (id),
  ordinal integer NOT NULL CHECK (ordinal >= 1),
  activity_id text NOT NULL,
  activity_attempt integer NOT NULL CHECK (activity_attempt >= 1),
  started_at timestamptz NOT NULL,
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

-- The moment from which an account's next call may start.
CREATE TABLE countersign.call_pace (
  account text PRIMARY KEY,
  next_at timestamptz NOT NULL
);

GRANT SELECT ON countersign.change, countersign.idempotency_key, countersign.open_target, countersign.attempt,
  countersign.call_pace TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, UPDATE ON countersign.change, countersign.attempt, countersign.call_pace TO countersign_worker;
GRANT INSERT ON countersign.idempotency_key TO countersign_worker;
GRANT INSERT, DELETE ON countersign.open_target TO countersign_worker;
