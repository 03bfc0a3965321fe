import { appendFile, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { acceptLoss, resumeSigning } from '../../audit/admin-decision.ts';
import { makeFileAnchor } from '../../audit/anchor.ts';
import { cosignedCheckpoint } from '../../audit/checkpoints.ts';
import { openLogMemory } from '../../audit/log-memory.ts';
import { startWitnessClient } from '../../audit/witness-client.ts';
import type { WitnessClientOptions } from '../../audit/witness-client.ts';
import { eventually } from '../support/service.ts';
import { signerTestbed } from './signer-testbed.ts';
import type { SignerTestbed } from './signer-testbed.ts';
import { keyPair } from './tree-fixture.ts';
import { impostor, witnessOn } from './witness-fixture.ts';

const cosigner = keyPair('witness.example', 'cosignature/v1');
const decision = { reason: 'the disk burnt', by: 'adam', now: Date.now() };
const emptied = [
  'delete from audit.checkpoint',
  'delete from audit.entry',
  'truncate audit.leaf, audit.pending, audit.tile',
  'update audit.head set size = 0',
];

/** A signer and its witness client, as the signer's process has them. */
function signing(testbed: SignerTestbed, url: string | null, options: Partial<WitnessClientOptions> = {}) {
  const alarms: { code: string; details: object }[] = [];
  const alarm = (code: string, _: string, details: object = {}): void => void alarms.push({ code, details });
  const quiet = { warn: () => undefined, fatal: () => undefined };
  const witness =
    url === null
      ? null
      : startWitnessClient({
          pool: testbed.signerPool,
          url,
          witnesses: [cosigner.verifier],
          log: quiet,
          timeoutMs: 1000,
          alarm,
          ...options,
        });
  onTestFinished(() => witness?.stop());
  const signer = testbed.signer({ witness, alarm, onPublished: () => witness?.wake() });
  return {
    ...signer,
    alarms,
    async stop(): Promise<void> {
      await signer.stop();
      await witness?.stop();
    },
  };
}

async function cosigned(testbed: SignerTestbed): Promise<void> {
  await eventually(async () => {
    const last = await cosignedCheckpoint(testbed.signerPool);
    return last !== null && last.size === (await testbed.size()) ? true : null;
  });
}

async function refuses(testbed: SignerTestbed, signer: ReturnType<typeof signing>, code: string) {
  await eventually(
    () => Promise.resolve(signer.refusal() === code ? true : null),
    () => `${signer.refusal() ?? 'none'} ${signer.told.join()}`,
  );
  await eventually(() =>
    Promise.resolve(signer.alarms.some((one) => one.code === 'log_behind_evidence') ? true : null),
  );
  expect((await testbed.remembered())?.refusal?.code).toBe(code);
}

/** Nothing more is signed, whatever comes. */
async function signsNothing(testbed: SignerTestbed): Promise<void> {
  const before = await testbed.checkpoints();
  await testbed.grow(3, 'attempt.started');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await testbed.checkpoints()).toEqual(before);
}

async function loseMemory(testbed: SignerTestbed): Promise<void> {
  for (const name of await readdir(join(testbed.home, 'memory')))
    await rm(join(testbed.home, 'memory', name));
}

/** Signed, backed up with its memory, signed on; then log and memory are put back. */
async function putBack(testbed: SignerTestbed, url: string | null): Promise<void> {
  const signer = signing(testbed, url);
  await testbed.grow(3);
  await testbed.signed();
  if (url !== null) await cosigned(testbed);
  const backup = await testbed.backUp();
  const kept = await testbed.remembered();
  await testbed.grow(5);
  await testbed.signed();
  if (url !== null) await cosigned(testbed);
  await testbed.anchored();
  await signer.stop();
  await backup.restore();
  await loseMemory(testbed);
  if (kept) await testbed.memory.follow(null, kept);
}

async function witnessOf(testbed: { home: string; key: SignerTestbed['key'] }, port?: number) {
  return witnessOn(join(testbed.home, 'witness'), [testbed.key], cosigner, Date.now, port);
}

