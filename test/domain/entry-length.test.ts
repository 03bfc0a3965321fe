import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { Change, ChangeRequest, MissingSeats } from '../../domain/change.ts';
import { refusalOfEvent, requestedEvent, saidMembers } from '../../domain/change-event.ts';
import type { ChangeEvent, Lapsed } from '../../domain/change-event.ts';
import { decide } from '../../domain/decide.ts';
import { mostPolicyBytes, mostSnapshotBytes, refusalOfLength, workerActor } from '../../domain/entry.ts';
import { evolve } from '../../domain/evolve.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { transitions } from '../../domain/lifecycle.ts';
import { mostPersonBytes } from '../../domain/person.ts';
import type { Person } from '../../domain/person.ts';
import { policyPinned } from '../../domain/policy-entry.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { reevaluate } from '../../domain/reevaluation.ts';
import { scheduling } from '../../domain/scheduling.ts';
import { newStatement } from '../../domain/statement.ts';
import type { Said } from '../../domain/statement.ts';
import { toldSeats } from '../../domain/told-seats.ts';
import { deviceCertificateInput } from '../../operations/certificate-input.ts';
import { deviceCertificateTarget } from '../../operations/device-certificate.ts';
import { pins } from '../support/operations.ts';
import { decided, person, policyOf, stage } from './decidable-fixture.ts';
import { change as changeFixture } from '../store/change-fixture.ts';

// Each member as long as its own rule lets it be, in characters that take three bytes.
const wide = (characters: number) => '字'.repeat(characters);
const at = '2026-11-24T09:00:00.000Z';
const bytesOf = (value: object) => Buffer.byteLength(canonicalJson(value));

/** A person who fills what is allowed for one, by their groups or by their name, which entries have twice. */
function longest(subject: string, by: 'groups' | 'name'): Person {
  const short = person(subject, [''], ['requester', 'approver', 'operator', 'admin']);
  const filler = 'g'.repeat(mostPersonBytes - bytesOf(short));
  return by === 'groups' ? { ...short, groups: [filler] } : { ...short, name: `${subject}${filler}` };
}

/** A policy of just so many bytes as a policy file may have it. */
function longestPolicy(): PinnedPolicy {
  const policy = {
    ...fourEyes,
    name: 'p'.repeat(100),
    version: 'v'.repeat(100),
    groups: { g: { source: 'members', members: [{ issuer: 'https://id', subject: '' }] } },
  } as const;
  const { digest: _, ...counted } = policy;
  const subject = 's'.repeat(mostPolicyBytes - bytesOf(counted));
  return { ...policy, groups: { g: { source: 'members', members: [{ issuer: 'https://id', subject }] } } };
}

const input = {
  regionId: `cn-${'h'.repeat(61)}`,
  mqttInstanceId: wide(42),
  caSn: wide(42),
  deviceSn: wide(42),
};
const url = `https://tickets.example/${wide(2000 - 'https://tickets.example/'.length)}`;
const ticket = { system: wide(100), id: wide(200), url };
const snapshot = { caName: 'n'.repeat(mostSnapshotBytes - bytesOf({ caName: '' })) };
const target = deviceCertificateTarget(input);

function changeOf(more: Partial<Change> = {}): Change {
  const digest = 'a'.repeat(64);
  const policy = longestPolicy();
  const long = { input, target, ticket, snapshot, policy, digest, justification: wide(2000) };
  return changeFixture({ requester: longest('alice', 'name'), ...long, round: 1_000_000, ...more });
}

/** What somebody says, as its event: their person and comment at their limits. */
function spoken(by: Person, said: Said, type: ChangeEvent['type'], more: object = {}): ChangeEvent {
  const statement = newStatement(said, changeOf(), by, at);
  const signed = { statement, keyId: 'f'.repeat(16), signature: 'S'.repeat(88) };
  return { type, time: at, ...saidMembers(signed, '2001:db8::1'), ...more } as ChangeEvent;
}

const lengthRefusal = (change: Change, event: ChangeEvent) => refusalOfEvent(change, event)?.code ?? 'fits';

