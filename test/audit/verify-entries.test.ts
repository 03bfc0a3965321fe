import { describe, expect, test } from 'vitest';
import type { EntryBody } from '../../domain/entry.ts';
import { changeStory } from './change-story.ts';
import { found } from './pack-file.ts';
import { bodies, packOf, verifiedText } from './pack-ground.ts';

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
    const broken = { ...(bodies[11] as EntryBody), statement: { person: { issuer: 'a', subject: 'b' } } };
    const forged = bodies.map((body, i) => (i === 11 ? broken : i === 33 ? { ...body, digest: 'x' } : body));
    const verdict = await verifiedText(await packOf(forged));
    expect(verdict.result).toBe('tampered');
    expect(found(verdict).filter((f) => f.endsWith('@33'))).not.toEqual([]);
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
      'illogical:attempt_without_approval@38',
      'illogical:closed_otherwise@40',
    ]);
  });

  test('a change that lives twice, the old approval shown again', async () => {
    const verdict = await verifiedText(await packOf([...bodies, ...bodies.slice(0, 9)]));
    expect(found(verdict)).toContain('illogical:requested_twice@36');
  });
});
