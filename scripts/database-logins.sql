-- The roles of a server, and the login of each process; once before the first migration, and again whenever a password
-- changes. Run by a superuser in the database that Countersign is to have, with the passwords as settings of the
-- session: PGOPTIONS="-c countersign.api_password=… -c countersign.worker_password=…" and so on. A login that is given
-- no password keeps the one that it has; a new one cannot log in. To take a login away: ALTER ROLE … NOLOGIN.
--
-- Roles belong to the whole server, and the migrations grant to these names: one installation has one server. Where
-- another database of this server has them already, nothing is changed; each password would be set for both, and each
-- login could read both. Who knows that (a copy of the same installation) adds -c countersign.shared_logins=on.
-- The same roles as embedded/bootstrap-database.ts makes; a test compares both.
DO $$
DECLARE
  process text;
  login text;
  password text;
  others text;
BEGIN
  SELECT string_agg(DISTINCT d.datname, ', ' ORDER BY d.datname) INTO others
    FROM pg_shdepend AS s
    JOIN pg_roles AS r ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid
    -- What depends on a role is in a database, or is one.
    JOIN pg_database AS d ON d.oid = s.dbid OR (s.classid = 'pg_database'::regclass AND d.oid = s.objid)
   WHERE d.datname <> current_database()
     AND r.rolname ~ '^countersign_(migrator|(api|worker|signer|deliverer|console|reader)(_login)?)$';
  IF others IS NOT NULL AND coalesce(current_setting('countersign.shared_logins', true), '') <> 'on' THEN
    RAISE EXCEPTION 'the logins of Countersign on this server are those of the database %', others
      USING HINT = 'Give this installation a Postgres server of its own. To change the logins for all of these '
        'databases: countersign.shared_logins=on.';
  END IF;

  FOREACH process IN ARRAY ARRAY['api', 'worker', 'signer', 'deliverer', 'console', 'reader', 'migrator']
  LOOP
    login := CASE process WHEN 'migrator' THEN 'countersign_migrator' ELSE 'countersign_' || process || '_login' END;
    password := coalesce(current_setting('countersign.' || process || '_password', true), '');
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', login);
    END IF;
    EXECUTE format(
      'ALTER ROLE %I NOSUPERUSER NOCREATEDB NOREPLICATION NOBYPASSRLS INHERIT %s %s',
      login,
      CASE process WHEN 'migrator' THEN 'CREATEROLE' ELSE 'NOCREATEROLE' END,
      CASE WHEN password = '' THEN '' ELSE format('LOGIN PASSWORD %L', password) END
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
