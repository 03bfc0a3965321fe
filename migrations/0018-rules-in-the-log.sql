-- What a call stands on beside its own change is told by entries, and looked up there as well as in its table: freezes,
-- revoked policies, API tokens, who holds a target, who has broken the glass. See docs/audit-log.md.

-- What an entry's bytes say at a place; null where they say nothing, or are no entry any more. It depends on the bytes alone,
-- so that an index can be made of it: UTF-8 is read the same everywhere.
CREATE FUNCTION audit.told(bytes bytea, path text[]) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN bytes IS JSON OBJECT THEN pg_catalog.convert_from(bytes, 'UTF8')::pg_catalog.jsonb OPERATOR(pg_catalog.#>>) path END
$$;

-- Of which freeze, API token or policy an entry tells.
CREATE FUNCTION audit.rule(bytes bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(audit.told(bytes, '{freeze,id}'), audit.told(bytes, '{token,id}'), audit.told(bytes, '{policy,digest}'))
$$;

-- Until when a declared freeze holds, unless it is lifted: a time as entries have it, or infinity.
CREATE FUNCTION audit.freeze_end(bytes bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(audit.told(bytes, '{freeze,endsAt}'), 'infinity')
$$;

-- Who answers for a request, as entry.actor has a person: who asked, or who issued the machine's token.
CREATE FUNCTION audit.answerable(bytes bytea) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(
    audit.told(bytes, '{statement,person,issuedBy,issuer}') || ' ' || audit.told(bytes, '{statement,person,issuedBy,subject}'),
    audit.told(bytes, '{actor,issuer}') || ' ' || audit.told(bytes, '{actor,subject}'))
$$;

REVOKE ALL ON FUNCTION audit.told(bytea, text[]), audit.rule(bytea), audit.freeze_end(bytea), audit.answerable(bytea)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.told(bytea, text[]), audit.rule(bytea), audit.freeze_end(bytea), audit.answerable(bytea)
  TO countersign_api, countersign_worker, countersign_reader;

CREATE INDEX entry_rule ON audit.entry (audit.rule(bytes))
  WHERE type IN ('freeze.declared', 'freeze.lifted', 'policy.revoked', 'token.issued', 'token.revoked');
CREATE INDEX entry_freeze_end ON audit.entry (audit.freeze_end(bytes) COLLATE "C") WHERE type = 'freeze.declared';
CREATE INDEX entry_target ON audit.entry (audit.told(bytes, '{target}')) WHERE type = 'change.requested';
-- Canonical JSON has no blanks, and no quote stands within a text as it does here.
CREATE INDEX entry_break_glass ON audit.entry (audit.answerable(bytes))
  WHERE type = 'change.requested' AND position('"breakGlass":true'::bytea IN bytes) > 0;

-- Which secret a token has, for its entry and whoever compares: with it nobody finds the hash, or asks as the machine.
ALTER TABLE countersign.api_token
  ADD COLUMN fingerprint text NOT NULL GENERATED ALWAYS AS (encode(sha256(hash), 'hex')) STORED;

-- What is compared of a token with its entries; never its hash.
GRANT SELECT (id, fingerprint, name, scopes, issued_by, issued_at, expires_at, revoked_at, revoked_by)
  ON countersign.api_token TO countersign_worker, countersign_reader;

-- What a worker has loaded, and judges by.
INSERT INTO audit.event_type (type, appender) VALUES
  ('calendar.loaded', 'worker'),
  ('directory.loaded', 'worker'),
  ('policies.loaded', 'worker');
