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
import { signerGround } from './signer-ground.ts';
import type { SignerGround } from './signer-ground.ts';
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
function signing(ground: SignerGround, url: string | null, options: Partial<WitnessClientOptions> = {}) {
  const alarms: { code: string; details: object }[] = [];
  const alarm = (code: string, _: string, details: object = {}): void => void alarms.push({ code, details });
  const quiet = { warn: () => undefined, fatal: () => undefined };
  const witness =
    url === null
      ? null
      : startWitnessClient({
          pool: ground.signerPool,
          url,
          witnesses: [cosigner.verifier],
          log: quiet,
          timeoutMs: 1000,
          alarm,
          ...options,
        });
  onTestFinished(() => witness?.stop());
  const signer = ground.signer({ witness, alarm, onPublished: () => witness?.wake() });
  return {
    ...signer,
    alarms,
    async stop(): Promise<void> {
      await signer.stop();
      await witness?.stop();
    },
  };
}

async function cosigned(ground: SignerGround): Promise<void> {
  await eventually(async () => {
    const last = await cosignedCheckpoint(ground.signerPool);
    return last !== null && last.size === (await ground.size()) ? true : null;
  });
}

async function refuses(ground: SignerGround, signer: ReturnType<typeof signing>, code: string) {
  await eventually(
    () => Promise.resolve(signer.refusal() === code ? true : null),
    () => `${signer.refusal() ?? 'none'} ${signer.told.join()}`,
  );
  await eventually(() =>
    Promise.resolve(signer.alarms.some((one) => one.code === 'log_behind_evidence') ? true : null),
  );
  expect((await ground.remembered())?.refusal?.code).toBe(code);
}

/** Nothing more is signed, whatever comes. */
async function signsNothing(ground: SignerGround): Promise<void> {
  const before = await ground.checkpoints();
  await ground.grow(3, 'attempt.started');
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await ground.checkpoints()).toEqual(before);
}

async function loseMemory(ground: SignerGround): Promise<void> {
  for (const name of await readdir(join(ground.home, 'memory'))) await rm(join(ground.home, 'memory', name));
}

/** Signed, backed up with its memory, signed on; then log and memory are put back. */
async function putBack(ground: SignerGround, url: string | null): Promise<void> {
  const signer = signing(ground, url);
  await ground.grow(3);
  await ground.signed();
  if (url !== null) await cosigned(ground);
  const backup = await ground.backUp();
  const kept = await ground.remembered();
  await ground.grow(5);
  await ground.signed();
  if (url !== null) await cosigned(ground);
  await ground.anchored();
  await signer.stop();
  await backup.restore();
  await loseMemory(ground);
  if (kept) await ground.memory.follow(null, kept);
}

async function witnessOf(ground: { home: string; key: SignerGround['key'] }, port?: number) {
  return witnessOn(join(ground.home, 'witness'), [ground.key], cosigner, Date.now, port);
}

