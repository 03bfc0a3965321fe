-- The group roles that rights are granted to. Login roles are members of one of them; nobody logs in as a group.
-- Roles belong to the whole server: another database's migration may make them at the same moment.
DO $$
DECLARE
  role_name text;
BEGIN
  FOREACH role_name IN ARRAY ARRAY[
    'countersign_api', 'countersign_worker', 'countersign_signer', 'countersign_deliverer', 'countersign_console',
    'countersign_reader']
  LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
      BEGIN
        EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
      EXCEPTION WHEN duplicate_object OR unique_violation THEN
        NULL;
      END;
    END IF;
  END LOOP;
END
$$;

-- The log.
CREATE SCHEMA audit;
GRANT USAGE ON SCHEMA audit TO countersign_api, countersign_worker, countersign_signer, countersign_deliverer,
  countersign_reader;

-- Everything else. Whoever runs the migrations has made it for the list of those that it ran.
CREATE SCHEMA IF NOT EXISTS countersign;
GRANT USAGE ON SCHEMA countersign TO countersign_api, countersign_worker, countersign_signer, countersign_deliverer,
  countersign_reader;
