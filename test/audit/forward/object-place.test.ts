import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { followLog } from '../../../audit/forward/follow-log.ts';
import { objectPlace } from '../../../audit/forward/object-place.ts';
import { ossStore } from '../../../audit/forward/oss-store.ts';
import { assertKeeps } from '../../../audit/forward/place.ts';
import type { Place } from '../../../audit/forward/place.ts';
import { s3Store } from '../../../audit/forward/s3-store.ts';
import type { StoreKey } from '../../../audit/forward/s3-store.ts';
import { readTrustedKeys } from '../../../audit/verify/trusted-keys.ts';
import { missingForPython } from '../../support/python.ts';
import { filesIn, makeForwardTestbed } from './forward-testbed.ts';
import type { ForwardTestbed } from './forward-testbed.ts';
import { startStore } from './object-store.ts';
import type { TestStore } from './object-store.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 600_000 });

const missing = await missingForPython();
if (missing !== null) console.warn(`Object stores are not tried: ${missing}.`);

const yearMs = 365 * 86_400_000;
const kinds = [
  { kind: 'S3', script: 's3.py', open: s3Store },
  { kind: 'OSS', script: 'oss.py', open: ossStore },
] as const;

describe.skipIf(missing !== null).each(kinds)('$kind', ({ script, open }) => {
  let bed: ForwardTestbed;
  let store: TestStore;
  beforeAll(async () => {
    [bed, store] = await Promise.all([makeForwardTestbed(), startStore(script)]);
    for (const more of [3, 597]) {
      await bed.log.grow(more);
      await bed.log.seal();
    }
  });
  afterAll(async () => {
    await store.stop();
    await bed.drop();
  });

  function place(
    prefix: string,
    more: Partial<StoreKey> & { bucket?: string; lockMs?: number; fetch?: typeof fetch } = {},
  ): Place {
    const { lockMs = null, fetch: by = fetch, bucket = store.bucket, ...key } = more;
    const { region, url: endpoint } = store;
    const given = { accessKeyId: store.key, accessKeySecret: store.secret, ...key };
    return objectPlace({
      store: open({ bucket, prefix, region, endpoint }, () => Promise.resolve(given)),
      ...{ lockMs, fetch: by },
    });
  }

  test('has what a folder has, is followed, and is never overwritten', async () => {
    const there = place('one/log');
    await assertKeeps(there);
    await assertKeeps(there);
    expect(await bed.forward(there, { most: 260 })).toBe(600);
    const folder = await bed.place();
    await bed.forward(folder, { most: 260 });
    for (const name of await filesIn(folder.name)) {
      expect(await there.read(name), name).toEqual(await folder.read(name));
    }
    const followed = await followLog({
      source: there,
      keys: readTrustedKeys([bed.log.signer.publicKey]),
      last: null,
      freshness: { at: Date.now(), maxAge: null },
    });
    expect(followed).toMatchObject({ result: 'valid', entries: 600 });

    const before = await store.versions();
    expect(await there.create('tile/0/000', Buffer.from('other'))).toBe(false);
    expect(await bed.forward(there, { again: true })).toBe(600);
    expect(await store.versions()).toEqual(before);
    const other = place('two');
    expect(await other.create('tile/entries/000', Buffer.from('other'))).toBe(true);
    await expect(bed.forward(other)).rejects.toMatchObject({ code: 'forwarded_log_differs' });
    expect((await other.read('tile/entries/000'))?.toString()).toBe('other');
  });

  test('two at once make one place', async () => {
    const there = place('shared');
    expect(await Promise.all([1, 2, 3].map(() => bed.forward(there, { most: 260 })))).toEqual([
      600, 600, 600,
    ]);
    const versions = (await store.versions()).filter(({ key }) => key.startsWith('shared/'));
    const kept = versions.filter(({ key }) => key !== 'shared/checkpoint');
    // Of what never changes there are no two versions; in OSS, where both may have looked at once, two that are the same.
    const told = kept.map(({ key, etag }) => `${key} ${etag}`);
    const names = new Set(kept.map(({ key }) => key));
    expect(new Set(told).size).toBe(names.size);
    if (script === 's3.py') expect(kept).toHaveLength(names.size);
  });

  test('what never changes is locked in compliance mode until the time is over', async () => {
    const there = place('locked', { lockMs: yearMs });
    await bed.forward(there);
    const versions = (await store.versions()).filter(({ key }) => key.startsWith('locked/'));
    expect(versions.length).toBeGreaterThan(6);
    for (const { key, mode, until } of versions) {
      if (key === 'locked/checkpoint') expect({ mode, until }).toEqual({ mode: null, until: null });
      else {
        expect(mode, key).toBe('COMPLIANCE');
        expect(Math.abs(Date.parse(until ?? '') - Date.now() - yearMs)).toBeLessThan(60_000);
      }
    }
    if (script === 'oss.py') return;
    // An administrator deletes all there is: the locked versions stay.
    const refused = await store.erase();
    expect(refused.map(({ key }) => key).sort()).toEqual(
      versions
        .map(({ key }) => key)
        .filter((key) => key !== 'locked/checkpoint')
        .sort(),
    );
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['AccessDenied']));
  });

  test('a wrong secret, and a store that is away, are told, and nothing is there', async () => {
    for (const there of [
      place('refused', { accessKeySecret: 'wrong' }),
      place('refused', { accessKeyId: 'nobody' }),
      place('refused', { fetch: () => Promise.reject(new TypeError('fetch failed')) }),
    ]) {
      await expect(bed.forward(there)).rejects.toMatchObject({ code: 'place_unavailable' });
      await expect(there.create('tile', Buffer.from('x'))).rejects.toMatchObject({
        code: 'place_unavailable',
      });
    }
    expect((await store.versions()).filter(({ key }) => key.startsWith('refused'))).toEqual([]);
  });

  test('of two who put other bytes under one name at once, one has it', async () => {
    const there = place('race', script === 'oss.py' ? { bucket: 'plain-log' } : {});
    for (const n of [1, 2, 3, 4, 5]) {
      const both = [Buffer.from('ours'), Buffer.from('theirs')];
      const had = await Promise.all(both.map((bytes) => there.create(String(n), bytes)));
      expect(had.filter(Boolean)).toHaveLength(1);
      expect(await there.read(String(n))).toEqual(both[had.indexOf(true)]);
    }
  });

  test('with a temporary key', async () => {
    // S3's endpoint knows no such key.
    const there = place('temporary', { securityToken: 'a-token' });
    if (script === 'oss.py') expect(await bed.forward(there)).toBe(600);
    else await expect(bed.forward(there)).rejects.toMatchObject({ code: 'place_unavailable' });
  });

  test.runIf(script === 's3.py')(
    'a store that does not know how to keep what it has is not used',
    async () => {
      // As one that passes over what it does not know.
      const forgetful: typeof fetch = (input, init) =>
        fetch(input, { ...init, headers: new Headers(init?.headers) }).then((response) =>
          response.status === 412 || response.status === 409 ? new Response(null, { status: 200 }) : response,
        );
      await expect(assertKeeps(place('forgetful', { fetch: forgetful }))).rejects.toMatchObject({
        code: 'invalid_configuration',
      });
    },
  );
});
