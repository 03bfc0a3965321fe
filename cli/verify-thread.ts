import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { verifyFiles } from './verify-files.ts';
import type { VerifyArguments } from './verify-files.ts';

type Said =
  | { readonly kind: 'out' | 'complain'; readonly line: string }
  | { readonly kind: 'code'; readonly code: number };

/**
 * Runs {@link verifyFiles} in a thread whose young generation stays small: little lives long in a verification, and V8
 * would let it grow with the pack.
 *
 * @param file - a module that calls {@link serveVerification}
 */
export async function verifyInThread(
  file: string,
  args: VerifyArguments,
  out: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const thread = new Worker(file, { workerData: args, resourceLimits: { maxYoungGenerationSizeMb: 6 } });
  return new Promise((resolve, reject) => {
    thread.on('message', (said: Said) => {
      if (said.kind === 'code') resolve(said.code);
      else (said.kind === 'out' ? out : complain)(said.line);
    });
    thread.on('error', reject);
    thread.on('exit', () => reject(new Error('the verification ended without a verdict')));
  });
}

/** In the thread of {@link verifyInThread}, verifies and tells it. @returns whether this is that thread */
export async function serveVerification(): Promise<boolean> {
  if (isMainThread) return false;
  const say = (said: Said) => parentPort?.postMessage(said);
  const code = await verifyFiles(
    workerData as VerifyArguments,
    (line) => say({ kind: 'out', line }),
    (line) => say({ kind: 'complain', line }),
  );
  say({ kind: 'code', code });
  return true;
}
