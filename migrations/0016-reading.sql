-- What lists and figures look for. See docs/api.md.

ALTER TABLE countersign.change
  -- The subjects of those who have decided it, whether or not their decisions count.
  ADD COLUMN deciders jsonb GENERATED ALWAYS AS
    (jsonb_path_query_array(document, 'lax $.decisions[*].person.subject')) STORED,
  -- When the last approval that counts was given. The newest decision of a change stands last. Text, since a cast to a time is
  -- not immutable.
  ADD COLUMN approved_at text GENERATED ALWAYS AS (
    CASE WHEN document->>'decisionStatus' = 'approved' THEN
      jsonb_path_query_array(document, 'lax $.decisions[*] ? (@.counts == true && @.decision == "approve").at')->>-1
    END) STORED,
  ADD COLUMN outcome_code text GENERATED ALWAYS AS (document#>>'{outcome,code}') STORED;

-- By whom a change was decided: deciders @> '["<subject>"]'. It gives no order, like change_scope.
CREATE INDEX change_deciders ON countersign.change USING gin (deciders jsonb_path_ops) WITH (fastupdate = off)
  WHERE deciders <> '[]';

-- Of which change a RequestId of the vendor is.
CREATE INDEX attempt_request_id ON countersign.attempt (request_id) WHERE request_id IS NOT NULL;

-- The freezes of a time, also those that are over: an end, or being lifted, whichever came first.
CREATE INDEX freeze_until ON countersign.freeze (least(coalesce(ends_at, 'infinity'), coalesce(lifted_at, 'infinity')));
