import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { readSealed } from '../../audit/pack/read-sealed.ts';
import type { StoredSealed } from '../../audit/pack/read-sealed.ts';
import { sequencePending } from '../../audit/sequence-pending.ts';
import { appenderOfType, entryKey, newEntryBody, personActor } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import { policyKey } from '../../domain/policy-entry.ts';
import { makePool } from '../../store/pool.ts';
import { changeStory, emergency, person, withPolicies, written } from './change-story.ts';
import { makeLog } from './log-fixture.ts';
import type { TestLog } from './log-fixture.ts';
import { makeKeys, memoryLog } from './memory-log.ts';

/* Postgres finds the context of a change as the rules choose it from all entries. */

const began = '2026-11-24T09:00:00.000Z';
const adam = person('adam', 'admin');
const told = (type: EventType, members: JsonObject, by = adam): EntryBody =>
  written(newEntryBody({ type, time: began, actor: personActor(by), ...members }));
const freezeOf = (members: JsonObject = {}): JsonObject => {
  const id = randomUUID();
  return { id, operation: null, scope: {}, startsAt: began, endsAt: null, reason: 'sale', ...members };
};

const alice = person('alice', 'requester', 'admin');
const token = { id: randomUUID(), expiresAt: '2026-11-25T09:00:00.000Z' };
const machine: Person = {
  ...person(token.id, 'requester'),
  issuer: 'countersign',
  issuedBy: { issuer: alice.issuer, subject: alice.subject },
};
const freezes = [freezeOf(), freezeOf({ scope: { sn: 'XY-2' } }), freezeOf(), freezeOf()] as const;
const stories = [
  changeStory(),
  changeStory({ policy: emergency, breakGlass: true }),
  changeStory({ policy: emergency, breakGlass: true, requester: machine }),
  changeStory({ policy: emergency, breakGlass: true }),
  changeStory({ requester: machine }),
] as const;
const [plain, reviewed, machines, owing, tokens] = stories;
const ended = (s: (typeof stories)[number]) => [
  ...[
    s.requested(),
    s.prechecked(),
    s.approved(),
    s.scheduled(),
    s.started(),
    s.ended('succeeded'),
    s.closed(),
  ],
];
const bodies = withPolicies<EntryBody>([
  ...[
    told('token.issued', { token }, alice),
    told('token.issued', { token: { ...token, id: randomUUID() } }),
  ],
  ...[told('freeze.declared', { freeze: freezes[0] }), told('freeze.declared', { freeze: freezes[1] })],
  ...[told('freeze.declared', { freeze: freezes[2] }), told('freeze.lifted', { freeze: freezes[2] })],
  ...[...ended(plain), told('freeze.lifted', { freeze: freezes[0] })],
  ...[...ended(reviewed), reviewed.reviewed(), ...ended(machines), owing.requested(), tokens.requested()],
  ...[told('token.revoked', { token }, alice), told('freeze.declared', { freeze: freezes[3] })],
  told('policy.revoked', { policy: plain.requested().policy as JsonObject, comment: 'wrong' }),
  ...[owing.prechecked(), tokens.prechecked()],
]);

let log: TestLog;
beforeAll(async () => {
  log = await makeLog();
  const api = makePool({ connectionString: log.database.url('api'), applicationName: 'test', max: 1 });
  try {
    for (const [n, body] of bodies.entries()) {
      const named = (body.pinnedPolicy as JsonObject | undefined)?.['digest'];
      const key =
        typeof named === 'string'
          ? policyKey(named)
          : entryKey({ namespace: 'default', of: `test-${n}`, ordinal: 1 }, body.type);
      await appendEntry(appenderOfType[body.type] === 'api' ? api : log.worker, { key, body });
      await sequencePending(log.sequencer, 10);
    }
  } finally {
    await api.end();
  }
});
afterAll(() => log.drop());

test.each(stories.map((story, n) => [n, story] as const))('of story %i', async (n, { changeId }) => {
  const covers = { kind: 'change', changeId } as const;
  const indexes = async (entries: AsyncIterable<StoredSealed>): Promise<number[]> => {
    const found: number[] = [];
    for await (const { index } of entries) found.push(index);
    return found;
  };
  const size = bodies.length;
  const stored = await indexes(readSealed(log.reader, covers, size));
  expect(stored).toEqual(await indexes(memoryLog(bodies, makeKeys()).entries(covers, size)));
  const others = stored.map((index) => bodies[index]).filter((body) => body?.changeId !== changeId);
  const types = others.map((body) => body?.type).sort();
  const debt = ['change.closed', 'change.requested', 'change.scheduled'];
  const expected: readonly (readonly string[])[] = [
    ['freeze.declared', 'policy.pinned'],
    ['policy.pinned'],
    ['policy.pinned', 'token.issued'],
    [...debt, 'freeze.declared', 'policy.pinned'],
    ['freeze.declared', 'policy.pinned', 'policy.revoked', 'token.issued', 'token.revoked'],
  ];
  expect(types).toEqual(expected[n]);
});
