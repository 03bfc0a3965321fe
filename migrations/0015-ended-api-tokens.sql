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
