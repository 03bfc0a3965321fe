import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { newEntryBody, personActor } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import type { Person } from '../../domain/person.ts';
import { changeStory, emergency, isUnsigned, person, withPolicies, written } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { memoryLog, signed } from './memory-log.ts';
import { changed, found, packed, unpacked, verified } from './pack-file.ts';
import { exported, keys, verifiedText } from './pack-testbed.ts';
import { readFile } from 'node:fs/promises';

/* The pack of one change has what the change is judged by, so it says as much of it as a pack of the whole log. */

const began = '2026-11-24T09:00:00.000Z';
const adam = person('adam', 'admin');
const told = (type: EventType, time: string, members: JsonObject): EntryBody =>
  written(newEntryBody({ type, time, actor: personActor(adam), ...members }));
const freezeOf = (members: JsonObject = {}): JsonObject => {
  const id = randomUUID();
  return { id, operation: null, scope: {}, startsAt: began, endsAt: null, reason: 'sale', ...members };
};
const declared = (freeze: JsonObject) => told('freeze.declared', began, { freeze });
const lifted = (freeze: JsonObject) => told('freeze.lifted', began, { freeze });
const succeeded = (s: ChangeStory) => [
  ...[s.requested(), s.prechecked(), s.approved(), s.scheduled()],
  ...[s.started(), s.ended('succeeded'), s.closed()],
];

/** What a pack of a change and a pack of the whole log say of a log, and what the change's has beside its own. */
async function saidOf(entries: readonly EntryBody[], { changeId }: ChangeStory) {
  const log = memoryLog(
    withPolicies(entries.map((one) => (isUnsigned(one) ? signed(one, keys) : one))),
    keys,
  );
  const path = await exported(log, { covers: { kind: 'change', changeId }, since: null });
  const whole = await exported(log, { covers: { kind: 'range', from: 0, to: null }, since: null });
  const files = await unpacked(await readFile(path));
  const manifest = JSON.parse(files[0]?.data.toString() ?? '') as {
    counts: { context: Record<string, number>; changes: number };
  };
  return {
    ofChange: found(await verifiedText(path)),
    ofLog: found(await verifiedText(whole)),
    ...manifest.counts,
    files,
    verdict: await verifiedText(path),
  };
}

