-- One row that the readiness of a process writes, so that a database which takes no writes is not ready. No entry of the log.
CREATE TABLE countersign.readiness (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  at timestamptz NOT NULL
);
INSERT INTO countersign.readiness (at) VALUES (now());
GRANT SELECT, UPDATE (at) ON countersign.readiness TO countersign_api;
