import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { earlierCheckpoints, latestCheckpoint } from '../../audit/checkpoints.ts';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import type { PackRequest } from '../../audit/pack/prepare-pack.ts';
import { readSealed } from '../../audit/pack/read-sealed.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { announceStatementKeys, announceWitnessKeys } from '../../cli/announce-rotations.ts';
import { finishRotation } from '../../cli/end-key.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { keyFilesOf, logKeys, readSigners, statementKeys, witnessKeys } from '../../cli/keys.ts';
import { rotateKey } from '../../cli/rotate-key.ts';
import { trustedKeysText } from '../../cli/trusted-keys.ts';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { entryKey } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { policyKey } from '../../domain/policy-entry.ts';
import type { JsonObject } from '../../domain/json.ts';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import { makePool } from '../../store/pool.ts';
import { eventually } from '../support/service.ts';
import { changeStory } from './change-story.ts';
import { signed } from './memory-log.ts';
import type { TestKeys } from './memory-log.ts';
import { found, saved, verified } from './pack-file.ts';
import { signerTestbed } from './signer-testbed.ts';

const quiet = { info: () => undefined, warn: () => undefined };

/** A real log, with the keys of a home. */
async function logOfHome() {
  const testbed = await signerTestbed();
  const env = readEnvironment({ COUNTERSIGN_HOME: testbed.home });
  await Promise.all([statementKeys(testbed.home), logKeys(env), witnessKeys(env)]);
  const api = makePool({ connectionString: testbed.database.url('api'), applicationName: 'test api' });
  onTestFinished(() => api.end());
  const { privateKey } = keyFilesOf(env, 'log');
  let count = 0;
  async function append(body: EntryBody, keys: TestKeys): Promise<void> {
    const policy = (body['pinnedPolicy'] as JsonObject | undefined)?.['digest'];
    count += 1;
    const key =
      typeof policy === 'string'
        ? policyKey(policy)
        : entryKey({ namespace: 'default', of: `test-${count}`, ordinal: 1 }, body.type);
    await appendEntry(testbed.worker, { key, body: signed(body, keys) });
  }
  return {
    ...testbed,
    env,
    api,
    signWith: () => testbed.signer({ keys: () => readSigners(privateKey) }),
    /** What the API signs with now, and still holds after its key was rotated. */
    apiKey: async (): Promise<TestKeys> => {
      const pem = await readFile(keyFilesOf(env, 'statement').privateKey, 'utf8');
      return { statementSigner: createStatementSigner(pem) } as TestKeys;
    },
    append,
    /** A change of today, asked for and approved. */
    async change(keys: TestKeys): Promise<string> {
      const s = changeStory({ began: new Date(Date.now() - 10_000).toISOString() });
      for (const body of [s.pinned(), s.requested(), s.prechecked(), s.approved(), s.scheduled()]) {
        // The policy is the same one, and the first entry of it stands.
        await append(body, keys).catch((error: unknown) => {
          if (body.type !== 'policy.pinned') throw error;
        });
      }
      return s.changeId;
    },
    async pack(covers: PackRequest['covers'] = { kind: 'range', from: 0, to: null }): Promise<string> {
      const db = testbed.signerPool;
      const checkpoint = await latestCheckpoint(db);
      if (checkpoint === null) throw new Error('no checkpoint');
      const [key] = await readSigners(privateKey);
      const prepared = await preparePack(
        {
          entries: (of, size) => readSealed(db, of, size),
          read: makeTreeReader(db),
          checkpoint: { ...checkpoint, origin: key?.name ?? '' },
          earlierCheckpoints: (from, to) => earlierCheckpoints(db, from, to),
          verifier: Buffer.from('//\n'),
        },
        { covers, since: null },
      );
      return saved(prepared.stream());
    },
  };
}

