-- An admin's word that a signer which had refused may look again.
INSERT INTO audit.event_type (type, appender) VALUES ('log.resumed', 'signer');