describe('what a change is judged by', () => {
  test('is none where there was nothing', async () => {
    const s = changeStory();
    const said = await saidOf(succeeded(s), s);
    expect(said).toMatchObject({ ofChange: [], ofLog: [], context: { 'policy.pinned': 1 }, changes: 1 });
    expect(said.verdict.notProven.join(' ')).toContain('no other freeze, revocation or API token');
  });

  test('is a freeze in which it was called', async () => {
    const s = changeStory();
    const said = await saidOf([declared(freezeOf()), ...succeeded(s)], s);
    expect(said.ofChange).toEqual(['illogical:called_in_freeze@7']);
    expect(said.ofLog).toEqual(said.ofChange);
    expect(said.context).toEqual({ 'freeze.declared': 1, 'policy.pinned': 1 });
  });

  test('is a freeze and its lifting, and none that concerns others or was over before', async () => {
    const s = changeStory();
    const [own, early] = [freezeOf(), freezeOf()];
    const [requested, ...rest] = succeeded(s) as [EntryBody, ...EntryBody[]];
    const others = [
      { operation: 'Other' },
      { scope: { sn: 'XY-2' } },
      { endsAt: '2026-11-24T08:00:00.000Z' },
    ];
    const entries = [
      ...[declared(early), lifted(early), ...others.map((one) => declared(freezeOf(one)))],
      ...[declared(own), requested, lifted(own), ...rest, declared(freezeOf())],
    ];
    const said = await saidOf(entries, s);
    expect(said).toMatchObject({ ofChange: [], ofLog: [] });
    expect(said.context).toEqual({ 'freeze.declared': 1, 'freeze.lifted': 1, 'policy.pinned': 1 });
  });

  test.each<[string, JsonObject, string]>([
    ['a pattern that is no text', { scope: { sn: 7 } }, 'malformed@1'],
    ['no beginning', { startsAt: 'soon' }, 'malformed@1'],
    ['no id', { id: null }, 'malformed@1'],
    ['no scope, as one that holds everything', { scope: null }, 'illogical:called_in_freeze'],
  ])('is a freeze with %s', async (_what, more, finding) => {
    const s = changeStory();
    const said = await saidOf([declared({ ...freezeOf(), ...more }), ...succeeded(s)], s);
    expect(said.ofChange).toEqual([expect.stringContaining(finding)]);
    expect(said.ofLog).toEqual(said.ofChange);
  });

  test('is the revocation of its policy, and not that of another', async () => {
    const s = changeStory();
    const [requested, ...rest] = succeeded(s) as [EntryBody, ...EntryBody[]];
    const revoked = (policy: JsonObject) => told('policy.revoked', began, { policy, comment: 'wrong' });
    const other = revoked({ name: 'other', version: '1', digest: 'e'.repeat(64) });
    const said = await saidOf([requested, revoked(requested.policy as JsonObject), other, ...rest], s);
    expect(said.ofChange).toEqual(['illogical:called_under_revoked_policy@8']);
    expect(said.ofLog).toHaveLength(1);
    expect(said.context).toEqual({ 'policy.pinned': 1, 'policy.revoked': 1 });
  });

  test('is the token that it was asked for with', async () => {
    const id = randomUUID();
    const issuedBy = { issuer: adam.issuer, subject: 'adam' };
    const requester: Person = { ...person(id, 'requester'), issuer: 'countersign', issuedBy };
    const s = changeStory({ requester });
    const token = (one: string, expiresAt: string) =>
      told('token.issued', began, { token: { id: one, scopes: ['changes:request'], expiresAt } });
    const good = '2026-11-25T09:00:00.000Z';
    const said = await saidOf([token(id, good), token(randomUUID(), good), s.requested()], s);
    expect(said).toMatchObject({ ofChange: [], context: { 'policy.pinned': 1, 'token.issued': 1 } });
    const none = await saidOf([token(randomUUID(), good), s.requested()], s);
    expect(none.ofChange).toEqual(['illogical:token_not_valid@2']);
    const expired = await saidOf([token(id, '2026-11-23T09:00:00.000Z'), s.requested()], s);
    expect(expired.ofChange).toEqual(['illogical:token_not_valid@2']);
  });

  test('is the break-glass change of which its requester owes the review', async () => {
    const [first, reviewed, second] = Array.from({ length: 3 }, () =>
      changeStory({ policy: emergency, breakGlass: true }),
    ) as [ChangeStory, ChangeStory, ChangeStory];
    const before = [...succeeded(reviewed), reviewed.reviewed()];
    const said = await saidOf([...before, ...succeeded(first), second.requested()], second);
    expect(said.ofChange).toEqual(said.ofLog);
    expect(said.ofChange).toEqual([expect.stringMatching(/^illogical:review_owed@/)]);
    expect(said.changes).toBe(1);
    expect(said.context).toEqual({
      ...{ 'change.closed': 1, 'change.requested': 1, 'change.scheduled': 1, 'policy.pinned': 1 },
    });
    expect(await saidOf([...before, second.requested()], second)).toMatchObject({ ofChange: [] });
  });

  test('can be nothing but that', async () => {
    const s = changeStory();
    const other = changeStory();
    const log = memoryLog(
      withPolicies([...succeeded(s), ...succeeded(other)].map((one) => signed(one, keys))),
      keys,
    );
    const foreign = await exported(
      { ...log, entries: (_, size) => log.entries({ kind: 'range', from: 0, to: size }, size) },
      { covers: { kind: 'change', changeId: s.changeId }, since: null },
    );
    const codes = found(await verifiedText(foreign));
    expect(codes).toEqual(['unexpected@9', 'unexpected@10', 'unexpected@12', 'unexpected@13']);
  });

  test('counts in the manifest as it is', async () => {
    const s = changeStory();
    const { files } = await saidOf([declared(freezeOf()), ...succeeded(s)], s);
    const forged = changed(files, 'manifest.json', (text) =>
      text.replace('"freeze.declared": 1', '"freeze.declared": 2'),
    );
    expect(found(await verified(await packed(forged), keys.trusted, null))).toContain('altered:file');
  });
});

/* Any command of an auditor for an id leaves an entry with it, and whoever writes to Postgres hides entries from an export. */
describe('a pack of a change that has nothing of it', () => {
  const read = (s: ChangeStory) =>
    told('audit.exported', '2026-11-24T11:00:00.000Z', { changeId: s.changeId });
  const signedAll = (entries: readonly EntryBody[]) => withPolicies(entries.map((one) => signed(one, keys)));
  /** Of a log, a pack that has only those entries of the change that pass. */
  const packWith = (log: ReturnType<typeof memoryLog>, s: ChangeStory, has: (body: EntryBody) => boolean) =>
    exported(
      {
        ...log,
        async *entries(covers, size) {
          for await (const one of log.entries(covers, size)) if (has(one.body)) yield one;
        },
      },
      { covers: { kind: 'change', changeId: s.changeId }, since: null },
    );

  test('is not valid where entries only mention its id', async () => {
    const s = changeStory();
    const log = memoryLog(signedAll([read(s), read(s)]), keys);
    const verdict = await verifiedText(await packWith(log, s, () => true));
    expect(found(verdict)).toEqual(['missing:not_requested']);
    expect(verdict.result).toBe('tampered');
  });

  test('is not valid where the change’s own entries were hidden from the export', async () => {
    const s = changeStory();
    const log = memoryLog(signedAll([...succeeded(s), read(s)]), keys);
    const mentions = await packWith(log, s, ({ type }) => type === 'audit.exported');
    expect(found(await verifiedText(mentions))).toEqual(['missing:not_requested']);
    // What moves it is of a change that nobody asked for: that is said once.
    const rest = await packWith(log, s, ({ type }) => type !== 'change.requested');
    expect(found(await verifiedText(rest))).toEqual(['illogical:not_requested@2']);
  });

  test('and an entry that mentions it may stand before its policy, and the one that asks for it', async () => {
    const s = changeStory();
    const [policy, ...entries] = withPolicies(succeeded(s)) as [EntryBody, ...EntryBody[]];
    const said = await saidOf([read(s), policy, ...entries], s);
    expect(said).toMatchObject({ ofChange: [], ofLog: [], changes: 1 });
  });
});