describe('what the worker has to write of a change, it can write', () => {
  const told = { time: at, actor: workerActor };
  const id = 'R'.repeat(200);
  const seats = [{ stage: 's'.repeat(100), group: 'g'.repeat(500), seats: 1000 }];
  const [seat] = seats;
  const missing = Array.from({ length: 2000 }, () => ({ ...seat, alsoFrom: [] })) as MissingSeats[];
  const attempt = { ordinal: 1, class: 'permanent', httpStatus: 500, code: 'c'.repeat(200), requestId: id };
  const answered = { ...told, attempt: { ...attempt, message: wide(512), sentAt: at } };
  const host = { namespace: 'n'.repeat(255), workflowId: wide(300), runId: 'r'.repeat(36), type: wide(300) };
  const outcome = { code: 'c'.repeat(200), message: wide(2000), requestId: id, reconciled: true, at };
  const held = { kind: 'freeze', reason: wide(2000), until: at, freezeId: 'f'.repeat(36) };
  const warning = { code: 'c'.repeat(100), message: wide(512) };
  const events: Record<string, object> = {
    'change.prechecked': { ...told, snapshot, digest: 'd'.repeat(64), round: 1, readRequestId: id, warning },
    'change.refused': { ...told, code: warning.code, message: wide(512), requestId: id, snapshot },
    'change.expired': { ...told, decideBy: at },
    'change.reminded': { ...told, missing: toldSeats(missing) },
    'change.escalated': { ...told, group: 'g'.repeat(500), escalatedAt: at },
    'change.scheduled': {
      ...told,
      executeAfter: at,
      executeBy: at,
      breakGlass: true,
      standard: true,
      skipped: seats,
    },
    'decision.lapsed': { ...told, lapsed: [person('bob')], narrowed: [], missing: seats },
    'change.held': { ...told, held, called: true },
    'change.paused': { ...told, code: 'stop_word_stands' },
    'change.withdrawn': { ...told, code: 'host_cancelled', host },
    'change.abandoned': { ...told, code: 'host_cancelled', host },
    'change.drifted': { ...told, message: wide(2000), called: true },
    'attempt.started': { ...told, attempt: { ordinal: 1 } },
    'attempt.succeeded': answered,
    'attempt.failed': answered,
    'attempt.unknown': answered,
    'change.reconciled': { ...told, requestId: id },
    'change.closed': { ...told, decisionStatus: 'withdrawn', executionStatus: 'outcome_unknown', outcome },
  };
  test.each(Object.entries(events))('%s', (type, members) => {
    expect(lengthRefusal(changeOf(), { type, ...members } as ChangeEvent)).toBe('fits');
  });

  const saidByPeople = [
    'change.requested',
    'decision.approved',
    'decision.rejected',
    'decision.withdrawn',
    'change.resumed',
    'change.retried',
    'review.signed',
  ];
  test('these, and those that people say, are all events', () => {
    expect([...Object.keys(events), ...saidByPeople].sort()).toEqual(Object.keys(transitions).sort());
  });
});

describe('what a person says fits, or is refused before it is accepted', () => {
  const comment = wide(2000);
  const by = longest('bob', 'groups');
  const shown = { round: 1, input, snapshot };
  const directory = [{ issuer: 'https://id', subject: 'bob', groups: ['g'.repeat(mostPolicyBytes)] }];
  const approve = { kind: 'decision', action: 'approve', comment, digest: 'a'.repeat(64) } as const;
  const decision = (who: Person, more: Partial<Said> = {}) =>
    spoken(who, { ...approve, ...more } as Said, 'decision.approved', shown);
  const word = (action: 'pause' | 'resume' | 'retry' | 'abandon', type: ChangeEvent['type'], who = by) =>
    spoken(who, { kind: 'execution', action, comment }, type, { ordinal: 1 });
  const withdraw = { kind: 'withdrawal', action: 'withdraw', comment } as const;
  const revoke = { kind: 'revocation', action: 'revoke', comment } as const;
  const brief = changeOf({ ticket: null });

  test.each<[string, Change, ChangeEvent, string]>([
    ['a decision', brief, decision(by), 'fits'],
    ['a decision of few words', changeOf(), decision(by, { comment: 'seen' }), 'fits'],
    ['a decision under many groups of the directory', brief, decision(by, { directory }), 'invalid_request'],
    [
      'a decision on a long ticket by a long name',
      changeOf(),
      decision(longest('bob', 'name')),
      'invalid_request',
    ],
    ['a pause', changeOf(), word('pause', 'change.paused'), 'fits'],
    ['a resumption', changeOf(), word('resume', 'change.resumed'), 'fits'],
    ['a retry', changeOf(), word('retry', 'change.retried'), 'fits'],
    ['an abandonment', changeOf(), word('abandon', 'change.abandoned'), 'fits'],
    ['a withdrawal', changeOf(), spoken(by, withdraw, 'change.withdrawn', { ordinal: 1 }), 'fits'],
    [
      'a withdrawal by a long name',
      changeOf(),
      spoken(longest('bob', 'name'), withdraw, 'change.withdrawn'),
      'fits',
    ],
    [
      'a revocation',
      changeOf(),
      spoken(longest('adam', 'name'), revoke, 'change.refused', { ordinal: 1 }),
      'fits',
    ],
    [
      'a decision taken back',
      changeOf(),
      spoken(by, { kind: 'decision_withdrawal', action: 'withdraw', comment: '' }, 'decision.withdrawn'),
      'fits',
    ],
    [
      'a review',
      changeOf(),
      spoken(by, { kind: 'review', action: 'sign', comment }, 'review.signed'),
      'fits',
    ],
  ])('%s', (_name, change, event, expected) => {
    expect(lengthRefusal(change, event)).toBe(expected);
  });
});

