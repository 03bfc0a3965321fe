-- The schema after all migrations, read from the catalogues. Made by a test, not to be run.

-- Schemas
audit owner=countersign_migrator acl={countersign_migrator=UC/countersign_migrator,countersign_api=U/countersign_migrator,countersign_worker=U/countersign_migrator,countersign_signer=U/countersign_migrator,countersign_deliverer=U/countersign_migrator,countersign_reader=U/countersign_migrator}
console owner=countersign_migrator acl={countersign_migrator=UC/countersign_migrator,countersign_console=U/countersign_migrator}
countersign owner=countersign_migrator acl={countersign_migrator=UC/countersign_migrator,countersign_api=U/countersign_migrator,countersign_worker=U/countersign_migrator,countersign_signer=U/countersign_migrator,countersign_deliverer=U/countersign_migrator,countersign_reader=U/countersign_migrator}

-- Tables
audit.checkpoint owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  size bigint not null
  root bytea not null
  note text not null
  signed_at timestamp with time zone not null default clock_timestamp()
audit.cosignature owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  size bigint not null
  witness text not null
  cosigned_at timestamp with time zone not null
  line text not null
audit.entry owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  id bigint not null generated always as identity
  event_key text not null
  bytes bytea not null
  leaf_hash bytea not null
  type text not null
  change_id uuid
  actor text
  outcome text
  request_id text
  time timestamp with time zone not null
  appended_at timestamp with time zone not null default clock_timestamp()
audit.event_type owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  type text not null
  appender text not null
audit.head owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  singleton boolean not null default true
  size bigint not null
audit.leaf owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  index bigint not null
  entry_id bigint not null
audit.pending owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  entry_id bigint not null
audit.tile owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  level smallint not null
  index bigint not null
  hashes bytea not null
  root bytea not null
console.session owner=countersign_migrator acl={countersign_console=ard/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  id_hash bytea not null
  sealed bytea not null
  started_at timestamp with time zone not null
  used_at timestamp with time zone not null
  ends_at timestamp with time zone not null
countersign.api_token owner=countersign_migrator acl={countersign_api=ar/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  id uuid not null
  hash bytea not null
  name text not null
  scopes text[] not null
  issued_by jsonb not null
  issued_at timestamp with time zone not null
  expires_at timestamp with time zone not null
  revoked_at timestamp with time zone
  revoked_by jsonb
  last_used_at timestamp with time zone
  fingerprint text not null generated always as encode(sha256(hash), 'hex'::text)
countersign.attempt owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=arw/countersign_migrator}
  change_id uuid not null
  ordinal integer not null
  target text not null
  activity_id text not null
  activity_attempt integer not null
  started_at timestamp with time zone not null
  sent_at timestamp with time zone
  ended_at timestamp with time zone
  outcome text not null default 'open'::text
  class text
  http_status integer
  code text
  message text
  request_id text
countersign.break_glass owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=ard/countersign_migrator}
  issuer text not null
  subject text not null
  change_id uuid not null
countersign.call_gate owner=countersign_migrator acl={countersign_api=w/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_worker=a/countersign_migrator}
  never boolean not null
countersign.call_pace owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=arw/countersign_migrator}
  account text not null
  next_at timestamp with time zone not null
