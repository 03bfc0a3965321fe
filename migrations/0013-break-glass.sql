-- Who has broken the glass: one change for each person, from its opening until its review is signed, or until it has ended
-- without a call. The primary key decides who is first, over all workers; the person behind a machine's token counts as they.
CREATE TABLE countersign.break_glass (
  issuer text NOT NULL,
  subject text NOT NULL,
  change_id uuid NOT NULL UNIQUE REFERENCES countersign.change (id),
  PRIMARY KEY (issuer, subject)
);

INSERT INTO countersign.break_glass (issuer, subject, change_id)
SELECT coalesce(document#>>'{requester,issuedBy,issuer}', requester_issuer),
       coalesce(document#>>'{requester,issuedBy,subject}', requester_subject),
       id
  FROM countersign.change
 WHERE document->'breakGlass' = 'true'::jsonb AND (closed_at IS NULL OR review_status = 'owed')
 ORDER BY submitted_at, id
    ON CONFLICT DO NOTHING;

GRANT SELECT ON countersign.break_glass TO countersign_api, countersign_worker, countersign_reader;
GRANT INSERT, DELETE ON countersign.break_glass TO countersign_worker;
