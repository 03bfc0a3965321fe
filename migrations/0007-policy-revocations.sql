-- Versions of approval policies that an admin has revoked: no change may be asked for under one, and open ones end.

CREATE TABLE countersign.policy_revocation (
  -- Of the pinned policy, see domain/policy.ts.
  digest text PRIMARY KEY CHECK (digest ~ '^[0-9a-f]{64}$'),
  name text NOT NULL,
  version text NOT NULL,
  comment text NOT NULL,
  -- The admin, as domain/person.ts has a person.
  revoked_by jsonb NOT NULL,
  revoked_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON countersign.policy_revocation TO countersign_api;
GRANT SELECT ON countersign.policy_revocation TO countersign_worker, countersign_reader;

CREATE INDEX change_policy ON countersign.change ((document#>>'{policy,digest}'), id);

-- Few owe a review at any time.
CREATE INDEX change_review_owed ON countersign.change (requester_subject) WHERE document->>'reviewStatus' = 'owed';

INSERT INTO audit.event_type (type, appender) VALUES
  ('policy.revoked', 'api'),
  ('decision.lapsed', 'worker'),
  ('change.escalated', 'worker');
