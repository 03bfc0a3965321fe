import { describe, expect, test } from 'vitest';
import { personActor, workerActor } from '../../domain/entry.ts';
import { newEntryBody } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import { changeStory, person, written } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { found } from './pack-file.ts';
import { packOf, verifiedText } from './pack-testbed.ts';

/* Who may tell something at all, and what a worker tells of its calls. */

const began = '2026-11-24T09:00:00.000Z';
const at = (seconds: number) => new Date(Date.parse(began) + seconds * 1000).toISOString();
const approved = (s: ChangeStory) => [s.requested(), s.prechecked(), s.approved(), s.scheduled()];
const callOf = (s: ChangeStory) => [s.started(), s.ended('succeeded'), s.closed()];
const freeze = { id: 'f', operation: null, scope: {}, startsAt: at(-60), endsAt: null, reason: 'sale' };
const machine: Person = {
  ...person('7a1f0c7e-7d3c-4c69-8f55-0d3f3c1c5a10', 'approver', 'admin', 'operator'),
  ...{ issuer: 'countersign', issuedBy: { issuer: 'http://127.0.0.1:1', subject: 'adam' } },
};
const inChat = (one: Person): Person => ({ ...one, authentication: { methods: ['via:slack'], at: null } });
const declared = (by = person('adam', 'admin')) =>
  written(newEntryBody({ type: 'freeze.declared', time: at(-60), actor: personActor(by), freeze }));

/** What the verifier finds in a pack of a log. */
async function findings(...entries: EntryBody[]): Promise<string[]> {
  return found(await verifiedText(await packOf(entries)));
}
const codes = async (...entries: EntryBody[]) =>
  (await findings(...entries)).map((one) => one.split(/[:@]/)[1]);
/** The answer of an attempt, with other members. */
function answer(body: EntryBody, members: JsonObject): EntryBody {
  return { ...body, attempt: { ...(body.attempt as JsonObject), ...members } };
}

describe('who tells something', () => {
  const s = () => changeStory({ began });

  test.each<[string, (s: ChangeStory) => EntryBody[]]>([
    ['a machine decides', (s) => [s.requested(), s.prechecked(), s.approved(machine)]],
    [
      'an account that nobody has decides',
      (s) => [
        s.requested(),
        s.prechecked(),
        s.approved({ ...person('U1', 'approver'), issuer: 'via:slack' }),
      ],
    ],
    ['a machine pauses', (s) => [...approved(s), s.operator('pause', machine)]],
    [
      'somebody pauses in a chat',
      (s) => [...approved(s), s.operator('pause', inChat(person('olga', 'operator')))],
    ],
    [
      'the requester withdraws in a chat',
      (s) => [s.requested(), s.withdrawn(inChat(person('alice', 'requester')))],
    ],
    ['a machine declares a freeze', (s) => [declared(machine), s.requested()]],
  ])('%s', async (_, story) => {
    expect(await codes(...story(s()))).toContain('not_by_person');
  });

  test('a person declares a freeze, and a requester withdraws', async () => {
    const one = s();
    expect(await findings(declared(), one.requested(), one.withdrawn())).toEqual([]);
  });

  test.each([[{ process: 'signer' }], [{ issuer: 'http://127.0.0.1:1', subject: 'bob', name: 'bob' }]])(
    'the worker’s entries name the worker, and not %j',
    async (actor) => {
      const one = s();
      const before = approved(one);
      const [started, ended, closed] = callOf(one) as [EntryBody, EntryBody, EntryBody];
      expect(await codes(...before, started, { ...ended, actor }, closed)).toEqual(['actor_differs']);
      const reconciler = { ...workerActor, part: 'reconciler' };
      expect(await codes(...before, started, { ...ended, actor: reconciler }, closed)).toEqual([]);
    },
  );

  test('who asks has the role for it', async () => {
    const one = changeStory({ began, requester: person('alice', 'auditor') });
    expect(await codes(one.requested())).toEqual(['not_by_requester']);
  });

  test('a decision shows what its digest is of', async () => {
    const one = s();
    const [requested, prechecked, decided] = approved(one) as [EntryBody, EntryBody, EntryBody];
    const { input } = requested;
    const { snapshot } = prechecked;
    const shows = (members: JsonObject) => codes(requested, prechecked, { ...decided, ...members });
    expect(await shows({ input: input ?? null, snapshot: snapshot ?? null })).toEqual([]);
    expect(await shows({ input: { sn: 'another' } })).toEqual(['shown_differs']);
    expect(await shows({ snapshot: { status: 'active' } })).toEqual(['shown_differs']);
  });
});

