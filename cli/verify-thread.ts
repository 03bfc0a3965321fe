import { stat } from 'node:fs/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { StatementCheck, StatementClaim } from '../audit/verify/judge-entries.ts';
import { createSignatureVerifier } from '../identity/statement-signer.ts';
import { verifyFiles } from './verify-files.ts';
import type { VerifyArguments } from './verify-files.ts';

type Said =
  | { readonly kind: 'out' | 'complain'; readonly line: string }
  | { readonly kind: 'code'; readonly code: number }
  | { readonly kind: 'keys'; readonly pems: readonly string[] }
  | { readonly kind: 'claims'; readonly claims: readonly StatementClaim[] };

/** Most batches of signatures that lie before the thread that started the verification. */
const mostGiven = 3;

/** A smaller archive, in bytes, is verified before a second thread has started: that of a change is. */
const worthAThread = 524_288;

/**
 * Runs {@link verifyFiles}: of a large pack in a thread of its own, while this one checks signatures.
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
 * would let it grow with the pack. This thread checks signatures meanwhile.
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
  let check = createSignatureVerifier([]);
  return new Promise((resolve, reject) => {
    thread.on('message', (said: Said) => {
      switch (said.kind) {
        case 'code':
          resolve(said.code);
          break;
        case 'keys':
          check = createSignatureVerifier(said.pems);
          break;
        case 'claims':
          thread.postMessage(said.claims.map(check));
          break;
        default:
          (said.kind === 'out' ? out : complain)(said.line);
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
  const code = await verifyFiles(
    workerData as VerifyArguments,
    (line) => say({ kind: 'out', line }),
    (line) => say({ kind: 'complain', line }),
    (pems) => {
      say({ kind: 'keys', pems });
      return sharedCheck(port, createSignatureVerifier(pems));
    },
  );
  say({ kind: 'code', code });
  port.close();
  return true;
}

/** Gives batches to the other thread while it keeps up; what it has no time for is checked here, and nothing waits. */
function sharedCheck(port: MessagePort, check: (claim: StatementClaim) => boolean): StatementCheck {
  const given: ((valid: readonly boolean[]) => void)[] = [];
  port.on('message', (valid: readonly boolean[]) => given.shift()?.(valid));
  return (claims) => {
    if (given.length >= mostGiven) return claims.map(check);
    port.postMessage({ kind: 'claims', claims } satisfies Said);
    return new Promise((resolve) => given.push(resolve));
  };
}
