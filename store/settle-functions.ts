import type { ClientBase } from 'pg';

/**
 * Gives every function that runs with its owner's rights settings of its own, whichever migration made it: it does the same
 * whatever a database, a role or a session has set. A literal with a backslash is read by standard_conforming_strings when the
 * function first runs, a time by DateStyle and TimeZone. One process at a time; where nothing is missing, nothing is done.
 */
export async function settleFunctions(client: ClientBase): Promise<void> {
  await client.query(`DO $$
    DECLARE
      f regprocedure;
    BEGIN
      PERFORM pg_advisory_xact_lock(hashtext('countersign'), hashtext('settle functions'));
      FOR f IN
        SELECT p.oid FROM pg_catalog.pg_proc p
         WHERE p.pronamespace IN (to_regnamespace('audit'), to_regnamespace('countersign')) AND p.prosecdef
           AND NOT coalesce(p.proconfig, '{}')
             @> ARRAY['standard_conforming_strings=on', 'DateStyle=ISO, MDY', 'TimeZone=UTC']
         ORDER BY p.oid
      LOOP
        EXECUTE format('ALTER FUNCTION %s SET standard_conforming_strings TO on', f);
        EXECUTE format('ALTER FUNCTION %s SET DateStyle TO ''ISO, MDY''', f);
        EXECUTE format('ALTER FUNCTION %s SET TimeZone TO ''UTC''', f);
      END LOOP;
    END
    $$`);
}
