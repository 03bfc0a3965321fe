import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Verdict } from '../../../audit/verify/verdict.ts';
import type { EntryBody } from '../../../domain/entry.ts';
import { makeKeys } from '../memory-log.ts';
import { buildJudge, judgeAll } from './go-judge.ts';
import type { Judgement } from './go-judge.ts';
import { randomHistory } from './random-history.ts';
import { tampered, tamperings } from './tampering.ts';
import { forJudge, verifierSays } from './verifier.ts';
import type { SealedLog } from './verifier.ts';

/** A log that both judges have looked at. */
export interface Compared {
  /** How to make it again. */
  readonly name: string;
  readonly verifier: Verdict;
  readonly judge: Judgement;
}

interface NamedLog extends SealedLog {
  readonly name: string;
}

/** Most seeds that are tried to tamper with a log in one way: not every log has what the way needs. */
const mostTries = 200;

const sealedAt = (entries: readonly EntryBody[]) =>
  Math.max(...entries.map(({ time }) => Date.parse(time))) + 60_000;

/** Good logs, and as many bad ones for each way of tampering with them. @param from - the first seed */
function logsOf({ good, each, from }: Counts, keys: ReturnType<typeof makeKeys>): NamedLog[] {
  const goods = Array.from({ length: good }, (_, n): NamedLog => {
    const entries = randomHistory(from + n, keys);
    return { name: `seed ${from + n}`, entries, seenAt: sealedAt(entries) };
  });
  const bads = Object.keys(tamperings).flatMap((way, w) => {
    const made: NamedLog[] = [];
    for (let n = 0; n < mostTries && made.length < each; n += 1) {
      const seed = from + w * 1000 + n;
      const of = goods[(seed * 7 + w) % good] as NamedLog;
      const one = tampered(of.entries as EntryBody[], way, seed, keys);
      if (one === null) continue;
      made.push({ name: `${of.name}, ${seed}: ${one.name}`, entries: one.entries, seenAt: of.seenAt });
    }
    return made;
  });
  return [...goods, ...bads];
}

/** How many good logs, and how many bad ones of each way. */
export interface Counts {
  readonly good: number;
  readonly each: number;
  readonly from: number;
}

/** What the verifier and the independent judge say of random logs. */
export async function compareJudges(counts: Counts): Promise<Compared[]> {
  const keys = makeKeys();
  const logs = logsOf(counts, keys);
  const folder = await mkdtemp(join(tmpdir(), 'countersign-judge-'));
  try {
    const program = await buildJudge(folder);
    const judged = await judgeAll(program, await Promise.all(logs.map((log) => forJudge(log, keys))));
    const all: Compared[] = [];
    for (const [n, log] of logs.entries()) {
      const verifier = await verifierSays(log, keys, join(folder, 'pack.tgz'));
      all.push({ name: log.name, verifier, judge: judged[n] as Judgement });
    }
    return all;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Codes that the verifier gives to the first bad entry. */
export function codesOf({ findings, firstBadIndex }: Verdict): string[] {
  return findings.flatMap(({ index, code, kind }) => (index === firstBadIndex ? [code ?? kind] : []));
}

/** In what the two differ; null where they agree: on whether the log is valid, on its first bad entry, and on why it is bad. */
export function difference({ name, verifier, judge }: Compared): string | null {
  const theirs = (judge.findings ?? []).flatMap(({ index, code }) => (index === judge.index ? [code] : []));
  const ours = codesOf(verifier);
  const isValid = verifier.result === 'valid';
  if (isValid && judge.valid) return null;
  const isSame =
    isValid === judge.valid &&
    verifier.firstBadIndex === judge.index &&
    ours.some((code) => theirs.includes(code));
  if (isSame) return null;
  const say = (valid: boolean, codes: string[], index: number | null) =>
    valid ? 'valid' : `${codes.join(', ')} at ${index}`;
  return `${name}: the verifier says ${say(isValid, ours, verifier.firstBadIndex)}, the judge ${say(judge.valid, theirs, judge.index)}`;
}
