-- `audit compare` looks up the key of each change; without this index it reads all keys for each of them.
CREATE INDEX idempotency_key_change ON countersign.idempotency_key (change_id);
