-- API tokens for machines: what is known of each, and never the secret. See docs/identity.md.

CREATE TABLE countersign.api_token (
  id uuid PRIMARY KEY,
  -- SHA-256 of the whole secret, which has 256 random bits: nothing to guess, so nothing slower is needed.
  hash bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  -- The same as in domain/scope.ts: no decision and no administration, whoever writes here.
  scopes text[] NOT NULL CHECK (
    cardinality(scopes) > 0 AND scopes <@ ARRAY['changes:request', 'audit:read']
    AND array_position(scopes, NULL) IS NULL
  ),
  issued_by jsonb NOT NULL,
  issued_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > issued_at AND expires_at <= issued_at + interval '366 days'),
  revoked_at timestamptz,
  revoked_by jsonb,
  -- By the minute: reads need not write each time.
  last_used_at timestamptz,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);
CREATE INDEX api_token_newest ON countersign.api_token (issued_at DESC, id DESC);

CREATE FUNCTION countersign.guard_api_token() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by) THEN
    RAISE EXCEPTION 'token % is revoked and stays so', OLD.id USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION countersign.guard_api_token() FROM PUBLIC;
CREATE TRIGGER api_token_stays_revoked BEFORE UPDATE ON countersign.api_token
  FOR EACH ROW EXECUTE FUNCTION countersign.guard_api_token();

-- The API's alone. What a token may do and until when never changes, and no row goes away.
GRANT SELECT, INSERT ON countersign.api_token TO countersign_api;
GRANT UPDATE (revoked_at, revoked_by, last_used_at) ON countersign.api_token TO countersign_api;

-- Whoever holds a stream open on an API token hears at once that it has ended, whichever process or login ended it.
CREATE FUNCTION countersign.tell_ended_api_token() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('countersign_api_tokens', OLD.id::text);
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION countersign.tell_ended_api_token() FROM PUBLIC;
CREATE TRIGGER api_token_ended AFTER UPDATE OF revoked_at, expires_at OR DELETE ON countersign.api_token
  FOR EACH ROW EXECUTE FUNCTION countersign.tell_ended_api_token();
