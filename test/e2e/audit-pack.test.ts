import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Verdict } from '../../audit/verify/verdict.ts';
import { makePool } from '../../store/pool.ts';
import { makeKeys } from '../audit/memory-log.ts';
import { found, freshPath, inFolder, unpacked, verified } from '../audit/pack-file.ts';
import { untilSealed } from '../audit/seal.ts';
import { codeOf, decide, inMs, stepsOf, post } from '../support/steps.ts';
import { changeThat, startApi, startTestbed, startWorkers } from '../support/service.ts';

const run = promisify(execFile);
const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

let trusted: string;
let since: string;
let ofAll: string;
let ofChange: string;
let changeId: string;

/** Exits of a command, whatever they are. */
async function exit(args: readonly string[], env: NodeJS.ProcessEnv, cwd: string) {
  try {
    const { stdout, stderr } = await run(process.execPath, args, { env, cwd, maxBuffer: 64 * 2 ** 20 });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, stdout, stderr };
  }
}

/** Real changes that end in every way, exported by the command line; then everything is stopped. */
beforeAll(async () => {
  const testbed = await startTestbed();
  const [api, workers] = await Promise.all([startApi(testbed), startWorkers(testbed)]);
  const { asked, approved, ended } = stepsOf(api);
  const { alice, bob, dave, olga } = api.users;
  const signer = makePool({
    connectionString: testbed.database.url('signer'),
    applicationName: 'test signer',
  });
  trusted = await freshPath('trusted-keys.txt');
  const statementPem = await readFile(testbed.keys.publicKey, 'utf8');
  const logKey = await readFile(testbed.logPublicKey, 'utf8');
  await writeFile(trusted, `# test\n${logKey}${statementPem}`);

  const retried = await testbed.certificate();
  await testbed.fault(retried, { times: 2 });
  const lasting = await testbed.certificate();
  await testbed.fault(lasting, { times: 50 });
  await Promise.all([
    approved(retried).then(async ({ id }) => {
      changeId = id;
      await ended(id);
    }),
    asked(await testbed.certificate()).then(async (change) => {
      expect(await codeOf(decide(alice, change))).toBe('self_approval');
      await decide(bob, change, 'reject');
      await ended(change.id);
    }),
    asked(await testbed.certificate()).then(async ({ id }) => {
      await alice.post(`/v1/changes/${id}/withdrawal`, { comment: 'not needed' });
      await ended(id);
    }),
    post(alice, await testbed.certificate({ status: '1' })).then(({ id }) => ended(id)),
    post(alice, await testbed.certificate(), undefined, { decideBy: inMs(3000) }).then(({ id }) => ended(id)),
    approved(await testbed.certificate(), { executeAfter: inMs(3_600_000), executeBy: inMs(7_200_000) }).then(
      async ({ id }) => {
        await olga.post(`/v1/changes/${id}/execution`, { action: 'pause', comment: 'wait' });
        await olga.post(`/v1/changes/${id}/execution`, { action: 'resume', comment: 'go on' });
      },
    ),
    approved(lasting).then(async ({ id }) => {
      await changeThat(alice, id, (c) => c.attempts.length >= 2);
      await olga.post(`/v1/changes/${id}/execution`, { action: 'abandon', comment: 'enough' });
      await ended(id);
    }),
  ]);
  since = await freshPath('checkpoint');
  await writeFile(since, await untilSealed(signer));
  // Something after the auditor's last checkpoint.
  await dave.get('/v1/audit/entries?limit=1');
  await untilSealed(signer);

  const env = {
    PATH: process.env.PATH,
    COUNTERSIGN_URL: api.url,
    COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('dave'),
  };
  ofAll = await freshPath();
  ofChange = await freshPath();
  for (const [what, file] of [
    [['--since', since], ofAll],
    [['--change', changeId, '--since', since], ofChange],
  ] as const) {
    const { code, stdout, stderr } = await exit(
      [main, '--json', 'audit', 'export', ...what, '-o', file],
      env,
      tmpdir(),
    );
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const written = JSON.parse(stdout) as { sha256: string; verifierSha256: string };
    expect(written.sha256).toBe(
      createHash('sha256')
        .update(await readFile(file))
        .digest('hex'),
    );
    expect(written.verifierSha256).toMatch(/^[0-9a-f]{64}$/);
  }
  const checkpoint = await exit([main, 'audit', 'checkpoint'], env, tmpdir());
  expect(checkpoint.stdout).toMatch(/^countersign\.local\/log-.*\n\d+\n/);
  const proofs = await exit([main, '--json', 'audit', 'prove', changeId], env, tmpdir());
  expect((JSON.parse(proofs.stdout) as object[]).length).toBeGreaterThan(10);
  const proof = await exit([main, 'audit', 'prove', '0'], env, tmpdir());
  expect(proof.stdout).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n/);
  const refused = await exit(
    [main, 'audit', 'checkpoint'],
    { ...env, COUNTERSIGN_TOKEN: await testbed.identity.tokenFor('bob') },
    tmpdir(),
  );
  expect(refused.code).toBe(1);

  await workers.stop();
  await api.stop();
  await signer.end();
  await testbed.stop();
});

