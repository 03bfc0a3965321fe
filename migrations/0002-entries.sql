-- The audit log: entries that never change, the queue of those without an index, and their order.
-- See docs/audit-log.md. SQLSTATEs of ours: CS001 same key with other bytes; CS002 not this role's event type;
-- CS003 not an entry; CS004 a change of what never changes.
--
-- A function that runs with its owner's rights has settings of its own, so that it does the same whatever a database, a role or a
-- session has set: a literal with a backslash is read by standard_conforming_strings when it first runs, a time by DateStyle and
-- TimeZone. CREATE OR REPLACE without them takes them away; a test finds one that has none.

-- Which process may append what. The same table as in domain/entry.ts; a test compares both.
CREATE TABLE audit.event_type (
  type text PRIMARY KEY,
  appender text NOT NULL CHECK (appender IN ('api', 'worker', 'signer', 'deliverer'))
);

INSERT INTO audit.event_type (type, appender) VALUES
  ('policy.pinned', 'worker'),
  ('change.requested', 'worker'),
  ('change.prechecked', 'worker'),
  ('change.refused', 'worker'),
  ('change.withdrawn', 'worker'),
  ('change.expired', 'worker'),
  ('change.scheduled', 'worker'),
  ('change.paused', 'worker'),
  ('change.resumed', 'worker'),
  ('change.retried', 'worker'),
  ('change.abandoned', 'worker'),
  ('change.drifted', 'worker'),
  ('change.reminded', 'worker'),
  ('change.escalated', 'worker'),
  ('change.reconciled', 'worker'),
  ('change.held', 'worker'),
  ('change.closed', 'worker'),
  ('decision.approved', 'worker'),
  ('decision.rejected', 'worker'),
  ('decision.withdrawn', 'worker'),
  ('decision.lapsed', 'worker'),
  ('attempt.started', 'worker'),
  ('attempt.succeeded', 'worker'),
  ('attempt.failed', 'worker'),
  ('attempt.unknown', 'worker'),
  ('review.signed', 'worker'),
  ('integrity.conflict', 'worker'),
  ('integrity.mismatch', 'worker'),
  ('stop.requested', 'api'),
  ('stop.lifted', 'api'),
  ('decision.refused', 'api'),
  ('request.refused', 'api'),
  ('integrity.differs', 'api'),
  ('policy.revoked', 'api'),
  ('token.issued', 'api'),
  ('token.revoked', 'api'),
  ('freeze.declared', 'api'),
  ('freeze.lifted', 'api'),
  ('freeze.overridden', 'api'),
  ('audit.read', 'api'),
  ('audit.exported', 'api'),
  ('log.started', 'signer'),
  ('log.resumed', 'signer'),
  ('key.rotated', 'signer');

