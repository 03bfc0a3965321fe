import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { preparePack } from '../audit/pack/prepare-pack.ts';
import { openPack } from '../audit/verify/pack-source.ts';
import type { EntryBody } from '../domain/entry.ts';
import { bundleVerifier } from '../cli/verifier-bundle.ts';
import { changeStory, withPolicies } from '../test/audit/change-story.ts';
import { makeKeys, memoryLog, signed } from '../test/audit/memory-log.ts';
import type { TestKeys } from '../test/audit/memory-log.ts';
import { rounded } from './measure.ts';

const run = promisify(execFile);

interface Measured {
  readonly entries: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly mostMb: number;
}

/**
 * Verifying packs of two sizes offline with the verifier that packs carry, each in a process of its own, beside parsing and hashing each of their entries once
 * in another: the best of some rounds, taken in turn.
 */
export async function benchVerify(options: { few: number; many: number; rounds: number }) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-bench-pack-'));
  try {
    const keys = makeKeys();
    const keyFile = join(folder, 'trusted-keys.txt');
    await writeFile(keyFile, keys.trusted);
    const verifier = join(folder, 'verify.mjs');
    await writeFile(verifier, await bundleVerifier(join(import.meta.dirname, '..'), 'cli/verifier.ts'));
    const sizes: Record<string, object> = {};
    for (const count of [options.few, options.many]) {
      const pack = join(folder, `${count}.tgz`);
      const packSeconds = await writePack(count, keys, pack);
      const unpacked = join(folder, String(count));
      await unpack(pack, unpacked);
      const measured: Record<'base' | 'verify', Measured[]> = { base: [], verify: [] };
      for (let round = 0; round < options.rounds; round += 1) {
        measured.base.push(await child(['base', unpacked]));
        measured.verify.push(await child(['verify', pack, keyFile, verifier]));
      }
      const [base, verify] = [best(measured.base), best(measured.verify)];
      sizes[count] = {
        entries: verify.entries,
        packMb: rounded((await stat(pack)).size / 2 ** 20),
        entriesMb: rounded((await stat(join(unpacked, 'entries.jsonl'))).size / 2 ** 20),
        packSeconds: rounded(packSeconds),
        baseSeconds: rounded(base.seconds, 2),
        verifySeconds: rounded(verify.seconds, 2),
        ratio: rounded(verify.seconds / base.seconds, 2),
        processorRatio: rounded(verify.processorSeconds / base.processorSeconds, 2),
        mostMb: rounded(verify.mostMb),
      };
    }
    return { target: 'ratio <= 3, memory < 300 MB and flat', sizes };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What a run of a change leaves: ten entries, two of which carry a signed statement. */
function entriesOfChange(n: number, keys: TestKeys): EntryBody[] {
  const story = changeStory({
    began: new Date(Date.parse('2026-01-01T00:00:00Z') + n * 60_000).toISOString(),
  });
  const ref = { namespace: 'default', workflowId: `change-${story.changeId}`, runId: story.changeId };
  return [
    story.attested(story.requested()),
    story.prechecked(),
    story.reminded(),
    story.approved(),
    story.scheduled(),
    story.started(1),
    story.ended('failed', 1),
    story.started(2),
    story.ended('succeeded', 2),
    story.closed(),
  ].map((body) => signed({ ...body, temporal: ref }, keys));
}

async function writePack(count: number, keys: TestKeys, path: string): Promise<number> {
  const changes = Array.from({ length: count / 10 }, (_, n) => entriesOfChange(n, keys));
  const log = memoryLog(withPolicies(changes.flat()), keys);
  const began = performance.now();
  const prepared = await preparePack(
    { ...log, checkpoint: await log.checkpoint(), verifier: Buffer.from('// none\n') },
    { covers: { kind: 'range', from: 0, to: null }, since: null },
  );
  await pipeline(prepared.stream(), createWriteStream(path));
  return (performance.now() - began) / 1000;
}

async function unpack(pack: string, folder: string): Promise<void> {
  for await (const { path, content } of (await openPack(pack)).files()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await pipeline(content, createWriteStream(join(folder, path)));
  }
}

async function child(args: readonly string[]): Promise<Measured> {
  const { stdout } = await run(process.execPath, [join(import.meta.dirname, 'verify-child.ts'), ...args]);
  return JSON.parse(stdout) as Measured;
}

/** The quickest; the most memory of all. */
function best(all: readonly Measured[]): Measured {
  const [first] = all.toSorted((a, b) => a.seconds - b.seconds);
  if (!first) throw new Error('nothing was measured');
  const processorSeconds = Math.min(...all.map((m) => m.processorSeconds));
  return { ...first, processorSeconds, mostMb: Math.max(...all.map(({ mostMb }) => mostMb)) };
}
