-- A worker says in the log which operations it has loaded, with what its files declare of them.
INSERT INTO audit.event_type (type, appender) VALUES
  ('operations.loaded', 'worker');
