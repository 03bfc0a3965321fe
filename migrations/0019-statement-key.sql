-- The API says in the log that another key signs what people say from now on. The old and the new key have signed that.
INSERT INTO audit.event_type (type, appender) VALUES
  ('statement_key.rotated', 'api');