describe('checkpoints.log knows more', () => {
  test('than a signer that lost its memory, over a log that was emptied', async () => {
    const ground = await signerGround();
    const first = signing(ground, null);
    await ground.grow(12);
    await ground.signed();
    const anchored = await ground.anchored();
    await first.stop();
    const lost = await ground.remembered();
    await loseMemory(ground);
    await ground.asSuperuser(...emptied);
    const signer = signing(ground, null);
    await ground.grow(2);
    await refuses(ground, signer, 'anchor_ahead');
    expect(signer.alarms[0]?.details).toMatchObject({ reason: 'anchor_ahead', size: 0, known: lost?.size });
    await signsNothing(ground);
    expect(await readFile(join(ground.home, 'checkpoints.log'), 'utf8')).toBe(anchored);
    // An admin's word lets it look again, and it finds the same.
    await resumeSigning(ground.memory, decision);
    await eventually(async () =>
      (await ground.remembered())?.refusal?.code === 'anchor_ahead' ? true : null,
    );
    await signer.stop();
    // An accepted loss says what was lost: not the empty tree of the new memory.
    const next = keyPair(`${ground.key.signer.name}/2`);
    const memory = await acceptLoss(
      ground.memory,
      { origin: next.signer.name, keys: [next.publicKey] },
      decision,
    );
    expect(memory.previous).toEqual({ origin: ground.key.signer.name, size: lost?.size, root: lost?.root });
    ground.signer({ keys: () => Promise.resolve([next.signer]) });
    await ground.signed();
  });

  test('than a signer whose memory and log are put back to an older backup', async () => {
    const ground = await signerGround();
    await putBack(ground, null);
    const signer = signing(ground, null);
    await refuses(ground, signer, 'anchor_ahead');
    await signsNothing(ground);
  });

  test('and the file was rotated, and its last note is torn', async () => {
    const ground = await signerGround();
    await putBack(ground, null);
    const file = join(ground.home, 'checkpoints.log');
    await rename(file, `${file}.1`);
    await writeFile(file, `${ground.key.signer.name}\n99`);
    await refuses(ground, signing(ground, null), 'anchor_ahead');
  });

  test('another tree of a smaller size', async () => {
    const ground = await signerGround();
    await putBack(ground, null);
    const file = join(ground.home, 'checkpoints.log');
    await rename(file, join(ground.home, 'away'));
    const on = signing(ground, null);
    await ground.grow(9);
    await ground.signed();
    await on.stop();
    await rename(join(ground.home, 'away'), file);
    await refuses(ground, signing(ground, null), 'anchor_differs');
  });

  test('the largest is found behind many notes of another origin', async () => {
    const ground = await signerGround();
    const file = join(ground.home, 'checkpoints.log');
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
    const ground = await signerGround();
    const witness = await witnessOf(ground);
    const first = signing(ground, witness.url);
    await ground.grow(6);
    await ground.signed();
    await cosigned(ground);
    await first.stop();
    await loseMemory(ground);
    await rm(join(ground.home, 'checkpoints.log'));
    await ground.asSuperuser('delete from audit.cosignature', ...emptied);
    const signer = signing(ground, witness.url);
    await ground.grow(2);
    await refuses(ground, signer, 'witness_ahead');
    await signsNothing(ground);
  });

  test.each(['at its start', 'once it is back'])(
    'than a signer that was put back: heard %s',
    async (when) => {
      const ground = await signerGround();
      const witness = await witnessOf(ground);
      await putBack(ground, witness.url);
      await rm(join(ground.home, 'checkpoints.log'));
      if (when === 'at its start') {
        await refuses(ground, signing(ground, witness.url), 'witness_ahead');
      } else {
        await witness.stop();
        const signer = signing(ground, witness.url);
        await ground.grow(1);
        // It remembers a tree, so it goes on without the witness.
        await ground.signed();
        await witnessOf(ground, witness.port);
        await eventually(async () => {
          await ground.grow(1);
          // Until it is asked, the log may have grown past what the witness knows.
          return /^witness_(ahead|differs)$/.test(signer.refusal() ?? '') ? true : null;
        });
        expect(signer.alarms.map(({ code }) => code)).toContain('witness_refuses');
      }
      await signsNothing(ground);
    },
  );

  test('another tree, of a log that was put back and has grown past it', async () => {
    const ground = await signerGround();
    const witness = await witnessOf(ground);
    await putBack(ground, witness.url);
    await rm(join(ground.home, 'checkpoints.log'));
    await witness.stop();
    const alone = signing(ground, null);
    await ground.grow(20);
    await ground.signed();
    await alone.stop();
    await witnessOf(ground, witness.port);
    const signer = signing(ground, witness.url);
    await eventually(async () => {
      await ground.grow(1);
      return signer.refusal() === 'witness_differs' ? true : null;
    });
    await signsNothing(ground);
  });

  test('a new memory signs nothing until its witness has said that it knows nothing', async () => {
    const ground = await signerGround();
    const silent = await impostor((_, res) => res.writeHead(500).end());
    const signer = signing(ground, silent.url);
    await ground.grow(2, 'attempt.started');
    await eventually(() => Promise.resolve(signer.told.length > 0 ? true : null));
    expect(await ground.checkpoints()).toEqual([]);
    expect(signer.refusal()).toBeNull();
    await silent.stop();
    await witnessOf(ground, silent.port);
    await ground.signed();
    await cosigned(ground);
  });
});

describe('a witness that lost its memory', () => {
  test('says so and cosigns nothing, until an admin says so', async () => {
    const ground = await signerGround();
    const witness = await witnessOf(ground);
    const signer = signing(ground, witness.url, { refreshMs: 50 });
    await ground.grow(6);
    await ground.signed();
    await cosigned(ground);
    for (const name of await readdir(join(ground.home, 'witness'))) {
      if (name.endsWith('.json')) await rm(join(ground.home, 'witness', name));
    }
    const before = (await cosignedCheckpoint(ground.signerPool))?.size;
    await ground.grow(2);
    await ground.signed();
    await eventually(() =>
      Promise.resolve(signer.alarms.some(({ code }) => code === 'witness_refuses') ? true : null),
    );
    expect((await cosignedCheckpoint(ground.signerPool))?.size).toBe(before);
    expect((await fetch(`${witness.url}/healthz`)).status).toBe(503);
    expect(witness.alarms.length).toBeGreaterThan(0);
    // Whoever forgot is no reason to stop signing.
    expect(signer.refusal()).toBeNull();
  });
});

test('a memory that is read before others are asked is never behind them', async () => {
  const ground = await signerGround();
  const memory = await openLogMemory(join(ground.home, 'memory'));
  const signers = [signing(ground, null), signing(ground, null)];
  for (let n = 0; n < 5; n += 1) {
    await ground.grow(2);
    await ground.signed();
    await ground.endLeading();
  }
  expect((await memory.read())?.value.refusal).toBeNull();
  await Promise.all(signers.map((signer) => signer.stop()));
});
