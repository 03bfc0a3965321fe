import { createHash, randomUUID } from 'node:crypto';
import { requestedRecord } from '../../audit/verify/change-record.ts';
import type { KnownPolicy } from '../../audit/verify/change-record.ts';
import { askedMembers } from '../../domain/asked.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { digestText } from '../../domain/digest.ts';
import { eventIn } from '../../domain/event-in.ts';
import { fold } from '../../domain/fold.ts';
import type { Change } from '../../domain/change.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { personActor, statedActor } from '../../domain/entry.ts';
import { isSignedType } from '../../domain/entry-writer.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { Person, Role } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { policiesIn, policyDigestIn, policyPinned } from '../../domain/policy-entry.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Act, Said, StatementKind } from '../../domain/statement.ts';
import { submissionText } from '../../domain/submission.ts';
import { honest } from '../support/honest.ts';
import { pins } from '../support/operations.ts';
import { caTarget } from '../support/target.ts';

/** The policies of all stories, by digest: those of tests that follow a change without its log. */
const policies = new Map<string, KnownPolicy>();

/** The policy that an entry names. */
export function policyOf(body: EntryBody): KnownPolicy | undefined {
  return policies.get(policyDigestIn(body) ?? '');
}

/** Stands for a signature of the API's where nobody checks one. */
const someSignature = { keyId: 'key', value: 'c2ln' };
const someWriter = { keyId: 'key', signature: 'c2ln' };

/** Whether an entry waits for its signature, of a statement or of the entry itself. */
export function isUnsigned({ signature, writer }: EntryBody): boolean {
  return signature === someSignature || writer === someWriter;
}

/** An entry with the name of a writer, where its process signs it as a whole. */
export function written(body: EntryBody): EntryBody {
  return isSignedType(body.type) ? { ...body, writer: someWriter } : body;
}

/** Entries with those of the policies that they name, where none among them has it. */
export function withPolicies<T extends EntryBody | Buffer>(all: readonly T[]): (T | EntryBody)[] {
  const entries = all.flatMap((one): EntryBody[] => (Buffer.isBuffer(one) ? [] : [one]));
  const had = new Set(entries.map((body) => (body.pinnedPolicy as JsonObject | undefined)?.['digest']));
  const lacking = new Map<string, EntryBody>();
  for (const body of entries) {
    const policy = body.type === 'change.requested' ? policyOf(body)?.policy : undefined;
    if (policy && !had.has(policy.digest)) lacking.set(policy.digest, policyPinned(policy, body.time).body);
  }
  return [...lacking.values(), ...all];
}

/** The change that entries make. */
export function changeOf(bodies: readonly EntryBody[]): Change {
  const policyOf = policiesIn(withPolicies(bodies));
  const folded = fold(bodies.flatMap((body) => eventIn(body, policyOf) ?? []));
  if (folded === null) throw new Error('no change');
  return folded.change;
}

/** A policy under which alice, and whoever else is in the group, may break the glass. */
export const emergency: PinnedPolicy = {
  ...fourEyes,
  breakGlass: { groups: ['ops'], approvals: 1 },
  groups: { ops: { source: 'token' } },
};

