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
