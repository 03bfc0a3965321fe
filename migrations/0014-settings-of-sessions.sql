-- The functions of the log do the same whatever a database, a role or a session has set: a literal with a backslash is read
-- by standard_conforming_strings when it first runs, a time by DateStyle and TimeZone. Our own sessions set all of it.
DO $$
DECLARE
  f regprocedure;
BEGIN
  FOR f IN
    SELECT oid FROM pg_catalog.pg_proc
    WHERE pronamespace IN ('audit'::regnamespace, 'countersign'::regnamespace) AND prosecdef
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET standard_conforming_strings TO on', f);
    EXECUTE format('ALTER FUNCTION %s SET DateStyle TO ''ISO, MDY''', f);
    EXECUTE format('ALTER FUNCTION %s SET TimeZone TO ''UTC''', f);
  END LOOP;
END
$$;

-- One row that the readiness of a process writes, so that a database which takes no writes is not ready. No entry of the log.
CREATE TABLE countersign.readiness (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  at timestamptz NOT NULL
);
INSERT INTO countersign.readiness (at) VALUES (now());
GRANT SELECT, UPDATE (at) ON countersign.readiness TO countersign_api;
