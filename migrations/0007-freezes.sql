-- Freezes: when nothing may run, whatever was approved. See docs/windows-and-freezes.md.

CREATE TABLE countersign.freeze (
  id uuid PRIMARY KEY,
  -- What it holds; null: any.
  operation text,
  -- A pattern for each member that the target's scope must have; empty: every target.
  scope jsonb NOT NULL CHECK (jsonb_typeof(scope) = 'object'),
  starts_at timestamptz NOT NULL,
  -- Null: until it is lifted.
  ends_at timestamptz,
  reason text NOT NULL,
  -- {issuer, subject, name}
  declared_by jsonb NOT NULL,
  declared_at timestamptz NOT NULL,
  lifted_by jsonb,
  lifted_at timestamptz,
  CHECK (ends_at > starts_at),
  CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
);
-- What a call looks for: those that hold now. Freezes that are over are few beside time, and many beside these.
CREATE INDEX freeze_in_force ON countersign.freeze (coalesce(ends_at, 'infinity')) WHERE lifted_at IS NULL;
CREATE INDEX freeze_newest ON countersign.freeze (declared_at DESC, id DESC);

-- Somebody whom a change's policy names lets it run in one freeze, as it was approved under one digest.
CREATE TABLE countersign.freeze_override (
  -- A freeze's id, or the name of one in the calendar file.
  freeze_id text NOT NULL,
  change_id uuid NOT NULL REFERENCES countersign.change (id),
  digest text NOT NULL,
  -- {issuer, subject, name}
  overridden_by jsonb NOT NULL,
  overridden_at timestamptz NOT NULL,
  PRIMARY KEY (change_id, freeze_id, digest)
);

GRANT SELECT ON countersign.freeze, countersign.freeze_override
  TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT ON countersign.freeze, countersign.freeze_override TO countersign_api;
-- A freeze is lifted and never rewritten: no other column may change, and no row goes.
GRANT UPDATE (lifted_by, lifted_at) ON countersign.freeze TO countersign_api;

CREATE FUNCTION countersign.guard_lifting() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF OLD.lifted_at IS NOT NULL THEN
    RAISE EXCEPTION 'freeze % was lifted at %', OLD.id, OLD.lifted_at USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION countersign.guard_lifting() FROM PUBLIC;
CREATE TRIGGER freeze_lifted_once BEFORE UPDATE ON countersign.freeze
  FOR EACH ROW EXECUTE FUNCTION countersign.guard_lifting();
