import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { exported, keys, verifiedText } from './pack-testbed.ts';
import { verdictLines } from '../../audit/verify/verdict.ts';
import { newEntryBody, personActor } from '../../domain/entry.ts';
import type { EntryBody, EventType } from '../../domain/entry.ts';
import { effectOfSigned } from '../../domain/entry-writer.ts';
import type { SignedType } from '../../domain/entry-writer.ts';
import type { JsonObject } from '../../domain/json.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { changeStory, isUnsigned, person, withPolicies } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { memoryLog, signed } from './memory-log.ts';
import { found, verified } from './pack-file.ts';

/* Entries that the API signs as a whole: who wrote them is checked, and what is missing is counted. */

const began = '2026-11-24T08:00:00.000Z';
const adam = person('adam', 'admin');
const told = (type: EventType, members: JsonObject): EntryBody =>
  newEntryBody({ type, time: began, actor: personActor(adam), ...members });
const freeze = { operation: null, scope: {}, startsAt: began, endsAt: null, reason: 'sale' };
const token = {
  ...{ id: randomUUID(), fingerprint: 'f', name: 'ci', scopes: ['changes:request'] },
  expiresAt: '2026-11-25T08:00:00.000Z',
};
const id = randomUUID();

/** The members of each type beside those of every entry. */
const membersOf: Record<SignedType, JsonObject> = {
  'freeze.declared': { freeze: { id, ...freeze } },
  'freeze.lifted': { freeze: { id, ...freeze } },
  'freeze.overridden': { freeze: { id, ...freeze }, changeId: randomUUID(), directory: [] },
  'token.issued': { token },
  'token.revoked': { token },
  'policy.revoked': { policy: { name: 'p', version: '1', digest: 'd' }, comment: 'wrong' },
  'subscription.created': { subscription: { name: 's' } },
  'subscription.changed': { subscription: { name: 's' } },
  'subscription.deleted': { subscription: { name: 's' } },
  'decision.refused': { outcome: 'self_approval' },
  'request.refused': { outcome: 'missing_role' },
  'integrity.differs': { outcome: 'stored_change_differs' },
  'audit.read': { query: {} },
  'audit.exported': { query: {} },
};
const types = Object.keys(effectOfSigned) as SignedType[];

/** What a pack of a log says; statements are signed, and of the others those that `bodies` has signed. */
async function verdictOf(bodies: readonly EntryBody[]) {
  const log = memoryLog(
    withPolicies(bodies.map((body) => (isUnsigned(body) ? signed(body, keys) : body))),
    keys,
  );
  return verifiedText(await exported(log, { covers: { kind: 'range', from: 0, to: null }, since: null }));
}
const succeeded = (s: ChangeStory, between: readonly EntryBody[] = []) => [
  ...[s.requested(), s.prechecked(), s.approved(), s.scheduled(), ...between],
  ...[s.started(), s.ended('succeeded'), s.closed()],
];

describe.each(types)('%s', (type) => {
  const bare = told(type, membersOf[type]);
  const first = type === 'freeze.lifted' ? [signed(told('freeze.declared', membersOf[type]), keys)] : [];

  test('by the API is checked', async () => {
    const verdict = await verdictOf([...first, signed(bare, keys)]);
    expect(found(verdict)).toEqual([]);
    expect(verdict.checked).toMatchObject({ written: first.length + 1, unsigned: {} });
  });

  test('unsigned is counted, and named where an admin’s word is behind it', async () => {
    const verdict = await verdictOf([...first, bare]);
    const at = first.length;
    const isNamed = effectOfSigned[type] !== 'records';
    expect(found(verdict)).toEqual(isNamed ? [`illogical:writer_missing@${at}`] : []);
    expect(verdict.checked.unsigned).toEqual({ [type]: 1 });
    expect(verdictLines(verdict).join('\n')).toContain(`unsigned     1 ${type}`);
  });

  test.each<[string, (body: EntryBody) => EntryBody]>([
    ['with an earlier time', (body) => ({ ...body, time: '2026-11-23T08:00:00.000Z' })],
    ['by somebody else', (body) => ({ ...body, actor: personActor(person('eve', 'admin')) })],
    ['with another member', (body) => ({ ...body, source: '::1' })],
    ['with a signature that is none', (body) => ({ ...body, writer: { keyId: 'k' } })],
    ['with a text for its writer', (body) => ({ ...body, writer: 'the API' })],
  ])('%s is badly signed', async (_name, edit) => {
    const verdict = await verdictOf([...first, edit(signed(bare, keys))]);
    expect(found(verdict)).toEqual([`badly_signed:writer@${first.length}`]);
  });
});

test('a freeze that is lifted unsigned still holds calls, and one that is declared unsigned does', async () => {
  const s = changeStory();
  const declared = told('freeze.declared', membersOf['freeze.declared']);
  const lifted = told('freeze.lifted', membersOf['freeze.lifted']);
  const forged = await verdictOf([signed(declared, keys), lifted, ...succeeded(s)]);
  expect(found(forged).map((one) => one.split('@')[0])).toEqual([
    'illogical:writer_missing',
    'illogical:called_in_freeze',
  ]);
  const bare = await verdictOf([declared, ...succeeded(changeStory())]);
  expect(found(bare).map((one) => one.split('@')[0])).toEqual([
    'illogical:writer_missing',
    'illogical:called_in_freeze',
  ]);
});

test('an override that the API did not write lets no call go', async () => {
  const policy = {
    ...fourEyes,
    freezeOverride: { group: 'security' },
    groups: { security: { source: 'token' } },
  } as const;
  const frank = { ...person('frank', 'approver'), groups: ['security'] };
  const declared = signed(told('freeze.declared', membersOf['freeze.declared']), keys);
  const members = { freeze: { id, ...freeze }, comment: 'seen', directory: [] };
  const codes = async (isSigned: boolean) => {
    const s = changeStory({ policy });
    const before = [s.requested(), s.prechecked(), s.approved(), s.scheduled()];
    const { writer: _, ...bare } = s.entry('freeze.overridden', members, personActor(frank));
    const override = isSigned ? signed(bare, keys) : bare;
    const after = [s.started(), s.ended('succeeded'), s.closed()];
    return found(await verdictOf([declared, ...before, override, ...after])).map((one) => one.split('@')[0]);
  };
  expect(await codes(false)).toEqual(['illogical:writer_missing', 'illogical:called_in_freeze']);
  expect(await codes(true)).toEqual([]);
});

test('without a key of the API nothing that it signed is checked', async () => {
  const log = memoryLog([signed(told('audit.read', { query: {} }), keys)], keys);
  const path = await exported(log, { covers: { kind: 'range', from: 0, to: null }, since: null });
  const verdict = await verified(path, `${keys.log.publicKey}\n${keys.witness.publicKey}`);
  expect(found(verdict)).toEqual(['unchecked:statement']);
  expect(verdict.checked.written).toBe(0);
});
