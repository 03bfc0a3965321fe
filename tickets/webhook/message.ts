import type { Change, Outcome } from '../../domain/change.ts';
import { commentIn } from '../../domain/entry.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import { shownJson } from '../../domain/shown-text.ts';
import type { WebhookForm } from '../../domain/subscription.ts';
import type { DeliveredEntry } from '../sink.ts';
import { messageId } from './sign.ts';

/** A message as it is sent. */
export interface Message {
  readonly id: string;
  readonly contentType: string;
  readonly body: string;
}

/** Most bytes of a body: Standard Webhooks asks for less than 20 kB. */
const mostBytes = 20_000;
/** To how many characters names are cut where a body is longer. */
const shortName = 100;

/** Members of entries that say what happened, whatever the type. No digest: nobody may decide on what a webhook says. */
const told = [
  'round',
  'code',
  'message',
  'requestId',
  'attempt',
  'outcome',
  'decisionStatus',
  'executionStatus',
  'reason',
  'held',
  'group',
] as const;

/** A form that has a message for every entry. */
type EntryForm = Exclude<WebhookForm, 'notices'>;

/** Members of entries of no change that say what they are about: a freeze, an API token, a revoked policy, a subscription. */
const toldBeyondChanges = [
  'freeze',
  'token',
  'policy',
  'subscription',
  'action',
  'origin',
  'wanted',
] as const;

/**
 * The message that tells a receiver of an entry: enough to know what to look at, and nothing that could be decided on.
 *
 * @param change - as the entries up to this one make it: a repeat is the same message. Null for an entry that belongs to none
 */
export function messageOf(change: Change | null, entry: DeliveredEntry, form: EntryForm): Message {
  const id = messageId(entry.key);
  const whole = bodyOf(id, entry, dataOf(change, entry), form);
  const body =
    Buffer.byteLength(whole) < mostBytes ? whole : bodyOf(id, entry, shortDataOf(change, entry), form);
  const contentType = form === 'cloudevents' ? 'application/cloudevents+json' : 'application/json';
  return { id, contentType, body };
}

function bodyOf(id: string, { index, body }: DeliveredEntry, data: JsonObject, form: EntryForm): string {
  const { type, time, changeId } = body;
  if (form === 'countersign') return shownJson({ type, timestamp: time, data });
  return shownJson({
    specversion: '1.0',
    id,
    source: 'urn:countersign',
    type: `countersign.${type}`,
    ...(changeId === null ? {} : { subject: changeId }),
    time,
    datacontenttype: 'application/json',
    // As text it has the log's order, too.
    sequence: String(index).padStart(16, '0'),
    data,
  });
}

function dataOf(change: Change | null, { index, body }: DeliveredEntry): JsonObject {
  const comment = commentIn(body);
  const names = change === null ? [...told, ...toldBeyondChanges] : told;
  const members = names.flatMap((name) => (body[name] === undefined ? [] : [[name, body[name]] as const]));
  return {
    index,
    actor: actorOf(body.actor),
    ...(typeof comment === 'string' ? { comment } : {}),
    ...Object.fromEntries(members),
    ...(change === null ? {} : { change: viewOf(change) }),
  };
}

/** The same of an entry or a change that says too much for one message: what the receiver has to read, and where. */
function shortDataOf(change: Change | null, { index, body }: DeliveredEntry): JsonObject {
  const cut = (value: Json | undefined) =>
    typeof value === 'string' ? value.slice(0, shortName).toWellFormed() : null;
  const { issuer, subject, process } = body.actor;
  return {
    index,
    isShortened: true,
    actor: actorOf({
      issuer: cut(issuer),
      ...(subject === undefined ? {} : { subject: cut(subject) }),
      process: cut(process),
    }),
    ...(change === null ? {} : { change: shortViewOf(change) }),
  };
}

function shortViewOf({ id, operation, ...change }: Change): JsonObject {
  const { decisionStatus, executionStatus, reviewStatus, round } = change;
  return { id, operation, decisionStatus, executionStatus, reviewStatus, round, path: `/v1/changes/${id}` };
}

function requesterOf({ issuer, subject, name, vouchedBy }: Person): JsonObject {
  return { issuer, subject, name, ...(vouchedBy ? { vouchedBy: { ...vouchedBy } } : {}) };
}

/** A person without what is known of them otherwise, or a process. */
function actorOf({ issuer, subject, name, process, vouchedBy }: JsonObject): Json {
  return subject === undefined
    ? { process: process ?? null }
    : {
        issuer: issuer ?? null,
        subject,
        name: name ?? null,
        ...(vouchedBy === undefined ? {} : { vouchedBy }),
      };
}

/** What a message says of a change. */
export function viewOf(change: Change): JsonObject {
  const { id, operation, target, requester, justification, ticket, breakGlass, round, outcome } = change;
  const { decisionStatus, executionStatus, reviewStatus, decideBy, executeBy } = change;
  return {
    id,
    operation,
    target: { id: target.id, scope: { ...target.scope }, label: target.label },
    justification,
    breakGlass,
    ticket: ticket && { system: ticket.system, id: ticket.id, url: ticket.url },
    requester: requesterOf(requester),
    decisionStatus,
    executionStatus,
    reviewStatus,
    round,
    decideBy,
    executeBy,
    missing: change.missing.map(({ stage, group, seats }) => ({ stage, group, seats })),
    outcome: outcome && outcomeOf(outcome),
    path: `/v1/changes/${id}`,
  };
}

function outcomeOf({ requestId, reconciled, code, message, at }: Outcome): JsonObject {
  return { requestId, reconciled, code, message, at };
}
