-- Whose this database is: one installation, in one namespace of Temporal. The first API or worker that starts says so, and none of
-- another installation or namespace may use it. See docs/installations.md.
CREATE TABLE countersign.installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  name text NOT NULL,
  namespace text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT ON countersign.installation
  TO countersign_api, countersign_worker, countersign_signer, countersign_deliverer, countersign_reader;
GRANT INSERT (name, namespace) ON countersign.installation TO countersign_api, countersign_worker;

-- A database with changes has an owner already: until now there was one name, and their entries begin with the namespace.
INSERT INTO countersign.installation (name, namespace)
  SELECT 'countersign', split_part(event_key, '/', 1)
    FROM audit.entry WHERE type = 'change.requested' ORDER BY id DESC LIMIT 1;