describe('with everything stopped', () => {
  const commands: [string, (pack: string) => Promise<string[]>][] = [
    ['audit verify', (pack) => Promise.resolve([main, '--json', 'audit', 'verify', pack])],
    [
      'the pack’s own verify.mjs',
      async (pack) => {
        const code = (await unpacked(await readFile(pack))).find(({ name }) => name === 'verify.mjs')?.data;
        const path = await freshPath('verify.mjs');
        await writeFile(path, code ?? '');
        return [path, pack, '--json'];
      },
    ],
  ];

  test.each(commands)(
    '%s finds nothing wrong with a real log, and says what it did not prove',
    async (_name, of) => {
      for (const [pack, entries] of [
        [ofAll, 40],
        [ofChange, 10],
      ] as const) {
        const args = [...(await of(pack)), '--key', trusted, '--since', since];
        // No environment at all: nothing of ours, no home, not even a path.
        const { code, stdout, stderr } = await exit(args, {}, '/');
        expect(stderr).toBe('');
        const verdict = JSON.parse(stdout) as Verdict;
        expect(found(verdict)).toEqual([]);
        expect(code).toBe(0);
        expect(verdict).toMatchObject({
          result: 'valid',
          checkpoint: { witnesses: [] },
        });
        expect(verdict.checked.entries).toBeGreaterThan(entries);
        expect(verdict.checked.statements).toBeGreaterThan(0);
        expect(verdict.checked.since).toBeGreaterThan(0);
        expect(verdict.notProven.length).toBeGreaterThan(2);
      }
    },
  );

  test.each(commands)('%s says by its exit code what came of it', async (_name, of) => {
    const codeOfExit = async (pack: string, ...more: string[]) =>
      (await exit([...(await of(pack)), ...more], {}, '/')).code;
    expect(await codeOfExit(ofAll, '--key', trusted)).toBe(0);
    const cut = await freshPath();
    const whole = await readFile(ofAll);
    await writeFile(cut, whole.subarray(0, whole.length / 2));
    expect(await exit([main, 'audit', 'verify', cut, '--key', trusted], {}, '/')).toMatchObject({ code: 2 });
    const others = await freshPath('others.txt');
    await writeFile(others, makeKeys((await readFile(trusted, 'utf8')).split(/[\n+]/)[1]).trusted);
    expect(await codeOfExit(ofAll, '--key', others)).toBe(1);
    expect(await codeOfExit(ofAll)).toBe(3);
    expect(await codeOfExit(ofAll, '--key', '/nowhere')).toBe(3);
    expect(await codeOfExit(ofAll, '--key', trusted, '--since', '/nowhere')).toBe(3);
    expect(await codeOfExit(ofAll, '--key', trusted, '--what')).toBe(3);
    expect(await codeOfExit(ofAll, '--help')).toBe(0);
    expect(await exit([main, 'audit', 'verify', '/nowhere', '--key', trusted], {}, '/')).toMatchObject({
      code: 3,
    });
  });

  test('an unpacked folder does as well, and the report says who did what', async () => {
    const files = await unpacked(await readFile(ofChange));
    const verdict = await verified(await inFolder(files), await readFile(trusted, 'utf8'));
    expect(found(verdict)).toEqual([]);
    const report = files.find(({ name }) => name === 'report.html')?.data.toString() ?? '';
    for (const word of [
      changeId,
      'Alice',
      'Bob',
      'attempt.succeeded',
      'InternalError',
      'What this does not prove',
    ]) {
      expect(report).toContain(word);
    }
  });
});
