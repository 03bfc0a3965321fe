import { describe, expect, test } from 'vitest';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { changeStory } from './change-story.ts';
import { found } from './pack-file.ts';
import { memoryLog, signed } from './memory-log.ts';
import { all, bodies, exported, keys, log, packOf, second, verifiedText } from './pack-testbed.ts';

describe('entries', () => {
  const at = (index: number, bytes: Buffer) => [...bodies.slice(0, index), bytes, ...bodies.slice(index)];
  const filler = (bytes: number) => {
    const make = (pad: string) =>
      `{"actor":{"process":"api"},"changeId":null,"operation":null,"pad":"${pad}","target":null,"time":"2026-11-24T09:00:00.000Z","type":"audit.read","v":1}`;
    return Buffer.from(make('x'.repeat(bytes - make('').length)));
  };

  test('of 32 KiB are taken, with one byte more they are not', async () => {
    expect(found(await verifiedText(await packOf(at(5, filler(32_768)))))).toEqual([]);
    const verdict = await verifiedText(await packOf(at(5, filler(32_769))));
    expect(found(verdict)).toContain('malformed:entry@5');
    expect(verdict.result).toBe('tampered');
  });

  test.each([
    [
      'with members out of order',
      '{"v":1,"actor":{},"changeId":null,"operation":null,"target":null,"time":"2026-11-24T09:00:00.000Z","type":"audit.read"}',
    ],
    ['with a member twice', filler(200).toString().replace('"pad"', '"actor":{"process":"x"},"pad"')],
    ['with a fraction', filler(200).toString().replace('"v":1', '"v":1.0')],
    ['of an unknown type', filler(200).toString().replace('audit.read', 'audit.reed')],
    ['without a time', filler(200).toString().replace('2026-11-24', '2026-13-24')],
    [
      'nested too deep for a reader',
      filler(200)
        .toString()
        .replace(/"pad":"x*"/, `"pad":${'['.repeat(15_000)}${']'.repeat(15_000)}`),
    ],
    ['of another version', filler(200).toString().replace('"v":1', '"v":2')],
  ])('%s', async (_name, text) => {
    expect(found(await verifiedText(await packOf(at(5, Buffer.from(text)))))).toContain('malformed:entry@5');
  });

  test('that make no sense do not stop the rest from being judged', async () => {
    const broken = { ...(bodies[12] as EntryBody), statement: { person: { issuer: 'a', subject: 'b' } } };
    const forged = bodies.map((body, i) => (i === 12 ? broken : i === 34 ? { ...body, digest: 'x' } : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(verdict.result).toBe('tampered');
    expect(found(verdict).filter((f) => f.endsWith('@34'))).not.toEqual([]);
  });

  test('an attempt that nobody approved', async () => {
    const story = changeStory();
    const forged = [
      story.requested(),
      story.prechecked(),
      story.started(),
      story.ended('succeeded'),
      story.closed(),
    ];
    const verdict = await verifiedText(await packOf([...bodies, ...forged]));
    expect(found(verdict)).toEqual([
      'illogical:attempt_without_approval@39',
      'illogical:closed_otherwise@41',
    ]);
  });

  test('a change that lives twice, the old approval shown again', async () => {
    const verdict = await verifiedText(await packOf([...bodies, ...bodies.slice(1, 10)]));
    expect(found(verdict)).toContain('illogical:requested_twice@37');
  });

  test('a change under a policy that no entry before has, or that has it after it', async () => {
    const [policy, ...others] = bodies;
    const named = ['illogical:policy_not_pinned@0', 'illogical:policy_not_pinned@9'];
    const without = await exported(memoryLog(others, keys), all);
    expect(found(await verifiedText(without))).toEqual(expect.arrayContaining(named));
    const late = [...others.slice(0, 9), ...(policy ? [policy] : []), ...others.slice(9)];
    const verdict = await verifiedText(await exported(memoryLog(late, keys), all));
    expect(found(verdict)).toEqual(['illogical:policy_not_pinned@0']);
  });

  test('a policy that has two entries', async () => {
    const [policy, ...others] = bodies;
    const again = { ...(policy ?? expect.fail()), time: '2026-11-24T01:00:00.000Z' };
    const verdict = await verifiedText(await exported(memoryLog([again, ...bodies], keys), all));
    expect(found(verdict)).toEqual(['illogical:policy_pinned_twice@1']);
    const none = { ...again, pinnedPolicy: { digest: 'a' } };
    const broken = await verifiedText(await exported(memoryLog([none, ...bodies], keys), all));
    expect(found(broken)).toEqual(['malformed@0']);
    expect(others).toHaveLength(36);
  });

  test('a policy in the pack of a change whose change names another', async () => {
    const other = changeStory({ policy: { ...fourEyes, version: 'other' } });
    const path = await exported(log, { covers: { kind: 'change', changeId: second }, since: null });
    expect(found(await verifiedText(path))).toEqual([]);
    const story = changeStory();
    const requested = signed(story.requested(), keys);
    // Of somebody who puts all of a log into the pack of a change.
    const packOfAll = async (entries: EntryBody[]) => {
      const from = memoryLog(entries, keys);
      const range = (_: unknown, size: number) => from.entries({ kind: 'range', from: 0, to: size }, size);
      const covers = { kind: 'change', changeId: story.changeId } as const;
      return found(await verifiedText(await exported({ ...from, entries: range }, { covers, since: null })));
    };
    expect(await packOfAll([other.pinned(), requested, story.prechecked()])).toEqual([
      'illogical:policy_not_pinned@1',
    ]);
    expect(await packOfAll([requested, story.pinned(), story.prechecked()])).toContain('unexpected@1');
  });
});
