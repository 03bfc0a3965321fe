-- Tickets: which entries tell of them, who may append those, and one open change for each ticket.

-- The process that brings entries to tickets, chats and webhooks. Made here where no earlier migration has; as in 0001.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'countersign_deliverer') THEN
    BEGIN
      CREATE ROLE countersign_deliverer NOLOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;
    END;
  END IF;
END
$$;

ALTER TABLE audit.event_type DROP CONSTRAINT IF EXISTS event_type_appender_check;
ALTER TABLE audit.event_type ADD CONSTRAINT event_type_appender_check
  CHECK (appender IN ('api', 'worker', 'signer', 'deliverer'));
INSERT INTO audit.event_type (type, appender) VALUES
  ('ticket.checked', 'worker'),
  ('ticket.linked', 'deliverer'),
  ('ticket.diverged', 'deliverer');
GRANT USAGE ON SCHEMA audit, countersign TO countersign_deliverer;
GRANT SELECT ON audit.event_type, audit.entry, audit.pending, audit.leaf, audit.head TO countersign_deliverer;
GRANT EXECUTE ON FUNCTION audit.append(text, bytea) TO countersign_deliverer;

-- At most one open change for each ticket, where a policy asks for one. A change has a row for the name that it gives its
-- ticket, and one for the id that its system answers: another name of the same ticket is the same ticket.
CREATE TABLE countersign.open_ticket (
  system text NOT NULL,
  ticket text NOT NULL,
  change_id uuid NOT NULL REFERENCES countersign.change (id),
  PRIMARY KEY (system, ticket)
);
CREATE INDEX open_ticket_change ON countersign.open_ticket (change_id);
GRANT SELECT ON countersign.open_ticket TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, DELETE ON countersign.open_ticket TO countersign_worker;