countersign.change owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=arw/countersign_migrator}
  id uuid not null
  version bigint not null
  document jsonb not null
  operation text not null generated always as (document ->> 'operation'::text)
  target text not null generated always as (document #>> '{target,id}'::text[])
  scope jsonb generated always as (document #> '{target,scope}'::text[])
  requester_issuer text not null generated always as (document #>> '{requester,issuer}'::text[])
  requester_subject text not null generated always as (document #>> '{requester,subject}'::text[])
  ticket text generated always as (document #>> '{ticket,id}'::text[])
  decision_status text not null generated always as (document ->> 'decisionStatus'::text)
  execution_status text not null generated always as (document ->> 'executionStatus'::text)
  review_status text not null generated always as (document ->> 'reviewStatus'::text)
  submitted_at timestamp with time zone not null
  closed_at timestamp with time zone
  saved_at timestamp with time zone not null default now()
  deciders jsonb generated always as jsonb_path_query_array(document, '$."decisions"[*]."person"."subject"'::jsonpath)
  approved_at text generated always as 
CASE
    WHEN ((document ->> 'decisionStatus'::text) = 'approved'::text) THEN (jsonb_path_query_array(document, '$."decisions"[*]?(@."counts" == true && @."decision" == "approve")."at"'::jsonpath) ->> '-1'::integer)
    ELSE NULL::text
END
  outcome_code text generated always as (document #>> '{outcome,code}'::text[])
countersign.freeze owner=countersign_migrator acl={countersign_api=ar/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  id uuid not null
  operation text
  scope jsonb not null
  starts_at timestamp with time zone not null
  ends_at timestamp with time zone
  reason text not null
  declared_by jsonb not null
  declared_at timestamp with time zone not null
  lifted_by jsonb
  lifted_at timestamp with time zone
countersign.freeze_override owner=countersign_migrator acl={countersign_api=ar/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  freeze_id text not null
  change_id uuid not null
  digest text not null
  overridden_by jsonb not null
  overridden_at timestamp with time zone not null
countersign.idempotency_key owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=ar/countersign_migrator}
  issuer text not null
  subject text not null
  key text not null
  change_id uuid not null
  body_digest text not null
  created_at timestamp with time zone not null default now()
countersign.inbound owner=countersign_migrator acl={countersign_api=ard/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  id bigint not null generated always as identity
  system text not null
  delivery_id text not null
  kind text not null
  tickets text[]
  click jsonb
  body_digest text not null
  received_at timestamp with time zone not null
  is_released boolean not null default false
  handled_at timestamp with time zone
countersign.installation owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_signer=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  singleton boolean not null default true
  name text not null
  namespace text not null
  claimed_at timestamp with time zone not null default clock_timestamp()
countersign.leader owner=countersign_migrator acl=
  name text not null
  pid integer
  lock_key bigint
countersign.migration owner=countersign_migrator acl=
  id integer not null default nextval('countersign.migration_id_seq'::regclass)
  name character varying(255) not null
  run_on timestamp without time zone not null
countersign.open_target owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=ard/countersign_migrator}
  target text not null
  change_id uuid not null
countersign.open_ticket owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=ard/countersign_migrator}
  system text not null
  ticket text not null
  change_id uuid not null
countersign.outbox owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=arwd/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator}
  subscription text not null
  change_id uuid not null
  last_index bigint not null
  wanted_index bigint not null
  first_index bigint not null
  due_since timestamp with time zone not null
  next_at timestamp with time zone not null
  leased_by uuid
  attempts integer not null default 0
  first_failed_at timestamp with time zone
  last_error text
  dead_since timestamp with time zone
  memory jsonb
countersign.outbox_cursor owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator}
  singleton boolean not null default true
  next_index bigint not null
countersign.policy_revocation owner=countersign_migrator acl={countersign_api=ar/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator,countersign_reader=r/countersign_migrator,countersign_worker=r/countersign_migrator}
  digest text not null
  name text not null
  version text not null
  comment text not null
  revoked_by jsonb not null
  revoked_at timestamp with time zone not null
countersign.readiness owner=countersign_migrator acl={countersign_api=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  singleton boolean not null default true
  at timestamp with time zone not null
countersign.subscription owner=countersign_migrator acl={countersign_api=ad/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  name text not null
  source text not null
  target jsonb not null
  filter jsonb not null
  from_index bigint not null
  state text not null default 'active'::text
  disabled_reason text
  created_by jsonb
  created_at timestamp with time zone not null
  url text
  paused_until timestamp with time zone
countersign.subscription_secret owner=countersign_migrator acl={countersign_api=a/countersign_migrator,countersign_deliverer=r/countersign_migrator,countersign_migrator=arwdDxtm/countersign_migrator}
  subscription text not null
  ordinal integer not null generated always as identity
  secret text not null
  created_at timestamp with time zone not null

-- Constraints
audit.checkpoint checkpoint_note_check: CHECK ((octet_length(note) <= 16384))
audit.checkpoint checkpoint_pkey: PRIMARY KEY (size)
audit.checkpoint checkpoint_root_check: CHECK ((octet_length(root) = 32))
audit.checkpoint checkpoint_size_check: CHECK ((size >= 0))
audit.cosignature cosignature_line_check: CHECK (((octet_length(line) <= 8192) AND (line ~~ '— %'::text) AND (strpos(line, '
'::text) = 0)))
audit.cosignature cosignature_pkey: PRIMARY KEY (size, witness, cosigned_at)
audit.cosignature cosignature_size_fkey: FOREIGN KEY (size) REFERENCES audit.checkpoint(size)
audit.entry entry_check: CHECK ((leaf_hash = sha256(('\x00'::bytea || bytes))))
audit.entry entry_event_key_key: UNIQUE (event_key)
audit.entry entry_pkey: PRIMARY KEY (id)
audit.event_type event_type_appender_check: CHECK ((appender = ANY (ARRAY['api'::text, 'worker'::text, 'signer'::text, 'deliverer'::text])))
audit.event_type event_type_pkey: PRIMARY KEY (type)
audit.head head_pkey: PRIMARY KEY (singleton)
audit.head head_singleton_check: CHECK (singleton)
audit.head head_size_check: CHECK ((size >= 0))
audit.leaf leaf_entry_id_key: UNIQUE (entry_id)
audit.leaf leaf_index_check: CHECK ((index >= 0))
audit.leaf leaf_pkey: PRIMARY KEY (index)
audit.pending pending_pkey: PRIMARY KEY (entry_id)
audit.tile tile_hashes_check: CHECK ((octet_length(hashes) = 8192))
audit.tile tile_index_check: CHECK ((index >= 0))
audit.tile tile_level_check: CHECK (((level >= 0) AND (level <= 6)))
audit.tile tile_pkey: PRIMARY KEY (level, index)
audit.tile tile_root_check: CHECK ((octet_length(root) = 32))
console.session session_check: CHECK ((ends_at > started_at))
console.session session_id_hash_check: CHECK ((octet_length(id_hash) = 32))
console.session session_pkey: PRIMARY KEY (id_hash)
console.session session_sealed_check: CHECK (((octet_length(sealed) >= 30) AND (octet_length(sealed) <= 262144)))
countersign."freeze" freeze_check: CHECK ((ends_at > starts_at))
countersign."freeze" freeze_check1: CHECK (((lifted_by IS NULL) = (lifted_at IS NULL)))
countersign."freeze" freeze_pkey: PRIMARY KEY (id)
countersign."freeze" freeze_scope_check: CHECK ((jsonb_typeof(scope) = 'object'::text))
countersign.api_token api_token_check: CHECK (((expires_at > issued_at) AND (expires_at <= (issued_at + '366 days'::interval))))
countersign.api_token api_token_check1: CHECK (((revoked_at IS NULL) = (revoked_by IS NULL)))
countersign.api_token api_token_hash_check: CHECK ((octet_length(hash) = 32))
countersign.api_token api_token_hash_key: UNIQUE (hash)
countersign.api_token api_token_name_check: CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100)))
countersign.api_token api_token_pkey: PRIMARY KEY (id)
countersign.api_token api_token_scopes_check: CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['changes:request'::text, 'audit:read'::text]) AND (array_position(scopes, NULL::text) IS NULL)))
countersign.attempt attempt_activity_attempt_check: CHECK ((activity_attempt >= 1))
countersign.attempt attempt_change_id_activity_id_activity_attempt_key: UNIQUE (change_id, activity_id, activity_attempt)
countersign.attempt attempt_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.attempt attempt_check: CHECK (((outcome = 'open'::text) = (ended_at IS NULL)))
countersign.attempt attempt_ordinal_check: CHECK ((ordinal >= 1))
countersign.attempt attempt_outcome_check: CHECK ((outcome = ANY (ARRAY['open'::text, 'succeeded'::text, 'failed'::text, 'unknown'::text])))
countersign.attempt attempt_pkey: PRIMARY KEY (change_id, ordinal)
countersign.break_glass break_glass_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.break_glass break_glass_change_id_key: UNIQUE (change_id)
countersign.break_glass break_glass_pkey: PRIMARY KEY (issuer, subject)
countersign.call_gate call_gate_check: CHECK (false)
countersign.call_pace call_pace_pkey: PRIMARY KEY (account)
countersign.change change_check: CHECK (((document ->> 'id'::text) = (id)::text))
countersign.change change_pkey: PRIMARY KEY (id)
countersign.freeze_override freeze_override_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.freeze_override freeze_override_pkey: PRIMARY KEY (change_id, freeze_id, digest)
countersign.idempotency_key idempotency_key_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.idempotency_key idempotency_key_pkey: PRIMARY KEY (issuer, subject, key)
countersign.inbound inbound_body_digest_check: CHECK ((body_digest ~ '^[0-9a-f]{64}$'::text))
countersign.inbound inbound_check: CHECK (((kind <> 'hint'::text) OR (tickets IS NOT NULL)))
countersign.inbound inbound_check1: CHECK (((kind = 'click'::text) OR (click IS NULL)))
countersign.inbound inbound_delivery_id_check: CHECK (((char_length(delivery_id) >= 1) AND (char_length(delivery_id) <= 300)))
countersign.inbound inbound_kind_check: CHECK ((kind = ANY (ARRAY['hint'::text, 'click'::text, 'decision'::text])))
countersign.inbound inbound_pkey: PRIMARY KEY (id)
countersign.inbound inbound_system_check: CHECK (((char_length(system) >= 1) AND (char_length(system) <= 40)))
countersign.inbound inbound_system_delivery_id_key: UNIQUE (system, delivery_id)
countersign.inbound inbound_tickets_check: CHECK ((((cardinality(tickets) >= 1) AND (cardinality(tickets) <= 4)) AND (array_position(tickets, NULL::text) IS NULL)))
countersign.installation installation_pkey: PRIMARY KEY (singleton)
countersign.installation installation_singleton_check: CHECK (singleton)
countersign.leader leader_name_check: CHECK ((name = ANY (ARRAY['sequencer'::text, 'signer'::text])))
countersign.leader leader_pkey: PRIMARY KEY (name)
countersign.migration migration_pkey: PRIMARY KEY (id)
countersign.open_target open_target_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.open_target open_target_change_id_key: UNIQUE (change_id)
countersign.open_target open_target_pkey: PRIMARY KEY (target)
countersign.open_ticket open_ticket_change_id_fkey: FOREIGN KEY (change_id) REFERENCES countersign.change(id)
countersign.open_ticket open_ticket_pkey: PRIMARY KEY (system, ticket)
countersign.outbox outbox_check: CHECK ((last_index <= wanted_index))
countersign.outbox outbox_pkey: PRIMARY KEY (subscription, change_id)
countersign.outbox outbox_subscription_fkey: FOREIGN KEY (subscription) REFERENCES countersign.subscription(name) ON DELETE CASCADE
countersign.outbox_cursor outbox_cursor_next_index_check: CHECK ((next_index >= 0))
countersign.outbox_cursor outbox_cursor_pkey: PRIMARY KEY (singleton)
countersign.outbox_cursor outbox_cursor_singleton_check: CHECK (singleton)
countersign.policy_revocation policy_revocation_digest_check: CHECK ((digest ~ '^[0-9a-f]{64}$'::text))
countersign.policy_revocation policy_revocation_pkey: PRIMARY KEY (digest)
countersign.readiness readiness_pkey: PRIMARY KEY (singleton)
countersign.readiness readiness_singleton_check: CHECK (singleton)
countersign.subscription subscription_check: CHECK (((state = 'disabled'::text) = (disabled_reason IS NOT NULL)))
countersign.subscription subscription_check1: CHECK (((source = 'api'::text) = (created_by IS NOT NULL)))
countersign.subscription subscription_check2: CHECK (((source = 'api'::text) = (url IS NOT NULL)))
countersign.subscription subscription_from_index_check: CHECK ((from_index >= 0))
countersign.subscription subscription_name_check: CHECK ((name ~ '^[a-z][a-z0-9-]{0,39}$'::text))
countersign.subscription subscription_pkey: PRIMARY KEY (name)
countersign.subscription subscription_source_check: CHECK ((source = ANY (ARRAY['file'::text, 'api'::text])))
countersign.subscription subscription_state_check: CHECK ((state = ANY (ARRAY['active'::text, 'disabled'::text])))
countersign.subscription_secret subscription_secret_pkey: PRIMARY KEY (subscription, ordinal)
countersign.subscription_secret subscription_secret_secret_check: CHECK ((secret ~~ 'whsec\_%'::text))
countersign.subscription_secret subscription_secret_subscription_fkey: FOREIGN KEY (subscription) REFERENCES countersign.subscription(name) ON DELETE CASCADE

-- Indexes
CREATE UNIQUE INDEX checkpoint_pkey ON audit.checkpoint USING btree (size)
CREATE UNIQUE INDEX cosignature_pkey ON audit.cosignature USING btree (size, witness, cosigned_at)
CREATE INDEX entry_actor ON audit.entry USING btree (actor, id) WHERE (actor IS NOT NULL)
CREATE INDEX entry_break_glass ON audit.entry USING btree (audit.answerable(bytes)) WHERE ((type = 'change.requested'::text) AND (POSITION(('\x22627265616b476c617373223a74727565'::bytea) IN (bytes)) > 0))
CREATE INDEX entry_change_id ON audit.entry USING btree (change_id, id) WHERE (change_id IS NOT NULL)
CREATE UNIQUE INDEX entry_event_key_key ON audit.entry USING btree (event_key)
CREATE INDEX entry_freeze_end ON audit.entry USING btree (audit.freeze_end(bytes) COLLATE "C") WHERE (type = 'freeze.declared'::text)
CREATE UNIQUE INDEX entry_pkey ON audit.entry USING btree (id)
CREATE INDEX entry_request_id ON audit.entry USING btree (request_id) WHERE (request_id IS NOT NULL)
CREATE INDEX entry_rule ON audit.entry USING btree (audit.rule(bytes)) WHERE (type = ANY (ARRAY['freeze.declared'::text, 'freeze.lifted'::text, 'policy.revoked'::text, 'token.issued'::text, 'token.revoked'::text]))
CREATE INDEX entry_target ON audit.entry USING btree (audit.told(bytes, '{target}'::text[])) WHERE (type = 'change.requested'::text)
CREATE INDEX entry_time ON audit.entry USING btree ("time", id)
CREATE INDEX entry_type ON audit.entry USING btree (type, id)
CREATE UNIQUE INDEX event_type_pkey ON audit.event_type USING btree (type)
CREATE UNIQUE INDEX head_pkey ON audit.head USING btree (singleton)
CREATE UNIQUE INDEX leaf_entry_id_key ON audit.leaf USING btree (entry_id)
CREATE UNIQUE INDEX leaf_pkey ON audit.leaf USING btree (index)
CREATE UNIQUE INDEX pending_pkey ON audit.pending USING btree (entry_id)
CREATE UNIQUE INDEX tile_pkey ON audit.tile USING btree (level, index)
CREATE INDEX session_ends ON console.session USING btree (ends_at)
CREATE UNIQUE INDEX session_pkey ON console.session USING btree (id_hash)
CREATE UNIQUE INDEX api_token_hash_key ON countersign.api_token USING btree (hash)
CREATE INDEX api_token_newest ON countersign.api_token USING btree (issued_at DESC, id DESC)
CREATE UNIQUE INDEX api_token_pkey ON countersign.api_token USING btree (id)
CREATE UNIQUE INDEX attempt_change_id_activity_id_activity_attempt_key ON countersign.attempt USING btree (change_id, activity_id, activity_attempt)
CREATE INDEX attempt_open ON countersign.attempt USING btree (started_at) WHERE (outcome = 'open'::text)
CREATE UNIQUE INDEX attempt_pkey ON countersign.attempt USING btree (change_id, ordinal)
CREATE INDEX attempt_request_id ON countersign.attempt USING btree (request_id) WHERE (request_id IS NOT NULL)
CREATE UNIQUE INDEX break_glass_change_id_key ON countersign.break_glass USING btree (change_id)
CREATE UNIQUE INDEX break_glass_pkey ON countersign.break_glass USING btree (issuer, subject)
CREATE UNIQUE INDEX call_pace_pkey ON countersign.call_pace USING btree (account)
CREATE INDEX change_closed ON countersign.change USING btree (closed_at) WHERE (closed_at IS NOT NULL)
CREATE INDEX change_deciders ON countersign.change USING gin (deciders jsonb_path_ops) WITH (fastupdate=off) WHERE (deciders <> '[]'::jsonb)
CREATE INDEX change_decision_status ON countersign.change USING btree (decision_status, submitted_at DESC, id DESC)
CREATE INDEX change_execution_status ON countersign.change USING btree (execution_status, submitted_at DESC, id DESC)
CREATE INDEX change_newest ON countersign.change USING btree (submitted_at DESC, id DESC)
CREATE INDEX change_open ON countersign.change USING btree (saved_at, id) WHERE (closed_at IS NULL)
CREATE INDEX change_operation ON countersign.change USING btree (operation, submitted_at DESC, id DESC)
CREATE UNIQUE INDEX change_pkey ON countersign.change USING btree (id)
CREATE INDEX change_policy ON countersign.change USING btree (((document #>> '{policy,digest}'::text[])), id)
CREATE INDEX change_requester ON countersign.change USING btree (requester_subject, submitted_at DESC, id DESC)
CREATE INDEX change_review_owed ON countersign.change USING btree (requester_subject) WHERE ((document ->> 'reviewStatus'::text) = 'owed'::text)
CREATE INDEX change_scope ON countersign.change USING gin (scope jsonb_path_ops) WITH (fastupdate=off)
CREATE INDEX change_statuses ON countersign.change USING btree (decision_status, execution_status, review_status)
CREATE INDEX change_ticket ON countersign.change USING btree (ticket, submitted_at DESC, id DESC) WHERE (ticket IS NOT NULL)
CREATE INDEX freeze_in_force ON countersign."freeze" USING btree (COALESCE(ends_at, 'infinity'::timestamp with time zone)) WHERE (lifted_at IS NULL)
CREATE INDEX freeze_newest ON countersign."freeze" USING btree (declared_at DESC, id DESC)
CREATE UNIQUE INDEX freeze_override_pkey ON countersign.freeze_override USING btree (change_id, freeze_id, digest)
CREATE UNIQUE INDEX freeze_pkey ON countersign."freeze" USING btree (id)
CREATE INDEX freeze_until ON countersign."freeze" USING btree (LEAST(COALESCE(ends_at, 'infinity'::timestamp with time zone), COALESCE(lifted_at, 'infinity'::timestamp with time zone)))
CREATE INDEX idempotency_key_change ON countersign.idempotency_key USING btree (change_id)
CREATE UNIQUE INDEX idempotency_key_pkey ON countersign.idempotency_key USING btree (issuer, subject, key)
CREATE INDEX inbound_oldest ON countersign.inbound USING btree (received_at)
CREATE UNIQUE INDEX inbound_pkey ON countersign.inbound USING btree (id)
CREATE UNIQUE INDEX inbound_system_delivery_id_key ON countersign.inbound USING btree (system, delivery_id)
CREATE INDEX inbound_waiting ON countersign.inbound USING btree (id) WHERE ((handled_at IS NULL) AND (kind <> 'decision'::text))
CREATE UNIQUE INDEX installation_pkey ON countersign.installation USING btree (singleton)
CREATE UNIQUE INDEX leader_pkey ON countersign.leader USING btree (name)
CREATE UNIQUE INDEX migration_pkey ON countersign.migration USING btree (id)
CREATE UNIQUE INDEX open_target_change_id_key ON countersign.open_target USING btree (change_id)
CREATE UNIQUE INDEX open_target_pkey ON countersign.open_target USING btree (target)
CREATE INDEX open_ticket_change ON countersign.open_ticket USING btree (change_id)
CREATE UNIQUE INDEX open_ticket_pkey ON countersign.open_ticket USING btree (system, ticket)
CREATE INDEX outbox_behind ON countersign.outbox USING btree (subscription, due_since) WHERE (wanted_index > last_index)
CREATE UNIQUE INDEX outbox_cursor_pkey ON countersign.outbox_cursor USING btree (singleton)
CREATE INDEX outbox_dead ON countersign.outbox USING btree (subscription, first_index) WHERE (dead_since IS NOT NULL)
CREATE INDEX outbox_delivered ON countersign.outbox USING btree (next_at) WHERE ((wanted_index = last_index) AND (dead_since IS NULL))
CREATE INDEX outbox_due ON countersign.outbox USING btree (subscription, next_at, first_index) WHERE ((wanted_index > last_index) AND (dead_since IS NULL))
CREATE UNIQUE INDEX outbox_pkey ON countersign.outbox USING btree (subscription, change_id)
CREATE INDEX outbox_ticket ON countersign.outbox USING btree (((memory ->> 'ticket'::text))) WHERE ((memory ->> 'ticket'::text) IS NOT NULL)
CREATE UNIQUE INDEX policy_revocation_pkey ON countersign.policy_revocation USING btree (digest)
CREATE UNIQUE INDEX readiness_pkey ON countersign.readiness USING btree (singleton)
CREATE UNIQUE INDEX subscription_pkey ON countersign.subscription USING btree (name)
CREATE UNIQUE INDEX subscription_secret_pkey ON countersign.subscription_secret USING btree (subscription, ordinal)

-- Triggers (A: also under session_replication_role = replica)
A CREATE TRIGGER checkpoint_never_changes BEFORE DELETE OR UPDATE ON audit.checkpoint FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER checkpoint_never_truncated BEFORE TRUNCATE ON audit.checkpoint FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER cosignature_never_changes BEFORE DELETE OR UPDATE ON audit.cosignature FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER cosignature_never_truncated BEFORE TRUNCATE ON audit.cosignature FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER entry_never_changes BEFORE DELETE OR UPDATE ON audit.entry FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER entry_never_truncated BEFORE TRUNCATE ON audit.entry FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER head_never_deleted BEFORE DELETE ON audit.head FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER head_never_truncated BEFORE TRUNCATE ON audit.head FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER head_only_grows BEFORE UPDATE ON audit.head FOR EACH ROW EXECUTE FUNCTION audit.guard_head()
A CREATE TRIGGER leaf_never_changes BEFORE DELETE OR UPDATE ON audit.leaf FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER leaf_never_truncated BEFORE TRUNCATE ON audit.leaf FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER pending_leaves_with_index AFTER DELETE ON audit.pending REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit.guard_pending()
A CREATE TRIGGER pending_never_truncated BEFORE TRUNCATE ON audit.pending FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER pending_never_updated BEFORE UPDATE ON audit.pending FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER tile_never_changes BEFORE DELETE OR UPDATE ON audit.tile FOR EACH ROW EXECUTE FUNCTION audit.refuse()
A CREATE TRIGGER tile_never_truncated BEFORE TRUNCATE ON audit.tile FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()
O CREATE TRIGGER api_token_ended AFTER DELETE OR UPDATE OF revoked_at, expires_at ON countersign.api_token FOR EACH ROW EXECUTE FUNCTION countersign.tell_ended_api_token()
O CREATE TRIGGER api_token_stays_revoked BEFORE UPDATE ON countersign.api_token FOR EACH ROW EXECUTE FUNCTION countersign.guard_api_token()
O CREATE TRIGGER freeze_lifted_once BEFORE UPDATE ON countersign."freeze" FOR EACH ROW EXECUTE FUNCTION countersign.guard_lifting()
O CREATE TRIGGER inbound_arrived AFTER INSERT ON countersign.inbound FOR EACH ROW WHEN ((new.kind <> 'decision'::text)) EXECUTE FUNCTION countersign.tell_inbound()
O CREATE TRIGGER subscription_stays BEFORE UPDATE ON countersign.subscription FOR EACH ROW EXECUTE FUNCTION countersign.guard_subscription()

-- Functions
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.add_tile(tile_level integer, tile_index bigint, tile_hashes bytea)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  hashes bytea := tile_hashes;
BEGIN
  FOR height IN REVERSE 7..0 LOOP
    SELECT string_agg(sha256('\x01'::bytea || substring(hashes FROM 64 * n + 1 FOR 64)), ''::bytea ORDER BY n)
    INTO hashes FROM generate_series(0, (1 << height) - 1) n;
  END LOOP;
  INSERT INTO audit.tile (level, index, hashes, root) VALUES (tile_level, tile_index, tile_hashes, hashes);
  IF tile_index % 256 = 255 THEN
    SELECT string_agg(t.root, ''::bytea ORDER BY t.index) INTO hashes
    FROM audit.tile t WHERE t.level = tile_level AND t.index BETWEEN tile_index - 255 AND tile_index;
    PERFORM audit.add_tile(tile_level + 1, tile_index / 256, hashes);
  END IF;
END
$function$
-- owner=countersign_migrator acl={countersign_api=X/countersign_migrator,countersign_migrator=X/countersign_migrator,countersign_reader=X/countersign_migrator,countersign_worker=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.answerable(bytes bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT coalesce(
    audit.told(bytes, '{statement,person,issuedBy,issuer}') || ' ' || audit.told(bytes, '{statement,person,issuedBy,subject}'),
    audit.told(bytes, '{actor,issuer}') || ' ' || audit.told(bytes, '{actor,subject}'))
$function$
-- owner=countersign_migrator acl={countersign_api=X/countersign_migrator,countersign_deliverer=X/countersign_migrator,countersign_migrator=X/countersign_migrator,countersign_signer=X/countersign_migrator,countersign_worker=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.append(event_key text, bytes bytea, OUT entry_id bigint, OUT created boolean)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET "DateStyle" TO 'ISO, MDY'
 SET "TimeZone" TO 'UTC'
AS $function$
#variable_conflict use_column
DECLARE
  entry_key CONSTANT text := event_key;
  entry_bytes CONSTANT bytea := bytes;
  body_text text;
  body jsonb;
  entry_type text;
  entry_time timestamptz;
  entry_change uuid;
  first_bytes bytea;
BEGIN
  IF octet_length(entry_bytes) > 32768 THEN
    RAISE EXCEPTION 'an entry has 2 to 32768 bytes, got %', octet_length(entry_bytes) USING ERRCODE = 'CS003';
  END IF;
  BEGIN
    body_text := convert_from(entry_bytes, 'UTF8');
    body := body_text::jsonb;
    entry_time := body->>'time';
    entry_change := body->>'changeId';
  EXCEPTION WHEN data_exception THEN
    RAISE EXCEPTION 'an entry is JSON in UTF-8 with a time of the calendar and a UUID: %', SQLERRM USING ERRCODE = 'CS003';
  END;
  entry_type := body->>'type';
  -- One expression, no regular ones, and what it says made only when it says something: plpgsql prepares each expression
  -- anew for every call.
  IF (
    -- jsonb would keep the last of two equal keys, another reader the first.
    body_text IS JSON OBJECT WITH UNIQUE KEYS
    AND body->'v' = '1'::jsonb
    AND body->>'time' LIKE '____-__-__T__:__:__.___Z'
    AND to_char(entry_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') = body->>'time'
    AND coalesce(entry_change::text = body->>'changeId', true)
    AND char_length(entry_key) <= 512
  ) IS NOT TRUE THEN
    RAISE EXCEPTION 'an entry is an object without duplicate keys, with v 1, a time like '
      '2026-11-24T09:00:00.000Z and a changeId that is a lower-case UUID or null, its key has 1 to 512 characters; '
      'got v %, time %, changeId % and a key of % characters',
      body->'v', body->'time', body->'changeId', char_length(entry_key)
      USING ERRCODE = 'CS003';
  END IF;
  -- session_user: within this function current_user is its owner.
  IF NOT EXISTS (
    SELECT FROM audit.event_type e
    WHERE e.type = entry_type AND pg_has_role(session_user, 'countersign_' || e.appender, 'USAGE')
  ) THEN
    RAISE EXCEPTION '% may not append an entry of type %', session_user, coalesce(entry_type, '(none)')
      USING ERRCODE = 'CS002';
  END IF;
  -- Otherwise one process could take a key that another will need.
  IF position('/' || entry_type || '/' IN '/' || entry_key || '/') = 0 THEN
    RAISE EXCEPTION 'the key of an entry of type % has it as a part between slashes, got %', entry_type, entry_key
      USING ERRCODE = 'CS003';
  END IF;

  INSERT INTO audit.entry (event_key, bytes, leaf_hash, type, change_id, actor, outcome, request_id, time)
  VALUES (
    entry_key,
    entry_bytes,
    sha256('\x00'::bytea || entry_bytes),
    entry_type,
    entry_change,
    -- An issuer is a URL, so the blank parts it from the subject.
    coalesce((body#>>'{actor,issuer}') || ' ' || (body#>>'{actor,subject}'), body#>>'{actor,process}'),
    coalesce(
      CASE jsonb_typeof(body->'outcome') WHEN 'string' THEN body->>'outcome' ELSE body#>>'{outcome,code}' END,
      body#>>'{attempt,code}'
    ),
    coalesce(body->>'requestId', body#>>'{attempt,requestId}', body#>>'{outcome,requestId}'),
    entry_time
  )
  ON CONFLICT (event_key) DO NOTHING
  RETURNING id INTO entry_id;

  created := entry_id IS NOT NULL;
  IF created THEN
    INSERT INTO audit.pending (entry_id) VALUES (append.entry_id);
    -- NOTIFY makes commits wait for each other, so only a sequencer that sleeps is woken. It holds this lock while it
    -- sleeps, and cannot get it while a transaction that found it awake is open.
    IF NOT pg_try_advisory_xact_lock_shared(hashtext('countersign'), hashtext('sequencer asleep')) THEN
      PERFORM pg_notify('countersign_pending', '');
    END IF;
    RETURN;
  END IF;

  SELECT e.id, e.bytes INTO entry_id, first_bytes FROM audit.entry e WHERE e.event_key = entry_key;
  IF NOT FOUND THEN
    -- Only above READ COMMITTED: the entry is there, but this transaction began before it.
    RAISE EXCEPTION 'entry % was appended by a concurrent transaction', entry_key USING ERRCODE = '40001';
  END IF;
  IF first_bytes <> entry_bytes THEN
    RAISE EXCEPTION 'entry % exists with other bytes; the first stands', entry_key USING ERRCODE = 'CS001';
  END IF;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator,countersign_signer=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.cosign(checkpoint_size bigint, witness_name text, cosigned_time timestamp with time zone, signature_line text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET "DateStyle" TO 'ISO, MDY'
 SET "TimeZone" TO 'UTC'
AS $function$
BEGIN
  IF split_part(signature_line, ' ', 2) IS DISTINCT FROM witness_name THEN
    RAISE EXCEPTION 'the line is not signed by %', witness_name USING ERRCODE = 'CS005';
  END IF;
  INSERT INTO audit.cosignature (size, witness, cosigned_at, line)
  VALUES (checkpoint_size, witness_name, cosigned_time, signature_line)
  ON CONFLICT DO NOTHING;
  RETURN FOUND;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.extend_tree(old_size bigint, new_size bigint)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
  hashes bytea;
BEGIN
  FOR tile_index IN old_size / 256 .. new_size / 256 - 1 LOOP
    SELECT string_agg(e.leaf_hash, ''::bytea ORDER BY l.index) INTO hashes
    FROM audit.leaf l JOIN audit.entry e ON e.id = l.entry_id
    WHERE l.index BETWEEN tile_index * 256 AND tile_index * 256 + 255;
    PERFORM audit.add_tile(0, tile_index, hashes);
  END LOOP;
END
$function$
-- owner=countersign_migrator acl={countersign_api=X/countersign_migrator,countersign_migrator=X/countersign_migrator,countersign_reader=X/countersign_migrator,countersign_worker=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.freeze_end(bytes bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT coalesce(audit.told(bytes, '{freeze,endsAt}'), 'infinity')
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.guard_head()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF NEW.size < OLD.size OR NEW.size IS DISTINCT FROM (SELECT coalesce(max(index) + 1, 0) FROM audit.leaf) THEN
    RAISE EXCEPTION 'the head cannot go from % to %', OLD.size, NEW.size USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.guard_pending()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF (SELECT count(*) FROM audit.leaf WHERE entry_id = ANY (ARRAY(SELECT entry_id FROM gone)))
    <> (SELECT count(*) FROM gone) THEN
    RAISE EXCEPTION 'an entry that has no index yet stays pending' USING ERRCODE = 'CS004';
  END IF;
  RETURN NULL;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator,countersign_signer=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.lead(leader_name text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET "DateStyle" TO 'ISO, MDY'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  leader countersign.leader;
  new_key bigint;
BEGIN
  SELECT * INTO STRICT leader FROM countersign.leader l WHERE l.name = leader_name FOR UPDATE;
  IF EXISTS (
    SELECT FROM pg_locks l
    JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND l.mode = 'ExclusiveLock' AND l.objsubid = 1
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
      AND l.pid = leader.pid
      AND ((l.classid::bigint << 32) | l.objid::bigint) = leader.lock_key
      AND pg_has_role(a.usesysid, 'countersign_signer', 'MEMBER')
  ) THEN
    RETURN leader.pid = pg_backend_pid();
  END IF;
  new_key := ('x' || right(replace(gen_random_uuid()::text, '-', ''), 16))::bit(64)::bigint;
  IF NOT pg_try_advisory_lock(new_key) THEN
    RETURN false;
  END IF;
  UPDATE countersign.leader l SET pid = pg_backend_pid(), lock_key = new_key WHERE l.name = leader_name;
  RETURN true;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator,countersign_signer=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.publish(checkpoint_size bigint, checkpoint_root bytea, checkpoint_note text)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET "DateStyle" TO 'ISO, MDY'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  last_size bigint;
  first_root bytea;
BEGIN
  IF checkpoint_size IS NULL OR checkpoint_root IS NULL OR checkpoint_note IS NULL
    OR split_part(checkpoint_note, E'\n', 2) <> checkpoint_size::text
    OR split_part(checkpoint_note, E'\n', 3) <> encode(checkpoint_root, 'base64') THEN
    RAISE EXCEPTION 'the note is not of size % and root %', checkpoint_size, encode(checkpoint_root, 'base64')
      USING ERRCODE = 'CS005';
  END IF;
  -- Publishers take turns; readers and the sequencer do not wait for them. They lock the table: any
  -- login can take an advisory lock of a known key, and this lock takes rights on the table.
  LOCK TABLE audit.checkpoint IN SHARE ROW EXCLUSIVE MODE;
  SELECT c.root INTO first_root FROM audit.checkpoint c WHERE c.size = checkpoint_size;
  IF FOUND THEN
    IF first_root <> checkpoint_root THEN
      RAISE EXCEPTION 'a checkpoint of size % exists with another root; the first stands', checkpoint_size
        USING ERRCODE = 'CS005';
    END IF;
    RETURN false;
  END IF;
  SELECT max(c.size) INTO last_size FROM audit.checkpoint c;
  IF checkpoint_size < last_size THEN
    RAISE EXCEPTION 'a checkpoint of size % is behind the last one, of %', checkpoint_size, last_size
      USING ERRCODE = 'CS005';
  END IF;
  IF checkpoint_size > (SELECT h.size FROM audit.head h) THEN
    RAISE EXCEPTION 'a checkpoint of size % is beyond the log', checkpoint_size USING ERRCODE = 'CS005';
  END IF;
  INSERT INTO audit.checkpoint (size, root, note) VALUES (checkpoint_size, checkpoint_root, checkpoint_note);
  PERFORM pg_notify('countersign_sealed', checkpoint_size::text);
  RETURN true;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.refuse()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  RAISE EXCEPTION '% on %.% is refused: the audit log is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'CS004';
END
$function$
-- owner=countersign_migrator acl={countersign_api=X/countersign_migrator,countersign_migrator=X/countersign_migrator,countersign_reader=X/countersign_migrator,countersign_worker=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.rule(bytes bytea)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT coalesce(audit.told(bytes, '{freeze,id}'), audit.told(bytes, '{token,id}'), audit.told(bytes, '{policy,digest}'))
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator,countersign_signer=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.sequence(max_entries integer)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET standard_conforming_strings TO 'on'
 SET "DateStyle" TO 'ISO, MDY'
 SET "TimeZone" TO 'UTC'
AS $function$
DECLARE
  old_size bigint;
  new_size bigint;
  entry_ids bigint[];
  change_ids uuid[];
BEGIN
  IF NOT EXISTS (SELECT FROM audit.pending) THEN
    RETURN 0;
  END IF;
  SELECT size INTO STRICT old_size FROM audit.head FOR UPDATE;
  SELECT array_agg(e.id ORDER BY e.id), array_agg(DISTINCT e.change_id) FILTER (WHERE e.change_id IS NOT NULL)
  INTO entry_ids, change_ids
  FROM (SELECT entry_id FROM audit.pending ORDER BY entry_id LIMIT max_entries) p
  JOIN audit.entry e ON e.id = p.entry_id;
  IF entry_ids IS NULL THEN
    RETURN 0;
  END IF;
  new_size := old_size + cardinality(entry_ids);
  INSERT INTO audit.leaf (index, entry_id)
  SELECT old_size + n - 1, id FROM unnest(entry_ids) WITH ORDINALITY u (id, n);
  DELETE FROM audit.pending WHERE entry_id = ANY (entry_ids);
  PERFORM audit.extend_tree(old_size, new_size);
  UPDATE audit.head SET size = new_size;
  -- A payload has less than 8000 bytes; 200 ids have 7400. One also when no change is concerned: the signer waits for it.
  PERFORM pg_notify('countersign_entries', new_size || ' ' || coalesce(array_to_string(change_ids[n:n + 199], ','), ''))
  FROM generate_series(1, coalesce(cardinality(change_ids), 1), 200) n;
  RETURN cardinality(entry_ids);
END
$function$
-- owner=countersign_migrator acl={countersign_api=X/countersign_migrator,countersign_migrator=X/countersign_migrator,countersign_reader=X/countersign_migrator,countersign_worker=X/countersign_migrator}
CREATE OR REPLACE FUNCTION audit.told(bytes bytea, path text[])
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
AS $function$
  SELECT CASE WHEN bytes IS JSON OBJECT THEN pg_catalog.convert_from(bytes, 'UTF8')::pg_catalog.jsonb OPERATOR(pg_catalog.#>>) path END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION countersign.guard_api_token()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF OLD.revoked_at IS NOT NULL AND (NEW.revoked_at, NEW.revoked_by) IS DISTINCT FROM (OLD.revoked_at, OLD.revoked_by) THEN
    RAISE EXCEPTION 'token % is revoked and stays so', OLD.id USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION countersign.guard_lifting()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF OLD.lifted_at IS NOT NULL THEN
    RAISE EXCEPTION 'freeze % was lifted at %', OLD.id, OLD.lifted_at USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION countersign.guard_subscription()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  IF OLD.source = 'api' AND (NEW.name, NEW.source, NEW.target, NEW.filter, NEW.from_index, NEW.created_by, NEW.created_at, NEW.url)
    IS DISTINCT FROM (OLD.name, OLD.source, OLD.target, OLD.filter, OLD.from_index, OLD.created_by, OLD.created_at, OLD.url) THEN
    RAISE EXCEPTION 'subscription % was made by an admin and stays as it is', OLD.name USING ERRCODE = 'CS004';
  END IF;
  RETURN NEW;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION countersign.tell_ended_api_token()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('countersign_api_tokens', OLD.id::text);
  RETURN NULL;
END
$function$
-- owner=countersign_migrator acl={countersign_migrator=X/countersign_migrator}
CREATE OR REPLACE FUNCTION countersign.tell_inbound()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
  PERFORM pg_notify('countersign_inbound', NEW.id::text);
  RETURN NULL;
END
$function$