test('all keys rotate: who has the first ones alone verifies the log, and its changes, to the end', async () => {
  const log = await logOfHome();
  const { env } = log;
  const first = await trustedKeysText(env);
  const oldKey = await log.apiKey();
  let signer = log.signWith();
  await log.change(oldKey);
  await log.signed();
  await signer.stop();
  const oldPack = await log.pack();

  for (const use of ['statement', 'log', 'witness'] as const) await rotateKey(env, use);
  signer = log.signWith();
  await expect(finishRotation(env, 'statement', log.signerPool)).rejects.toMatchObject({
    code: 'invalid_request',
  });
  // Before the API listens; twice, since there are two APIs.
  const apis = await Promise.all([1, 2].map(() => announceStatementKeys(env, log.api, quiet, 50)));
  const witness = await announceWitnessKeys(env, log.signerPool, quiet);
  const changeId = await log.change(await log.apiKey());
  const told = async (): Promise<unknown[]> => {
    const { rows } = await log.superuser.query<object>(
      `select type, convert_from(bytes, 'UTF8')::jsonb #>> '{rotations,0,rotation,use}' as use,
              (convert_from(bytes, 'UTF8')::jsonb ->> 'ends')::boolean as ends
         from audit.entry where type in ('key.rotated', 'statement_key.rotated') order by 1, 2, 3`,
    );
    return rows;
  };
  await eventually(async () => ((await told()).length === 4 ? true : null));
  expect(await told()).toEqual([
    { type: 'key.rotated', use: 'log', ends: true },
    { type: 'key.rotated', use: 'witness', ends: true },
    { type: 'statement_key.rotated', use: 'statement', ends: false },
    { type: 'statement_key.rotated', use: 'statement', ends: true },
  ]);
  for (const api of apis) api.stop();
  witness.stop();
  await log.signed();
  const ended = [];
  for (const use of ['statement', 'log', 'witness'] as const) {
    ended.push(...(await finishRotation(env, use, log.signerPool)));
  }
  // The signer has the new key alone.
  await signer.stop();
  signer = log.signWith();
  await log.change(await log.apiKey());
  await log.signed();
  await signer.stop();
  expect(await readSigners(keyFilesOf(env, 'log').privateKey)).toHaveLength(1);

  const newest = await trustedKeysText(env);
  for (const keys of [first, newest]) {
    for (const pack of [oldPack, await log.pack(), await log.pack({ kind: 'change', changeId })]) {
      const verdict = await verified(pack, keys);
      expect(found(verdict)).toEqual([]);
      expect(verdict.result).toBe('valid');
    }
  }
  expect(ended.map(({ use }) => use)).toEqual(['statement', 'log', 'witness']);
  expect(await readFile(join(env.COUNTERSIGN_HOME, 'keys', 'trusted-keys.txt'), 'utf8')).toBe(newest);
  // Where the log says that they have ended: of the API's not where the new one began.
  const verdict = await verified(await log.pack(), first);
  expect(ended.map(({ beforeIndex }) => beforeIndex).sort()).toEqual(
    verdict.rotations.flatMap(({ index, ends }) => (ends ? [index] : [])).sort(),
  );

  // (a) Who has the old key and may append what a worker may.
  const forged = log.signWith();
  await log.change(oldKey);
  await log.signed();
  for (const keys of [first, newest]) {
    const verdict = await verified(await log.pack(), keys);
    expect(verdict.result).toBe('tampered');
    expect(found(verdict).every((one) => one.startsWith('badly_signed:key_period@'))).toBe(true);
    expect(verdict.findingCount).toBe(2);
  }
  // A range from after the rotation: only the file of today knows that the key has ended.
  const from = Math.max(...ended.map(({ beforeIndex }) => beforeIndex)) + 1;
  const range = await log.pack({ kind: 'range', from, to: null });
  expect((await verified(range, newest)).result).toBe('tampered');

  // (b) Who is superuser as well: past audit.append and its rules.
  const s = changeStory({ began: new Date(Date.now() - 10_000).toISOString() });
  const bytes = Buffer.from(canonicalJson(signed(s.approved(), oldKey)));
  const hash = createHash('sha256').update(Buffer.of(0)).update(bytes).digest();
  await log.superuser.query(
    `with e as (insert into audit.entry (event_key, bytes, leaf_hash, type, change_id, actor, time)
                values ('default/x/decision.approved/1', $1, $2, 'decision.approved', $3, $4, now()) returning id)
     insert into audit.pending (entry_id) select id from e`,
    [bytes, hash, s.changeId, 'http://127.0.0.1:1 bob'],
  );
  await log.signed();
  const last = (await log.size()) - 1;
  expect(found(await verified(await log.pack(), newest))).toContain(`badly_signed:key_period@${last}`);
  await forged.stop();
});
