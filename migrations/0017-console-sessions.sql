-- People's sessions of the console. Its login sees this schema and no other, and no other login sees it.
CREATE SCHEMA console;
GRANT USAGE ON SCHEMA console TO countersign_console;

CREATE TABLE console.session (
  -- SHA-256 of the id that the browser has: who reads the table has no session.
  id_hash bytea PRIMARY KEY CHECK (octet_length(id_hash) = 32),
  -- Who it is, and their tokens, sealed with the console's own key.
  sealed bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 30 AND 262144),
  started_at timestamptz NOT NULL,
  -- When the person last did something, to the minute.
  used_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL CHECK (ends_at > started_at)
);
CREATE INDEX session_ends ON console.session (ends_at);

GRANT SELECT, INSERT, DELETE, UPDATE (sealed, used_at) ON console.session TO countersign_console;
