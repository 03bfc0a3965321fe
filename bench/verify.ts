import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { preparePack } from '../audit/pack/prepare-pack.ts';
import { openPack } from '../audit/verify/pack-source.ts';
import type { Verdict } from '../audit/verify/verdict.ts';
import type { EntryBody } from '../domain/entry.ts';
import { bundleVerifier } from '../cli/verifier-bundle.ts';
import { changeStory, withPolicies } from '../test/audit/change-story.ts';
import { fullLog } from '../test/audit/full-log.ts';
import { makeKeys, memoryLog, signed } from '../test/audit/memory-log.ts';
import type { TestKeys } from '../test/audit/memory-log.ts';
import { latency, rounded } from './measure.ts';

const run = promisify(execFile);

interface Measured {
  readonly entries: number;
  readonly signatures: number;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly mostMb: number;
}

/**
 * Verifying packs of two sizes offline with the verifier that packs carry, as an auditor runs it, beside the least
 * that any verifier does: parsing and hashing each entry once and checking every signature with OpenSSL, over all
 * processors. The best of some rounds, taken in turn. And the pack of one change, from the start of the command to its end.
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
      const measured: Record<'base' | 'verify' | 'bare', Measured[]> = { base: [], verify: [], bare: [] };
      for (let round = 0; round < options.rounds; round += 1) {
        measured.base.push(await child(['base', unpacked, keyFile]));
        measured.verify.push(await asAuditor(pack, keyFile, verifier));
        measured.bare.push(await child(['bare', pack, keyFile, verifier]));
      }
      const [base, verify, bare] = [best(measured.base), best(measured.verify), best(measured.bare)];
      if (base.entries !== verify.entries) throw new Error('base and verifier saw other entries');
      sizes[count] = {
        entries: verify.entries,
        signatures: base.signatures,
        packMb: rounded((await stat(pack)).size / 2 ** 20),
        entriesMb: rounded((await stat(join(unpacked, 'entries.jsonl'))).size / 2 ** 20),
        packSeconds: rounded(packSeconds),
        baseSeconds: rounded(base.seconds, 2),
        verifySeconds: rounded(verify.seconds, 2),
        ratio: rounded(verify.seconds / base.seconds, 2),
        withoutRenderingsSeconds: rounded(bare.seconds, 2),
        ratioWithoutRenderings: rounded(bare.seconds / base.seconds, 2),
        processorRatio: rounded(verify.processorSeconds / base.processorSeconds, 2),
        mostMb: rounded(verify.mostMb),
      };
    }
    return {
      target: 'ratio <= 2, 1.5 without renderings; memory < 300 MB and flat; the pack of a change < 200 ms',
      sizes,
      change: await ofOneChange(keys, keyFile, verifier, folder, options.rounds * 5),
    };
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

/** The pack of one change with its context and the verifier, from the start of `node verify.mjs` to its exit. */
async function ofOneChange(keys: TestKeys, keyFile: string, verifier: string, folder: string, runs: number) {
  const { changeId, entries } = fullLog(keys);
  const log = memoryLog(entries, keys);
  const pack = join(folder, 'change.tgz');
  const prepared = await preparePack(
    { ...log, checkpoint: await log.checkpoint(), verifier: await readFile(verifier) },
    { covers: { kind: 'change', changeId }, since: null },
  );
  await pipeline(prepared.stream(), createWriteStream(pack));
  const times: number[] = [];
  for (let n = 0; n < runs; n += 1) {
    const from = performance.now();
    await run(process.execPath, [verifier, pack, '--key', keyFile]);
    times.push(performance.now() - from);
  }
  const { entries: count, context } = prepared.manifest.counts;
  return { entries: count, context, processStartToVerdict: latency(times) };
}

async function unpack(pack: string, folder: string): Promise<void> {
  for await (const { path, content } of (await openPack(pack)).files()) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await pipeline(content, createWriteStream(join(folder, path)));
  }
}

/** Writes at the end of its process what that has used, in the form of {@link Used}. */
const tellsUsage = `data:text/javascript,
import { readFileSync, writeFileSync } from 'node:fs';
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  const peak = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
  writeFileSync(process.env.BENCH_USAGE, JSON.stringify({ processorSeconds: (user + system) / 1e6, mostMb: peak[1] / 1024 }));
});`;
type Used = Pick<Measured, 'processorSeconds' | 'mostMb'>;

/** The command as an auditor runs it, from its start to its end. */
async function asAuditor(pack: string, keyFile: string, verifier: string): Promise<Measured> {
  const usage = `${pack}.usage`;
  const began = performance.now();
  const { stdout } = await run(
    process.execPath,
    ['--import', tellsUsage.replaceAll('\n', ''), verifier, pack, '--key', keyFile, '--json'],
    { env: { ...process.env, BENCH_USAGE: usage }, maxBuffer: 64 * 2 ** 20 },
  );
  const seconds = (performance.now() - began) / 1000;
  const { checked } = JSON.parse(stdout) as Verdict;
  const used = JSON.parse(await readFile(usage, 'utf8')) as Used;
  return { entries: checked.entries, signatures: checked.statements, seconds, ...used };
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
