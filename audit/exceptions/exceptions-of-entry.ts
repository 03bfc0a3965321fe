import { actorIn, commentIn } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { objectOf, stringOf } from '../verify/fields.ts';
import type { Exception, ExceptionKind } from './exception.ts';

/** What an entry says to whoever looks at it first, by its type; null: nothing. */
const toldBy: Readonly<Record<string, (body: EntryBody) => readonly [ExceptionKind, string] | null>> = {
  'change.requested': asked,
  'change.closed': closed,
  'change.reconciled': () => [
    'reconciled',
    'no answer said that its call succeeded; the target, read afterwards, did',
  ],
  'policy.pinned': (body) => ['policy_pinned', `${policyText(body)} was used for the first time`],
  'policy.revoked': (body) => ['policy_revoked', said(body)],
  'freeze.overridden': (body) => ['freeze_overridden', said(body)],
  'key.rotated': (body) => ['key_rotated', said(body)],
  'statement_key.rotated': (body) => ['key_rotated', said(body)],
  'log.started': (body) => ['log_started', said(body)],
  'log.resumed': (body) => ['log_resumed', said(body)],
  'integrity.conflict': (body) => ['integrity', said(body)],
  'integrity.mismatch': (body) => ['integrity', said(body)],
  'integrity.differs': (body) => ['integrity', said(body)],
};

/** Why an entry is to be looked at first, by itself, or null. Whatever stands in it: somebody may have forged it. */
export function exceptionOfEntry(index: number, body: EntryBody): Exception | null {
  const { type, time, changeId } = body;
  const told = Object.hasOwn(toldBy, type) ? toldBy[type]?.(body) : null;
  if (!told) return null;
  const [kind, message] = told;
  return { kind, time, changeId, index, message };
}

/** A name to show of whoever is behind an entry; null where it has none. */
export function whoOf(body: EntryBody): string | null {
  const { subject, name, process } = actorIn(body);
  return stringOf(name) ?? stringOf(subject) ?? stringOf(process ?? body.actor['process'] ?? null);
}

function asked(body: EntryBody): readonly [ExceptionKind, string] | null {
  const who = whoOf(body) ?? 'nobody';
  const host = objectOf(body.host);
  const { type, workflowId } = host;
  if (Object.keys(host).length > 0) {
    const name = `${stringOf(type) ?? ''} ${stringOf(workflowId) ?? ''}`;
    return ['host_vouched', `in the name of ${who}, vouched for by the workflow ${name}`];
  }
  return body.signature === undefined || body.signature === null
    ? ['unsigned_request', `nobody signed that ${who} asked for it`]
    : null;
}

function closed({ executionStatus, outcome }: EntryBody): readonly [ExceptionKind, string] | null {
  if (executionStatus !== 'outcome_unknown') return null;
  const { code } = objectOf(outcome);
  return ['outcome_unknown', `nobody knows whether its call took effect (${stringOf(code) ?? ''})`];
}

function policyText({ pinnedPolicy }: EntryBody): string {
  const { name, version, digest } = objectOf(pinnedPolicy);
  return `policy ${stringOf(name) ?? ''} version ${stringOf(version) ?? ''}, digest ${stringOf(digest) ?? ''},`;
}

function said(body: EntryBody): string {
  const who = whoOf(body);
  const comment = commentIn(body);
  return [body.type, ...(who === null ? [] : [`by ${who}`]), ...(comment ? [comment] : [])]
    .filter((part) => typeof part === 'string')
    .join(': ');
}