/** One change's entries, as workflow, worker and API write them. */
export function changeStory(
  options: {
    readonly changeId?: string;
    readonly began?: string;
    /** With the digest of what it says. */
    readonly policy?: PinnedPolicy;
    /** A policy as it is, whatever its digest. */
    readonly forged?: PinnedPolicy;
    readonly breakGlass?: boolean;
    readonly decideBy?: string;
    readonly justification?: string;
    readonly requester?: Person;
    /** Default: a bundled one. */
    readonly operation?: string;
    /** The serial number that the target is of; default: one that no other story has. */
    readonly sn?: string;
  } = {},
) {
  const { changeId = randomUUID(), began = '2026-11-24T09:00:00.000Z' } = options;
  const { sn = `SN-${changeId.slice(0, 8)}` } = options;
  const policy = options.forged ?? honest(options.policy ?? fourEyes);
  policies.set(policy.digest, { policy, json: canonicalJson(policy) });
  const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-test00001', sn };
  const snapshot = { sn, caName: 'line', status: 'inactive' };
  const { operation = 'ActiveCaCertificate' } = options;
  const later = (days: number) => new Date(Date.parse(began) + days * 86_400_000).toISOString();
  let second = 0;
  const now = () => new Date(Date.parse(began) + 1000 * second).toISOString();
  /** As the first approval sets it: a later one leaves it. */
  let executeBy: string | null = null;
  /** What a successful call has answered, and whether the target has shown one. */
  let answered: string | null = null;
  let reconciled = false;
  const target = caTarget(input);
  const asked = {
    operation,
    ...pins,
    input,
    target,
    requester: options.requester ?? { ...person('alice', 'requester'), groups: ['ops'] },
    justification: options.justification ?? 'why',
    ticket: null,
    breakGlass: options.breakGlass ?? false,
    policy,
    decideBy: options.decideBy ?? later(7),
    executeAfter: null,
    asked: { executeBy: null, executeWithinMs: policy.executeWithinMs },
  };
  const members = askedMembers(asked);
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const digestOf = (round: number) => sha256(digestText(members, snapshot, round));

  function entry(
    type: EventType,
    more: { [member: string]: Json } = {},
    actor: JsonObject = { process: 'worker' },
  ): EntryBody {
    const { name, version, digest: policyDigest } = policy;
    if (type === 'change.reconciled') reconciled = true;
    return written({
      v: 1,
      type,
      time: new Date(Date.parse(began) + 1000 * second++).toISOString(),
      changeId,
      actor,
      operation,
      target: target.id,
      ticket: null,
      policy: { name, version, digest: policyDigest },
      digest: digestOf(1),
      round: 1,
      ...more,
    });
  }
  function spoken(
    type: EventType,
    by: Person,
    kind: StatementKind,
    action: Act['action'],
    more: {
      readonly digest?: string | null;
      readonly round?: number;
      readonly members?: JsonObject;
      readonly at?: string;
    } = {},
  ): EntryBody {
    const { digest = digestOf(1), round = 1 } = more;
    const { at = now() } = more;
    const said = { kind, action, comment: 'seen', digest } as Said;
    const statement = newStatement(said, { id: changeId, round }, by, at);
    return entry(
      type,
      {
        round,
        ...(digest === null ? {} : { digest }),
        statement: statement as unknown as JsonObject,
        signature: someSignature,
        source: '127.0.0.1',
        ...more.members,
      },
      statedActor(by),
    );
  }
  /** What was asked for, and nobody's word on it. */
  function unsigned(more: { [member: string]: Json } = {}): EntryBody {
    return entry(
      'change.requested',
      {
        digest: null,
        round: 0,
        ...pins,
        input,
        scope: { ...target.scope },
        label: target.label,
        justification: asked.justification,
        breakGlass: asked.breakGlass,
        submittedAt: began,
        decideBy: asked.decideBy,
        executeAfter: null,
        ...asked.asked,
        ...more,
      },
      personActor(asked.requester),
    );
  }
  /** As it was asked for, with the API's word on it. */
  function attested(request: EntryBody, more: { readonly [member: string]: Json } = {}): EntryBody {
    const by = asked.requester;
    const known = { policy, json: canonicalJson(policy) };
    const digest = sha256(submissionText(requestedRecord(request, known).asked, began));
    const said = { kind: 'submission', action: 'submit', comment: '', digest } as const;
    const statement = newStatement(said, { id: changeId, round: 0 }, by, began);
    return {
      ...request,
      actor: statedActor(by),
      statement: { ...(statement as unknown as JsonObject), ...more },
      signature: someSignature,
    };
  }
  return {
    changeId,
    digestOf,
    pinned: () => policyPinned(policy, began).body,
    entry,
    spoken,
    requested: (more: { [member: string]: Json } = {}) => attested(unsigned(more)),
    unsigned,
    attested,
    prechecked: (round = 1) => entry('change.prechecked', { snapshot, round, digest: digestOf(round) }),
    approved: (by: Person = person('bob', 'approver'), round = 1) =>
      spoken('decision.approved', by, 'decision', 'approve', { round, digest: digestOf(round) }),
    rejected: (by: Person = person('bob', 'approver')) =>
      spoken('decision.rejected', by, 'decision', 'reject'),
    scheduled(round = 1) {
      executeBy ??= new Date(Date.parse(now()) + policy.executeWithinMs).toISOString();
      return entry('change.scheduled', {
        ...{ round, digest: digestOf(round), executeAfter: null, executeBy },
        ...{ breakGlass: asked.breakGlass, standard: policy.standard },
      });
    },
    operator: (action: 'pause' | 'resume' | 'retry' | 'abandon', by: Person = person('olga', 'operator')) => {
      const type = {
        pause: 'change.paused',
        resume: 'change.resumed',
        retry: 'change.retried',
        abandon: 'change.abandoned',
      } as const;
      return spoken(type[action], by, 'execution', action, { digest: null });
    },
    /** A word to stop, or to go on after a pause, as the API wrote it down. */
    stop(
      action: 'pause' | 'resume' | 'abandon' | 'withdraw',
      ordinal = 1,
      callUnderWay: number | null = null,
      by: Person = person('olga', 'operator'),
    ) {
      const type = action === 'resume' ? 'stop.lifted' : 'stop.requested';
      const kind = action === 'withdraw' ? 'withdrawal' : 'execution';
      const stop = { ordinal, word: action, callUnderWay };
      return spoken(type, by, kind, action, { digest: null, members: { stop } });
    },
    withdrawn: (by: Person = person('alice', 'requester')) =>
      spoken('change.withdrawn', by, 'withdrawal', 'withdraw', { digest: null }),
    revoked: (type: 'change.refused' | 'change.abandoned', by: Person = person('adam', 'admin')) =>
      spoken(type, by, 'revocation', 'revoke', { digest: null, members: { code: 'policy_revoked' } }),
    /** By a break-glass change on the same target. */
    takenOver: () =>
      spoken('change.withdrawn', person('erin', 'requester'), 'takeover', 'take_over', {
        digest: null,
        members: { code: 'taken_over' },
      }),
    reminded: () => entry('change.reminded', { missing: [{ stage: 'approval', group: null, seats: 1 }] }),
    expired: () => ({ ...entry('change.expired', { decideBy: asked.decideBy }), time: asked.decideBy }),
    escalated: () =>
      entry('change.escalated', { group: policy.escalation?.group ?? null, escalatedAt: now() }),
    /** Whose approval no longer counts. */
    lapsed(subject: string) {
      const { issuer } = person(subject);
      return entry('decision.lapsed', { lapsed: [{ issuer, subject }], narrowed: [], missing: [] });
    },
    reviewed: (by: Person = person('dave', 'auditor')) => spoken('review.signed', by, 'review', 'sign'),
    started: (ordinal = 1, round = 1) =>
      entry('attempt.started', { attempt: { ordinal }, round, digest: digestOf(round) }),
    ended: (
      outcome: 'succeeded' | 'failed' | 'unknown',
      ordinal = 1,
      code = outcome === 'succeeded' ? 'OK' : 'InternalError',
    ) => {
      const requestId = code === 'not_sent' ? null : randomUUID();
      if (outcome === 'succeeded') answered = requestId;
      return entry(`attempt.${outcome}`, { attempt: { ordinal, code, requestId } });
    },
    closed: (decisionStatus = 'approved', executionStatus = 'succeeded', code = executionStatus) =>
      entry('change.closed', {
        decisionStatus,
        executionStatus,
        outcome: {
          ...{ code, message: '', reconciled, at: now() },
          requestId: executionStatus === 'succeeded' && !reconciled ? answered : null,
        },
      }),
  };
}
export type ChangeStory = ReturnType<typeof changeStory>;

/** A demo person. */
export function person(subject: string, ...roles: Role[]): Person {
  const authentication = { methods: ['pwd'], at: null };
  return { issuer: 'http://127.0.0.1:1', subject, name: subject, roles, groups: [], authentication };
}
