import { stat } from 'node:fs/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createSignatureVerifier } from '../identity/statement-signer.ts';
import { helpWith, otherThread } from './verify-help.ts';
import type { Answer, Asked } from './verify-help.ts';
import { verifyFiles } from './verify-files.ts';
import type { VerifyArguments } from './verify-files.ts';

type Said =
  | { readonly kind: 'out' | 'complain'; readonly line: string }
  | { readonly kind: 'code'; readonly code: number };

/** A smaller archive, in bytes, is verified before a second thread has started: that of a change is. */
const worthAThread = 524_288;

/**
 * Runs {@link verifyFiles}: of a large pack in a thread of its own, while this one helps.
 *
 * @param file - a module that calls {@link serveVerification}
 */
export async function verifyWithThreads(
  file: string,
  args: VerifyArguments,
  out: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const found = await stat(args.pack).catch(() => null);
  const isSmall = found === null || (found.isFile() && found.size < worthAThread);
  if (!isSmall) return verifyInThread(file, args, out, complain);
  return verifyFiles(args, out, complain, (pems) => {
    const check = createSignatureVerifier(pems);
    return (claims) => claims.map(check);
  });
}

/**
 * Runs {@link verifyFiles} in a thread whose young generation stays small: little lives long in a verification, and V8
 * would let it grow with the pack. This thread checks signatures and makes renderings meanwhile.
 *
 * @param file - a module that calls {@link serveVerification}
 */
export async function verifyInThread(
  file: string,
  args: VerifyArguments,
  out: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const thread = new Worker(file, { workerData: args, resourceLimits: { maxYoungGenerationSizeMb: 24 } });
  const help = helpWith((answer: Answer) => thread.postMessage(answer));
  return new Promise((resolve, reject) => {
    thread.on('message', (said: Said | Asked) => {
      switch (said.kind) {
        case 'code':
          resolve(said.code);
          break;
        case 'out':
          out(said.line);
          break;
        case 'complain':
          complain(said.line);
          break;
        default:
          help(said);
      }
    });
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('the verification ended without a verdict')));
  });
}

/** In the thread of {@link verifyInThread}, verifies and tells it. @returns whether this is that thread */
export async function serveVerification(): Promise<boolean> {
  if (isMainThread || !parentPort) return false;
  const port = parentPort;
  const say = (said: Said) => port.postMessage(said);
  const other = otherThread(port);
  const code = await verifyFiles(
    workerData as VerifyArguments,
    (line) => say({ kind: 'out', line }),
    (line) => say({ kind: 'complain', line }),
    (pems) => other.checkWith(pems),
    (log) => other.renderWith(log),
  );
  say({ kind: 'code', code });
  port.close();
  return true;
}
