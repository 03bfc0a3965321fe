-- The worker's word that what is stored of a change is not the fold of its entries.
INSERT INTO audit.event_type (type, appender) VALUES ('integrity.mismatch', 'worker');