describe('what a worker tells of a call', () => {
  test.each<[string, JsonObject]>([
    ['not sent, with a RequestId', { code: 'not_sent', requestId: 'R' }],
    ['not sent, with an HTTP status', { code: 'not_sent', requestId: null, httpStatus: 500 }],
  ])('%s: it was sent', async (_, members) => {
    const s = changeStory({ began });
    const call = [...approved(s), s.started(), answer(s.ended('failed'), members)];
    expect(await codes(...call)).toEqual(['answer_differs']);
    expect(await codes(declared(), ...call)).toEqual(['answer_differs', 'called_in_freeze']);
  });

  test.each<[JsonObject]>([[{ code: 'not_sent' }], [{ httpStatus: 500 }]])(
    'succeeded, with %j',
    async (members) => {
      const s = changeStory({ began });
      const before = approved(s);
      const [started, ended, closed] = callOf(s) as [EntryBody, EntryBody, EntryBody];
      const told = (more: JsonObject) => codes(...before, started, answer(ended, more), closed);
      expect(await told(members)).toEqual(['answer_differs']);
      expect(await told({ httpStatus: 200 })).toEqual([]);
    },
  );

  test('a change that has succeeded by an attempt without an answer was let go when that began', async () => {
    const told = (s: ChangeStory, ...before: EntryBody[]) =>
      codes(
        ...approved(s),
        ...before,
        s.started(),
        s.entry('change.reconciled', { requestId: null }),
        s.closed(),
      );
    expect(await told(changeStory({ began }))).toEqual([]);
    expect(await told(changeStory({ began }), declared())).toEqual(['called_in_freeze']);
  });

  test('nothing is reconciled that was not sent', async () => {
    const s = changeStory({ began });
    const unsent = s.ended('failed', 1, 'not_sent');
    expect(
      await codes(
        ...approved(s),
        s.started(),
        unsent,
        s.entry('change.reconciled', { requestId: null }),
        s.closed(),
      ),
    ).toEqual(['closed_otherwise']);
  });

  test('no clock moves a call to before its approval, such as into a window', async () => {
    const windows = [{ cron: '0 1 * * *', durationMinutes: 60, timeZone: 'UTC', holidays: [] }];
    const s = changeStory({ began, policy: { ...fourEyes, windows } });
    const time = '2026-11-24T01:10:00.000Z';
    const [started, ended, closed] = callOf(s) as [EntryBody, EntryBody, EntryBody];
    const call = [{ ...started, time }, { ...ended, time }, closed];
    expect(await codes(...approved(s), ...call)).toEqual(['attempt_out_of_time']);
  });
});

describe('the outcome of a change', () => {
  const told = async (outcome: JsonObject, time = {}) => {
    const s = changeStory({ began });
    const before = approved(s);
    const [started, ended, closed] = callOf(s) as [EntryBody, EntryBody, EntryBody];
    const other = { ...closed, ...time, outcome: { ...(closed['outcome'] as JsonObject), ...outcome } };
    return await codes(...before, started, ended, other);
  };

  test.each<[JsonObject]>([
    [{ code: 'rejected' }],
    [{ requestId: 'of nobody' }],
    [{ requestId: null }],
    [{ reconciled: true }],
    [{ reconciled: null }],
    [{ at: '2027-11-24T09:00:00.000Z' }],
  ])('is that of its attempts, and not %j', async (outcome) => {
    expect(await told(outcome)).toEqual(['closed_otherwise']);
    expect(await told({ message: 'whatever' })).toEqual([]);
  });

  test('is not known before its attempts have ended', async () => {
    const time = at(-3600);
    expect(await told({ at: time }, { time })).toEqual(['closed_otherwise']);
  });

  test('is none of success after none', async () => {
    const s = changeStory({ began });
    const before = [...approved(s), s.started(), s.ended('failed')];
    expect(await codes(...before, s.closed('approved', 'failed', 'succeeded'))).toEqual(['closed_otherwise']);
  });

  test('is reconciled, and of no RequestId, where an entry tells so', async () => {
    const s = changeStory({ began });
    const before = [...approved(s), s.started(), s.ended('unknown')];
    const reconciled = [...before, s.entry('change.reconciled', { requestId: null })];
    const closed = s.closed();
    const hidden = { ...closed, outcome: { ...(closed['outcome'] as JsonObject), reconciled: false } };
    expect(await codes(...reconciled, closed)).toEqual([]);
    expect(await codes(...reconciled, hidden)).toEqual(['closed_otherwise']);
  });
});

test('one RequestId of the bundled operations’ service stands in one answer', async () => {
  const told = (requestId: string | null, other: string | null, operations: readonly string[] = []) =>
    codes(
      ...[1, 2].flatMap((hours, n) => {
        const operation = operations[n] ?? 'ActiveCaCertificate';
        const s = changeStory({ began: at(hours * 3600), operation });
        const before = approved(s);
        const [started, ended, closed] = callOf(s) as [EntryBody, EntryBody, EntryBody];
        const same = { requestId: n === 0 ? requestId : other };
        const outcome = { ...(closed['outcome'] as JsonObject), ...same };
        return [...before, started, answer(ended, same), { ...closed, outcome }];
      }),
    );
  expect(await told('one', 'two')).toEqual([]);
  expect(await told('', '')).toEqual([]);
  expect(await told('one', 'one')).toEqual(['request_id_repeated']);
  expect(await told('one', 'one', ['ActiveCaCertificate', 'InactivateCaCertificate'])).toEqual([
    'request_id_repeated',
  ]);
  // What other services promise of theirs is not known.
  expect(await told('one', 'one', ['RevokeLicence', 'RevokeLicence'])).toEqual([]);
  expect(await told('one', 'one', ['RevokeLicence', 'ActiveCaCertificate'])).toEqual([]);
  const s = changeStory({ began });
  // A service that repeats its answer to the same change says it with the same RequestId.
  const before = [...approved(s), s.started(), answer(s.ended('failed'), { requestId: 'one' })];
  const again = [s.started(2), answer(s.ended('failed', 2), { requestId: 'one' })];
  expect(await codes(...before, ...again)).toEqual([]);
});

