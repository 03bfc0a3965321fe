-- The same log for less work: what an append and a turn of the sequencer cost the processor. No rule changes.

-- audit.sequence takes the ids from audit.entry itself, no role may write here otherwise, and a leaf without its entry would
-- be found by the signer and by every verifier. The check locked, and so rewrote, each entry a second time.
ALTER TABLE audit.leaf DROP CONSTRAINT leaf_entry_id_fkey;

-- Rows leave the queue only when their entries have an index: asked once for all of a batch.
DROP TRIGGER pending_leaves_with_index ON audit.pending;
CREATE OR REPLACE FUNCTION audit.guard_pending() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (SELECT count(*) FROM audit.leaf WHERE entry_id = ANY (ARRAY(SELECT entry_id FROM gone)))
    <> (SELECT count(*) FROM gone) THEN
    RAISE EXCEPTION 'an entry that has no index yet stays pending' USING ERRCODE = 'CS004';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER pending_leaves_with_index AFTER DELETE ON audit.pending
  REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit.guard_pending();
ALTER TABLE audit.pending ENABLE ALWAYS TRIGGER pending_leaves_with_index;

-- As before, but where nothing is pending it locks nothing.
CREATE OR REPLACE FUNCTION audit.sequence(max_entries integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  old_size bigint;
  new_size bigint;
  entry_ids bigint[];
  change_ids uuid[];
BEGIN
  IF NOT EXISTS (SELECT FROM audit.pending) THEN
    RETURN 0;
  END IF;
  SELECT size INTO STRICT old_size FROM audit.head FOR UPDATE;
  SELECT array_agg(e.id ORDER BY e.id), array_agg(DISTINCT e.change_id) FILTER (WHERE e.change_id IS NOT NULL)
  INTO entry_ids, change_ids
  FROM (SELECT entry_id FROM audit.pending ORDER BY entry_id LIMIT max_entries) p
  JOIN audit.entry e ON e.id = p.entry_id;
  IF entry_ids IS NULL THEN
    RETURN 0;
  END IF;
  new_size := old_size + cardinality(entry_ids);
  INSERT INTO audit.leaf (index, entry_id)
  SELECT old_size + n - 1, id FROM unnest(entry_ids) WITH ORDINALITY u (id, n);
  DELETE FROM audit.pending WHERE entry_id = ANY (entry_ids);
  PERFORM audit.extend_tree(old_size, new_size);
  UPDATE audit.head SET size = new_size;
  -- A payload has less than 8000 bytes; 200 ids have 7400. One also when no change is concerned: the signer waits for it.
  PERFORM pg_notify('countersign_entries', new_size || ' ' || coalesce(array_to_string(change_ids[n:n + 199], ','), ''))
  FROM generate_series(1, coalesce(cardinality(change_ids), 1), 200) n;
  RETURN cardinality(entry_ids);
END
$$;

-- As before, with one expression for the rules of an entry.
CREATE OR REPLACE FUNCTION audit.append(event_key text, bytes bytea, OUT entry_id bigint, OUT created boolean)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
