-- Subscriptions to the log, and the outbox: what is to be brought to each. See docs/webhooks.md.

-- The deliverer reads the log and the changes, and appends what is its own.
GRANT SELECT ON audit.event_type, audit.entry, audit.pending, audit.leaf, audit.head, audit.tile, audit.checkpoint, audit.cosignature
  TO countersign_deliverer;
GRANT SELECT ON countersign.change TO countersign_deliverer;
GRANT EXECUTE ON FUNCTION audit.append(text, bytea) TO countersign_deliverer;

INSERT INTO audit.event_type (type, appender) VALUES
  ('subscription.created', 'api'),
  ('subscription.changed', 'api'),
  ('subscription.deleted', 'api');

CREATE TABLE countersign.subscription (
  name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9-]{0,39}$'),
  -- Who says what it is: the file of the deliverers, or an admin through the API.
  source text NOT NULL CHECK (source IN ('file', 'api')),
  -- {"kind":"system","system":…} or {"kind":"webhook","host":…,"form":…}
  target jsonb NOT NULL,
  -- As domain/subscription.ts has it.
  filter jsonb NOT NULL,
  -- The first entry that it is for.
  from_index bigint NOT NULL CHECK (from_index >= 0),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled')),
  disabled_reason text,
  -- {issuer, subject, name}; null for one of the file.
  created_by jsonb,
  created_at timestamptz NOT NULL,
  -- Of a webhook of the API's: an address may hold a credential, so the deliverer alone reads it.
  url text,
  CHECK ((state = 'disabled') = (disabled_reason IS NOT NULL)),
  CHECK ((source = 'api') = (created_by IS NOT NULL)),
  CHECK ((source = 'api') = (url IS NOT NULL))
);

-- What signs for a webhook of the API's: the newest, and for a day the one before. The API writes and cannot read them.
CREATE TABLE countersign.subscription_secret (
  subscription text NOT NULL REFERENCES countersign.subscription (name) ON DELETE CASCADE,
  ordinal integer GENERATED ALWAYS AS IDENTITY,
  secret text NOT NULL CHECK (secret LIKE 'whsec\_%'),
  created_at timestamptz NOT NULL,
  PRIMARY KEY (subscription, ordinal)
);

-- One row for a subscription and a change, from the first entry of the change that the subscription is for.
CREATE TABLE countersign.outbox (
  subscription text NOT NULL REFERENCES countersign.subscription (name) ON DELETE CASCADE,
  change_id uuid NOT NULL,
  -- Everything up to here is delivered.
  last_index bigint NOT NULL,
  -- The newest entry that is to be delivered; when it is last_index, nothing is.
  wanted_index bigint NOT NULL,
  -- The oldest entry that is not delivered, and since when it is to be.
  first_index bigint NOT NULL,
  due_since timestamptz NOT NULL,
  -- No try before it. While somebody delivers: when another may take over.
  next_at timestamptz NOT NULL,
  -- Who delivers now. Of each taking its own, so that nobody records what another has taken over.
  leased_by uuid,
  -- Tries that failed since the last one that did not.
  attempts integer NOT NULL DEFAULT 0,
  first_failed_at timestamptz,
  last_error text,
  -- A dead letter: nothing is tried until it is replayed, and what comes later waits behind it.
  dead_since timestamptz,
  -- What the receiver's adapter keeps of the change, such as the id of its ticket.
  memory jsonb,
  PRIMARY KEY (subscription, change_id),
  CHECK (last_index <= wanted_index)
);
-- What is due, in order; a row leaves it with its last delivery.
CREATE INDEX outbox_due ON countersign.outbox (subscription, next_at, first_index)
  WHERE wanted_index > last_index AND dead_since IS NULL;
CREATE INDEX outbox_behind ON countersign.outbox (subscription, due_since) WHERE wanted_index > last_index;
CREATE INDEX outbox_dead ON countersign.outbox (subscription, first_index) WHERE dead_since IS NOT NULL;

-- How far the log has been spread over the outbox. Its lock makes spreading one at a time.
CREATE TABLE countersign.outbox_cursor (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  next_index bigint NOT NULL CHECK (next_index >= 0)
);
INSERT INTO countersign.outbox_cursor (next_index) VALUES (0);

-- What an admin has made never becomes something else: its receiver, its filter and whose it is stay.
CREATE FUNCTION countersign.guard_subscription() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.source = 'api' AND (NEW.name, NEW.source, NEW.target, NEW.filter, NEW.from_index, NEW.created_by, NEW.created_at, NEW.url)
    IS DISTINCT FROM (OLD.name, OLD.source, OLD.target, OLD.filter, OLD.from_index, OLD.created_by, OLD.created_at, OLD.url) THEN
    RAISE EXCEPTION 'subscription % was made by an admin and stays as it is', OLD.name USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION countersign.guard_subscription() FROM PUBLIC;
CREATE TRIGGER subscription_stays BEFORE UPDATE ON countersign.subscription
  FOR EACH ROW EXECUTE FUNCTION countersign.guard_subscription();

GRANT SELECT (name, source, target, filter, from_index, state, disabled_reason, created_by, created_at)
  ON countersign.subscription TO countersign_api, countersign_reader;
GRANT SELECT ON countersign.outbox, countersign.outbox_cursor TO countersign_api, countersign_reader;
GRANT INSERT, DELETE ON countersign.subscription TO countersign_api;
GRANT UPDATE (state, disabled_reason) ON countersign.subscription TO countersign_api;
GRANT INSERT ON countersign.subscription_secret TO countersign_api;
-- A replay; what was delivered is not the API's to say.
GRANT UPDATE (next_at, attempts, first_failed_at, dead_since) ON countersign.outbox TO countersign_api;

GRANT SELECT ON countersign.subscription TO countersign_deliverer;
-- What one of the file has: none that passes for an admin's.
GRANT INSERT (name, source, target, filter, from_index, created_at) ON countersign.subscription TO countersign_deliverer;
GRANT UPDATE (target, filter, state, disabled_reason) ON countersign.subscription TO countersign_deliverer;
GRANT SELECT ON countersign.subscription_secret TO countersign_deliverer;
GRANT SELECT, INSERT, UPDATE ON countersign.outbox TO countersign_deliverer;
GRANT SELECT, UPDATE (next_index) ON countersign.outbox_cursor TO countersign_deliverer;