describe('approvals that lapse fit, however many people have left', () => {
  const directory = { security: { source: 'directory' }, board: { source: 'directory' } } as const;
  const policy = policyOf([stage('first', 'security:500 board:500')], { groups: directory });
  /** So many approvers, all in one group by the directory and half of them in another one as well. */
  const approvedBy = (count: number, subject: (n: number) => string): Change => {
    const decisions = Array.from({ length: count }, (_, n) => {
      const by = person(subject(n));
      const groups = n % 2 === 0 ? ['security'] : ['security', 'board'];
      return decided(by, { directory: [{ issuer: by.issuer, subject: by.subject, groups }] });
    });
    const approved = { decisionStatus: 'approved', executionStatus: 'scheduled', executeBy: at } as const;
    return { ...changeOf({ policy, ticket: null }), ...approved, decisions };
  };
  const lapsedIn = (change: Change, groups: readonly string[]): Lapsed => {
    const reevaluation = reevaluate(change, () => groups);
    const verdict = decide(change, { kind: 'lapse', reevaluation }, { now: Date.parse(at) });
    const [event] = 'events' in verdict ? verdict.events : [];
    if (event?.type !== 'decision.lapsed') throw new Error('nothing has lapsed');
    expect(lengthRefusal(change, event)).toBe('fits');
    // The fold of the entry asks for no fewer people than the rule did.
    const after = evolve(change, event);
    const seats = (missing: readonly { readonly seats: number }[]) =>
      missing.reduce((n, one) => n + one.seats, 0);
    expect(seats(after.missing)).toBeGreaterThanOrEqual(seats(reevaluation.missing));
    expect(after.decisionStatus).toBe('pending');
    return event;
  };

  test('a few are named', () => {
    const change = approvedBy(6, (n) => `p${n}`);
    expect(lapsedIn(change, [])).toMatchObject({
      lapsed: Array.from({ length: 6 }, () => ({})),
      narrowed: [],
    });
    const event = lapsedIn(change, ['security']);
    expect(event.narrowed).toHaveLength(3);
    expect(event).not.toHaveProperty('all');
  });

  test.each<[string, number, (n: number) => string, readonly string[]]>([
    ['very many have left', 1000, (n) => `p${n}`, []],
    ['some with the longest names have left', 80, (n) => `${n}${'s'.repeat(490)}`, []],
    ['very many are in fewer groups', 1000, (n) => `p${n}`, ['security']],
  ])('%s: all approvals lapse, and nobody is named', (_name, count, subject, groups) => {
    const change = approvedBy(count, subject);
    expect(lapsedIn(change, groups)).toMatchObject({ lapsed: [], narrowed: [], all: true });
  });
});

test('seats of more groups than an entry could name: so many as fit are told', () => {
  const groups = Array.from({ length: 100 }, (_, n) => ({ group: `${n}${'g'.repeat(190)}`, threshold: 1 }));
  const stages = Array.from({ length: 20 }, (_, n) => ({ name: `${n}${'s'.repeat(190)}`, groups }));
  const policy = policyOf(stages, { breakGlass: { groups: ['oncall'], approvals: 0 } });
  const change = { ...changeOf({ ticket: null, breakGlass: true }), policy };
  const event = {
    type: 'change.scheduled',
    ...{ time: at, actor: workerActor },
    ...scheduling(change, 0),
  } as const;
  expect(event.skipped.length).toBeGreaterThan(10);
  expect(lengthRefusal(change, event)).toBe('fits');
});

test('the longest policy fits into its entry, by itself', () => {
  expect(refusalOfLength(policyPinned(longestPolicy(), at).body, 'this policy')).toBeNull();
});

describe('a request fits, or is refused before it is accepted', () => {
  const policy = longestPolicy();
  const requested = (more: Partial<ChangeRequest>) => {
    const base = changeOf({
      ticket: null,
      requester: longest('alice', 'groups'),
      justification: 'outage',
      policy,
      ...more,
    });
    const { idempotency = { key: 'k'.repeat(255), bodyDigest: 'b'.repeat(64) } } = more;
    const executeWithinMs = 86_400_000;
    const request = {
      ...base,
      executeWithinMs,
      submission: null,
      idempotency,
      source: '2001:db8::1',
      ...more,
    };
    const digest = 'a'.repeat(64);
    const said = { kind: 'submission', action: 'submit', comment: '', digest } as const;
    const statement = newStatement(said, { id: base.id, round: 0 }, base.requester, at);
    const submission = { statement, keyId: 'f'.repeat(16), signature: 'S'.repeat(88) };
    return lengthRefusal(base, requestedEvent({ ...request, ...pins, submission }, null));
  };
  test('the input is one that the operation takes', () => {
    expect(deviceCertificateInput.safeParse(input).success).toBe(true);
  });
  test.each<[string, Partial<ChangeRequest>, string]>([
    ['of the longest person under the longest policy', { requester: longest('alice', 'groups') }, 'fits'],
    [
      'with the longest words and ticket, under a usual policy',
      { policy: fourEyes, justification: wide(2000), ticket },
      'fits',
    ],
    ['with everything', { requester: longest('alice', 'groups'), justification: wide(2000), ticket }, 'fits'],
    [
      'with an input that an operation of somebody’s own takes',
      {
        requester: longest('alice', 'groups'),
        justification: wide(2000),
        ticket,
        input: { text: wide(4000) },
      },
      'invalid_request',
    ],
  ])('%s', (_name, more, expected) => {
    expect(requested(more)).toBe(expected);
  });
});
