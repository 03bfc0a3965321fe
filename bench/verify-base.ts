import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openCheckpoint } from '../audit/checkpoint.ts';
import { lineCutter } from '../audit/verify/lines.ts';
import { readTrustedKeys } from '../audit/verify/trusted-keys.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';

/** A thread's share of the least that any verifier does. */
export interface BaseShare {
  /** `entries.jsonl`, and the bytes of it that are this thread's: whole lines. */
  readonly file: string;
  readonly from: number;
  readonly to: number;
  readonly trusted: string;
  /** Signed notes of checkpoints. */
  readonly notes: readonly string[];
}

const { file, from, to, trusted, notes } = workerData as BaseShare;
const { logs, witnesses, statementKeys } = readTrustedKeys([trusted]);
const [log] = logs;
const isSigned = createSignatureVerifier(statementKeys.map(({ pem }) => pem));
let entries = 0;
let signatures = 0;

const cutter = lineCutter(32_768);
for await (const chunk of createReadStream(file, { start: from, end: to - 1, highWaterMark: 262_144 })) {
  for (const line of cutter.push(chunk as Buffer)) {
    if (!line) throw new Error('a line that is no entry');
    const { statement, signature } = JSON.parse(line.toString('utf8')) as {
      readonly statement?: object;
      readonly signature?: { readonly keyId: string; readonly value: string };
    };
    createHash('sha256').update(Buffer.of(0)).update(line).digest();
    entries += 1;
    if (!statement || !signature) continue;
    // Its members stand in canonical order, and JSON.parse keeps it.
    const claim = { canonicalStatement: Buffer.from(JSON.stringify(statement)), keyId: signature.keyId };
    if (!isSigned({ ...claim, signature: signature.value })) throw new Error('a signature that is wrong');
    signatures += 1;
  }
}
for (const note of notes) {
  if (!log) throw new Error('no key of a log');
  signatures += openCheckpoint(note, { log, witnesses }).signatures.length;
}
parentPort?.postMessage({ entries, signatures });