describe('checkpoints.log knows more', () => {
  test('than a signer that lost its memory, over a log that was emptied', async () => {
    const testbed = await signerTestbed();
    const first = signing(testbed, null);
    await testbed.grow(12);
    await testbed.signed();
    const anchored = await testbed.anchored();
    await first.stop();
    const lost = await testbed.remembered();
    await loseMemory(testbed);
    await testbed.asSuperuser(...emptied);
    const signer = signing(testbed, null);
    await testbed.grow(2);
    await refuses(testbed, signer, 'anchor_ahead');
    expect(signer.alarms[0]?.details).toMatchObject({ reason: 'anchor_ahead', size: 0, known: lost?.size });
    await signsNothing(testbed);
    expect(await readFile(join(testbed.home, 'checkpoints.log'), 'utf8')).toBe(anchored);
    // An admin's word lets it look again, and it finds the same.
    await resumeSigning(testbed.memory, decision);
    await eventually(async () =>
      (await testbed.remembered())?.refusal?.code === 'anchor_ahead' ? true : null,
    );
    await signer.stop();
    // An accepted loss says what was lost: not the empty tree of the new memory.
    const next = keyPair(`${testbed.key.signer.name}/2`);
    const memory = await acceptLoss(
      testbed.memory,
      { origin: next.signer.name, keys: [next.publicKey] },
      decision,
    );
    expect(memory.previous).toEqual({ origin: testbed.key.signer.name, size: lost?.size, root: lost?.root });
    testbed.signer({ keys: () => Promise.resolve([next.signer]) });
    await testbed.signed();
  });

  test('than a signer whose memory and log are put back to an older backup', async () => {
    const testbed = await signerTestbed();
    await putBack(testbed, null);
    const signer = signing(testbed, null);
    await refuses(testbed, signer, 'anchor_ahead');
    await signsNothing(testbed);
  });

  test('and the file was rotated, and its last note is torn', async () => {
    const testbed = await signerTestbed();
    await putBack(testbed, null);
    const file = join(testbed.home, 'checkpoints.log');
    await rename(file, `${file}.1`);
    await writeFile(file, `${testbed.key.signer.name}\n99`);
    await refuses(testbed, signing(testbed, null), 'anchor_ahead');
  });

  test('another tree of a smaller size', async () => {
    const testbed = await signerTestbed();
    await putBack(testbed, null);
    const file = join(testbed.home, 'checkpoints.log');
    await rename(file, join(testbed.home, 'away'));
    const on = signing(testbed, null);
    await testbed.grow(9);
    await testbed.signed();
    await on.stop();
    await rename(join(testbed.home, 'away'), file);
    await refuses(testbed, signing(testbed, null), 'anchor_differs');
  });

  test('the largest is found behind many notes of another origin', async () => {
    const testbed = await signerTestbed();
    const file = join(testbed.home, 'checkpoints.log');
    const root = Buffer.alloc(32, 7).toString('base64');
    const note = (origin: string, size: number) => `${origin}\n${size}\n${root}\n\n— ${origin} AAAA\n\n`;
    await writeFile(file, note('log.example/a', 41) + note('log.example/a', 42));
    await appendFile(file, note('log.example/b', 7).repeat(40_000));
    const anchor = makeFileAnchor(file);
    expect(await anchor.largest('log.example/a')).toMatchObject({ size: 42 });
    expect(await anchor.largest('log.example/b')).toMatchObject({ size: 7 });
    expect(await anchor.largest('log.example')).toBeNull();
  });
});

