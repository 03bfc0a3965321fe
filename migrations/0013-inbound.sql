-- What other systems have sent, once its signature was verified: hints that a ticket has moved, clicks that open a form,
-- and decisions. A row keeps a delivery from being taken twice, and is the queue of what the deliverer does about it.

CREATE TABLE countersign.inbound (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- Its name in COUNTERSIGN_INTEGRATIONS.
  system text NOT NULL CHECK (char_length(system) BETWEEN 1 AND 40),
  -- By which the system tells repeats of one delivery.
  delivery_id text NOT NULL CHECK (char_length(delivery_id) BETWEEN 1 AND 300),
  kind text NOT NULL CHECK (kind IN ('hint', 'click', 'decision')),
  -- The ticket that a hint is of, by its id, its key, or both.
  tickets text[] CHECK (cardinality(tickets) BETWEEN 1 AND 4 AND array_position(tickets, NULL) IS NULL),
  -- What opens a form; gone once it was opened, since whoever has it can write to the person for a while.
  click jsonb,
  body_digest text NOT NULL CHECK (body_digest ~ '^[0-9a-f]{64}$'),
  received_at timestamptz NOT NULL,
  -- A decision that could not be judged: the same delivery may come again.
  is_released boolean NOT NULL DEFAULT false,
  handled_at timestamptz,
  UNIQUE (system, delivery_id),
  CHECK (kind <> 'hint' OR tickets IS NOT NULL),
  CHECK (kind = 'click' OR click IS NULL)
);
CREATE INDEX inbound_waiting ON countersign.inbound (id) WHERE handled_at IS NULL AND kind <> 'decision';
CREATE INDEX inbound_oldest ON countersign.inbound (received_at);

-- The API takes deliveries in and drops old ones; the deliverer handles them. It can add none.
GRANT SELECT, INSERT, DELETE ON countersign.inbound TO countersign_api;
GRANT UPDATE (is_released) ON countersign.inbound TO countersign_api;
GRANT SELECT ON countersign.inbound TO countersign_deliverer;
GRANT UPDATE (handled_at, click) ON countersign.inbound TO countersign_deliverer;

CREATE FUNCTION countersign.tell_inbound() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_notify('countersign_inbound', NEW.id::text);
  RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION countersign.tell_inbound() FROM PUBLIC;
CREATE TRIGGER inbound_arrived AFTER INSERT ON countersign.inbound
  FOR EACH ROW WHEN (NEW.kind <> 'decision') EXECUTE FUNCTION countersign.tell_inbound();
