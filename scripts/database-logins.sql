-- The roles of a server, and the login of each process; once before the first migration, and again whenever a password
-- changes. Run by a superuser in the database that Countersign is to have, with the passwords as settings of the
-- session: PGOPTIONS="-c countersign.api_password=… -c countersign.worker_password=…" and so on.
-- The same roles as embedded/bootstrap-database.ts makes; a test compares both.
DO $$
DECLARE
  process text;
  login text;
  password text;
BEGIN
  FOREACH process IN ARRAY ARRAY['api', 'worker', 'signer', 'deliverer', 'console', 'reader', 'migrator']
  LOOP
    login := CASE process WHEN 'migrator' THEN 'countersign_migrator' ELSE 'countersign_' || process || '_login' END;
    password := current_setting('countersign.' || process || '_password', true);
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', login);
    END IF;
    -- Only who has a password may log in: leave the reader's out, and there is no reader.
    EXECUTE format(
      'ALTER ROLE %I NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS INHERIT %s %s',
      login,
      CASE process WHEN 'migrator' THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
      CASE WHEN coalesce(password, '') = '' THEN 'NOLOGIN PASSWORD NULL'
        ELSE format('LOGIN PASSWORD %L', password) END
    );
  END LOOP;

  FOREACH process IN ARRAY ARRAY['api', 'worker', 'signer', 'deliverer', 'console', 'reader']
  LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'countersign_' || process) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', 'countersign_' || process);
    END IF;
    EXECUTE format('GRANT %I TO %I', 'countersign_' || process, 'countersign_' || process || '_login');
    -- The migrator hands out a group's rights without having them.
    EXECUTE format(
      'GRANT %I TO countersign_migrator WITH ADMIN TRUE, INHERIT FALSE, SET TRUE', 'countersign_' || process);
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), 'countersign_' || process);
  END LOOP;

  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('ALTER DATABASE %I OWNER TO countersign_migrator', current_database());
END
$$;