describe('the witness knows more', () => {
  test('than a signer that lost its memory and its file, over a log that was emptied', async () => {
    const testbed = await signerTestbed();
    const witness = await witnessOf(testbed);
    const first = signing(testbed, witness.url);
    await testbed.grow(6);
    await testbed.signed();
    await cosigned(testbed);
    await first.stop();
    await loseMemory(testbed);
    await rm(join(testbed.home, 'checkpoints.log'));
    await testbed.asSuperuser('delete from audit.cosignature', ...emptied);
    const signer = signing(testbed, witness.url);
    await testbed.grow(2);
    await refuses(testbed, signer, 'witness_ahead');
    await signsNothing(testbed);
  });

  test.each(['at its start', 'once it is back'])(
    'than a signer that was put back: heard %s',
    async (when) => {
      const testbed = await signerTestbed();
      const witness = await witnessOf(testbed);
      await putBack(testbed, witness.url);
      await rm(join(testbed.home, 'checkpoints.log'));
      if (when === 'at its start') {
        await refuses(testbed, signing(testbed, witness.url), 'witness_ahead');
      } else {
        await witness.stop();
        const signer = signing(testbed, witness.url);
        await testbed.grow(1);
        // It remembers a tree, so it goes on without the witness.
        await testbed.signed();
        await witnessOf(testbed, witness.port);
        await eventually(async () => {
          await testbed.grow(1);
          // Until it is asked, the log may have grown past what the witness knows.
          return /^witness_(ahead|differs)$/.test(signer.refusal() ?? '') ? true : null;
        });
        expect(signer.alarms.map(({ code }) => code)).toContain('witness_refuses');
      }
      await signsNothing(testbed);
    },
  );

  test('another tree, of a log that was put back and has grown past it', async () => {
    const testbed = await signerTestbed();
    const witness = await witnessOf(testbed);
    await putBack(testbed, witness.url);
    await rm(join(testbed.home, 'checkpoints.log'));
    await witness.stop();
    const alone = signing(testbed, null);
    await testbed.grow(20);
    await testbed.signed();
    await alone.stop();
    await witnessOf(testbed, witness.port);
    const signer = signing(testbed, witness.url);
    await eventually(async () => {
      await testbed.grow(1);
      return signer.refusal() === 'witness_differs' ? true : null;
    });
    await signsNothing(testbed);
  });

  test('a new memory signs nothing until its witness has said that it knows nothing', async () => {
    const testbed = await signerTestbed();
    const silent = await impostor((_, res) => res.writeHead(500).end());
    const signer = signing(testbed, silent.url);
    await testbed.grow(2, 'attempt.started');
    await eventually(() => Promise.resolve(signer.told.length > 0 ? true : null));
    expect(await testbed.checkpoints()).toEqual([]);
    expect(signer.refusal()).toBeNull();
    await silent.stop();
    await witnessOf(testbed, silent.port);
    await testbed.signed();
    await cosigned(testbed);
  });
});

describe('a witness that lost its memory', () => {
  test('says so and cosigns nothing, until an admin says so', async () => {
    const testbed = await signerTestbed();
    const witness = await witnessOf(testbed);
    const signer = signing(testbed, witness.url, { refreshMs: 50 });
    await testbed.grow(6);
    await testbed.signed();
    await cosigned(testbed);
    for (const name of await readdir(join(testbed.home, 'witness'))) {
      if (name.endsWith('.json')) await rm(join(testbed.home, 'witness', name));
    }
    const before = (await cosignedCheckpoint(testbed.signerPool))?.size;
    await testbed.grow(2);
    await testbed.signed();
    await eventually(() =>
      Promise.resolve(signer.alarms.some(({ code }) => code === 'witness_refuses') ? true : null),
    );
    expect((await cosignedCheckpoint(testbed.signerPool))?.size).toBe(before);
    expect((await fetch(`${witness.url}/healthz`)).status).toBe(503);
    expect(witness.alarms.length).toBeGreaterThan(0);
    // Whoever forgot is no reason to stop signing.
    expect(signer.refusal()).toBeNull();
  });
});

test('a memory that is read before others are asked is never behind them', async () => {
  const testbed = await signerTestbed();
  const memory = await openLogMemory(join(testbed.home, 'memory'));
  const signers = [signing(testbed, null), signing(testbed, null)];
  for (let n = 0; n < 5; n += 1) {
    await testbed.grow(2);
    await testbed.signed();
    await testbed.endLeading();
  }
  expect((await memory.read())?.value.refusal).toBeNull();
  await Promise.all(signers.map((signer) => signer.stop()));
});