CREATE TABLE audit.entry (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_key text NOT NULL UNIQUE,
  -- Exactly what is hashed: the UTF-8 of the entry's canonical JSON. Never rebuilt from jsonb.
  bytes bytea NOT NULL,
  leaf_hash bytea NOT NULL CHECK (leaf_hash = sha256('\x00'::bytea || bytes)),
  -- Derived from the bytes by audit.append, which checks all the rest: each further constraint costs every writer.
  type text NOT NULL,
  change_id uuid,
  actor text,
  outcome text,
  request_id text,
  time timestamptz NOT NULL,
  appended_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX entry_change_id ON audit.entry (change_id, id) WHERE change_id IS NOT NULL;
CREATE INDEX entry_type ON audit.entry (type, id);
CREATE INDEX entry_actor ON audit.entry (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX entry_request_id ON audit.entry (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX entry_time ON audit.entry (time, id);

-- Entries that have no index yet.
CREATE TABLE audit.pending (
  entry_id bigint PRIMARY KEY
);

-- The order: contiguous from 0. Ids are no order: transactions commit in another one, and aborted ones leave gaps.
CREATE TABLE audit.leaf (
  index bigint PRIMARY KEY CHECK (index >= 0),
  -- No reference: its check would lock, and so rewrite, each entry a second time. audit.sequence takes the ids from audit.entry
  -- itself, no role may write here otherwise, and signer and verifiers find a leaf without its entry.
  entry_id bigint NOT NULL UNIQUE
);

-- One row, whose lock makes sequencing one at a time.
CREATE TABLE audit.head (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  size bigint NOT NULL CHECK (size >= 0)
);
INSERT INTO audit.head (size) VALUES (0);

GRANT SELECT ON audit.event_type, audit.entry, audit.pending, audit.leaf, audit.head
  TO countersign_api, countersign_worker, countersign_signer, countersign_reader;

CREATE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION '% on %.% is refused: the audit log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'CS004';
END
$$;
REVOKE ALL ON FUNCTION audit.refuse() FROM PUBLIC;

-- Rows leave the queue only when their entries have an index: asked once for all of a batch.
CREATE FUNCTION audit.guard_pending() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM audit.leaf WHERE entry_id = ANY (ARRAY(SELECT entry_id FROM gone)))
    <> (SELECT count(*) FROM gone) THEN
    RAISE EXCEPTION 'an entry that has no index yet stays pending' USING ERRCODE = 'CS004';
  END IF;
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION audit.guard_pending() FROM PUBLIC;

-- The head moves to the number of leaves and nowhere else.
CREATE FUNCTION audit.guard_head() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.size < OLD.size OR NEW.size IS DISTINCT FROM (SELECT coalesce(max(index) + 1, 0) FROM audit.leaf) THEN
    RAISE EXCEPTION 'the head cannot go from % to %', OLD.size, NEW.size USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION audit.guard_head() FROM PUBLIC;

CREATE TRIGGER entry_never_changes BEFORE UPDATE OR DELETE ON audit.entry
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER entry_never_truncated BEFORE TRUNCATE ON audit.entry
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER leaf_never_changes BEFORE UPDATE OR DELETE ON audit.leaf
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER leaf_never_truncated BEFORE TRUNCATE ON audit.leaf
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER pending_never_updated BEFORE UPDATE ON audit.pending
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER pending_leaves_with_index AFTER DELETE ON audit.pending
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit.guard_pending();
CREATE TRIGGER pending_never_truncated BEFORE TRUNCATE ON audit.pending
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER head_only_grows BEFORE UPDATE ON audit.head
  FOR EACH ROW EXECUTE FUNCTION audit.guard_head();
CREATE TRIGGER head_never_deleted BEFORE DELETE ON audit.head
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER head_never_truncated BEFORE TRUNCATE ON audit.head
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

-- ALWAYS: also under session_replication_role = replica.
ALTER TABLE audit.entry ENABLE ALWAYS TRIGGER entry_never_changes;
ALTER TABLE audit.entry ENABLE ALWAYS TRIGGER entry_never_truncated;
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER leaf_never_changes;
ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER leaf_never_truncated;
ALTER TABLE audit.pending ENABLE ALWAYS TRIGGER pending_never_updated;
ALTER TABLE audit.pending ENABLE ALWAYS TRIGGER pending_leaves_with_index;
ALTER TABLE audit.pending ENABLE ALWAYS TRIGGER pending_never_truncated;
ALTER TABLE audit.head ENABLE ALWAYS TRIGGER head_only_grows;
ALTER TABLE audit.head ENABLE ALWAYS TRIGGER head_never_deleted;
ALTER TABLE audit.head ENABLE ALWAYS TRIGGER head_never_truncated;

-- The one way in. The same key with the same bytes is the same entry again.
CREATE FUNCTION audit.append(event_key text, bytes bytea, OUT entry_id bigint, OUT created boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings TO on SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
#variable_conflict use_column
DECLARE
  entry_key CONSTANT text := event_key;
  entry_bytes CONSTANT bytea := bytes;
  body_text text;
  body jsonb;
  entry_type text;
  entry_time timestamptz;
  entry_change uuid;
  first_bytes bytea;
BEGIN
  IF octet_length(entry_bytes) > 32768 THEN
    RAISE EXCEPTION 'an entry has 2 to 32768 bytes, got %', octet_length(entry_bytes) USING ERRCODE = 'CS003';
  END IF;
  BEGIN
    body_text := convert_from(entry_bytes, 'UTF8');
    body := body_text::jsonb;
    entry_time := body->>'time';
    entry_change := body->>'changeId';
  EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION 'an entry is JSON in UTF-8 with a time of the calendar and a UUID: %', SQLERRM USING ERRCODE = 'CS003';
  END;
  entry_type := body->>'type';
  -- One expression, no regular ones, and what it says made only when it says something: plpgsql prepares each expression
  -- anew for every call.
  IF (
    -- jsonb would keep the last of two equal keys, another reader the first.
    body_text IS JSON OBJECT WITH UNIQUE KEYS
    AND body->'v' = '1'::jsonb
    AND body->>'time' LIKE '____-__-__T__:__:__.___Z'
    AND to_char(entry_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') = body->>'time'
    AND coalesce(entry_change::text = body->>'changeId', true)
    AND char_length(entry_key) <= 512
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'an entry is an object without duplicate keys, with v 1, a time like '
      '2026-11-24T09:00:00.000Z and a changeId that is a lower-case UUID or null, its key has 1 to 512 characters; '
      'got v %, time %, changeId % and a key of % characters',
      body->'v', body->'time', body->'changeId', char_length(entry_key)
      USING ERRCODE = 'CS003';
  END IF;
  -- session_user: within this function current_user is its owner.
  IF NOT EXISTS (
    SELECT FROM audit.event_type e
    WHERE e.type = entry_type AND pg_has_role(session_user, 'countersign_' || e.appender, 'USAGE')
  ) THEN
    RAISE EXCEPTION '% may not append an entry of type %', session_user, coalesce(entry_type, '(none)')
      USING ERRCODE = 'CS002';
  END IF;
  -- Otherwise one process could take a key that another will need.
  IF position('/' || entry_type || '/' IN '/' || entry_key || '/') = 0 THEN
    RAISE EXCEPTION 'the key of an entry of type % has it as a part between slashes, got %', entry_type, entry_key
      USING ERRCODE = 'CS003';
  END IF;

  INSERT INTO audit.entry (event_key, bytes, leaf_hash, type, change_id, actor, outcome, request_id, time)
  VALUES (
    entry_key,
    entry_bytes,
    sha256('\x00'::bytea || entry_bytes),
    entry_type,
    entry_change,
    -- An issuer is a URL, so the blank parts it from the subject.
    coalesce((body#>>'{actor,issuer}') || ' ' || (body#>>'{actor,subject}'), body#>>'{actor,process}'),
    coalesce(
      CASE jsonb_typeof(body->'outcome') WHEN 'string' THEN body->>'outcome' ELSE body#>>'{outcome,code}' END,
      body#>>'{attempt,code}'
    ),
    coalesce(body->>'requestId', body#>>'{attempt,requestId}', body#>>'{outcome,requestId}'),
    entry_time
  )
  ON CONFLICT (event_key) DO NOTHING
  RETURNING id INTO entry_id;

  created := entry_id IS NOT NULL;
  IF created THEN
    INSERT INTO audit.pending (entry_id) VALUES (append.entry_id);
    -- NOTIFY makes commits wait for each other, so only a sequencer that sleeps is woken. It holds this lock while it
    -- sleeps, and cannot get it while a transaction that found it awake is open.
    IF NOT pg_try_advisory_xact_lock_shared(hashtext('countersign'), hashtext('sequencer asleep')) THEN
      PERFORM pg_notify('countersign_pending', '');
    END IF;
    RETURN;
  END IF;

  SELECT e.id, e.bytes INTO entry_id, first_bytes FROM audit.entry e WHERE e.event_key = entry_key;
  IF NOT FOUND THEN
    -- Only above READ COMMITTED: the entry is there, but this transaction began before it.
    RAISE EXCEPTION 'entry % was appended by a concurrent transaction', entry_key USING ERRCODE = '40001';
  END IF;
  IF first_bytes <> entry_bytes THEN
    RAISE EXCEPTION 'entry % exists with other bytes; the first stands', entry_key USING ERRCODE = 'CS001';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION audit.append(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.append(text, bytea) TO countersign_api, countersign_worker, countersign_signer;
