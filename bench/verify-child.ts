import { open, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Verdict } from '../audit/verify/verdict.ts';
import { verifyWithThreads } from '../cli/verify-thread.ts';
import { highestResidentMb } from './usage.ts';
import type { BaseShare } from './verify-base.ts';

/**
 * A process of its own: verifies a pack without OCSF and CSV (`bare`), or parses and hashes each of its entries and checks every
 * signature with OpenSSL, and nothing else (`base`, over all processors; it reads the unpacked pack, so that it unpacks nothing).
 */
const [what, path = '', keyFile = '', verifier = ''] = process.argv.slice(2);
const began = performance.now();
const { entries, signatures } = await (what === 'base' ? base() : verify());
const { user, system } = process.cpuUsage();
process.stdout.write(
  JSON.stringify({
    entries,
    signatures,
    seconds: (performance.now() - began) / 1000,
    processorSeconds: (user + system) / 1e6,
    mostMb: highestResidentMb(),
  }),
);

interface Done {
  readonly entries: number;
  readonly signatures: number;
}

async function base(): Promise<Done> {
  const file = join(path, 'entries.jsonl');
  const trusted = await readFile(keyFile, 'utf8');
  const { checkpoints } = JSON.parse(await readFile(join(path, 'proofs', 'checkpoints.json'), 'utf8')) as {
    checkpoints: string[];
  };
  const notes = [await readFile(join(path, 'checkpoint'), 'utf8'), ...checkpoints];
  const threads = availableParallelism();
  const bounds = await lineBounds(file, threads);
  const done = await Promise.all(
    Array.from({ length: threads }, (_, n) =>
      share({
        file,
        from: bounds[n] ?? 0,
        to: bounds[n + 1] ?? 0,
        trusted,
        notes: notes.filter((_note, i) => i % threads === n),
      }),
    ),
  );
  const sum = (of: (one: Done) => number) => done.reduce((total, one) => total + of(one), 0);
  return { entries: sum((one) => one.entries), signatures: sum((one) => one.signatures) };
}

function share(workerData: BaseShare): Promise<Done> {
  const worker = new Worker(join(import.meta.dirname, 'verify-base.ts'), { workerData });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Where a file of lines is cut into parts of about the same length, ends included. */
async function lineBounds(file: string, parts: number): Promise<number[]> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const bounds = [0];
    for (let n = 1; n < parts; n += 1) {
      const from = Math.floor((size * n) / parts);
      const { buffer } = await handle.read(Buffer.alloc(65_536), 0, 65_536, from);
      bounds.push(from + buffer.indexOf(0x0a) + 1);
    }
    return [...bounds, size];
  } finally {
    await handle.close();
  }
}

async function verify(): Promise<Done> {
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const code = await verifyWithThreads(
    verifier,
    {
      pack: path,
      keys: [keyFile],
      since: undefined,
      maxAge: undefined,
      at: undefined,
      policies: [],
      json: true,
      withoutRenderings: true,
    },
    say,
    say,
  );
  // What was not compared is no pass.
  const { checked, findings } = JSON.parse(said.join('')) as Verdict;
  if (code !== 2 || findings.length !== 1 || findings[0]?.code !== 'rendering')
    throw new Error(said.join('\n'));
  return { entries: checked.entries, signatures: checked.statements };
}
