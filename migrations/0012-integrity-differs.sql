-- The API's word that what is stored of a change is not what its digest was made of.
INSERT INTO audit.event_type (type, appender) VALUES ('integrity.differs', 'api');
