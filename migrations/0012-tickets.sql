-- Tickets: which entries tell of them, who may append those, and one open change for each ticket.

INSERT INTO audit.event_type (type, appender) VALUES
  ('ticket.checked', 'worker'),
  ('ticket.linked', 'deliverer'),
  ('ticket.diverged', 'deliverer');

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
