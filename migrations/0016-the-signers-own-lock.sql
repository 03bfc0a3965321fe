-- Leadership of sequencer and signer, and the turn of publishers, by locks that no other login can take. Any login can take any
-- advisory lock of a known key, and held up the log so.

-- The session that leads. No role has any right here: audit.lead alone reads and writes it.
CREATE TABLE countersign.leader (
  name text PRIMARY KEY CHECK (name IN ('sequencer', 'signer')),
  pid integer,
  lock_key bigint
);
INSERT INTO countersign.leader (name) VALUES ('sequencer'), ('signer');

-- Whether this session leads now, or did already. It leads until it ends: its mark is a session's advisory lock whose key nobody
-- knew before, and that counts only while the session which took it, of a login of the signer's, holds it. Who learns the key
-- from pg_locks and takes it afterwards is another session.
CREATE FUNCTION audit.lead(leader_name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings TO on SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
DECLARE
  leader countersign.leader;
  new_key bigint;
BEGIN
  SELECT * INTO STRICT leader FROM countersign.leader l WHERE l.name = leader_name FOR UPDATE;
  IF EXISTS (
    SELECT FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock' AND l.objsubid = 1
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.pid = leader.pid
      AND ((l.classid::bigint << 32) | l.objid::bigint) = leader.lock_key
      AND pg_has_role(a.usesysid, 'countersign_signer', 'MEMBER')
  ) THEN
    RETURN leader.pid = pg_backend_pid();
  END IF;
  new_key := ('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint;
  IF NOT pg_try_advisory_lock(new_key) THEN
    RETURN false;
  END IF;
  UPDATE countersign.leader l SET pid = pg_backend_pid(), lock_key = new_key WHERE l.name = leader_name;
  RETURN true;
END
$$;
REVOKE ALL ON FUNCTION audit.lead(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.lead(text) TO countersign_signer;

-- As before, with a lock of the table for the publishers' turn: no login has the right to take it.
CREATE OR REPLACE FUNCTION audit.publish(checkpoint_size bigint, checkpoint_root bytea, checkpoint_note text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings TO on SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
DECLARE
  last_size bigint;
  first_root bytea;
BEGIN
  IF checkpoint_size IS NULL OR checkpoint_root IS NULL OR checkpoint_note IS NULL
    OR split_part(checkpoint_note, E'\n', 2) <> checkpoint_size::text
    OR split_part(checkpoint_note, E'\n', 3) <> encode(checkpoint_root, 'base64') THEN
    RAISE EXCEPTION 'the note is not of size % and root %', checkpoint_size, encode(checkpoint_root, 'base64')
      USING ERRCODE = 'CS005';
  END IF;
  -- Publishers take turns; readers and the sequencer do not wait for them.
  LOCK TABLE audit.checkpoint IN SHARE ROW EXCLUSIVE MODE;
  SELECT c.root INTO first_root FROM audit.checkpoint c WHERE c.size = checkpoint_size;
  IF FOUND THEN
    IF first_root <> checkpoint_root THEN
      RAISE EXCEPTION 'a checkpoint of size % exists with another root; the first stands', checkpoint_size
        USING ERRCODE = 'CS005';
    END IF;
    RETURN false;
  END IF;
  SELECT max(c.size) INTO last_size FROM audit.checkpoint c;
  IF checkpoint_size < last_size THEN
    RAISE EXCEPTION 'a checkpoint of size % is behind the last one, of %', checkpoint_size, last_size
      USING ERRCODE = 'CS005';
  END IF;
  IF checkpoint_size > (SELECT h.size FROM audit.head h) THEN
    RAISE EXCEPTION 'a checkpoint of size % is beyond the log', checkpoint_size USING ERRCODE = 'CS005';
  END IF;
  INSERT INTO audit.checkpoint (size, root, note) VALUES (checkpoint_size, checkpoint_root, checkpoint_note);
  PERFORM pg_notify('countersign_sealed', checkpoint_size::text);
  RETURN true;
END
$$;
