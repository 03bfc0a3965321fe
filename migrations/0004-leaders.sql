-- Which process leads, sequencer and signer, by locks that no other login can take. Any login can take any advisory lock of a
-- known key, and could hold up the log so.

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