test('one Idempotency-Key of a person is that of one change', async () => {
  const asked = (key: string | null, requester = person('alice', 'requester')) =>
    changeStory({ began, requester }).requested({
      idempotency: key === null ? null : { key, bodyDigest: 'a' },
    });
  expect(await codes(asked('k'), asked('l'), asked('k', person('erin', 'requester')))).toEqual([]);
  expect(await codes(asked(null), asked(null))).toEqual([]);
  expect(await codes(asked('k'), asked('k'))).toEqual(['idempotency_key_repeated']);
});

test.each<[JsonObject]>([
  [{ executeAfter: at(60) }],
  [{ standard: true }],
  [{ standard: null }],
  [{ breakGlass: true }],
])('a change is scheduled as it was asked for, and not with %j', async (members) => {
  const s = changeStory({ began });
  const [requested, prechecked, decided, scheduled] = approved(s) as EntryBody[] & { length: 4 };
  const before = [requested, prechecked, decided] as EntryBody[];
  expect(await codes(...before, { ...(scheduled as EntryBody), ...members })).toEqual([
    'scheduled_otherwise',
  ]);
});

test('nobody asks, and no token lasts, for more than 366 days', async () => {
  const day = 86_400;
  const asked = (members: JsonObject) => {
    const s = changeStory({ began, ...(members as { decideBy?: string }) });
    return codes(s.requested(members));
  };
  for (const member of ['decideBy', 'executeAfter', 'executeBy']) {
    expect(await asked({ [member]: at(366 * day) })).toEqual([]);
    expect(await asked({ [member]: at(367 * day) })).toEqual(['requested_otherwise']);
  }
  const issued = (days: number) => {
    const token = { id: machine.subject, name: 'ci', scopes: ['changes:request'], expiresAt: at(days * day) };
    const actor = personActor(person('adam', 'admin'));
    return codes(written(newEntryBody({ type: 'token.issued', time: at(0), actor, token })));
  };
  expect(await issued(366)).toEqual([]);
  expect(await issued(367)).toEqual(['token_not_valid']);
});

describe('a pinned policy', () => {
  const under = (more: object) => verdictUnder(more).then(found);
  const verdictUnder = async (more: object) => {
    const s = changeStory({ began, policy: { ...fourEyes, ...more } });
    return await verifiedText(await packOf([s.requested()]));
  };

  test.each([
    [{ standard: true }],
    [{ standard: 'no' }],
    [{ stages: [] }],
    [{ stages: [{ name: 's', groups: [] }] }],
    [{ stages: [{ name: 's', groups: [{ group: null, threshold: 0 }] }] }],
  ])('asks people or is standard, and is not %j', async (more) => {
    expect(await under(more)).toEqual(['illogical:policy_contradictory@0']);
    expect(await under({ standard: true, stages: [] })).toEqual([]);
  });

  test('has members that a verifier may not know: it says which', async () => {
    const told = async (more: object) =>
      (await verdictUnder(more)).notProven.filter((text) => text.includes('does not know')).join();
    expect(await told({})).toBe('');
    const stages = [{ name: 's', groups: [{ group: null, threshold: 1, veto: true }] }];
    const [text] = [await told({ quorum: 3, stages, groups: { ops: { source: 'token', list: 'x' } } })];
    for (const path of ['"quorum"', '"stages.groups.veto"', '"groups.*.list"']) expect(text).toContain(path);
  });
});

test('no entry is of a day or an hour that there is not', async () => {
  const s = changeStory({ began });
  const dated = (time: string) => codes({ ...s.requested(), time });
  for (const time of ['2026-02-30T09:00:00.000Z', '2026-11-31T09:00:00.000Z', '2026-11-24T24:00:00.000Z'])
    expect(await dated(time)).toContain('entry');
  expect(await dated('2026-11-30T09:00:00.000Z')).not.toContain('entry');
});

test('a token whose end is no time is none', async () => {
  const token = { id: machine.subject, name: 'ci', scopes: ['changes:request'], expiresAt: 'never' };
  const actor = personActor(person('adam', 'admin'));
  const issued = written(newEntryBody({ type: 'token.issued', time: at(-9), actor, token }));
  expect(await findings(issued)).toEqual(['malformed@0']);
});
