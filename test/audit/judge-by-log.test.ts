import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { collectFindings } from '../../audit/verify/finding.ts';
import { judgeEntries } from '../../audit/verify/judge-entries.ts';
import { mostFreezes } from '../../audit/verify/take-fact.ts';
import { newEntryBody, personActor, workerActor } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { requesterOfHost } from '../../domain/host.ts';
import type { Json, JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import type { PinnedPolicy } from '../../domain/policy.ts';
import { shownTicket, ticketMembers } from '../../domain/ticket-read.ts';
import { ticketRead, ticketRule } from '../support/ticket.ts';
import { changeStory, emergency, person, withPolicies, written } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';

/* What follows from entries of other changes and of none: freezes, windows, revocations, tokens, reviews that are owed. */

const began = '2026-11-24T09:00:00.000Z';
/** ISO 8601, so many seconds after the stories begin. */
const at = (seconds: number) => new Date(Date.parse(began) + seconds * 1000).toISOString();
const adam = person('adam', 'admin');
const frank: Person = { ...person('frank', 'approver'), groups: ['security'] };
const overridable = {
  ...fourEyes,
  freezeOverride: { group: 'security' },
  groups: { security: { source: 'token' } },
} as const;

/** The codes that a verifier finds in a log, in order. @param only - the one change of a pack */
async function found(entries: readonly EntryBody[], whole = true, only: string | null = null) {
  const findings = collectFindings();
  const judge = judgeEntries({ findings, whole, verifyStatement: null, policies: null, only });
  withPolicies(entries).forEach((body, index) =>
    judge.add(index, { body: body, policyJson: null, statement: null, written: null }),
  );
  await judge.end();
  return findings.kept.map(({ code, kind }) => code ?? kind);
}

/** What {@link found} finds, and what is not proven. */
async function countsOf(entries: readonly EntryBody[]) {
  const findings = collectFindings();
  const judge = judgeEntries({ findings, whole: true, verifyStatement: null, policies: null });
  withPolicies(entries).forEach((body, index) =>
    judge.add(index, { body: body, policyJson: null, statement: null, written: null }),
  );
  return { ...(await judge.end()), codes: findings.kept.map(({ code }) => code) };
}

function told(type: EventType, seconds: number, members: JsonObject, by = adam): EntryBody {
  return written(newEntryBody({ type, time: at(seconds), actor: personActor(by), ...members }));
}

function freezeOf(members: JsonObject = {}): JsonObject {
  const id = randomUUID();
  return { id, operation: null, scope: {}, startsAt: began, endsAt: null, reason: 'sale', ...members };
}
const declared = (freeze: JsonObject, by = adam) => told('freeze.declared', 0, { freeze }, by);
const lifted = (freeze: JsonObject, by = adam) => told('freeze.lifted', 1, { freeze }, by);
function overridden(s: ChangeStory, freeze: JsonObject, by = frank, more: JsonObject = {}): EntryBody {
  return s.entry('freeze.overridden', { freeze, comment: 'seen', directory: [], ...more }, personActor(by));
}

const approved = (s: ChangeStory, by?: Person) => [
  ...[s.requested(), s.prechecked(), s.approved(by), s.scheduled()],
];
/** The answer of a call that left at a time, ISO 8601. */
function sent(s: ChangeStory, sentAt: string, outcome: 'succeeded' | 'failed' | 'unknown' = 'succeeded') {
  const body = s.ended(outcome);
  return { ...body, attempt: { ...(body.attempt as JsonObject), sentAt } };
}
const notSent = (s: ChangeStory) => s.ended('failed', 1, 'not_sent');
const callOf = (s: ChangeStory) => [s.started(), s.ended('succeeded'), s.closed()];

describe('a freeze', () => {
  test.each<[string, (s: ChangeStory) => EntryBody[]]>([
    ['is lifted before the call', (s) => withFreeze(s, (freeze) => [lifted(freeze), ...callOf(s)])],
    [
      'is lifted between the attempt and its answer',
      (s) => withFreeze(s, (freeze) => [s.started(), lifted(freeze), s.ended('succeeded'), s.closed()]),
    ],
    [
      'is declared after the attempt, whatever its time says',
      (s) => [...approved(s), s.started(), declared(freezeOf()), s.ended('succeeded'), s.closed()],
    ],
    [
      'has stopped the attempt at the last moment',
      (s) => withFreeze(s, () => [s.started(), notSent(s), s.closed('approved', 'cancelled')]),
    ],
    [
      'is lifted behind an attempt that is dated long after its end',
      (s) =>
        withFreeze(s, (freeze) => [...laterAttempt(), lifted(freeze), ...callOf(s)], { endsAt: at(3600) }),
    ],
    ['holds another operation', (s) => withFreeze(s, () => callOf(s), { operation: 'Other*' })],
    ['holds other targets', (s) => withFreeze(s, () => callOf(s), { scope: { sn: 'XY-*' } })],
    ['is over', (s) => withFreeze(s, () => callOf(s), { startsAt: at(-99), endsAt: at(2) })],
    ['begins later', (s) => withFreeze(s, () => callOf(s), { startsAt: at(3600), endsAt: at(7200) })],
    ['is overridden', (s) => withFreeze(s, (freeze) => [overridden(s, freeze), ...callOf(s)])],
    [
      'is overridden between the attempt and its answer',
      (s) =>
        withFreeze(s, (freeze) => [s.started(), overridden(s, freeze), s.ended('succeeded'), s.closed()]),
    ],
    [
      'begins while the call is under way',
      (s) =>
        withFreeze(s, () => [s.started(), { ...sent(s, at(5)), time: at(50) }], {
          startsAt: at(9),
          endsAt: at(99),
        }),
    ],
  ])('that %s does not hold the call', async (_name, entries) => {
    expect(await found(entries(changeStory({ policy: overridable })))).toEqual([]);
  });

  test.each<[string, string[], (s: ChangeStory) => EntryBody[]]>([
    ['is in force', ['called_in_freeze'], (s) => withFreeze(s, () => callOf(s))],
    [
      'is in force, and the answer got lost',
      ['called_in_freeze'],
      (s) => withFreeze(s, () => [s.started(), s.ended('unknown')]),
    ],
    [
      'is in force, and an attempt before is dated long after its end',
      ['called_in_freeze'],
      (s) => withFreeze(s, () => [...laterAttempt(), ...callOf(s)], { endsAt: at(3600) }),
    ],
    [
      'is in force for this target',
      ['called_in_freeze'],
      (s) => withFreeze(s, () => callOf(s), { operation: 'Active*', scope: { sn: 'SN-????????' } }),
    ],
    [
      'was to begin at once, by a clock that is ahead',
      ['called_in_freeze'],
      (s) => [
        ...approved(s),
        told('freeze.declared', 90, { freeze: freezeOf({ startsAt: at(90) }) }),
        ...callOf(s),
      ],
    ],
    [
      'was in force when the call left',
      ['called_in_freeze'],
      (s) =>
        withFreeze(s, () => [s.started(), { ...sent(s, at(10)), time: at(50) }], {
          startsAt: at(9),
          endsAt: at(40),
        }),
    ],
    [
      'is overridden by the requester',
      ['override_not_allowed', 'called_in_freeze'],
      (s) => withFreeze(s, (freeze) => [overridden(s, freeze, { ...frank, subject: 'alice' }), ...callOf(s)]),
    ],
    [
      'is overridden by somebody whom the policy does not name',
      ['override_not_allowed', 'called_in_freeze'],
      (s) => withFreeze(s, (freeze) => [overridden(s, freeze, person('bob', 'approver')), ...callOf(s)]),
    ],
    [
      'is overridden by somebody without the role approver',
      ['override_not_allowed', 'called_in_freeze'],
      (s) => withFreeze(s, (freeze) => [overridden(s, freeze, { ...frank, roles: [] }), ...callOf(s)]),
    ],
    [
      'is overridden for another digest',
      ['called_in_freeze'],
      (s) =>
        withFreeze(s, (freeze) => [overridden(s, freeze, frank, { digest: s.digestOf(2) }), ...callOf(s)]),
    ],
    [
      'is not the one that is overridden',
      ['called_in_freeze'],
      (s) => withFreeze(s, () => [overridden(s, freezeOf()), ...callOf(s)]),
    ],
    [
      'is lifted by somebody who may not',
      ['not_by_admin'],
      (s) => withFreeze(s, (freeze) => [lifted(freeze, frank), ...callOf(s)]),
    ],
    [
      'is lifted twice',
      ['freeze_out_of_order'],
      (s) => withFreeze(s, (freeze) => [lifted(freeze), lifted(freeze), ...callOf(s)]),
    ],
    [
      'is lifted after its end',
      ['freeze_out_of_order'],
      (s) =>
        withFreeze(s, (freeze) => [{ ...lifted(freeze), time: at(600) }, ...callOf(s)], { endsAt: at(2) }),
    ],
    [
      'is declared twice',
      ['freeze_out_of_order'],
      (s) => withFreeze(s, (freeze) => [declared(freeze), lifted(freeze), ...callOf(s)]),
    ],
  ])('that %s is told of', async (_name, codes, entries) => {
    expect(await found(entries(changeStory({ policy: overridable })))).toEqual(codes);
  });

  test('is overridden by whom the directory lists, and by nobody under a policy without override', async () => {
    const policy = { ...overridable, groups: { security: { source: 'directory' } } } as const;
    const by = { ...frank, groups: [] };
    const s = changeStory({ policy });
    const directory = ['security'];
    expect(
      await found(withFreeze(s, (freeze) => [overridden(s, freeze, by, { directory }), ...callOf(s)])),
    ).toEqual([]);
    const none = changeStory();
    expect(await found(withFreeze(none, (freeze) => [overridden(none, freeze), ...callOf(none)]))).toEqual([
      'override_not_allowed',
      'called_in_freeze',
    ]);
  });

  test('beyond those that are followed is counted, and holds nothing', async () => {
    const findings = collectFindings();
    const judge = judgeEntries({ findings, whole: true, verifyStatement: null, policies: null });
    for (let n = 0; n <= mostFreezes; n += 1) {
      judge.add(n, { body: declared(freezeOf()), policyJson: null, statement: null, written: null });
    }
    expect((await judge.end()).unfollowedFreezes).toBe(1);
  });

  test('is forgotten for the sake of others when it has ended an hour before them', async () => {
    const findings = collectFindings();
    const judge = judgeEntries({ findings, whole: true, verifyStatement: null, policies: null });
    const add = (n: number, body: EntryBody) => {
      judge.add(n, { body, policyJson: null, statement: null, written: null });
    };
    for (let n = 0; n < mostFreezes; n += 1) add(n, declared(freezeOf({ endsAt: at(60) })));
    add(mostFreezes, told('freeze.declared', 3661, { freeze: freezeOf() }));
    expect((await judge.end()).unfollowedFreezes).toBe(0);
  });
});

/** An attempt of another change that is dated hours later, and has no answer. */
function laterAttempt(): EntryBody[] {
  const s = changeStory({ policy: overridable });
  return [...approved(s), { ...s.started(), time: at(4 * 3600) }];
}

/** An approved change, a freeze, and what comes then. */
function withFreeze(s: ChangeStory, then: (freeze: JsonObject) => EntryBody[], members: JsonObject = {}) {
  const freeze = freezeOf(members);
  return [...approved(s), declared(freeze), ...then(freeze)];
}

describe('a freeze of the calendar file', () => {
  const loaded = (seconds: number, freezes: Json[] | null) =>
    ({
      ...told('freeze.declared', seconds, { sha256: 'e'.repeat(64), freezes }),
      type: 'calendar.loaded',
      actor: workerActor,
    }) as unknown as EntryBody;
  const sale = freezeOf({ id: 'sale', startsAt: at(-99), endsAt: at(9999) });
  const run = (entries: EntryBody[]) => {
    const s = changeStory();
    return found([...entries, ...approved(s), ...callOf(s)]);
  };

  test('holds calls', async () => {
    expect(await run([loaded(-60, [sale])])).toEqual(['called_in_freeze']);
    expect(await run([loaded(-7200, []), loaded(-3700, [sale]), loaded(-60, [sale])])).toEqual([
      'called_in_freeze',
    ]);
  });

  test('no longer holds any once a file without it was loaded, nor while processes still run with such a file', async () => {
    expect(await run([loaded(-7200, [sale]), loaded(-60, [])])).toEqual([]);
    expect(await run([loaded(-7200, []), loaded(-60, [sale])])).toEqual([]);
  });

  test('holds calls an hour after the file with it was loaded', async () => {
    expect(await run([loaded(-7200, []), loaded(-3700, [sale])])).toEqual(['called_in_freeze']);
    expect(await run([loaded(-7200, []), loaded(-3500, [sale])])).toEqual([]);
  });

  test('is not known where the file has more than an entry can hold', async () => {
    expect(await run([loaded(-7200, [sale]), loaded(-60, null)])).toEqual([]);
  });
});

describe('an answer after the end', () => {
  const ended = (s: ChangeStory) => [...approved(s), ...callOf(s)];

  test('of an attempt that had ended, or that never began', async () => {
    const s = changeStory();
    expect(await found([...ended(s), s.ended('succeeded')])).toEqual(['attempt_not_started']);
    const t = changeStory();
    expect(await found([...ended(t), t.ended('unknown', 2)])).toEqual(['attempt_not_started']);
  });

  test('of a change whose beginning was not seen may be of an attempt from before', async () => {
    const s = changeStory();
    expect(await found([...ended(s).slice(5), s.ended('failed', 2)], false)).toEqual([]);
  });
});

describe('windows of the policy', () => {
  // The stories begin on a Tuesday, at 17:00 in Shanghai.
  const open = { cron: '0 17 * * *', durationMinutes: 60, timeZone: 'Asia/Shanghai', holidays: [] };
  const run = (window: object, sentAt?: string) => {
    const s = changeStory({ policy: { ...fourEyes, windows: [{ ...open, ...window }] } });
    const entries = [...approved(s), s.started()];
    return found([
      ...entries,
      sentAt === undefined ? s.ended('succeeded') : { ...sent(s, sentAt), time: sentAt },
    ]);
  };

  test('are open', async () => {
    expect(await run({})).toEqual([]);
    expect(await run({ holidays: ['2026-11-23'] })).toEqual([]);
  });

  test.each([
    ['have passed', { durationMinutes: 1, cron: '59 16 * * *' }],
    ['do not open on that day', { cron: '0 17 * * 1' }],
    ['are closed on a holiday', { holidays: ['2026-11-24'] }],
    ['cannot be computed', { timeZone: 'Mars/Olympus' }],
  ])('that %s', async (_name, window) => {
    expect(await run(window)).toEqual(['called_outside_window']);
  });

  test('count at the time at which the call left', async () => {
    expect(await run({ durationMinutes: 2 }, at(119))).toEqual([]);
    expect(await run({ durationMinutes: 2 }, at(120))).toEqual(['called_outside_window']);
  });
});

describe('the clocks', () => {
  const executing = (executeAfter: string) => {
    const s = changeStory();
    const [requested, prechecked] = [s.requested({ executeAfter }), s.prechecked()];
    return { s, entries: [requested, prechecked] };
  };

  test('an attempt long before execute-after', async () => {
    const { s, entries } = executing(at(3600));
    const codes = await found([...entries, s.approved(), s.scheduled(), s.started()]);
    expect(codes).toContain('attempt_out_of_time');
  });

  test('an attempt that left at a time outside of it', async () => {
    const s = changeStory();
    expect(await found([...approved(s), s.started(), sent(s, at(-3600))])).toEqual(['attempt_out_of_time']);
    const t = changeStory();
    expect(await found([...approved(t), t.started(), sent(t, at(3600))])).toEqual(['attempt_out_of_time']);
    const u = changeStory();
    expect(await found([...approved(u), u.started(), sent(u, 'soon')])).toEqual(['attempt_out_of_time']);
  });

  test('an attempt that began in time, and left after execute-by', async () => {
    const left = async (seconds: number) => {
      const s = changeStory({ policy: { ...fourEyes, executeWithinMs: 3_600_000 } });
      const answer = { ...sent(s, at(3600 + seconds)), time: at(9000) };
      return found([...approved(s), s.started(), answer]);
    };
    expect(await left(250)).toEqual([]);
    expect(await left(400)).toEqual(['attempt_out_of_time']);
  });
});

describe('a revoked policy', () => {
  const revoked = (s: ChangeStory, by = adam) =>
    told('policy.revoked', 0, { policy: s.requested().policy as JsonObject, comment: 'wrong' }, by);

  test('under which a call is made', async () => {
    const s = changeStory();
    expect(await found([...approved(s), revoked(s), ...callOf(s)])).toEqual(['called_under_revoked_policy']);
  });

  test('before which, or after which, nothing is called', async () => {
    const s = changeStory();
    expect(await found([...approved(s), s.started(), revoked(s), s.ended('succeeded'), s.closed()])).toEqual(
      [],
    );
    const t = changeStory();
    expect(await found([...approved(t), revoked(t), t.started(), notSent(t)])).toEqual([]);
  });

  test('by somebody who may not', async () => {
    const s = changeStory();
    expect(await found([s.requested(), revoked(s, frank)])).toEqual(['not_by_admin']);
  });
});

describe('a machine asks', () => {
  const id = randomUUID();
  const machine: Person = {
    ...{ ...person(id, 'requester'), issuer: 'countersign', name: 'pipeline' },
    ...{
      authentication: { methods: ['token'], at: null },
      issuedBy: { issuer: adam.issuer, subject: 'adam' },
    },
  };
  const token = { id, name: 'pipeline', scopes: ['changes:request'], expiresAt: at(3600) };
  const issued = (more: JsonObject = {}, by = adam) =>
    told('token.issued', -3600, { token: { ...token, ...more } }, by);
  const revoked = (seconds: number) => told('token.revoked', seconds, { token });
  const request = () => changeStory({ requester: machine }).requested();

  test('with a token that was issued', async () => {
    expect(await found([issued(), request()])).toEqual([]);
    expect(await found([issued(), revoked(5), request()])).toEqual([]);
    expect(await found([request()], false)).toEqual([]);
  });

  test.each<[string, EntryBody[]]>([
    ['that was never issued', []],
    ['that has expired', [issued({ expiresAt: at(-600) })]],
    ['that was revoked', [issued(), revoked(-600)]],
    ['for something else', [issued({ scopes: ['audit:read'] })]],
    ['that another admin has issued', [issued({}, person('eva', 'admin'))]],
  ])('with a token %s', async (_name, entries) => {
    expect(await found([...entries, request()])).toEqual(['token_not_valid']);
  });

  test('with a token that was issued later', async () => {
    expect(await found([request(), issued()])).toEqual(['token_not_valid']);
  });

  test('with a token that nobody might issue', async () => {
    const codes = await found([issued({}, { ...adam, roles: ['operator'] }), request()]);
    expect(codes).toEqual(['not_by_admin']);
  });
});

describe('somebody breaks the glass', () => {
  const story = () => changeStory({ policy: emergency, breakGlass: true });
  const called = (s: ChangeStory) => [...approved(s), ...callOf(s)];

  test('after the review of the last time, or after a change that was never called', async () => {
    const [first, second, third] = [story(), story(), story()];
    const idle = [second.requested(), second.withdrawn(), second.closed('withdrawn', 'not_started')];
    expect(await found([...called(first), first.reviewed(), ...idle, third.requested()])).toEqual([]);
  });

  test('and an ordinary change is asked for meanwhile', async () => {
    expect(await found([...called(story()), changeStory().requested()])).toEqual([]);
  });

  test.each<[string, (s: ChangeStory) => EntryBody[]]>([
    ['owes the review of the last time', called],
    ['has another such change open', (s) => [s.requested()]],
  ])('who %s', async (_name, entries) => {
    expect(await found([...entries(story()), story().requested()])).toEqual(['review_owed']);
  });

  test('who owes the review of a change that a machine has asked for on their token', async () => {
    const token = { id: randomUUID(), scopes: ['changes:request'], expiresAt: at(3600) };
    const alice = person('alice', 'requester', 'admin');
    const { issuer, subject } = alice;
    const requester = {
      ...person(token.id, 'requester'),
      groups: ['ops'],
      issuer: 'countersign',
      issuedBy: { issuer, subject },
    };
    const machines = changeStory({ policy: emergency, breakGlass: true, requester });
    const issued = told('token.issued', -60, { token }, alice);
    expect(await found([issued, machines.requested(), story().requested()])).toEqual(['review_owed']);
  });

  test('in the pack of the second change the first is there for its sake alone', async () => {
    const [first, second] = [story(), story()];
    const [requested, , , scheduled, , , closed] = called(first) as [
      EntryBody,
      EntryBody,
      EntryBody,
      EntryBody,
      EntryBody,
      EntryBody,
      EntryBody,
    ];
    const entries = [requested, scheduled, closed, second.pinned(), second.requested()];
    expect(await found(entries, true, second.changeId)).toEqual(['review_owed']);
  });
});

describe('who breaks the glass', () => {
  const frankAsks: Person = { ...person('frank', 'requester'), groups: ['security'] };
  const named = { ...emergency, breakGlass: { groups: ['ops'], approvals: 1, reasons: ['Outage'] } } as const;
  const listed = (source: PinnedPolicy['groups'][string]) => ({ ...emergency, groups: { ops: source } });
  const asked = (options: Parameters<typeof changeStory>[0]) =>
    found([changeStory({ policy: emergency, breakGlass: true, ...options }).requested()]);

  test('is of the groups of the policy, and says one of its reasons', async () => {
    const { issuer } = frankAsks;
    const members = [{ issuer, subject: 'frank' }];
    expect(await asked({ policy: named, justification: 'outage of line 4' })).toEqual([]);
    expect(await asked({ policy: listed({ source: 'members', members }), requester: frankAsks })).toEqual([]);
  });

  test.each<[string, Parameters<typeof changeStory>[0]]>([
    ['under a policy that lets nobody', { policy: { ...emergency, breakGlass: null } }],
    ['and is of no such group', { requester: frankAsks }],
    ['and is not listed', { policy: listed({ source: 'members', members: [] }) }],
    ['for another reason', { policy: named, justification: 'why not' }],
  ])('%s', async (_name, options) => {
    expect(await asked(options)).toEqual(['break_glass_not_allowed']);
  });

  test('and is listed by the directory alone is counted, and no finding', async () => {
    const policy = listed({ source: 'directory' });
    const story = changeStory({ policy, breakGlass: true, requester: frankAsks });
    expect(await countsOf([story.requested()])).toMatchObject({ brokenByDirectory: 1, codes: [] });
    expect(await asked({ policy: { ...policy, breakGlass: { ...named.breakGlass } } })).toEqual([
      'break_glass_not_allowed',
    ]);
    expect(await countsOf([changeStory({ policy: emergency, breakGlass: true }).requested()])).toMatchObject({
      brokenByDirectory: 0,
    });
  });
});

describe('a review by an approver', () => {
  const staged = (source: PinnedPolicy['groups'][string]) => ({
    ...emergency,
    stages: [{ name: 'approval', groups: [{ group: 'security', threshold: 1 }] }],
    groups: { ...emergency.groups, security: source },
  });
  const reviewed = (policy: PinnedPolicy, by: Person) => {
    const s = changeStory({ policy, breakGlass: true });
    return [...approved(s, frank), ...callOf(s), s.reviewed(by)];
  };
  const gina: Person = { ...person('gina', 'approver'), groups: ['security'] };
  const hal = person('hal', 'approver');
  const listsFrank = { source: 'members', members: [{ issuer: frank.issuer, subject: 'frank' }] } as const;

  test('whom the policy could ask', async () => {
    expect(await found(reviewed(staged({ source: 'token' }), gina))).toEqual([]);
    expect(await found(reviewed(emergency, hal))).toEqual([]);
    const overriding = { ...staged(listsFrank), freezeOverride: { group: 'ops' } };
    expect(await found(reviewed(overriding, { ...hal, groups: ['ops'] }))).toEqual([]);
  });

  test('whom it could not ask', async () => {
    expect(await found(reviewed(staged({ source: 'token' }), hal))).toEqual(['review_not_allowed']);
    expect(await found(reviewed(staged(listsFrank), gina))).toEqual(['review_not_allowed']);
    expect(await found(reviewed(staged(listsFrank), { ...gina, roles: ['approver', 'auditor'] }))).toEqual(
      [],
    );
  });

  test('whom it could ask if the directory lists them is counted, and no finding', async () => {
    const policy = { ...staged(listsFrank), freezeOverride: { group: 'board' } };
    const groups = { ...policy.groups, board: { source: 'directory' } } as const;
    expect(await countsOf(reviewed({ ...policy, groups }, hal))).toMatchObject({
      ...{ reviewedByDirectory: 1, codes: [] },
    });
    expect(await countsOf(reviewed(emergency, hal))).toMatchObject({ reviewedByDirectory: 0 });
  });
});

describe('a change on a target', () => {
  const sn = 'SN-1';

  test('on which another one is open', async () => {
    const [s, t] = [changeStory({ sn }), changeStory({ sn })];
    expect(await found([s.requested(), t.requested()])).toEqual(['target_taken']);
    expect(await found([...approved(s), ...callOf(s).slice(0, 2), t.requested()])).toEqual(['target_taken']);
  });

  test('on which another one has ended', async () => {
    const [s, t] = [changeStory({ sn }), changeStory({ sn })];
    expect(await found([...approved(s), ...callOf(s), t.requested()])).toEqual([]);
  });
});

describe('a change under a ticket', () => {
  const ticket = { system: 'jira', id: 'OPS-1', url: null };
  const policy = { ...fourEyes, ticket: ticketRule({}) };
  const named = (id = 'OPS-1') => {
    const s = changeStory({ policy });
    return { s, requested: s.requested({ ticket: { ...ticket, id } }) };
  };
  const read = (s: ChangeStory, id: string, verdict: string | null = null) => {
    const body = s.entry('ticket.checked', { point: 'precheck', verdict, message: null, until: null });
    return { ...body, read: ticketMembers(shownTicket({ ...ticketRead({}), id }, body.time)) };
  };

  test('under which another one is open', async () => {
    expect(await found([named().requested, named().requested])).toEqual(['ticket_taken']);
  });

  test('that is the same by another name', async () => {
    const [one, other] = [named(), named('OPS-2')];
    const entries = [one.requested, read(one.s, '7'), other.requested];
    expect(await found([...entries, read(other.s, '7')])).toEqual(['ticket_taken']);
    expect(await found([...entries, read(other.s, '7', 'ticket_taken')])).toEqual([]);
    expect(await found([...entries, read(other.s, '8')])).toEqual([]);
  });

  test('under which another one has ended', async () => {
    const [one, other] = [named(), named()];
    const refused = [one.s.entry('change.refused'), one.s.closed('refused', 'not_started')];
    const entries = [one.requested, read(one.s, '7'), ...refused, other.requested, read(other.s, '7')];
    expect(await found(entries)).toEqual([]);
  });

  test('for which its policy does not ask', async () => {
    const asked = () => changeStory().requested({ ticket });
    expect(await found([asked(), asked(), named().requested])).toEqual([]);
  });
});

describe('a request that the API has not signed', () => {
  const host = { namespace: 'default', workflowId: 'w', runId: 'r', type: 'moveLine' };
  const actor = personActor(requesterOfHost(person('alice'), host));
  const { vouchedBy: _, ...bare } = actor;

  test('comes by a workflow, as one may ask', async () => {
    expect(await found([changeStory().unsigned({ host, actor })])).toEqual([]);
  });

  test.each<[string, string, (s: ChangeStory) => EntryBody]>([
    ['by nobody', 'statement_missing', (s) => s.unsigned({ actor })],
    ['by half a workflow', 'statement_missing', (s) => s.unsigned({ host: { type: 'moveLine' }, actor })],
    [
      'as another host',
      'requested_otherwise',
      (s) => s.unsigned({ host: { ...host, workflowId: 'w2' }, actor }),
    ],
    ['as a person without the host', 'requested_otherwise', (s) => s.unsigned({ host, actor: bare })],
    ['in the name of a person who has logged in', 'requested_otherwise', (s) => s.unsigned({ host })],
    [
      'for longer than the policy',
      'requested_otherwise',
      (s) => s.unsigned({ host, actor, decideBy: at(9_999_999) }),
    ],
    [
      'for a longer time to call than the policy',
      'requested_otherwise',
      (s) => s.unsigned({ host, actor, executeWithinMs: 2 * fourEyes.executeWithinMs }),
    ],
    [
      'with an execute-by of its own',
      'requested_otherwise',
      (s) => s.unsigned({ host, actor, executeBy: at(9_999_999) }),
    ],
  ])('%s', async (_name, code, request) => {
    expect(await found([request(changeStory())])).toEqual([code]);
  });

  test('that breaks the glass', async () => {
    const request = changeStory({ policy: emergency }).unsigned({ host, actor, breakGlass: true });
    expect(await found([request])).toEqual(['requested_otherwise', 'break_glass_not_allowed']);
  });

  test('in another’s name than was signed', async () => {
    const s = changeStory();
    const { issuer } = person('eve');
    const request = { ...s.requested(), actor: { issuer, subject: 'eve', name: 'eve' } };
    expect(await found([request])).toEqual(['statement_differs']);
  });
});
