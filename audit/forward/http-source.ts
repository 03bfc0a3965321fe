import { CountersignError } from '../../domain/error.ts';
import type { Source } from './place.ts';

/** Longest wait for an answer, ms. */
const deadlineMs = 30_000;
/** Bytes of the largest file of a log: 256 entries of 64 KiB. */
const mostBytes = 256 * (65_535 + 2);

/**
 * A log as a plain file server has it, below an address.
 * @param fetch - how the address is reached
 */
export function httpSource(address: string, fetch: typeof globalThis.fetch): Source {
  const base = address.endsWith('/') ? address : `${address}/`;
  const unavailable = (path: string, why: string, cause?: unknown): never => {
    throw new CountersignError('place_unavailable', `${base}${path}: ${why}`, { cause });
  };
  return {
    name: address,
    async read(path, signal) {
      const deadline = AbortSignal.timeout(deadlineMs);
      try {
        const response = await fetch(`${base}${path}`, {
          signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
        });
        if (response.status === 404) {
          await response.body?.cancel();
          return null;
        }
        if (!response.ok) unavailable(path, `answers ${response.status}`);
        return await bytesOf(response);
      } catch (error) {
        if (error instanceof CountersignError || signal?.aborted) throw error;
        return unavailable(path, (error as Error).message, error);
      }
    },
  };
}

async function bytesOf(response: Response): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += part.length;
    if (length > mostBytes) throw new Error(`expected at most ${mostBytes} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}
