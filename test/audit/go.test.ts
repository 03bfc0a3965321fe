import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { latestCheckpoint } from '../../audit/checkpoints.ts';
import type { StoredCheckpoint } from '../../audit/checkpoints.ts';
import { signNote } from '../../audit/note.ts';
import { proveConsistency, proveEntry } from '../../audit/prove.ts';
import { formatProof } from '../../audit/tlog-proof.ts';
import { buildGo, whyNoGo } from '../support/go.ts';
import { makeLog } from './log-fixture.ts';
import type { TestLog } from './log-fixture.ts';

const source = join(import.meta.dirname, 'go');
const obstacle = await whyNoGo(source);

type Case =
  | { kind: 'checkpoint' | 'cosigned'; checkpoint: string }
  | { kind: 'entry'; tlogProof: string; entry: string }
  | { kind: 'continuation'; earlier: string; checkpoint: string; proof: string[] };

describe.skipIf(obstacle !== null)('Go’s own checksum-database code', () => {
  let log: TestLog;
  let folder: string;
  let program: string;
  const checkpoints: StoredCheckpoint[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-go-'));
    program = await buildGo(source, folder);
    log = await makeLog();
    for (const more of [1, 1, 5, 93, 156, 1, 260]) {
      await log.grow(more);
      await log.seal({ cosigned: true });
      checkpoints.push((await latestCheckpoint(log.reader)) ?? expect.fail());
    }
  });

  afterAll(async () => {
    await log.drop();
    await rm(folder, { recursive: true, force: true });
  });

  function judge(cases: Case[]): boolean[] {
    const request = { log: log.signer.publicKey, witness: log.witness.publicKey, cases };
    const output = execFileSync(program, { input: JSON.stringify(request), encoding: 'utf8' });
    return (JSON.parse(output) as { accepted: boolean }[]).map((verdict) => verdict.accepted);
  }

  const all = (count: number, accepted: boolean): boolean[] => Array<boolean>(count).fill(accepted);
  const last = (): StoredCheckpoint => checkpoints.at(-1) ?? expect.fail();

  test('accepts our checkpoints and cosignatures, and refuses altered ones', () => {
    const good = checkpoints.flatMap(({ note }): Case[] => [
      { kind: 'checkpoint', checkpoint: note },
      { kind: 'cosigned', checkpoint: note },
    ]);
    expect(judge(good)).toEqual(all(good.length, true));
    const { note, size } = last();
    const text = note.slice(0, note.indexOf('\n\n') + 1);
    const bad = [
      note.replace(`\n${size}\n`, `\n${size - 1}\n`),
      note.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${Buffer.alloc(32).toString('base64')}\n`),
      note.replace(log.signer.name, `${log.signer.name}x`),
      signNote(text, [log.witness]),
      `${text}\n`,
    ].map((checkpoint): Case => ({ kind: 'checkpoint', checkpoint }));
    expect(judge(bad)).toEqual(all(bad.length, false));
    const uncosigned = signNote(text, [log.signer]);
    const lines = note.trimEnd().split('\n');
    const forged = `${uncosigned}${(lines.at(-1) ?? '').replace(/.{8}$/, 'AAAAAAA=')}\n`;
    expect(judge([uncosigned, forged].map((checkpoint) => ({ kind: 'cosigned', checkpoint })))).toEqual([
      false,
      false,
    ]);
  });

  test('accepts our proofs of entries, and refuses them for another entry, place or tree', async () => {
    const good: Case[] = [];
    const bad: Case[] = [];
    for (const checkpoint of checkpoints) {
      for (const index of new Set([0, 1, 63, 99, 255, 256, checkpoint.size - 1])) {
        if (index >= checkpoint.size) continue;
        const entry = (await log.bytesAt(index)).toString('base64');
        const proof = await proveEntry(log.reader, index, checkpoint);
        const tlogProof = formatProof(proof);
        good.push({ kind: 'entry', tlogProof, entry });
        const other = checkpoints.find(({ size }) => size !== checkpoint.size) ?? expect.fail();
        bad.push(
          { kind: 'entry', tlogProof, entry: Buffer.from('{"v":1}').toString('base64') },
          { kind: 'entry', tlogProof: formatProof({ ...proof, index: index + 1 }), entry },
          { kind: 'entry', tlogProof: formatProof({ ...proof, checkpoint: other.note }), entry },
          {
            kind: 'entry',
            tlogProof: formatProof({ ...proof, proof: [...proof.proof, checkpoint.root] }),
            entry,
          },
        );
        if (proof.proof.length > 0) {
          bad.push({
            kind: 'entry',
            tlogProof: formatProof({ ...proof, proof: proof.proof.slice(1) }),
            entry,
          });
        }
      }
    }
    expect(judge(good)).toEqual(all(good.length, true));
    expect(judge(bad)).toEqual(all(bad.length, false));
  });

  test('accepts our proofs of continuation, and refuses them between other checkpoints', async () => {
    const good: Case[] = [];
    const bad: Case[] = [];
    for (const earlier of checkpoints) {
      for (const checkpoint of checkpoints.filter(({ size }) => size > earlier.size)) {
        const hashes = await proveConsistency(log.reader, earlier, checkpoint);
        const proof = hashes.map((hash) => hash.toString('base64'));
        const claim = {
          kind: 'continuation',
          earlier: earlier.note,
          checkpoint: checkpoint.note,
          proof,
        } as const;
        const forked = log.sign(earlier.size, Buffer.alloc(32, 1));
        good.push(claim);
        bad.push(
          { ...claim, earlier: forked.note },
          { ...claim, earlier: checkpoint.note, checkpoint: earlier.note },
          { ...claim, proof: proof.slice(1) },
          { ...claim, proof: [...proof, checkpoint.root.toString('base64')] },
        );
      }
    }
    expect(judge(good)).toEqual(all(good.length, true));
    expect(judge(bad)).toEqual(all(bad.length, false));
  });
});
