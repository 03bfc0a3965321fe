-- The tree over the leaves (RFC 6962), its signed heads, and the sequencer that extends it. See docs/audit-log.md.
-- A further SQLSTATE of ours: CS005 a checkpoint that does not continue the log.

-- As C2SP tlog-tiles with height 8: tile i of level n holds the 256 hashes from i * 256 on of the tree's level 8 * n. Only complete
-- tiles are kept, each written once; what an incomplete one would hold is in the leaves, and in the roots of the tiles below.
CREATE TABLE audit.tile (
  level smallint NOT NULL CHECK (level BETWEEN 0 AND 6),
  index bigint NOT NULL CHECK (index >= 0),
  -- EXTERNAL: hashes do not compress, and this way a part is read without the rest.
  hashes bytea STORAGE EXTERNAL NOT NULL CHECK (octet_length(hashes) = 8192),
  -- Of the subtree: its place in the level above.
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  PRIMARY KEY (level, index)
);

CREATE TABLE audit.checkpoint (
  size bigint PRIMARY KEY CHECK (size >= 0),
  root bytea NOT NULL CHECK (octet_length(root) = 32),
  -- The C2SP signed note, with the log's own signature.
  note text NOT NULL CHECK (octet_length(note) <= 16384),
  signed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE audit.cosignature (
  size bigint NOT NULL REFERENCES audit.checkpoint (size),
  witness text NOT NULL,
  -- The time that the witness signed: what it saw last, and when.
  cosigned_at timestamptz NOT NULL,
  -- Its signature line, which goes below the note.
  line text NOT NULL CHECK (octet_length(line) <= 8192 AND line LIKE '— %' AND strpos(line, E'\n') = 0),
  PRIMARY KEY (size, witness, cosigned_at)
);

GRANT SELECT ON audit.tile, audit.checkpoint, audit.cosignature
  TO countersign_api, countersign_worker, countersign_signer, countersign_reader;

CREATE TRIGGER tile_never_changes BEFORE UPDATE OR DELETE ON audit.tile
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER tile_never_truncated BEFORE TRUNCATE ON audit.tile
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER checkpoint_never_changes BEFORE UPDATE OR DELETE ON audit.checkpoint
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER checkpoint_never_truncated BEFORE TRUNCATE ON audit.checkpoint
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER cosignature_never_changes BEFORE UPDATE OR DELETE ON audit.cosignature
  FOR EACH ROW EXECUTE FUNCTION audit.refuse();
CREATE TRIGGER cosignature_never_truncated BEFORE TRUNCATE ON audit.cosignature
  FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();

ALTER TABLE audit.tile ENABLE ALWAYS TRIGGER tile_never_changes;
ALTER TABLE audit.tile ENABLE ALWAYS TRIGGER tile_never_truncated;
ALTER TABLE audit.checkpoint ENABLE ALWAYS TRIGGER checkpoint_never_changes;
ALTER TABLE audit.checkpoint ENABLE ALWAYS TRIGGER checkpoint_never_truncated;
ALTER TABLE audit.cosignature ENABLE ALWAYS TRIGGER cosignature_never_changes;
ALTER TABLE audit.cosignature ENABLE ALWAYS TRIGGER cosignature_never_truncated;

-- Writes a complete tile with its root, and with the last of 256 the one above.
CREATE FUNCTION audit.add_tile(tile_level integer, tile_index bigint, tile_hashes bytea) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hashes bytea := tile_hashes;
BEGIN
  FOR height IN REVERSE 7..0 LOOP
    SELECT string_agg(sha256('\x01'::bytea || substring(hashes FROM 64 * n + 1 FOR 64)), ''::bytea ORDER BY n)
    INTO hashes FROM generate_series(0, (1 << height) - 1) n;
  END LOOP;
  INSERT INTO audit.tile (level, index, hashes, root) VALUES (tile_level, tile_index, tile_hashes, hashes);
  IF tile_index % 256 = 255 THEN
    SELECT string_agg(t.root, ''::bytea ORDER BY t.index) INTO hashes
    FROM audit.tile t WHERE t.level = tile_level AND t.index BETWEEN tile_index - 255 AND tile_index;
    PERFORM audit.add_tile(tile_level + 1, tile_index / 256, hashes);
  END IF;
END
$$;
REVOKE ALL ON FUNCTION audit.add_tile(integer, bigint, bytea) FROM PUBLIC;

-- Writes the tiles that a tree of new_size leaves has complete and one of old_size had not.
CREATE FUNCTION audit.extend_tree(old_size bigint, new_size bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hashes bytea;
BEGIN
  FOR tile_index IN old_size / 256 .. new_size / 256 - 1 LOOP
    SELECT string_agg(e.leaf_hash, ''::bytea ORDER BY l.index) INTO hashes
    FROM audit.leaf l JOIN audit.entry e ON e.id = l.entry_id
    WHERE l.index BETWEEN tile_index * 256 AND tile_index * 256 + 255;
    PERFORM audit.add_tile(0, tile_index, hashes);
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION audit.extend_tree(bigint, bigint) FROM PUBLIC;

-- Gives pending entries their indexes, at most so many at once, and extends the tree; returns how many. Where nothing is pending
-- it locks nothing. Listeners of countersign_entries get '<size> <change id>,<change id>…'.
CREATE FUNCTION audit.sequence(max_entries integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings TO on SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
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
REVOKE ALL ON FUNCTION audit.sequence(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.sequence(integer) TO countersign_signer;

-- Publishes a signed head: never beyond the log, never behind the last one, and never two roots of one size. The same again is
-- no error: false. Listeners of countersign_sealed get its size.
CREATE FUNCTION audit.publish(checkpoint_size bigint, checkpoint_root bytea, checkpoint_note text) RETURNS boolean
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
  -- Publishers take turns; readers and the sequencer do not wait for them. They lock the table: any
  -- login can take an advisory lock of a known key, and this lock takes rights on the table.
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
REVOKE ALL ON FUNCTION audit.publish(bigint, bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.publish(bigint, bytea, text) TO countersign_signer;

-- Keeps a witness's signature line of a published checkpoint; false when it is there already.
CREATE FUNCTION audit.cosign(checkpoint_size bigint, witness_name text, cosigned_time timestamptz, signature_line text)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET standard_conforming_strings TO on SET DateStyle TO 'ISO, MDY' SET TimeZone TO 'UTC' AS $$
BEGIN
  IF split_part(signature_line, ' ', 2) IS DISTINCT FROM witness_name THEN
    RAISE EXCEPTION 'the line is not signed by %', witness_name USING ERRCODE = 'CS005';
  END IF;
  INSERT INTO audit.cosignature (size, witness, cosigned_at, line)
  VALUES (checkpoint_size, witness_name, cosigned_time, signature_line)
  ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION audit.cosign(bigint, text, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.cosign(bigint, text, timestamptz, text) TO countersign_signer;
